"""Which tunnels a BGP session runs through, derived from the tunnels' selectors and inner addresses."""

from collections.abc import Mapping

from routebook.device.state import IPAddress, IPNetwork
from routebook.intent.model import HostIntent, Neighbor, Tunnel


def tunnels_beneath(intents: Mapping[str, HostIntent], host: str, neighbor: Neighbor) -> tuple[str, ...]:
    """Names of the tunnels that can carry the session; tunnels that end at one of its two ends win.

    Empty when none can. Several names mean that routing inside a site decides which one it is.
    """
    ends: dict[str, set[str]] = {}
    for owner, intent in intents.items():
        for tunnel in intent.tunnels:
            if _carries(tunnel, neighbor.local_address, neighbor.address):
                ends.setdefault(tunnel.name, {owner}).add(tunnel.peer)
    direct = [name for name, owners in ends.items() if owners & {host, neighbor.peer_host}]
    return tuple(direct or ends)


def _carries(tunnel: Tunnel, one: IPAddress, other: IPAddress) -> bool:
    if {one, other} == {tunnel.local_inner, tunnel.remote_inner}:
        return True
    return any(
        covered(local, tunnel.local_selectors) and covered(remote, tunnel.remote_selectors)
        for local, remote in ((one, other), (other, one))
    )


def covered(address: IPAddress, selectors: tuple[IPNetwork, ...]) -> bool:
    """Whether selectors have an address. Any-to-any ones, of route-based tunnels, say nothing of what goes through."""
    return any(network.prefixlen and address in network for network in selectors)
