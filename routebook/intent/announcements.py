"""What may leave the network: to whom its own prefixes go, and that nobody else's go anywhere.

The rules follow from who the neighbors are: to a provider, a peer or a route server go the own prefixes and those of
customers, and nothing that was learned elsewhere (RFC 7454 section 6.1, the leaks of RFC 7908, the roles of RFC 9234).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from itertools import product

from routebook.intent.model import (
    CommunityList,
    Family,
    IPAddress,
    IPNetwork,
    NeighborFamily,
    PrefixList,
    RouteMapRule,
)
from routebook.intent.network import Session, SessionEnd
from routebook.intent.nodes import Nodes
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problems
from routebook.intent.read import Declared

_LONGEST = {4: 24, 6: 48}
"""Bits of the longest prefixes that others accept (RFC 7454 section 6.1.3, and its practice for IPv6)."""

_LARGEST = {4: 8, 6: 16}
"""Bits of the largest address space that one network has; what is larger is somebody else's, too."""

_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
"""RFC 1918, RFC 6598 and RFC 4193: everybody's, within their own network."""

_PRIVATE_ASNS = (range(64512, 65535), range(4200000000, 4294967295))  # RFC 6996


@dataclass(frozen=True, slots=True)
class Region:
    """All prefixes within `network` of `shortest` to `longest` bits."""

    network: IPNetwork
    shortest: int
    longest: int

    def __str__(self) -> str:
        if self.network.prefixlen == 0 and self.longest == self.network.max_prefixlen:
            return "everything" if self.shortest == 0 else f"everything of /{self.shortest} and longer"
        if self.shortest == self.longest == self.network.prefixlen:
            return "the default route" if self.network.prefixlen == 0 else str(self.network)
        return f"{self.network} of /{self.shortest} to /{self.longest}"

    def within(self, network: IPNetwork) -> bool:
        """Whether it has no prefix that is not of a network's addresses."""
        return _covers(network, self.network)

    def common(self, other: "Region") -> "Region | None":
        """The prefixes of both; None if there is none."""
        inner = self if _covers(other.network, self.network) else other
        outer = other if inner is self else self
        if not _covers(outer.network, inner.network):
            return None
        shortest = max(self.shortest, other.shortest, inner.network.prefixlen)
        longest = min(self.longest, other.longest)
        return Region(inner.network, shortest, longest) if shortest <= longest else None


_EVERYTHING: dict[Family, Region] = {
    "ipv4-unicast": Region(ip_network("0.0.0.0/0"), 0, 32),
    "ipv6-unicast": Region(ip_network("::/0"), 0, 128),
}


def regions(prefix_list: PrefixList) -> list[Region]:
    """What a prefix list permits; a rule that an earlier one denies as a whole permits nothing.

    What is denied in part is counted as permitted.
    """
    denied: list[Region] = []
    found: list[Region] = []
    for rule in prefix_list.rules:
        length = rule.prefix.prefixlen
        longest = rule.le or (rule.prefix.max_prefixlen if rule.ge else length)
        region = Region(rule.prefix, rule.ge or length, longest)
        if rule.action == "deny":
            denied.append(region)
        elif not any(region.common(other) == region for other in denied):
            found.append(region)
    return found


def _covers(outer: IPNetwork, inner: IPNetwork) -> bool:
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # of one version


@dataclass(frozen=True, slots=True)
class _Own:
    """What is the network's own: its address space, and its customers'."""

    declared: tuple[IPNetwork, ...]
    sites: tuple[IPNetwork, ...]
    addresses: tuple[IPAddress, ...]
    customers: tuple[IPNetwork, ...]

    def is_ours(self, prefix: IPNetwork) -> bool:
        """Whether a prefix may be originated: of the own space, private or of a site, or something of ours is in it."""
        if any(_covers(own, prefix) for own in (*self.declared, *self.sites, *_PRIVATE)):
            return True
        return (
            not self.declared
            and prefix.prefixlen >= _LARGEST[prefix.version]
            and (
                any(_covers(prefix, site) for site in self.sites)
                or any(address in prefix for address in self.addresses if address.version == prefix.version)
            )
        )

    def may_leave(self, region: Region, originated: Iterable[IPNetwork]) -> bool:
        """Whether outsiders may hear all of a region."""
        if any(region.within(network) for network in (*self.declared, *self.customers)):
            return True
        return not self.declared and (
            self.is_ours(region.network) or any(region.within(each) for each in originated if self.is_ours(each))
        )


