"""Refuses addresses and prefixes that are used twice or overlap where they must not."""

from collections.abc import Iterable
from ipaddress import ip_interface

from msgspec import Struct

from routebook.intent.model import IPInterface, IPNetwork
from routebook.intent.nodes import Nodes
from routebook.intent.problem import Mark, Problems
from routebook.intent.read import Declared


class Use(Struct, frozen=True):
    """An address in use: `where` for the message, `segment` is what may share its network."""

    address: IPInterface
    where: str
    segment: str
    mark: Mark


def check_addresses(declared: Declared, nodes: Nodes, inner: Iterable[Use], problems: Problems) -> None:
    """Report overlaps among interfaces, caches, `inner` addresses of tunnels, management addresses and sites."""
    inner = list(inner)
    uses = [*_uses(declared, nodes), *inner]
    _check_twice(uses, problems)
    _check_segments(uses, problems)
    _check_inner(declared, inner, problems)
    _check_sites(declared, problems)
    _check_management(declared, nodes, problems)


def _uses(declared: Declared, nodes: Nodes) -> Iterable[Use]:
    for node in [*nodes.hosts.values(), *nodes.peers.values()]:
        for interface in node.interfaces:
            segment = f"link {interface.link}" if interface.link else f"{interface.name} of {node.name}"
            for index, address in enumerate(interface.addresses):
                mark = node.mark_of(interface.name)
                where = f"{interface.name} of {node.name}"
                yield Use(address, where, segment, _line_of(declared, node.name, interface.name, index) or mark)
    for cache in declared.caches:
        address = ip_interface(cache.address)
        yield Use(address, f"RPKI cache {cache.name}", f"link {cache.link}", cache.mark("address"))


def _line_of(declared: Declared, node: str, interface: str, index: int) -> Mark | None:
    if node in declared.peers:
        return declared.peers[node].mark("interfaces", interface, "addresses", index)
    entry = declared.hosts[node]
    if entry.data.interfaces is None:
        return None  # inherited from a group
    return entry.mark("data", "interfaces", interface, "addresses", index)


def _check_twice(uses: Iterable[Use], problems: Problems) -> None:
    first: dict[object, Use] = {}
    for use in uses:
        # A link-local address means something on its link alone.
        key = (use.address.ip, use.segment if use.address.is_link_local else "")
        other = first.setdefault(key, use)
        if other is not use:
            problems.error(
                use.mark,
                f"{use.address.ip} on {use.where} is already on {other.where} ({other.mark})",
                "give one of them another address",
            )


def _check_segments(uses: Iterable[Use], problems: Problems) -> None:
    """Two networks may overlap only when they are the same network on the same link."""
    networks: dict[tuple[IPNetwork, str], Use] = {}
    for use in uses:
        if not use.where.startswith("RPKI cache") and not use.address.is_link_local:
            networks.setdefault((use.address.network, use.segment), use)
    for network, use, other_network, other in _overlapping([(n, u) for (n, _), u in networks.items()]):
        same_link = use.segment == other.segment
        what = "differs in length from" if same_link else "overlaps"
        problems.error(
            use.mark,
            f"{network} ({use.where}, {use.segment}) {what} "
            f"{other_network} ({other.where}, {other.segment}, {other.mark})",
            "give a link one prefix length" if same_link else "use distinct networks for distinct links",
        )


def _overlapping(items: list[tuple[IPNetwork, Use]]) -> Iterable[tuple[IPNetwork, Use, IPNetwork, Use]]:
    """Each network with the nearest one that contains it, found by sorting instead of comparing all pairs."""
    stack: list[tuple[IPNetwork, Use]] = []
    for network, use in sorted(
        items, key=lambda item: (item[0].version, int(item[0].network_address), item[0].prefixlen)
    ):
        while stack and not (
            stack[-1][0].version == network.version
            and int(network.network_address) <= int(stack[-1][0].broadcast_address)
        ):
            stack.pop()
        if stack:
            outer, other = stack[-1]
            later, earlier = sorted([(network, use), (outer, other)], key=lambda item: item[1].mark, reverse=True)
            yield (*later, *earlier)
        stack.append((network, use))


def _check_sites(declared: Declared, problems: Problems) -> None:
    prefixes = [
        (prefix, Use(ip_interface(str(prefix)), f"site {name}", name, site.mark("prefixes", index)))
        for name, site in declared.sites.items()
        for index, prefix in enumerate(site.prefixes)
    ]
    for network, use, other_network, other in _overlapping(prefixes):
        if use.segment == other.segment:
            problems.warn(
                use.mark, f"{network} of site {use.segment} lies within its {other_network}", "remove the smaller one"
            )
        else:
            problems.error(
                use.mark,
                f"{network} of site {use.segment} overlaps {other_network} of site {other.segment} ({other.mark})",
                "tunnels could not distinguish the two sites: correct one of them",
            )


def _check_inner(declared: Declared, inner: Iterable[Use], problems: Problems) -> None:
    for use in inner:
        for name, site in declared.sites.items():
            for prefix in site.prefixes:
                if prefix.version == use.address.version and prefix.overlaps(use.address.network):
                    problems.error(
                        use.mark,
                        f"{use.address.network} ({use.where}) overlaps {prefix} of site {name}",
                        "take inner addresses from a range of their own",
                    )


def _check_management(declared: Declared, nodes: Nodes, problems: Problems) -> None:
    seen: dict[tuple[str, int | None], str] = {}
    for name, node in nodes.hosts.items():
        entry = declared.hosts[name]
        if not entry.hostname:
            continue
        other = seen.setdefault((node.hostname, entry.port), name)
        if other != name:
            problems.error(
                entry.mark("hostname"),
                f"{name} is reached at {node.hostname}, and so is {other}",
                "correct one of them",
            )
