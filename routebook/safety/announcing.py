"""What a plan does to what other networks hear of us, session by session, and when that is a collapse.

From what each session really sends now, and from the filters that are meant to be there afterwards.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import ip_address, ip_network

from msgspec import Struct

from routebook.checks.announced import may_leave, named, outbound
from routebook.checks.facts import session_with
from routebook.checks.prefixes import WITHOUT_COLLAPSE
from routebook.device.naming import parsed
from routebook.device.plan import Plan
from routebook.device.state import BgpSession, FamilyState
from routebook.device.values import Effect, State
from routebook.intent.filters import Filters, by_name, maps_by_name
from routebook.intent.model import HostIntent, IPAddress, IPNetwork, Neighbor
from routebook.safety.accepted import COLLAPSE, Guard

_TOUCHES = ("policy", "session-new", "session-removed")


class Hearing(Struct, frozen=True):
    """What one session sends before and after in one family, and how many prefixes it brings; None is not listed."""

    host: str
    peer: str
    address: IPAddress
    removed: bool
    before: frozenset[IPNetwork] | None
    after: frozenset[IPNetwork] | None
    received: int = 0
    takes: bool = True
    family: str = ""

    def effects(self) -> Iterator[Effect]:
        """Each prefix that comes or goes."""
        before, after = self.before or frozenset(), self.after or frozenset()
        if self.before is None or self.after is None:
            return
        for kind, prefixes in (("withdrawn", before - after), ("announced", after - before)):
            for prefix in sorted(prefixes, key=str):
                yield Effect(kind, str(prefix), f"to {self.peer} ({self.address})", self.peer)  # type: ignore[arg-type]


def removed_peers(plan: Plan) -> dict[str, set[str]]:
    """The peers, by host, of the sessions that a plan removes."""
    return _peers(plan, ("session-removed",))


def touched_peers(plan: Plan) -> dict[str, set[str]]:
    """The peers, by host, of the sessions over which a plan may change what is sent."""
    return _peers(plan, _TOUCHES)


def _peers(plan: Plan, kinds: Collection[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for host, effect in plan.effects():
        if effect.kind in kinds and (address := parsed(effect.subject)) is not None:
            found.setdefault(host, set()).add(str(address))
    return found


def concerns(plan: Plan) -> bool:
    """Whether a plan may change what anybody hears."""
    return any(effect.kind in _TOUCHES for _, effect in plan.effects())


def hearings(plan: Plan, intents: Mapping[str, HostIntent], states: Mapping[str, State]) -> list[Hearing]:
    """The external sessions that the plan touches, as they are and as they will be."""
    originated = {network for intent in intents.values() for network in intent.networks}
    gone = {ip_network(e.subject) for _, e in plan.effects() if e.kind == "prefix-removed"} - originated
    found: list[Hearing] = []
    for host, planned in plan.hosts.items():
        touched: dict[IPAddress, set[str]] = {}
        for effect in planned.change.effects:
            if effect.kind in _TOUCHES and (address := parsed(effect.subject)) is not None:
                touched.setdefault(address, set()).add(effect.kind)
        bgp = intents[host].bgp if host in intents else None
        neighbors = {neighbor.address: neighbor for neighbor in (bgp.neighbors if bgp else ())}
        for address in touched:
            session = session_with(states, host, address)
            if address in neighbors:
                found += _staying(intents[host], neighbors[address], session, originated, gone)
            elif session is not None and session.established and session.external:
                peer = next((e.peer for e in planned.change.effects if parsed(e.subject) == address and e.peer), "")
                found += _leaving(host, peer or session.description or f"AS {session.remote_as}", session)
    return found


def hearings_without(
    before: Mapping[str, State], after: Mapping[str, State], plan: Plan, states: Mapping[str, State]
) -> list[Hearing]:
    """The external sessions that a plan touches which takes an earlier change back.

    `before` and `after` are the states before and after that change; where nothing is known of the latter, nothing has
    changed since and `states`, those of now, are it. What was changed later stays.
    """
    found: list[Hearing] = []
    removed = removed_peers(plan)
    for host, peers in touched_peers(plan).items():
        named = {effect.subject: effect.peer for effect in plan.hosts[host].change.effects if effect.peer}
        for peer in sorted(peers):
            then, now = (session_with(each, host, ip_address(peer)) for each in (before, states))
            made = session_with(after, host, ip_address(peer)) if host in after else now
            known = now or then
            if known is None or not known.external:
                continue
            goes, name = peer in removed.get(host, ()), named.get(peer) or known.description or f"AS {known.remote_as}"
            for family, sent in sorted(_sends(now, then, made).items()):
                is_, was, did = sent
                will = frozenset[IPNetwork]() if goes else _without(is_, was, did, then)
                found.append(Hearing(host, name, known.peer, goes, is_, will, family=family))
    return found


_Sent = frozenset[IPNetwork] | None


def _sends(*sessions: BgpSession | None) -> dict[str, list[_Sent]]:
    """In each family what each of the sessions sends: nothing where it is not up, None where it is not listed."""
    up = [session.families if session is not None and session.established else () for session in sessions]
    names = {family.name for families in up for family in families}
    listed = [{f.name: None if f.advertised is None else frozenset(f.advertised) for f in each} for each in up]
    return {name: [each.get(name, frozenset()) for each in listed] for name in names}


def _without(is_: _Sent, was: _Sent, did: _Sent, then: BgpSession | None) -> _Sent:
    """What is sent without the change between `was` and `did`; not known where the session was not up `then`."""
    if is_ is None or was is None or did is None or then is None or not then.established:
        return None
    return (is_ - (did - was)) | (was - did)


def _leaving(host: str, peer: str, session: BgpSession) -> Iterator[Hearing]:
    """A session that is removed."""
    for family in session.families:
        before = None if family.advertised is None else frozenset(family.advertised)
        received = family.received or 0
        yield Hearing(host, peer, session.peer, True, before, frozenset(), received, False, family.name)


def _staying(
    intent: HostIntent,
    neighbor: Neighbor,
    session: BgpSession | None,
    originated: Collection[IPNetwork],
    gone: Collection[IPNetwork],
) -> Iterator[Hearing]:
    up = session is not None and session.established
    families = {family.name: family for family in session.families} if session is not None and up else {}
    lists, maps = by_name(intent.prefix_lists), maps_by_name(intent.route_maps)
    for filters in outbound(intent, neighbor):
        family = families.get(filters.family, FamilyState(filters.family, 0, 0, advertised=() if not up else None))
        into = next(Filters.into(each, lists, maps) for each in neighbor.families if each.family == filters.family)
        takes = not into.any or any(into.through())
        if neighbor.shutdown:
            before, after = family.advertised, frozenset[IPNetwork]()
        else:
            before = family.advertised
            stays = {p for p in before or () if p not in gone and may_leave(filters, neighbor, p)}
            comes = {p for p in originated if filters.carries(p) and filters.passes(p)}
            after = frozenset(stays | comes)
        yield Hearing(
            intent.name, neighbor.peer, neighbor.address, False,
            None if before is None else frozenset(before), None if before is None else after,
            family.received or 0, takes and not neighbor.shutdown, filters.family,
        )  # fmt: skip


def collapses(
    found: Iterable[Hearing], intents: Mapping[str, HostIntent], states: Mapping[str, State]
) -> Iterator[Guard]:
    """A guard for each collapse that the plan itself would be: see the check `bgp.collapse`."""
    found = list(found)
    ours = frozenset[IPNetwork]().union(*(intent.ours for intent in intents.values()))
    touched = {(each.host, each.address): each for each in found}
    kept = set().union(*(each.after or () for each in found))
    brought: dict[str, int] = {}
    for host, state in states.items():
        for session in state.bgp or ():
            if not session.established or session.vrf != "default" or not session.external:
                continue
            for family in session.families:
                brought[family.name] = brought.get(family.name, 0) + (family.received or 0)
                if (host, session.peer) not in touched:
                    kept |= set(family.advertised or ())
    for each in found:
        before, after = each.before or frozenset(), each.after or frozenset()
        lost = before - after if each.before is not None and each.after is not None else frozenset()
        if own := (lost & ours) - (kept if each.removed else frozenset()):
            text = f"{each.host} would no longer send our own {named(own)} to {each.peer}" + (
                ", and no other session with another network does" if each.removed else ""
            )
            about = tuple(f"{each.host} {each.address} {prefix}" for prefix in sorted(map(str, own)))
            yield Guard(COLLAPSE, text, asks=True, about=about)
        elif not each.removed and WITHOUT_COLLAPSE.exceeded(len(after & before), len(before)):
            text = f"{each.host} would no longer send {len(lost)} of {len(before)} prefixes to {each.peer}"
            much = "some" if after & before else "all"
            yield Guard(COLLAPSE, text, asks=True, about=(f"{each.host} {each.address} {much} of {each.family}",))
    for name, total in sorted(brought.items()):
        taking = [each for each in found if each.family == name and not each.takes and each.received]
        away = sum(each.received for each in taking)
        if WITHOUT_COLLAPSE.exceeded(total - away, total):
            peers = ", ".join(dict.fromkeys(f"{each.peer} ({each.host})" for each in taking))
            text = f"{away} of the {total} prefixes of {name} that other networks send would be gone: {peers}"
            much = "some" if away < total else "all"
            yield Guard(COLLAPSE, text, asks=True, about=(f"{much} of {name} received, by {peers}",))
