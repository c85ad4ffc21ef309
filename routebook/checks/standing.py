"""What must be true of every host whatever a runbook checks: what is normal of the network is there."""

import time

from routebook.checks import normal
from routebook.checks.facts import Facts
from routebook.checks.findings import Finding, settle
from routebook.checks.normal import Normal


def check(facts: Facts, known: Normal, *, final: bool) -> list[Finding]:
    """Findings on the hosts of `facts`; with `final`, what is pending has failed.

    What is normal is asked of a network that no run has just changed: without a state before.
    """
    found: list[Finding] = []
    if not facts.before:
        found += normal.check(facts, known, time.time())
    return settle(found) if final else found
