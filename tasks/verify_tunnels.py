"""Verify tunnels from both ends: IKE and child SA up, crosswise equal SPIs, selectors and algorithms as intended."""

from routebook.checks import tunnels
from routebook.checks.findings import Finding
from routebook.run.runbook import View


def verify_tunnels(view: View) -> list[Finding]:
    """A finding for each end of each tunnel of the hosts in view."""
    return tunnels.check(view.intents, view.before, view.now, view.changed, view.explanations, final=view.final)
