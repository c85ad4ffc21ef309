"""Verify BGP sessions: Established, with the intended families, and prefixes within their limits."""

from routebook.checks import bgp
from routebook.checks.findings import Finding
from routebook.run.runbook import View


def verify_bgp(view: View) -> list[Finding]:
    """A finding for each session of each host in view."""
    return bgp.check(view.intents, view.before, view.now, view.changed, view.explanations, final=view.final)
