"""What the tunnels of one host must not be to each other."""

from collections.abc import Iterable, Mapping

from routebook.intent.model import IPNetwork, Tunnel
from routebook.intent.network import TunnelPair
from routebook.intent.nodes import Nodes
from routebook.intent.platform import platform
from routebook.intent.problem import Mark, Problems


def check_tunnels(tunnels: Iterable[TunnelPair], nodes: Nodes, marks: Mapping[str, Mark], problems: Problems) -> None:
    """Report tunnels that one of their hosts could not distinguish."""
    by_host: dict[str, list[Tunnel]] = {}
    for pair in tunnels:
        for end in pair.ends:
            if end.managed:
                by_host.setdefault(end.name, []).append(end.tunnel)
    for host, own in by_host.items():
        _check_same(host, own, marks, problems)
        its = platform(nodes.hosts[host].platform)
        if its is not None and its.rules.check_host is not None:
            its.rules.check_host(nodes.hosts[host], own, marks, problems)


def _check_same(host: str, tunnels: list[Tunnel], marks: Mapping[str, Mark], problems: Problems) -> None:
    addresses: dict[object, Tunnel] = {}
    identities: dict[object, Tunnel] = {}
    keys: dict[object, Tunnel] = {}
    selectors: dict[frozenset[IPNetwork], Tunnel] = {}
    for tunnel in tunnels:
        mark = marks[tunnel.name]
        ends = (tunnel.local_address, tunnel.remote_address)
        other = tunnel if None in ends else addresses.setdefault(ends, tunnel)
        if other is not tunnel:
            problems.error(
                mark,
                f"tunnel {tunnel.name} has the outer addresses of {other.name} at {host} ({marks[other.name]})",
                "give one of them another address or link",
            )
        other = identities.setdefault((tunnel.local_id, tunnel.remote_id), tunnel)
        if other is not tunnel and other.psk != tunnel.psk:
            problems.error(
                mark,
                f"tunnels {tunnel.name} and {other.name} have the same identities at {host}, but different keys",
                "give the ends of one of them an id: of their own",
            )
        key = tunnel.mark or tunnel.if_id
        if key is not None and (other := keys.setdefault(key, tunnel)) is not tunnel:
            problems.error(
                mark,
                f"tunnels {tunnel.name} and {other.name} have the same key {key} at {host}",
                "write key: … for one of them",
            )
        if tunnel.mode == "policy":
            other = selectors.setdefault(frozenset(tunnel.remote_selectors), tunnel)
            if other is not tunnel:
                problems.warn(
                    mark,
                    f"tunnels {tunnel.name} and {other.name} protect the same prefixes at {host}",
                    "only one can carry them: make them mode: route",
                )