def check_announcements(
    declared: Declared, nodes: Nodes, policies: Policies, sessions: Iterable[Session], problems: Problems
) -> None:
    """Report what would be announced and is nobody's to announce, and what would be drained as a whole."""
    own = _own(declared, nodes)
    _check_sites(declared, nodes, problems)
    _check_originated(declared, own, problems)
    outside = [
        (session, us, peer)
        for session in sessions
        for us, peer in (session.ends, session.ends[::-1])
        if us.managed and _is_outside(peer, nodes)
    ]
    edges = {us.name for _, us, _ in outside}
    _check_exports(declared, policies, own, outside, problems)
    _check_customers(declared, policies, outside, problems)
    _check_redistribution(declared, nodes, edges, problems)
    _check_drained(declared, nodes, edges, problems)


def _own(declared: Declared, nodes: Nodes) -> _Own:
    return _Own(
        declared.network.prefixes if declared.network else (),
        tuple(prefix for prefixes in nodes.sites.values() for prefix in prefixes),
        tuple(a.ip for node in nodes.hosts.values() for i in node.interfaces for a in i.addresses),
        tuple(prefix for peer in declared.peers.values() if peer.relation == "customer" for prefix in peer.prefixes),
    )


def _is_outside(end: SessionEnd, nodes: Nodes) -> bool:
    """Whether an end is somebody else's on the internet: no host of ours, no node of a cluster, no private AS."""
    if end.managed or (node := nodes.peers.get(end.name)) is None:
        return False
    return not (node.internal or node.cluster_node or any(end.asn in each for each in _PRIVATE_ASNS))


def _check_sites(declared: Declared, nodes: Nodes, problems: Problems) -> None:
    """A site's prefix in which its hosts have no address, while one of theirs on its links is in none of them."""
    for name, site in declared.sites.items():
        hosts = [node for node in nodes.hosts.values() if node.site == name]
        addresses = [a.ip for node in hosts for i in node.interfaces for a in i.addresses]
        homeless = [
            (node, a.ip)
            for node in hosts
            for interface in node.interfaces
            if interface.link in declared.links and declared.links[interface.link].site == name
            for a in interface.addresses
            if not any(a.ip in prefix for prefix in site.prefixes if prefix.version == a.ip.version)
        ]
        for index, prefix in enumerate(site.prefixes):
            mine = [(node, ip) for node, ip in homeless if ip.version == prefix.version]
            if mine and not any(ip in prefix for ip in addresses if ip.version == prefix.version):
                node, address = mine[0]
                problems.error(
                    site.mark("prefixes", index),
                    f"no host of site {name} has an address in {prefix}, and {node.name} has {address} on its LAN, "
                    "which is in none of the site's prefixes",
                    "correct one of them",
                )


def _check_originated(declared: Declared, own: _Own, problems: Problems) -> None:
    for entry in declared.networks:
        for index, prefix in enumerate(entry.prefixes):
            mark = entry.mark("prefixes", index)
            if prefix.prefixlen == 0:
                problems.error(mark, f"{prefix} is the default route, which nobody originates by networks", "remove it")
            elif not own.is_ours(prefix):
                space = f"its own are {', '.join(map(str, own.declared))}"
                nobody = "no site has prefixes and no host has addresses in it"
                problems.error(
                    mark,
                    f"{prefix} is not this network's: {space if own.declared else nobody}",
                    "correct it, or write it in network: prefixes: if it is yours",
                )
    if not declared.network or not declared.network.prefixes:
        return
    originated = [prefix for entry in declared.networks for prefix in entry.prefixes]
    for index, prefix in enumerate(declared.network.prefixes):
        if originated and not any(_covers(prefix, each) for each in originated):
            problems.warn(
                declared.network.mark("prefixes", index),
                f"no host originates {prefix} or a part of it",
                "write it under networks of bgp, or remove it",
            )


_Outside = tuple[Session, SessionEnd, SessionEnd]


def _check_exports(
    declared: Declared,
    policies: Policies,
    own: _Own,
    outside: Collection[_Outside],
    problems: Problems,
) -> None:
    originated = [prefix for entry in declared.networks for prefix in entry.prefixes]
    tags = _tags(declared, policies, outside)
    leaks: dict[tuple[Mark, str, str], list[str]] = {}
    for session, us, peer in outside:
        if declared.peers[peer.name].relation == "customer":
            continue  # may hear everything
        for family in us.neighbor.families:
            if not (family.route_map_out or family.prefix_list_out):
                continue  # reported, and RFC 8212 keeps it from sending anything
            mark = _mark(declared, family)
            for region in _leaving(family, policies, tags):
                if not own.may_leave(region, originated):
                    leaks.setdefault((mark, str(region), "leak"), []).append(session.name)
                elif region.longest > max(_LONGEST[region.network.version], region.network.prefixlen):
                    leaks.setdefault((mark, str(region), "long"), []).append(session.name)
    for (mark, region_text, kind), names in leaks.items():
        where = ", ".join(dict.fromkeys(names))
        if kind == "leak":
            problems.error(
                mark,
                f"lets {region_text} leave to {where}: to a provider, a peer or a route server go only the own "
                "prefixes and customers' (RFC 7454, RFC 7908)",
                "permit a prefix list of your own, or write relation: customer at the peer, or network: prefixes:",
            )
        else:
            problems.warn(
                mark, f"lets {region_text} leave to {where}, which is longer than others accept", "limit it by le"
            )


