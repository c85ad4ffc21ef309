"""How well what happened was forecast: each session that was up, and each tunnel, of each change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from routebook.platforms.strongswan.changes import PERHAPS
from tests.forecast import gateways
from tests.forecast.happened import RESTARTS
from tests.forecast.rendered import effects, tunnel_effects
from tests.forecast.routers import session_of
from tests.forecast.table import Rated, Rows

_SESSIONS = frozenset({"session-reset", "session-new", "session-removed"})
_TUNNELS = {"tunnel-rekey": "IKE SA", "child-rekey": "child", "tunnel-new": "new", "tunnel-removed": "removed"}
_STRONGEST = ("new", "removed", "IKE SA", "child")
MOST_SURPLUS = 0.05  # of what is forecast need not happen


@dataclass(slots=True)
class Confusion:
    """What was forecast against what happened. `missed` and `surplus` are the cases where the two differ.

    `over_limit` are sessions for which other prefixes were forecast, and which ended as those are more than they may
    have: how many a policy lets pass is known to nobody before.
    """

    changes: int = 0
    hits: int = 0
    quiet: int = 0
    missed: list[str] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)
    over_limit: list[str] = field(default_factory=list)
    at_times: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing was missed, and little was forecast that did not happen."""
        return not self.missed and len(self.surplus) <= MOST_SURPLUS * (self.hits + len(self.surplus))

    def count(self, case: str, *, foreseen: bool, came: bool) -> None:
        """Enter one session or tunnel of a change."""
        if foreseen and came:
            self.hits += 1
        elif foreseen:
            self.surplus.append(case)
        elif came:
            self.missed.append(case)
        else:
            self.quiet += 1

    def table(self, what: str) -> str:
        """The four numbers, in Markdown."""
        return (
            f"| {self.changes} changes | {what} | nothing |\n|---|---|---|\n"
            f"| forecast | {self.hits} | {len(self.surplus)} |\n"
            f"| not forecast | {len(self.missed)} | {self.quiet} |"
        )


def of_sessions(rows: Rows, rated: Rated, release: str, names: Iterable[str]) -> Confusion:
    """The resets of sessions; one that was not up before can have none."""
    found = Confusion()
    for row in rows:
        before, after = rated[_key(row)]
        forecast = effects(before, after, release, row.get("received", {}))
        foreseen = {session_of(each.subject) for each in forecast if each.kind in _SESSIONS}
        others = {session_of(each.subject) for each in forecast if each.kind == "policy"}
        happened = row["happened"]
        found.changes += 1
        for name in sorted({*names, *foreseen, *happened}):
            if happened.get(name) == "over limit" and name not in foreseen and name in others:
                found.over_limit.append(f"{_case(row)}: {name}")
            elif happened.get(name) not in ("down", "came up"):
                case = f"{_case(row)}: {name}"
                found.count(case, foreseen=name in foreseen, came=happened.get(name) in RESTARTS)
    return found


def of_tunnels(rows: Rows, rated: Rated, release: str) -> Confusion:
    """What became of tunnels, each with the strongest effect that either end forecasts."""
    found = Confusion()
    for row in rows:
        kinds: dict[str, set[str]] = {}
        reasons: dict[str, list[str]] = {}
        for each in (each for end in tunnel_effects(*rated[_key(row)], release).values() for each in end):
            if each.kind in _TUNNELS:
                kinds.setdefault(each.subject, set()).add(_TUNNELS[each.kind])
                reasons.setdefault(each.subject, []).append(each.reason)
        found.changes += 1
        names = {each.name for each in rated[_key(row)][0][gateways.LEFT].tunnels}
        for name in sorted({*names, *kinds, *row["happened"]}):
            foreseen = next((each for each in _STRONGEST if each in kinds.get(name, ())), "nothing")
            came = row["happened"].get(name, "nothing")
            said = reasons.get(name, [])
            if (foreseen, came) == ("child", "IKE SA") and len(said) == len(gateways.OTHER) and _perhaps(said):
                found.at_times.append(f"{_case(row)}: {name}")
                foreseen = came
            if foreseen != came and "nothing" not in (foreseen, came):
                found.missed.append(f"{_case(row)}: {name}: {came}, not {foreseen}")
            else:
                found.count(f"{_case(row)}: {name}", foreseen=foreseen != "nothing", came=came != "nothing")
    return found


def _perhaps(reasons: Iterable[str]) -> bool:
    return any(each.endswith(PERHAPS) for each in reasons)


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["change"], row["before"], row["after"]


def _case(row: Mapping[str, Any]) -> str:
    return f"{row['change']} ({row['before']} to {row['after']})"
