"""Whether each host's own packet filter lets in what a plan adds: the first packets of new tunnels and sessions."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from routebook.checks.paths import tunnels_beneath
from routebook.device.naming import canonical
from routebook.device.packet_filter import Flow, Verdict
from routebook.device.plan import Plan
from routebook.device.values import Effect, Snapshot
from routebook.intent.model import HostIntent, IPAddress, Neighbor, Tunnel
from routebook.safety.accepted import FILTERED, Guard

_IKE, _NAT_T, _BGP = 500, 4500, 179


class Need(Struct, frozen=True):
    """What has to come in at a host. `what` is the tunnel or session, in words.

    Where the host `begins`, it can come up although nothing new is let in, as long as answers are. What is needed
    `only_with_nat` is not needed for certain.
    """

    host: str
    what: str
    far: str
    flow: Flow
    begins: bool
    only_with_nat: bool = False

    @property
    def answer(self) -> Flow:
        """The same flow as an answer to the host."""
        flow = self.flow
        return Flow(flow.protocol, flow.source, flow.destination, flow.port, answer=True, inside=flow.inside)


class Said(Struct, frozen=True):
    """What a host says of a need: of the flow as it comes first, and as an answer to the host."""

    need: Need
    first: Verdict
    answer: Verdict


def needs(plan: Plan, intents: Mapping[str, HostIntent]) -> list[Need]:
    """What each tunnel and session needs that a plan adds to a host, or moves to an address that is new to it."""
    found: list[Need] = []
    for host, planned in plan.hosts.items():
        if not planned.change or host not in intents:
            continue
        intent = intents[host]
        tunnels = {tunnel.name: tunnel for tunnel in intent.tunnels}
        neighbors = {str(neighbor.address): neighbor for neighbor in intent.neighbors}
        for effect in planned.change.effects:
            if (tunnel := tunnels.get(effect.subject)) is not None and effect.kind in ("tunnel-new", "tunnel-rekey"):
                ends = (tunnel.remote_address, tunnel.local_address)
                if _new(effect, planned.snapshot, [each for each in ends if each is not None]):
                    found += _of_tunnel(host, tunnel)
            elif (neighbor := neighbors.get(canonical(effect.subject))) is not None and (
                effect.kind in ("session-new", "session-reset")
                and not neighbor.shutdown
                and _new(effect, planned.snapshot, (neighbor.address,))
            ):
                found.append(_of_session(intents, host, neighbor))
    return found


def _new(effect: Effect, snapshot: Snapshot, addresses: Collection[IPAddress]) -> bool:
    """Whether it is new there, or one of its addresses is nowhere in the host's configuration yet."""
    if effect.kind.endswith("-new"):
        return True
    return not all(
        any(re.search(rf"(?<![\w.:]){re.escape(str(address))}(?![\w:]|\.\d)", text) for text in snapshot.parts.values())
        for address in addresses
    )


def _of_tunnel(host: str, tunnel: Tunnel) -> Iterator[Need]:
    """Nothing for one of which an end may be anywhere: no filter can be asked about packets from there."""
    if tunnel.remote_address is None or tunnel.local_address is None:
        return
    what, far = f"tunnel {tunnel.name} with {tunnel.peer}", tunnel.peer_host or ""
    ends = tunnel.remote_address, tunnel.local_address
    yield Need(host, what, far, Flow("udp", *ends, _IKE), tunnel.initiator)
    yield Need(host, what, far, Flow("udp", *ends, _NAT_T), tunnel.initiator, only_with_nat=True)
    yield Need(host, what, far, Flow("esp", *ends), begins=True)  # each end has something to send


def _of_session(intents: Mapping[str, HostIntent], host: str, neighbor: Neighbor) -> Need:
    own = {tunnel.name for tunnel in intents[host].tunnels}
    inside = not own.isdisjoint(tunnels_beneath(intents, host, neighbor))
    flow = Flow("tcp", neighbor.address, neighbor.local_address, _BGP, inside=inside)
    return Need(host, f"session with {neighbor.peer}", neighbor.peer_host or "", flow, not neighbor.passive)


def dropped(said: Iterable[Said]) -> tuple[list[Guard], dict[str, list[str]]]:
    """What is dropped that has to come in, a guard each; and what else is to be said of each host."""
    guards: list[Guard] = []
    warnings: dict[str, list[str]] = {}
    said = list(said)
    closed = {_ends(each.need) for each in said if each.first.passes is False}
    for each in said:
        need, first = each.need, each.first
        if first.passes is None and first.by:
            unclear = f"whether its own packet filter lets {need.flow} in, for the {need.what}, is not known"
            warnings.setdefault(need.host, []).append(f"{unclear}: it has {first.by}")
        if first.passes is not False:
            continue
        text = f"own packet filter drops {need.flow}, for the {need.what}: {first.by}; to let it in: {first.rule}"
        both = need.flow.protocol == "tcp" and _ends(need)[::-1] in closed
        if need.only_with_nat:
            warnings.setdefault(need.host, []).append(f"its {text} (needed only where there is NAT on the way)")
        elif need.begins and each.answer.passes and not both:
            why = "it can come up only when this end begins, and not once the filter has forgotten"
            warnings.setdefault(need.host, []).append(f"its {text} ({why})")
        else:
            about = (f"{need.host} {need.flow} for the {need.what}",)
            guards.append(Guard(FILTERED, f"{need.host}: its {text}", asks=True, about=about))
    return guards, warnings


def _ends(need: Need) -> tuple[IPAddress, IPAddress]:
    return need.flow.source, need.flow.destination
