"""Base routing of the lab's hosts: what an IGP would give them, so that sessions between loopbacks can come up."""

from lab.topology import Host, Topology
from routebook.intent.model import IPAddress, IPNetwork


def routes(host: Host, topology: Topology) -> list[str]:
    """Lines for `ip -batch`: loopbacks of the host's own site, and the other sites' prefixes by way of the hosts
    of this site that hold a policy-based tunnel to them. A host that holds one itself leaves that to the tunnel;
    what goes over a route-based tunnel is for BGP to decide.
    """
    lines = []
    for other in topology.hosts:
        if other is host:
            continue
        for loopback in other.loopbacks:
            via = _gateway(host, other, loopback, topology)
            if via is not None:
                lines.append(f"route add {loopback} via {via}")
    for site, prefixes in topology.sites.items():
        if site == host.site or _leads_to(host, site, topology):
            continue
        for metric, holder in enumerate(_holders(host, site, topology)):
            lines += [
                f"route add {prefix} via {via} metric {20 + metric}"
                for prefix in prefixes
                if (via := _gateway(host, holder, prefix, topology)) is not None
            ]
    return lines


def _leads_to(host: Host, site: str, topology: Topology) -> bool:
    sites = {other.name: other.site for other in topology.hosts}
    return any(sites.get(tunnel.peer) == site and tunnel.mode == "policy" for tunnel in host.tunnels)


def _holders(host: Host, site: str, topology: Topology) -> list[Host]:
    return [
        other
        for other in topology.hosts
        if other is not host and other.site == host.site and _leads_to(other, site, topology)
    ]


def _gateway(host: Host, other: Host, target: IPAddress | IPNetwork, topology: Topology) -> IPAddress | None:
    """The other host's address on a LAN of the site that both are at."""
    if host.site != other.site:
        return None
    for interface in host.interfaces:
        if interface.link is None or topology.links[interface.link] != host.site:
            continue
        theirs = other.addresses_on(interface.link)
        for own in interface.addresses:
            for address in theirs:
                if address.version == target.version and address in own.network:
                    return address
    return None
