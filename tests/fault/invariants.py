"""What must hold after a fault, asked of the devices themselves: nothing in between, no false report, nothing left."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from routebook.project.state_folder import state_folder
from routebook.run.journal import RunRecord
from routebook.run.workspace import open_journal
from tests.fault.command import Ended
from tests.fault.network import HOSTS, Intent
from tests.fault.place import Look, Place

WITHIN = 70.0
"""Seconds in which everything must be whole after a command has ended: the dead-man time and 60."""
BROKEN_WITHIN = 180.0
"""The same where a device itself was broken: its neighbors have to give it up first."""
OLD, NEW, SAME = "old", "new", "same"

_OLD_STATES = {"planned", "snapshotted", "rolled_back", "unchanged", "arming"}
_EXIT = {"confirmed": {0}, "unchanged": {0}, "refused": {1, 130}, "rolled_back": {3, 130}, "needs_attention": {4}}


@dataclass
class Verdict:
    """What became of the hosts, and all that is wrong."""

    sides: dict[str, str] = field(default_factory=dict)
    outcome: str = ""
    wrong: list[str] = field(default_factory=list)


def judge(
    place: Place,
    hosts: Sequence[str],
    before: Intent,
    after: Intent,
    ended: Ended,
    recovered: Sequence[Ended],
    *,
    broken: bool,
    previous: str,
) -> Verdict:
    """Look at every device and compare with what was said.

    `broken` is whether a device itself was; `previous` is the run before this one, which may not have begun.
    """
    verdict = Verdict()
    honest = recovered[-1].status if recovered else ended.status
    deadline = time.monotonic() + (BROKEN_WITHIN if broken else WITHIN)
    if broken:  # a daemon that is starting has not read its files yet
        not_up(place, deadline)
    # What a command says counts when it says it; only what needs attention may still come to its end.
    looks = everywhere(place)
    sides = {host: side(place, host, looks[host], before, after, hosts) for host in HOSTS}
    while honest == 4 and "between" in sides.values() and time.monotonic() < deadline:
        looks = everywhere(place)
        sides = {host: side(place, host, looks[host], before, after, hosts) for host in HOSTS}
    verdict.sides = {host: sides[host] for host in hosts}
    for host, found in sides.items():
        if found == "between":
            verdict.wrong.append(f"{host} is in between: {differences(place, host, looks[host], before, after)}")
    verdict.wrong += false_reports(place, verdict.sides, ended, recovered, previous)
    verdict.wrong += left_over(place, looks, deadline)
    verdict.wrong += left_here(place)
    verdict.wrong += not_up(place, deadline)
    verdict.outcome = _outcome(verdict.sides, honest)
    return verdict


def everywhere(place: Place) -> dict[str, Look]:
    """A look at every device."""
    with ThreadPoolExecutor(len(HOSTS)) as pool:
        return dict(zip(HOSTS, pool.map(place.look, HOSTS), strict=True))


def side(place: Place, host: str, look: Look, before: Intent, after: Intent, hosts: Sequence[str]) -> str:
    """Whether a device has what it had, or what it was to have, in all places."""
    if look.parts == place.known[host, before.of(host)]:
        return OLD if host in hosts else SAME
    return NEW if host in hosts and look.parts == place.known[host, after.of(host)] else "between"


def differences(place: Place, host: str, look: Look, before: Intent, after: Intent) -> str:
    """In which places a device has neither, or which of the two it has where."""
    old, new = place.known[host, before.of(host)], place.known[host, after.of(host)]
    told = []
    for name in sorted(look.parts.keys() | old.keys() | new.keys()):
        texts = [each.get(name) for each in (look.parts, old, new)]
        if texts[1] == texts[2] == texts[0]:
            continue
        if texts[0] == texts[1]:
            told.append(f"{name} is old")
        elif texts[0] == texts[2]:
            told.append(f"{name} is new")
        else:
            told.append(f"{name} is neither: {_lines(texts[0], texts[1])}")
    return "; ".join(told)


def _lines(found: str | None, wanted: str | None) -> str:
    here, there = (found or "").splitlines(), (wanted or "").splitlines()
    more = [f"+{line}" for line in here if line not in there]
    less = [f"-{line}" for line in there if line not in here]
    return " | ".join([*more, *less][:12]) or "the same lines in another order, or other attributes"


def false_reports(
    place: Place, sides: Mapping[str, str], ended: Ended, recovered: Sequence[Ended], previous: str
) -> list[str]:
    """Where exit code, report and journal do not say what is on the devices."""
    wrong = []
    result = ended.result
    if result:
        if ended.status not in _EXIT.get(result["outcome"], set()):
            wrong.append(f"exit status {ended.status} with outcome {result['outcome']}")
        if not recovered or result["outcome"] != "needs_attention":
            wrong += _disagreeing("the report", {h: each["state"] for h, each in result["hosts"].items()}, sides)
    found = set(sides.values())
    if not recovered or result:
        # It came to its own end; what it said must be so, whatever `recover` found to write down later.
        if ended.status == 0 and found != {NEW}:
            wrong.append(f"exit status 0, and the hosts are {dict(sides)}")
        if ended.status in (1, 3, 130) and found != {OLD}:
            wrong.append(f"exit status {ended.status}, and the hosts are {dict(sides)}: {ended.err[-500:]}")
    if ended.status not in (0, 1, 3, 4, 130, -9):
        wrong.append(f"ended with status {ended.status}: {ended.err[-1500:]}")
    if "Traceback" in ended.err + "".join(each.err for each in recovered):
        wrong.append(f"a traceback: {ended.err[-1500:]} {[each.err[-1500:] for each in recovered]}")
    for each in recovered:
        printed = dict(line.split()[:2] for line in each.out.splitlines() if line.startswith("  "))
        if each is recovered[-1] or each.status == 0:
            wrong += _disagreeing("recover", printed, sides)
        if each.status != 0:
            wrong.append(f"recover ended with {each.status}: {each.out}{each.err}")
    if recovered and len(found) > 1:
        wrong.append(f"recover left the hosts at two ends: {dict(sides)}")
    record = last_run(place)
    if record is not None and record.id != previous:
        if record.finished is None and set(record.hosts.values()) - {"planned", "snapshotted", "unchanged"}:
            wrong.append(f"the journal has run {record.id} unfinished: {dict(record.hosts)}")
        elif record.finished is not None:
            wrong += _disagreeing("the journal", dict(record.hosts), sides)
    return wrong


def _disagreeing(who: str, states: Mapping[str, str], sides: Mapping[str, str]) -> list[str]:
    wrong = []
    for host, state in states.items():
        found = sides.get(host)
        if found is None or state == "needs_attention":
            continue
        said = OLD if state in _OLD_STATES else NEW if state in ("confirmed", "kept") else state
        if said != found:
            wrong.append(f"{who} says {host} is {state}, and it is {found}")
    return wrong


def last_run(place: Place) -> RunRecord | None:
    """The newest run in the journal."""
    with open_journal(state_folder(place.project)) as journal:
        return next(iter(journal.runs(1)), None)


def left_over(place: Place, looks: Mapping[str, Look], deadline: float) -> list[str]:
    """What of runs is on the devices, after a little time for timers to see that they are over."""
    left = {host: look.left for host, look in looks.items()}
    while any(map(set, (set(left[host]) - place.clean[host] for host in HOSTS))) and time.monotonic() < deadline:
        time.sleep(0.3)
        left |= {host: place.look(host).left for host in HOSTS if set(left[host]) - place.clean[host]}
    return [f"{host} keeps {sorted(more)}" for host, found in left.items() if (more := set(found) - place.clean[host])]


def left_here(place: Place) -> list[str]:
    """What is left on the operator's machine."""
    leases = [path.name for path in (place.project / ".routebook/leases").glob("*")]
    temporary = [path.name for path in place.server.temporary.iterdir()]
    children = Path(f"/proc/{place.server.pid}/task/{place.server.pid}/children").read_text().split()
    found = {"leases": leases, "temporary files": temporary, "processes": children}
    return [f"{what} left: {each}" for what, each in found.items() if each]


def not_up(place: Place, deadline: float) -> list[str]:
    """What does not come up again."""
    down = {host: text for host in HOSTS if (text := place.up_again(host))}
    while down and time.monotonic() < deadline:
        time.sleep(1.0)  # each look takes the machine's time, which others need to come up
        down = {host: text for host in down if (text := place.up_again(host))}
    return [f"not up again: {text}" for text in down.values()]


def _outcome(sides: Mapping[str, str], status: int) -> str:
    found = set(sides.values())
    if status == 4:
        return "attention"
    return (
        "all new" if found == {NEW} else "all old" if found == {OLD} else "between" if "between" in found else "mixed"
    )