def _mark(declared: Declared, family: NeighborFamily) -> Mark:
    """Where it stands what a family lets out."""
    if family.route_map_out and family.route_map_out in declared.policy.route_maps:
        return declared.policy.mark("route_maps", family.route_map_out)
    return declared.policy.mark("prefix_lists", family.prefix_list_out or "")


def _leaving(family: NeighborFamily, policies: Policies, tags: Mapping[str, bool]) -> Iterator[Region]:
    """What an end's filters let out: the prefix list's regions, as far as an entry of the route map takes them."""
    everything = _EVERYTHING[family.family]
    listed = [everything]
    if family.prefix_list_out:
        found = policies.prefix_lists.get(family.prefix_list_out)
        if found is None:
            return  # reported
        listed = regions(found)
    if family.route_map_out is None:
        yield from listed
        return
    route_map = policies.route_maps.get(family.route_map_out)
    if route_map is None:
        return  # reported
    denied: list[Region] = []
    for rule in route_map.rules:
        matched = _matched(rule, policies, everything)
        if rule.action == "deny":
            if rule.match_community is None and rule.match_rpki is None:
                denied += matched
            continue
        if rule.match_community is not None and tags.get(rule.match_community, False):
            continue  # what customers sent
        for one, other in product(listed, matched):
            region = one.common(other)
            if region is not None and not any(region.common(each) == region for each in denied):
                yield region


def _matched(rule: RouteMapRule, policies: Policies, everything: Region) -> list[Region]:
    if rule.match_prefix_list is None:
        return [everything]
    found = policies.prefix_lists.get(rule.match_prefix_list)
    return regions(found) if found is not None else []


def _tags(declared: Declared, policies: Policies, outside: Iterable[_Outside]) -> dict[str, bool]:
    """The community lists, each with whether only what customers send is given its communities here."""
    givers: dict[str, set[bool]] = {}
    for _, us, peer in outside:
        customer = declared.peers[peer.name].relation == "customer"
        for family in us.neighbor.families:
            route_map = policies.route_maps.get(family.route_map_in or "")
            for rule in route_map.rules if route_map else ():
                for community in (*rule.set_communities, *rule.set_large_communities):
                    givers.setdefault(community, set()).add(customer)
    return {name: _only_customers(each, givers) for name, each in policies.community_lists.items()}


def _only_customers(communities: CommunityList, givers: Mapping[str, set[bool]]) -> bool:
    return all(givers.get(community) == {True} for community in communities.permit)


def _check_customers(declared: Declared, policies: Policies, outside: Iterable[_Outside], problems: Problems) -> None:
    """A customer's session takes its own prefixes, and nothing else (RFC 7454 section 6.1.2)."""
    for session, us, peer in outside:
        peering = declared.peers[peer.name]
        if peering.relation != "customer" or not peering.prefixes:
            continue
        for family in us.neighbor.families:
            found = policies.prefix_lists.get(family.prefix_list_in or "")
            taken = regions(found) if found else [_EVERYTHING[family.family]]
            foreign = [region for region in taken if not any(region.within(prefix) for prefix in peering.prefixes)]
            if foreign and not (found is None and family.prefix_list_in):
                problems.error(
                    peering.mark("prefixes"),
                    f"{session.name} takes {foreign[0]} from the customer {peer.name}, whose prefixes are "
                    f"{', '.join(map(str, peering.prefixes))}",
                    "give the session a prefix_list_in with the customer's prefixes",
                )


def _check_redistribution(declared: Declared, nodes: Nodes, edges: set[str], problems: Problems) -> None:
    for entry in declared.redistribute:
        if entry.route_map is not None:
            continue
        for node in nodes.select(entry.hosts, entry.mark("hosts"), Problems()):
            if node.name in edges:
                problems.error(
                    entry.mark(),
                    f"{node.name} has sessions with other networks and redistributes {entry.source} routes without a "
                    "route map: whatever is configured there next is announced",
                    "write route_map: …",
                )


def _check_drained(declared: Declared, nodes: Nodes, edges: set[str], problems: Problems) -> None:
    mark = declared.bgp.mark("graceful_shutdown")
    drained = {node.name for node in nodes.select(declared.bgp.graceful_shutdown, mark, Problems())}
    if edges and edges <= drained:
        report = problems.error if len(edges) > 1 else problems.warn
        report(
            mark,
            f"every host with a session to another network is being drained ({', '.join(sorted(edges))}): nothing "
            "would be left to carry the traffic",
            "drain one after the other",
        )
