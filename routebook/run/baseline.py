"""The baseline of a project: what confirmed runs and verifications without failure have found, in its state folder."""

import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from routebook.checks import beside
from routebook.checks.findings import Finding
from routebook.checks.names import named_states
from routebook.checks.normal import (
    ASKED,
    FOREIGN,
    KINDS,
    SETTLED,
    Key,
    Normal,
    Seen,
    Usual,
    counts_of,
    kind_of,
    subject_of,
)
from routebook.checks.prefixes import WITHOUT_COLLAPSE
from routebook.checks.routes import reached
from routebook.device.plan import HostPlan
from routebook.device.values import State
from routebook.errors import RefusedError
from routebook.intent.model import HostIntent
from routebook.project import strict_json
from routebook.project.private_files import own_folder, read_private, write_private

_VERSION = 1
_DAYS = 30  # that are kept
_MOST = 64 << 20  # bytes

Day = tuple[int, int]
"""The lowest and the highest count of a day."""


@dataclass(slots=True)
class Baseline:
    """What is kept: the counts of each day, in ISO 8601; `damaged` says what became of a file that was none."""

    path: Path
    counts: dict[Key, dict[str, Day]] = field(default_factory=dict)
    foreign: dict[str, frozenset[str]] = field(default_factory=dict)
    sessions: dict[tuple[str, str], Seen] = field(default_factory=dict)
    reached: dict[str, frozenset[str]] = field(default_factory=dict)
    damaged: str = ""

    def normal(self) -> Normal:
        """What is normal by it."""
        counts = {key: _usual(days) for key, days in self.counts.items()}
        return Normal(counts, self.foreign, self.sessions, self.reached)

    def findings(self) -> list[Finding]:
        """A warning where the file was damaged."""
        if not self.damaged:
            return []
        cause = "what was known to be normal is lost; it is learned anew"
        return [
            Finding("routebook", "baseline.file", str(self.path), "warning", (f"routebook: {self.damaged}",), cause)
        ]

    def learn(self, hosts: Collection[str], intents: Mapping[str, HostIntent], now: Mapping[str, State]) -> None:
        """Take what was read of `hosts` for normal; what is no longer of the intent is forgotten."""
        today = datetime.now(UTC).date().isoformat()
        for host in set(hosts) & now.keys() & intents.keys():
            found = counts_of(host, now[host], SETTLED)
            for key, count in found.items():
                low, high = self.counts.setdefault(key, {}).get(today, (count, count))
                self.counts[key][today] = (min(low, count), max(high, count))
            self.reached[host] = reached(now[host])
            self._see(host, now[host])
            self._forget(host, intents[host])
        self.counts = {
            key: dict(sorted(days.items())[-_DAYS:]) for key, days in self.counts.items() if key[0] in intents
        }

    def accept(self, hosts: Collection[str], intents: Mapping[str, HostIntent], now: Mapping[str, State]) -> None:
        """Forget what was normal of `hosts`, and take what was read of them for it, however young."""
        today = datetime.now(UTC).date().isoformat()
        for host in set(hosts) & now.keys():
            self.counts = {key: days for key, days in self.counts.items() if key[0] != host}
            self.counts |= {key: {today: (count, count)} for key, count in counts_of(host, now[host]).items()}
            self.reached[host] = reached(now[host])
            self._see(host, now[host])
            self._forget(host, intents[host])

    def confirmed(
        self, intents: Mapping[str, HostIntent], before: Mapping[str, State], now: Mapping[str, State]
    ) -> None:
        """Begin anew with the counts that fell in a run that was confirmed: its plan, or whoever accepted it, said so.

        What had fallen before the run began is not of its making, and is missed on. Where something fell, hosts that
        the run did not look at may have it no more either: what they hear of our own hosts is learned anew.
        """
        today = datetime.now(UTC).date().isoformat()
        fell, gone = False, set[str]()
        for host in before.keys() & now.keys():
            earlier, found = counts_of(host, before[host]), counts_of(host, now[host])
            lost = reached(before[host]) - reached(now[host])
            gone |= lost
            self.reached[host] = self.reached.get(host, frozenset()) - lost | reached(now[host])
            for key, days in list(self.counts.items()):
                if key[0] != host or WITHOUT_COLLAPSE.exceeded(earlier.get(key, 0), _usual(days).floor):
                    continue
                if WITHOUT_COLLAPSE.exceeded(found.get(key, 0), _usual(days).floor):
                    fell = True
                    del self.counts[key]
                    if key in found:
                        self.counts[key] = {today: (found[key], found[key])}
            self._see(host, now[host])
        for host in intents.keys() - now.keys():
            self.reached[host] = self.reached.get(host, frozenset()) - gone
            if fell:
                self._forget(host, intents[host], ours=True)

    def reset(self, intents: Mapping[str, HostIntent], hosts: Collection[str]) -> None:
        """Forget when sessions with an end on `hosts` were seen: a run that was rolled back may have reset them."""
        for host, intent in intents.items():
            for neighbor in intent.neighbors:
                if host in hosts or neighbor.peer_host in hosts:
                    self.sessions.pop((host, str(neighbor.address)), None)

    def know(self, hosts: Collection[str], findings: Iterable[Finding], *, anew: bool = False) -> None:
        """Take what the findings list as foreign on `hosts` for known; `anew`, in place of what was.

        A run does not ask for what it has no check of, so without `anew` it adds to what is known of what it asked for.
        """
        listed = list(findings)
        asked = {kind_of(each) for each in listed if each.check in ASKED}
        for host in hosts:
            subjects = {subject_of(each) for each in listed if each.check in FOREIGN and each.host == host}
            before = self.foreign.get(host, frozenset())
            kept = frozenset(filter(beside.is_beside, before)) if anew else before
            self.foreign[host] = kept | subjects | (KINDS if anew else asked)

    def know_beside(self, plans: Mapping[str, HostPlan]) -> None:
        """Take what others have beside the sections that were planned for known, in place of what was."""
        for host, planned in plans.items():
            if planned.candidate is not None:
                sections = [section.name for section in planned.candidate.sections]
                self.foreign[host] = beside.known(self.foreign.get(host, ()), sections, planned.change.beside)

    def write(self) -> None:
        """Put it in its place. Raises RefusedError."""
        own_folder(self.path.parent)
        try:
            write_private(self.path, json.dumps(_written(self), separators=(",", ":")).encode())
        except OSError as error:
            raise RefusedError(f"cannot write {self.path}: {error.strerror}") from error

    def _see(self, host: str, state: State) -> None:
        moment = time.time()
        self.sessions |= {
            (host, str(session.peer)): Seen(session.established_count, moment)
            for session in state.bgp or ()
            if session.established and session.vrf == "default"
        }

    def _forget(self, host: str, intent: HostIntent, *, ours: bool = False) -> None:
        """Forget what is not of a neighbor of the intent; with `ours`, nor of one that is not ours."""
        found = intent.neighbors
        neighbors = {str(neighbor.address) for neighbor in found if not (ours and neighbor.peer_host)}
        neighbors |= set() if ours else {""}
        for key in [key for key in self.counts if key[0] == host and key[1] not in neighbors]:
            del self.counts[key]
        for place in [place for place in self.sessions if place[0] == host and place[1] not in neighbors]:
            del self.sessions[place]


