"""Prefix counts of an Established session: within the intent's limits, and not fewer than before."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from routebook.checks.facts import Facts
from routebook.checks.findings import SEVERITY, Finding, Status
from routebook.checks.kinds import Kind
from routebook.device.state import BgpSession, FamilyState
from routebook.intent.model import Neighbor, NeighborFamily


class Tolerance(Struct, frozen=True):
    """How far a count may fall without being a finding: a share of the count before, rounded down.

    The Internet's table moves by itself; with the default of 5 percent, a session with fewer than 20 prefixes
    must keep every one of them.
    """

    share: float = 0.05

    def floor(self, count: int) -> int:
        """The lowest count that is still as good as `count`."""
        return count - int(count * self.share)

    def exceeded(self, count: int, before: int) -> bool:
        """Whether a count has fallen by more than that."""
        return count < self.floor(before)


COLLAPSE = "bgp.collapse"
WITHOUT_COLLAPSE = Tolerance(share=0.25)
"""How much of a session's prefixes a change may take; more is a collapse, which has to be accepted."""


class _Remark(Struct, frozen=True):
    status: Status
    evidence: str
    cause: str
    surplus: bool = False


def check_prefixes(
    facts: Facts,
    host: str,
    neighbor: Neighbor,
    families: Mapping[str, FamilyState],
    before: BgpSession | None,
    tolerance: Tolerance,
) -> Iterator[Finding]:
    """One finding for the session, on all of its negotiated families, and one more where they have collapsed.

    Counts grow for a while after Established, so too few is pending; too many is definite.
    """
    earlier = {family.name: family for family in before.families} if before and before.established else {}
    counts: list[str] = []
    remarks: list[_Remark] = []
    for wanted in neighbor.families:
        family = families.get(wanted.family)
        if family is None:
            continue
        counts.append(f"{host}: {wanted.family}: received {_count(family.received)}, sent {_count(family.sent)}")
        remarks += _limits(host, neighbor, wanted, family)
        if (old := earlier.get(wanted.family)) is not None:
            remarks += _fewer(facts, host, neighbor, family, old, tolerance)
    if not counts:
        return
    statuses: list[Status] = [remark.status for remark in remarks]
    status: Status = min(statuses, key=SEVERITY.index, default="ok")
    cause = "; ".join(dict.fromkeys(remark.cause for remark in remarks if remark.status == status))
    evidence = (*counts, *(f"{host}: {remark.evidence}" for remark in remarks))
    surplus = any(remark.surplus for remark in remarks if remark.status == status)
    kind = Kind.SURPLUS if surplus else Kind.NONE
    yield Finding(host, "bgp.prefixes", str(neighbor.address), status, evidence, cause, kind=kind)
    both = [(families[name], old) for name, old in earlier.items() if name in families]
    if falls := [fall for family, old in both for fall in _falls(family, old, WITHOUT_COLLAPSE)]:
        evidence = tuple(f"{host}: {text}" for _, text in falls)
        cause = f"more than a quarter of the prefixes with {neighbor.peer} are gone"
        # They may come again for a while after Established.
        yield Finding(host, COLLAPSE, str(neighbor.address), "pending", evidence, cause)


def _falls(family: FamilyState, old: FamilyState, tolerance: Tolerance) -> Iterator[tuple[str, str]]:
    """The counts that fell further than is tolerated: "received" or "sent", and both numbers in words."""
    for verb, count, earlier in (("received", family.received, old.received), ("sent", family.sent, old.sent)):
        if count is not None and earlier is not None and tolerance.exceeded(count, earlier):
            yield verb, f"{family.name}: {verb} {count}, before the run {earlier}"


def _limits(host: str, neighbor: Neighbor, wanted: NeighborFamily, family: FamilyState) -> Iterator[_Remark]:
    name, peer = wanted.family, neighbor.peer
    received = (f"{peer} sends too little, or a filter on {host} discards it", f"{peer} sends more than its limit")
    sent = (
        f"{host} has too little to announce to {peer}, or a filter stops it",
        f"{host} announces more to {peer} than it should: a route leak",
    )
    for verb, count, least, most, (too_few, too_many) in (
        ("received", family.received, wanted.min_received, wanted.max_prefix, received),
        ("sent", family.sent, wanted.min_sent, wanted.max_sent, sent),
    ):
        if count is None:
            if least or most is not None:
                yield _Remark("unknown", f"{name}: no count of {verb} prefixes", f"{host} does not say what it {verb}")
        elif count < least:
            yield _Remark("pending", f"{name}: {verb} {count}, at least {least} intended", too_few)
        elif most is not None and count > most:
            yield _Remark("failed", f"{name}: {verb} {count}, at most {most} intended", too_many, surplus=True)


def _fewer(
    facts: Facts, host: str, neighbor: Neighbor, family: FamilyState, old: FamilyState, tolerance: Tolerance
) -> Iterator[_Remark]:
    for verb, text in _falls(family, old, tolerance):
        if (host, str(neighbor.address)) in facts.changed.policies:
            yield _Remark("warning", text, "fewer prefixes than before; the run changed this session's policy")
        elif neighbor.peer_host is not None and (facts.changed.policies or facts.changed.gone):
            yield _Remark("warning", text, "fewer prefixes than before; the run changed what our AS announces")
        elif verb == "sent" and facts.changed.gone:
            yield _Remark(
                "warning", text, "fewer prefixes than before; the run removed sessions that it may have had them from"
            )
        else:
            yield _Remark("pending", text, "fewer prefixes than before, although the run did not change the policy")


def _count(count: int | None) -> str:
    return "?" if count is None else str(count)
