"""What a change did to a session, from bgpd's own counters before and after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Reading:
    """What bgpd says of one session: how often it ended and came up, and its prefixes and messages by name."""

    established: bool
    dropped: int
    came_up: int
    counts: Mapping[str, int]
    over_limit: bool = False

    @property
    def received(self) -> Mapping[str, int]:
        """The prefixes that were accepted, by family."""
        ending = " received"
        return {name.removesuffix(ending): value for name, value in self.counts.items() if name.endswith(ending)}


Readings = Mapping[str, Reading]
"""Every session of the edge, by the peer's address."""


Outcome: TypeAlias = Literal[
    "reset", "came up", "new", "removed", "over limit", "prefixes", "refreshed", "nothing", "down"
]
"""`reset` is of a session that was up: it ended and may be up again. `over limit` ended as it has more prefixes than it
may have. `came up` and `down` are of a session that was not up before. `prefixes` is another number of them,
`refreshed` that updates or requests for them were exchanged and the number is the same.
"""

RESTARTS: frozenset[Outcome] = frozenset({"reset", "over limit", "came up", "new", "removed"})


def happened(before: Readings, after: Readings) -> Mapping[str, Outcome]:
    """The outcome for every peer of one of the two readings."""
    return {peer: _of(before.get(peer), after.get(peer)) for peer in sorted({*before, *after})}


def _of(before: Reading | None, after: Reading | None) -> Outcome:
    if before is None or after is None:
        return "removed" if after is None else "new"
    if before.established and after.over_limit:
        return "over limit"
    anew = after.dropped < before.dropped or after.came_up < before.came_up
    if not before.established:
        return "came up" if after.established or after.came_up > before.came_up or anew else "down"
    if anew or after.dropped > before.dropped or after.came_up > before.came_up or not after.established:
        return "reset"
    differing = {name for name in before.counts if before.counts[name] != after.counts.get(name)}
    if any(name.endswith((" received", " sent")) for name in differing):
        return "prefixes"
    return "refreshed" if differing else "nothing"