def named(intents: Mapping[str, HostIntent], states: Mapping[str, State]) -> dict[str, State]:
    """The states of hosts of the inventory."""
    return named_states(intents, {host: state for host, state in states.items() if host in intents})


def read(path: Path) -> Baseline:
    """The baseline; an empty one where there is none. A damaged one is set aside and named.

    Raises PrivateFileError for a file that others can read or write, or that is somebody else's.
    """
    try:
        return _parsed(path, strict_json.loads(read_private(path, _MOST), _MOST))
    except FileNotFoundError:
        return Baseline(path)
    except ValueError as error:
        return Baseline(path, damaged=_set_aside(path, error))


def _set_aside(path: Path, why: ValueError) -> str:
    aside = path.with_name(f"{path.stem}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}{path.suffix}")
    with suppress(OSError):
        path.rename(aside)
        return f"{path} is not what Routebook writes there ({why}): it is now {aside.name}"
    return f"{path} is not what Routebook writes there ({why})"


def _usual(days: Mapping[str, Day]) -> Usual:
    lows, highs = zip(*days.values(), strict=True)
    return Usual(min(lows), max(highs), min(highs), len(days), max(days))


def _written(baseline: Baseline) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "counts": [[*key, days] for key, days in sorted(baseline.counts.items())],
        "foreign": _lists(baseline.foreign),
        "reached": _lists(baseline.reached),
        "sessions": [[*place, seen.established, seen.at] for place, seen in sorted(baseline.sessions.items())],
    }


def _parsed(path: Path, found: object) -> Baseline:
    """Raises ValueError for what is not written so."""
    match found:
        case {
            "version": 1,
            "counts": [*counts],
            "foreign": dict(foreign),
            "reached": dict(paths),
            "sessions": [*sessions],
        }:
            return Baseline(
                path,
                dict(map(_count, counts)),
                dict(_texts(foreign)),
                dict(map(_session, sessions)),
                dict(_texts(paths)),
            )
    raise ValueError("it is no baseline of this version")


def _count(found: object) -> tuple[Key, dict[str, Day]]:
    match found:
        case [str(host), str(peer), str(family), "received" | "sent" as verb, {**days}] if days:
            return (host, peer, family, verb), {_day(day): _range(span) for day, span in days.items()}
    raise ValueError("a count is written in another way")


def _day(text: object) -> str:
    return date.fromisoformat(str(text)).isoformat()


def _range(found: object) -> Day:
    match found:
        case [int(low), int(high)] if 0 <= low <= high and not isinstance(low, bool):
            return low, high
    raise ValueError("a range is none")


def _lists(found: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    return {host: sorted(texts) for host, texts in sorted(found.items())}


def _texts(found: Mapping[str, object]) -> Iterator[tuple[str, frozenset[str]]]:
    for host, texts in found.items():
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError("what is foreign, or reached, is written in another way")
        yield host, frozenset(texts)


def _session(found: object) -> tuple[tuple[str, str], Seen]:
    match found:
        case [str(host), str(peer), int(established), (int() | float()) as moment]:
            return (host, peer), Seen(established, float(moment))
    raise ValueError("a session is written in another way")
