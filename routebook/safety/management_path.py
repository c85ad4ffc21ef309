"""By which way each host is reached, whether a plan touches that way or the one back, and who is behind whom."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from routebook.intent.model import HostIntent, IPAddress, Tunnel
from routebook.run.planning import Plan
from routebook.safety.impact import ON_SESSIONS, Touch, tunnels_used

BY_BGP = "bgp"


@dataclass(frozen=True, slots=True)
class Way:
    """The way to one host and back: through `jumps` of ours, and through any one of `tunnels`.

    `sessions` are the neighbors of the host of which any one brings it the route back; `told` says it for people.
    """

    host: str
    jumps: tuple[str, ...] = ()
    tunnels: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    timer: bool = True
    told: str = ""


def ways(plan: Plan, intents: Mapping[str, HostIntent]) -> dict[str, Way]:
    """The ways of the plan's changed hosts, from what the inventory says and from what each device told."""
    return {host: _way(host, plan, intents) for host in plan.changed}


def _way(host: str, plan: Plan, intents: Mapping[str, HostIntent]) -> Way:
    reached, intent = plan.hosts[host].reached, intents[host]
    address, client = _address(reached.address or intent.hostname), _address(reached.client)
    ours = tuple(name for jump in reached.jumps for name in _named(jump, intents))
    tunnels = frozenset(
        tunnel.name
        for each in intents.values()
        for tunnel in each.tunnels
        if _inner(tunnel, reached.gateway) or (address and client and _carries(tunnel, address, client))
    )
    neighbors = intent.bgp.neighbors if intent.bgp and reached.protocol == BY_BGP else ()
    direct = frozenset(str(each.address) for each in neighbors if str(each.address) == reached.gateway)
    sessions = direct or frozenset(str(each.address) for each in neighbors)
    told = f"reached at {reached.address or intent.hostname}"
    if reached.jumps:
        told += f" through {', '.join(reached.jumps)}"
    if reached.client:
        learned = {"kernel": "connected", "": ""}.get(reached.protocol, reached.protocol)
        through = f"{reached.interface}{f', {learned}' if learned else ''}"
        told += f", answers {reached.client} through {through or 'a way that it does not tell'}"
    if tunnels:
        told += f", in tunnel {' or '.join(sorted(tunnels))}"
    return Way(host, ours, tunnels, sessions, reached.timer, told)


@dataclass(frozen=True, slots=True)
class Danger:
    """A host whose way is touched. `cut` says that nothing of it may be left at the moment of the change."""

    host: str
    what: str
    cut: bool
    timer: bool


def dangers(
    found: Mapping[str, Way], touched: Iterable[Touch], intents: Mapping[str, HostIntent], hosts: Collection[str]
) -> list[Danger]:
    """What changing `hosts` at the same time does to the ways of any host of the plan."""
    happening = [touch for touch in touched if touch.host in hosts]
    tunnels = {name for touch in happening for name in tunnels_used(touch, intents)}
    resets = {
        (touch.host, touch.effect.subject)
        for touch in happening
        if touch.effect.kind in ON_SESSIONS and touch.effect.kind != "session-new"
    }
    result = []
    for host, way in sorted(found.items()):
        for member in (way, *(found[jump] for jump in way.jumps if jump in found)):
            lost_tunnels = member.tunnels & tunnels
            lost_sessions = {peer for peer in member.sessions if (member.host, peer) in resets}
            if not lost_tunnels and not lost_sessions:
                continue
            what = ", ".join([*(f"tunnel {name}" for name in sorted(lost_tunnels)), *_told(lost_sessions)])
            cut = bool(lost_tunnels and lost_tunnels == member.tunnels) or bool(
                lost_sessions and lost_sessions == member.sessions
            )
            result.append(Danger(host, what, cut, way.timer))
    return result


def said(found: Mapping[str, Way], touched: Iterable[Touch], intents: Mapping[str, HostIntent]) -> dict[str, str]:
    """For each changed host a sentence on how it is reached and what the plan does to that."""
    risks = {danger.host: danger for danger in dangers(found, touched, intents, found)}
    return {
        host: f"{way.told}; "
        + (f"the change touches that: {risks[host].what}" if host in risks else "the change does not touch that")
        for host, way in found.items()
    }


def refusal(risks: Iterable[Danger], *, accepted: bool) -> str:
    """Why the change may not be made, or nothing. One that cuts its own way needs a timer on the device and consent."""
    cut = [danger for danger in risks if danger.cut]
    helpless = sorted({danger.host for danger in cut if not danger.timer})
    if helpless:
        return f"the change cuts the way to {', '.join(helpless)}, which has no timer of its own to undo it"
    if cut and not accepted:
        told = "; ".join(f"{danger.host} is reached through {danger.what}" for danger in cut)
        return f"the change cuts its own way back: {told} (to do it all the same: --accept own-path)"
    return ""


def distances(found: Mapping[str, Way], intents: Mapping[str, HostIntent]) -> dict[str, int]:
    """How many hosts of the plan each one is reached through: jump hosts, and the nearer ends of its tunnels."""
    ends: dict[str, set[str]] = {}
    for host, intent in intents.items():
        for tunnel in intent.tunnels:
            ends.setdefault(tunnel.name, set()).add(host)

    def distance(host: str, seen: frozenset[str]) -> int:
        way = found.get(host)
        if way is None or host in seen:
            return 0
        nearer = set(way.jumps).union(*(ends.get(name, set()) for name in way.tunnels)) - {host} - seen
        return max((1 + distance(each, seen | {host}) for each in nearer if each in found), default=0)

    return {host: distance(host, frozenset()) for host in found}


def _told(sessions: Iterable[str]) -> list[str]:
    return [f"the session with {peer}, which brings the route back" for peer in sorted(sessions)]


def _named(jump: str, intents: Mapping[str, HostIntent]) -> list[str]:
    return [
        name
        for name, intent in intents.items()
        if jump in (name, intent.hostname)
        or any(str(address.ip) == jump for interface in intent.interfaces for address in interface.addresses)
    ]


def _carries(tunnel: Tunnel, one: IPAddress, other: IPAddress) -> bool:
    return any(
        any(near in network for network in tunnel.local_selectors if network.prefixlen)
        and any(far in network for network in tunnel.remote_selectors if network.prefixlen)
        for near, far in ((one, other), (other, one))
    )


def _inner(tunnel: Tunnel, gateway: str) -> bool:
    return bool(gateway) and gateway in (str(tunnel.remote_inner), str(tunnel.local_inner))


def _address(text: str) -> IPAddress | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
