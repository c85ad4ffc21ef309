"""Base routing of the lab's hosts: what providers and an IGP would give them, for tunnels and sessions to come up."""

from collections.abc import Iterator

from lab.carried import carries, device_name
from lab.topology import Host, Topology
from routebook.intent.model import Interface, IPAddress, IPNetwork, Tunnel
from routebook.intent.platform import platform

_FIRST_TABLE = 101  # of the tables with a provider's routes each


def routes(host: Host, topology: Topology, *, esp_in_kernel: bool) -> list[str]:
    """Lines for `ip -batch`: the addresses of others on the internet, loopbacks of the host's own site, and the
    other sites' prefixes over its own tunnels or by way of the hosts of this site that lead there.
    """
    lines = [*internet(host, topology)]
    lines += [f"route add {loopback} via {via}" for loopback, via in site_loopbacks(host, topology)]
    for site, prefixes in topology.sites.items():
        if site == host.site:
            continue
        own = [each for each in host.tunnels if _leads_to(host, each, site, topology, esp_in_kernel)]
        if own:
            lines += [line for each in own for line in _over(host, each, prefixes, esp_in_kernel)]
            continue
        for metric, holder in enumerate(_holders(host, site, topology, esp_in_kernel)):
            lines += [
                f"route add {prefix} via {via} metric {20 + metric}"
                for prefix in prefixes
                if (via := _gateway(host, holder, prefix, topology)) is not None
            ]
    return lines


def internet(host: Host, topology: Topology) -> Iterator[str]:
    """Lines for `ip -batch`: on a link between sites everybody reaches everybody, whatever the networks of their
    providers. From an address of a second provider everything leaves by that one.
    """
    for link, interfaces in _by_outside_link(host, topology).items():
        local = {address.network for each in interfaces for address in each.addresses}
        others = [
            address
            for other in topology.hosts
            if other is not host
            for each in other.interfaces
            if each.link == link
            for address in each.addresses
        ]
        yield from (
            f"route add {address.ip} dev {interfaces[0].name}"
            for address in others
            if not any(address.ip in network for network in local)
        )
        for number, interface in enumerate(interfaces[1:]):
            table = _FIRST_TABLE + number
            yield from (f"rule add from {address.ip} lookup {table}" for address in interface.addresses)
            networks = {address.network for address in others} | {a.network for a in interface.addresses}
            yield from (f"route add {net} dev {interface.name} table {table}" for net in sorted(map(str, networks)))


def site_loopbacks(host: Host, topology: Topology) -> Iterator[tuple[IPAddress, IPAddress]]:
    """The loopbacks of the other hosts of the site, each with the address to reach it by."""
    for other in topology.hosts:
        if other is not host:
            for loopback in other.loopbacks:
                via = _gateway(host, other, loopback, topology)
                if via is not None:
                    yield loopback, via


def sysctls(host: Host, topology: Topology) -> dict[str, str]:
    """What keeps the traffic of two providers apart that are one link in the lab."""
    if not any(len(shared) > 1 for shared in _by_outside_link(host, topology).values()):
        return {}
    return {"ipv4/conf/all/arp_ignore": "1", "ipv4/conf/all/arp_announce": "2"}


def _by_outside_link(host: Host, topology: Topology) -> dict[str, list[Interface]]:
    found: dict[str, list[Interface]] = {}
    for interface in host.interfaces:
        if interface.link is not None and topology.links[interface.link] is None:
            found.setdefault(interface.link, []).append(interface)
    return found


def _over(host: Host, tunnel: Tunnel, prefixes: tuple[IPNetwork, ...], esp_in_kernel: bool) -> Iterator[str]:
    """Routes over an own tunnel, where charon makes none: with ESP in the kernel, on hosts with VTI devices."""
    if not esp_in_kernel or all(each.mode == "policy" for each in host.tunnels):
        return
    if tunnel.mode == "route":
        version = tunnel.local_inner.version if tunnel.local_inner is not None else 4
        for prefix in prefixes:
            if prefix.version == version:
                yield f"route add {prefix} dev {device_name(tunnel)} metric {10 + (tunnel.route_metric or 0)}"
        return
    outside = next(
        i.name for i in host.interfaces for a in i.addresses if i.link and tunnel.local_address in (a.ip, None)
    )
    for selector in tunnel.remote_selectors:
        source = next((f" src {each}" for each in host.loopbacks if each.version == selector.version), "")
        yield f"route add {selector} dev {outside}{source}"


def _leads_to(host: Host, tunnel: Tunnel, site: str, topology: Topology, esp_in_kernel: bool) -> bool:
    """Whether a host sends a site's traffic into a tunnel without a route from BGP; a firewall may know by what it
    is configured, which is as good.
    """
    far = next((other.site for other in topology.hosts if other.name == tunnel.peer), None)
    its = platform(host.platform)
    part = its.lab if its is not None else None
    static = tunnel.mode == "policy" or tunnel.route_metric is not None or (part is not None and part.routes_itself)
    return far == site and static and (esp_in_kernel or carries(host, tunnel, topology))


def _holders(host: Host, site: str, topology: Topology, esp_in_kernel: bool) -> list[Host]:
    return [
        other
        for other in topology.hosts
        if other is not host
        and other.site == host.site
        and any(_leads_to(other, each, site, topology, esp_in_kernel) for each in other.tunnels)
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
