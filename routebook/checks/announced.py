"""The prefixes that an external session really sends: nothing that may not leave, and all that this host originates.

They are listed where they are few (`MOST_LISTED`); of more, their number alone is looked at: nobody reads a full table.
"""

from collections.abc import Collection, Iterable, Iterator

from routebook.checks.facts import Facts
from routebook.checks.findings import Finding, Status
from routebook.device.state import BgpSession, FamilyState
from routebook.intent.filters import Filters, Region, by_name, covers, maps_by_name
from routebook.intent.model import HostIntent, IPNetwork, Neighbor

LEAK, ANNOUNCED, WITHDRAWN = "bgp.leak", "bgp.announced", "bgp.withdrawn"
MOST_LISTED = 1000
_MOST_NAMED = 6
_SETTLES = 10.0
"""Seconds after a push in which what was sent before is still being withdrawn."""


def outbound(intent: HostIntent, neighbor: Neighbor) -> list[Filters]:
    """What filters an external session's sending, in each family in which anything does; none for an internal one."""
    if not neighbor.external:
        return []
    lists, maps = by_name(intent.prefix_lists), maps_by_name(intent.route_maps)
    found = [Filters.out(family, lists, maps) for family in neighbor.families]
    return [filters for filters in found if filters.any and filters.known]


def may_leave(filters: Filters, neighbor: Neighbor, prefix: IPNetwork) -> bool:
    """Whether a prefix may go over a session: by its filters, and where they go by more, as it is ours to announce."""
    passes = filters.passes(prefix)
    if passes is None and neighbor.hears is not None:
        ours = any(covers(each, prefix) for each in neighbor.hears)
        return ours or any(Region.of(each).has(prefix) for each in neighbor.accepted_leaks)
    return passes is not False


def must_leave(filters: Filters, intent: HostIntent) -> list[IPNetwork]:
    """What a host originates and its filters let out, whatever else a route has."""
    return [each for each in intent.networks if filters.carries(each) and filters.passes(each)]


def check_sent(
    facts: Facts, host: str, neighbor: Neighbor, families: Collection[FamilyState], before: BgpSession | None
) -> Iterator[Finding]:
    """What a session sends against what may leave, what has to, and which own prefixes it sent before."""
    intent = facts.intents[host]
    seen = {family.name: family.advertised for family in families}
    earlier = {f.name: f.advertised for f in before.families} if before is not None and before.established else {}
    listed: list[IPNetwork] = []
    leaks: list[IPNetwork] = []
    absent: list[IPNetwork] = []
    lost: list[IPNetwork] = []
    judged = False
    for filters in outbound(intent, neighbor):
        sent = seen.get(filters.family)
        if sent is None:
            continue
        judged = True
        listed += sent
        leaks += [prefix for prefix in sent if not may_leave(filters, neighbor, prefix)]
        absent += [prefix for prefix in must_leave(filters, intent) if prefix not in sent]
        old = earlier.get(filters.family) or ()
        lost += [p for p in old if p in intent.ours and p not in sent and p not in absent]
    if not judged:
        return
    subject, to = str(neighbor.address), neighbor.peer
    if leaks:
        recent = min(facts.changed.seconds_since_push.values(), default=_SETTLES) < _SETTLES
        status: Status = "pending" if recent else "failed"
        cause = f"{named(leaks)} leaves to {to}, and may not: no filter that is intended lets it"
        yield Finding(host, LEAK, subject, status, (f"{host}: sends {named(listed)}",), cause)
    if absent:
        cause = f"{host} originates {named(absent)}, which its filters let out to {to}, and does not send it"
        yield Finding(host, ANNOUNCED, subject, "pending", (f"{host}: sends {named(listed)}",), cause)
    elif not leaks:
        yield Finding(host, ANNOUNCED, subject, "ok", (f"{host}: sends {named(listed)}: all of it may leave",))
    if lost:
        cause = f"our own {named(lost)} went to {to} before the run, and does not any more"
        yield Finding(host, WITHDRAWN, subject, "pending", (f"{host}: sends {named(listed)}",), cause)


def named(prefixes: Iterable[IPNetwork]) -> str:
    """Prefixes in a line, the first few by name."""
    found = sorted(set(prefixes), key=lambda each: (each.version, each))
    if not found:
        return "nothing"
    more = [f"and {len(found) - _MOST_NAMED} more"] if len(found) > _MOST_NAMED else []
    return ", ".join([*map(str, found[:_MOST_NAMED]), *more])
