"""Tunnels by the names that the intent gives them, whatever the devices at their ends call them.

Most devices call a tunnel as the intent does. One that calls its IKE SAs by the peer's address calls two tunnels to one
peer alike, and distinguishes their children. What a device has beside the intent keeps the device's name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from msgspec import structs

from routebook.device.naming import canonical, parsed
from routebook.device.state import IkeSa
from routebook.device.values import Effect, EffectKind, State
from routebook.intent.model import HostIntent, Tunnel

ON_TUNNELS: frozenset[EffectKind] = frozenset({"tunnel-new", "tunnel-rekey", "child-rekey", "tunnel-removed"})
_COMES_OR_GOES: frozenset[EffectKind] = frozenset({"session-new", "session-removed", "tunnel-new", "tunnel-removed"})


def named_states(intents: Mapping[str, HostIntent], states: Mapping[str, State]) -> dict[str, State]:
    """The states with every intended tunnel's SAs and children under the tunnel's name."""
    return {
        host: named_state(intents[host].tunnels, state) if host in intents else state for host, state in states.items()
    }


def named_state(tunnels: Iterable[Tunnel], state: State) -> State:
    """One host's state with its tunnels' names. An SA that carries children of two tunnels is shown as one of each."""
    if state.ike is None:
        return state
    tunnels = tuple(tunnels)
    return replace(state, ike=tuple(named for sa in state.ike for named in _named_sas(tunnels, sa)))


def named_effects(tunnels: Iterable[Tunnel], effects: Iterable[Effect]) -> tuple[Effect, ...]:
    """A device's forecast with the tunnels' names: what happens to an SA happens to all tunnels that it is shared by.

    What is removed is no tunnel of the intent, so it keeps its name.
    """
    tunnels = tuple(tunnels)
    found: dict[Effect, None] = {}
    for effect in effects:
        names = [tunnel.name for tunnel in tunnels if effect.subject in (tunnel.connection, *tunnel.child_names)]
        if effect.kind == "tunnel-removed" or not names:
            names = [effect.subject]
        found |= dict.fromkeys(structs.replace(effect, subject=name) for name in names)
    return tuple(found)


def with_peers(intent: HostIntent, owners: Mapping[str, str], effects: Iterable[Effect]) -> tuple[Effect, ...]:
    """A host's forecast with the names of the other ends. What the inventory knows nothing of, and stays, is foreign.

    `owners` are the hosts of ours by their addresses: what is removed is no longer in the intent.
    """
    return tuple(_with_peer(intent, owners, effect) for effect in effects)


def owners(intents: Iterable[HostIntent]) -> dict[str, str]:
    """The hosts by the addresses of their interfaces."""
    return {
        str(address.ip): intent.name
        for intent in intents
        for interface in intent.interfaces
        for address in interface.addresses
    }


def _with_peer(intent: HostIntent, owners: Mapping[str, str], effect: Effect) -> Effect:
    address = parsed(effect.subject)
    if effect.kind in ON_TUNNELS:
        tunnel = next((tunnel for tunnel in intent.tunnels if tunnel.name == effect.subject), None)
        peer = tunnel.peer if tunnel else owners.get(canonical(effect.subject), "")
        known = tunnel is not None
        peer = "" if peer in effect.subject else peer
    elif address is not None:
        neighbors = intent.neighbors
        neighbor = next((neighbor for neighbor in neighbors if neighbor.address == address), None)
        peer = neighbor.peer if neighbor else owners.get(canonical(effect.subject), "")
        known = neighbor is not None
    else:
        return effect
    return structs.replace(effect, peer=peer, foreign=not known and effect.kind not in _COMES_OR_GOES)


def device_name(tunnels: Iterable[Tunnel], subject: str) -> str:
    """What the device calls the subject of a finding: a tunnel's connection, anything else as it is."""
    return next((tunnel.connection for tunnel in tunnels if tunnel.name == subject), subject)


def _named_sas(tunnels: tuple[Tunnel, ...], sa: IkeSa) -> list[IkeSa]:
    owners = [tunnel for tunnel in tunnels if _may_be(tunnel, sa)]
    children = {child.name for child in sa.children}
    # Two tunnels between the same two addresses have children of their own, and either an SA each or one for both.
    owners = [tunnel for tunnel in owners if tunnel.child_names & children] or owners
    if not owners:
        return [sa]
    theirs = {name for tunnel in owners for name in tunnel.child_names}
    return [
        replace(
            sa,
            name=tunnel.name,
            children=tuple(
                replace(child, name=tunnel.name) if child.name in tunnel.child_names else child
                for child in sa.children
                if child.name in tunnel.child_names or child.name not in theirs
            ),
        )
        for tunnel in owners
    ]


def _may_be(tunnel: Tunnel, sa: IkeSa) -> bool:
    if sa.name != tunnel.connection:
        return False
    # A name that is the peer's address does not distinguish two tunnels to it: this end's address does.
    return sa.name == tunnel.name or sa.local_address == tunnel.local_address
