"""The management path: how each host is reached, whether a plan interrupts that or the way back, who is behind whom."""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from routebook.device.naming import parsed
from routebook.device.plan import Plan
from routebook.intent.model import HostIntent, IPAddress, Tunnel
from routebook.safety.accepted import OWN_PATH, Guard
from routebook.safety.impact import ON_SESSIONS, Impact, tunnels_interrupted

BY_BGP = "bgp"


class ManagementPath(Struct, frozen=True):
    """The path to one host and back: through `jumps` of ours, and through any one of `tunnels`.

    Any one of the neighbors in `sessions` brings the host its route back. `timer` says whether the host undoes a
    change by itself, and `description` is the path in words.
    """

    host: str
    jumps: tuple[str, ...] = ()
    tunnels: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    timer: bool = True
    description: str = ""


def management_paths(plan: Plan, intents: Mapping[str, HostIntent]) -> dict[str, ManagementPath]:
    """The paths to the plan's changed hosts, from what the inventory says and from what each device said of itself."""
    return {host: _path(host, plan, intents) for host in plan.changed}


def _path(host: str, plan: Plan, intents: Mapping[str, HostIntent]) -> ManagementPath:
    reached, intent = plan.hosts[host].reached, intents[host]
    address, client = parsed(reached.address or intent.hostname), parsed(reached.client)
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
    text = f"reached at {reached.address or intent.hostname}"
    if reached.jumps:
        text += f" through {', '.join(reached.jumps)}"
    if reached.client:
        learned = {"kernel": "connected", "": ""}.get(reached.protocol, reached.protocol)
        through = f"{reached.interface}{f', {learned}' if learned else ''}"
        text += f", answers {reached.client} through {through or 'a path that it does not show'}"
    if tunnels:
        text += f", in tunnel {' or '.join(sorted(tunnels))}"
    return ManagementPath(host, ours, tunnels, sessions, reached.timer, text)


class Danger(Struct, frozen=True):
    """A host whose management path is interrupted. `cut` says that at the change nothing may be left of it."""

    host: str
    what: str
    cut: bool
    timer: bool


def dangers(
    paths: Mapping[str, ManagementPath],
    impacts: Iterable[Impact],
    intents: Mapping[str, HostIntent],
    hosts: Collection[str],
) -> list[Danger]:
    """What changing `hosts` at the same time does to the management path of any host of the plan."""
    at_once = [impact for impact in impacts if impact.host in hosts]
    tunnels = {name for impact in at_once for name in tunnels_interrupted(impact, intents)}
    resets = {
        (impact.host, impact.effect.subject)
        for impact in at_once
        if impact.effect.kind in ON_SESSIONS and impact.effect.kind != "session-new"
    }
    result = []
    for host, path in sorted(paths.items()):
        for member in (path, *(paths[jump] for jump in path.jumps if jump in paths)):
            lost_tunnels = member.tunnels & tunnels
            lost_sessions = {peer for peer in member.sessions if (member.host, peer) in resets}
            if not lost_tunnels and not lost_sessions:
                continue
            what = ", ".join([*(f"tunnel {name}" for name in sorted(lost_tunnels)), *_named_sessions(lost_sessions)])
            cut = bool(lost_tunnels and lost_tunnels == member.tunnels) or bool(
                lost_sessions and lost_sessions == member.sessions
            )
            result.append(Danger(host, what, cut, path.timer))
    return result


def descriptions(
    paths: Mapping[str, ManagementPath], impacts: Iterable[Impact], intents: Mapping[str, HostIntent]
) -> dict[str, str]:
    """For each changed host a sentence on how it is reached and what the plan does to that."""
    risks = {danger.host: danger for danger in dangers(paths, impacts, intents, paths)}
    return {
        host: f"{path.description}; "
        + (f"the change touches that: {risks[host].what}" if host in risks else "the change does not touch that")
        for host, path in paths.items()
    }


def refusals(risks: Iterable[Danger]) -> list[Guard]:
    """Why the change may not be made. One that cuts its own way needs a timer on the device and consent."""
    cut = [danger for danger in risks if danger.cut]
    if helpless := sorted({danger.host for danger in cut if not danger.timer}):
        said = f"the change cuts the way to {', '.join(helpless)}, which has no timer of its own to undo it"
        return [Guard("", said)]
    if not cut:
        return []
    reached = "; ".join(f"{danger.host} is reached through {danger.what}" for danger in cut)
    return [Guard(OWN_PATH, f"the change cuts its own way back: {reached}")]


def distances(paths: Mapping[str, ManagementPath], intents: Mapping[str, HostIntent]) -> dict[str, int]:
    """How many hosts of the plan each one is reached through: jump hosts, and the nearer ends of its tunnels."""
    ends: dict[str, set[str]] = {}
    for host, intent in intents.items():
        for tunnel in intent.tunnels:
            ends.setdefault(tunnel.name, set()).add(host)

    def distance(host: str, seen: frozenset[str]) -> int:
        path = paths.get(host)
        if path is None or host in seen:
            return 0
        nearer = set(path.jumps).union(*(ends.get(name, set()) for name in path.tunnels)) - {host} - seen
        return max((1 + distance(each, seen | {host}) for each in nearer if each in paths), default=0)

    return {host: distance(host, frozenset()) for host in paths}


def _named_sessions(sessions: Iterable[str]) -> list[str]:
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
