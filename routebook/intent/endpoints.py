"""Finds the two addresses of a session from what it runs over: a link, loopbacks, or a tunnel's inner addresses."""

from collections.abc import Mapping
from ipaddress import ip_interface

from routebook.intent.layers import Layers
from routebook.intent.model import IPAddress, IPInterface
from routebook.intent.network import Endpoints, TunnelPair
from routebook.intent.node import Node
from routebook.intent.nodes import Nodes
from routebook.intent.problem import Mark, Problems, nearest


def find_endpoints(
    ends: tuple[Node, Node],
    options: tuple[Layers, Layers],
    mark: Mark,
    nodes: Nodes,
    tunnels: Mapping[str, TunnelPair],
    problems: Problems,
) -> Endpoints | None:
    """The session's addresses; None, and why reported, when they cannot be derived."""
    shared = options[0]
    chosen = [option for option in ("link", "via", "tunnel") if shared.get(option)]
    names = " – ".join(end.name for end in ends)
    if len(chosen) > 1:
        problems.error(mark, f"{names}: {' and '.join(chosen)} contradict each other", "keep one of them")
        return None
    if chosen == ["tunnel"]:
        return _inner(ends, shared.get("tunnel"), shared.mark("tunnel", mark), tunnels, problems)
    link: str | None = None
    if chosen == ["link"]:
        link = shared.get("link")
        if not nodes.link(str(link), shared.mark("link", mark), problems):
            return None
    elif not chosen:
        link = _only_common_link(ends, mark, problems)
        if link is None:
            return None
    found = _addresses(ends, link, options, mark, problems)
    return found and Endpoints(found, "link" if link else "loopback", link)


def _only_common_link(ends: tuple[Node, Node], mark: Mark, problems: Problems) -> str | None:
    first, second = ({i.link for i in end.interfaces if i.link and i.addresses} for end in ends)
    common = sorted(first & second)
    if len(common) == 1:
        return common[0]
    names = " and ".join(end.name for end in ends)
    if common:
        problems.error(mark, f"{names} share several links: {', '.join(common)}", "say which one: link: …")
    else:
        problems.error(
            mark, f"{names} share no link", "write via: loopback or tunnel: …, or give both an address on a link"
        )
    return None


def _addresses(
    ends: tuple[Node, Node], link: str | None, options: tuple[Layers, Layers], mark: Mark, problems: Problems
) -> tuple[IPAddress, IPAddress] | None:
    where = f"on link {link}" if link else "on a loopback"
    candidates: list[tuple[IPInterface, ...]] = []
    for end, own in zip(ends, options, strict=True):
        addresses = end.addresses(link)
        wanted = own.get("address")
        if wanted is not None:
            addresses = tuple(a for a in addresses if a.ip == wanted)
            if not addresses:
                problems.error(own.mark("address", mark), f"{end.name} has no {wanted} {where}", "correct the address")
                return None
        if not addresses:
            problems.error(
                mark, f"{end.name} has no address {where}", "add one to its interfaces in inventory/hosts.yaml"
            )
            return None
        candidates.append(addresses)
    for version in _versions(options[0]):
        first, second = ([a for a in addresses if a.version == version] for addresses in candidates)
        pairs = [(a.ip, b.ip) for a in first for b in second if link is None or a.network == b.network]
        if pairs:
            return pairs[0]
    wanted = options[0].get("transport") or "IPv4 or IPv6"
    scope = "network" if link else "family"
    problems.error(
        options[0].mark("transport", mark),
        f"{ends[0].name} and {ends[1].name} have no addresses {where} of one {scope} ({wanted})",
        "give both an address there",
    )
    return None


def _versions(shared: Layers) -> tuple[int, ...]:
    """IP versions to try, best first: as declared, else IPv6 when the session carries nothing but IPv6."""
    if transport := shared.get("transport"):
        return (4,) if transport == "ipv4" else (6,)
    return (6, 4) if shared.get("families") == ("ipv6-unicast",) else (4, 6)


def _inner(
    ends: tuple[Node, Node], name: str, mark: Mark, tunnels: Mapping[str, TunnelPair], problems: Problems
) -> Endpoints | None:
    tunnel = tunnels.get(name)
    if tunnel is None:
        problems.error(mark, f"unknown tunnel {name!r}", nearest(name, tunnels))
        return None
    by_end = {end.name: end.tunnel.local_inner for end in tunnel.ends}
    first, second = (by_end.get(end.name) for end in ends)
    if set(by_end) != {end.name for end in ends}:
        problems.error(
            mark, f"tunnel {name} is between {' and '.join(by_end)}", "name the tunnel between these two ends"
        )
        return None
    if first is None or second is None:
        problems.error(mark, f"tunnel {name} has no inner addresses", "give it inner: a /31 or a /127")
        return None
    return Endpoints((ip_interface(first).ip, ip_interface(second).ip), "tunnel", None)
