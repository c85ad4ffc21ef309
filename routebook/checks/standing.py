"""What must be true of every host whatever a runbook checks: BFD, RPKI, room, time, and what is normal there."""

import time
from collections.abc import Iterator

from routebook.checks import bfd, device_health, normal, parity, routes, rpki
from routebook.checks.bgp import touched
from routebook.checks.facts import Facts, excuse_old_trouble
from routebook.checks.findings import Finding, settle
from routebook.checks.normal import Normal


def check(facts: Facts, known: Normal, *, final: bool) -> list[Finding]:
    """Findings on the hosts of `facts`; with `final`, what is pending has failed.

    What is normal is asked of a network that no run has just changed: without a state before. After a run, what was no
    better before and was not changed by it is a warning.
    """
    found = [*_evaluate(facts), *routes.check(facts, known.reached)]
    if facts.before:
        found = excuse_old_trouble(found, _at_start(facts), touched(facts), facts.changed)
    else:
        found += [
            *normal.check(facts, known, time.time()),
            *parity.check(facts.intents, facts.now),
        ]
    return settle(found) if final else found


def _evaluate(facts: Facts) -> Iterator[Finding]:
    yield from device_health.check(facts.now)
    yield from rpki.check(facts.intents, facts.now)
    yield from bfd.check(facts)


def _at_start(facts: Facts) -> Iterator[Finding]:
    """What was wrong before; not the caches that the device did not have: a run that adds one answers for it."""
    for finding in _evaluate(facts.at_start()):
        if finding.check != rpki.CACHE or finding.status == "pending":
            yield finding
