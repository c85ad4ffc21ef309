"""What tunnels carry on each data plane.

With ESP in user space charon chooses tunnels by their selectors, so two tunnels of one host cannot both carry anything
to anything. A lab firewall, whose tunnel interfaces leave no choice, then narrows what they negotiate: to the inner
addresses, and to the prefixes of the two sites on the first tunnel that leads from it to that site.
"""

from ipaddress import ip_network

from lab.topology import Host, Topology
from routebook.intent.model import IPNetwork, Tunnel
from routebook.intent.platform import platform

Selectors = tuple[tuple[IPNetwork, ...], tuple[IPNetwork, ...]]  # local, remote


def selectors(host: Host, tunnel: Tunnel, topology: Topology, *, esp_in_kernel: bool) -> Selectors:
    """What the SAs of a host's tunnel are for."""
    if esp_in_kernel or not _narrowed(host, tunnel, topology):
        return tunnel.local_selectors, tunnel.remote_selectors
    near, far = (
        (ip_network(inner),) if inner is not None else () for inner in (tunnel.local_inner, tunnel.remote_inner)
    )
    local, remote = sites(host, tunnel, topology)
    return near + local, far + remote


def sites(host: Host, tunnel: Tunnel, topology: Topology) -> Selectors:
    """The sites' prefixes that a narrowed tunnel carries: none where another tunnel does."""
    peer = _peer(tunnel, topology)
    if peer is None or not carries(host, tunnel, topology):
        return (), ()
    version = tunnel.local_inner.version if tunnel.local_inner is not None else 4
    local, remote = (
        tuple(prefix for prefix in topology.sites.get(end.site, ()) if prefix.version == version)
        for end in (host, peer)
    )
    return local, remote


def carries(host: Host, tunnel: Tunnel, topology: Topology) -> bool:
    """Whether a tunnel carries its sites' prefixes in user space."""
    peer = _peer(tunnel, topology)
    if not _narrowed(host, tunnel, topology) or peer is None:
        return True
    return all(
        _first(end, other, topology) == tunnel.name for end, other in ((host, peer), (peer, host)) if _firewall(end)
    )


def device_name(tunnel: Tunnel) -> str:
    """The name of the device of a Linux host's route-based tunnel, with ESP in the kernel."""
    return f"vti{tunnel.mark}"


def _narrowed(host: Host, tunnel: Tunnel, topology: Topology) -> bool:
    return tunnel.mode == "route" and (_firewall(host) or _firewall(_peer(tunnel, topology)))


def _firewall(host: Host | None) -> bool:
    its = platform(host.platform) if host is not None else None
    return its is not None and bool(its.can.route_version)


def _peer(tunnel: Tunnel, topology: Topology) -> Host | None:
    return next((host for host in topology.hosts if host.name == tunnel.peer), None)


def _first(end: Host, other: Host, topology: Topology) -> str:
    """The first tunnel in the inventory from a firewall to the site of another host."""
    at_site = {host.name for host in topology.hosts if host.site == other.site}
    return next((each.name for each in end.tunnels if each.mode == "route" and each.peer in at_site), "")
