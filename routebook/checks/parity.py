"""Siblings that differ: an end of a session that receives less than those that are like it."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from routebook.checks.facts import session_with
from routebook.checks.findings import Finding
from routebook.checks.normal import SETTLED
from routebook.checks.prefixes import WITHOUT_COLLAPSE, Tolerance
from routebook.device.state import BgpSession
from routebook.device.values import State
from routebook.intent.model import HostIntent, IPAddress, Neighbor, NeighborFamily

PARITY = "bgp.parity"
_ENOUGH = 2  # siblings that an end is compared with
_OPTIONS = ("addpath_tx_all", "next_hop_self", "route_reflector_client", "soft_reconfiguration")


class _End(Struct, frozen=True):
    """An end of a session in one family, and what either end receives of the other."""

    host: str
    neighbor: Neighbor
    family: NeighborFamily
    received: int
    there: int | None


def check(intents: Mapping[str, HostIntent], now: Mapping[str, State]) -> Iterator[Finding]:
    """A warning for each end of a session that receives less than its siblings do, or of which less is received."""
    for siblings in _siblings(intents, now).values():
        for end in siblings:
            others = [each for each in siblings if each is not end]
            if len(others) >= _ENOUGH and (less := list(_less(end, others))):
                yield _differs(end, others, less)


def _siblings(intents: Mapping[str, HostIntent], now: Mapping[str, State]) -> Mapping[object, list[_End]]:
    """The live sessions of hosts in the same role and of the same groups with one peer.

    None of those of which one has only just come up: which of them are like each other shows when all have.
    """
    found: dict[object, list[_End]] = {}
    young = set[object]()
    for host, intent in intents.items():
        roles = tuple(group for group in intent.groups if group != intent.site)
        for neighbor in intent.bgp.neighbors if intent.bgp and roles else ():
            for family in neighbor.families:
                key = (neighbor.peer, roles, family.family)
                received = _received(now, host, neighbor.address, family.family)
                there = _received(now, neighbor.peer_host or "", neighbor.local_address, family.family)
                if received is not None:
                    found.setdefault(key, []).append(_End(host, neighbor, family, received, there))
                elif _young(session_with(now, host, neighbor.address)):
                    young.add(key)
    return {key: ends for key, ends in found.items() if key not in young}


def _young(session: BgpSession | None) -> bool:
    """Whether a session is up, and not for long."""
    return session is not None and session.established and (session.uptime or 0) < SETTLED


def _received(now: Mapping[str, State], host: str, peer: IPAddress, family: str) -> int | None:
    session = session_with(now, host, peer)
    if session is None or not session.established or _young(session):
        return None
    return next((each.received for each in session.families if each.name == family), None)


def _less(end: _End, others: Sequence[_End]) -> Iterator[str]:
    """What is less than with the siblings: where these agree, or where an option that they have explains it."""
    for who, count, counts in (
        (end.host, end.received, [other.received for other in others]),
        (end.neighbor.peer, end.there, [other.there for other in others]),
    ):
        known = [each for each in counts if each is not None]
        if count is None or len(known) < _ENOUGH:
            continue
        usual = sorted(known)[len(known) // 2]
        agreed = not Tolerance().exceeded(min(known), max(known))
        if WITHOUT_COLLAPSE.exceeded(count, usual) and (agreed or _lacks(end, others)):
            yield (
                f"receives {count}, they {usual}"
                if who == end.host
                else f"{who} receives {count} of it, {usual} of them"
            )


def _lacks(end: _End, others: Sequence[_End]) -> list[str]:
    """The options that most of the siblings have and this end has not."""
    return [
        option.replace("_", "-")
        for option in _OPTIONS
        if not getattr(end.family, option) and sum(getattr(o.family, option) for o in others) * 2 > len(others)
    ]


def _differs(end: _End, others: Sequence[_End], less: Sequence[str]) -> Finding:
    lacks = _lacks(end, others)
    names = ", ".join(dict.fromkeys(other.host for other in others))
    why = f"{end.host} lacks {', '.join(lacks)} with {end.neighbor.peer}" if lacks else f"{end.host} differs"
    cause = f"{why}, unlike {names}; {'; '.join(less)}"
    lines = tuple(
        f"{each.host}: {each.family.family} with {each.neighbor.peer}: received {each.received}, there "
        f"{'?' if each.there is None else each.there}"
        for each in (end, *others)
    )
    subject = f"{end.neighbor.address} {end.family.family}"
    return Finding(end.host, PARITY, subject, "warning", lines, cause)
