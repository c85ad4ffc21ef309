"""What may leave the network: to whom its own prefixes go, and that nobody else's go anywhere.

The rules follow from who the neighbors are: to a provider, a peer or a route server go the own prefixes and those of
customers, and nothing that was learned elsewhere (RFC 7454 section 6.1, the leaks of RFC 7908, the roles of RFC 9234).
"""

from collections.abc import Collection, Iterable, Mapping

from msgspec.structs import replace

from routebook.intent.filters import EVERYTHING, Filters, Region, accepted, covers
from routebook.intent.imports import Outside, check_cluster_imports, check_imports
from routebook.intent.model import CommunityList, Neighbor, NeighborFamily, PrefixRange, RouteMapRule
from routebook.intent.network import Session, SessionEnd
from routebook.intent.nodes import Nodes
from routebook.intent.own import Own, check_own, private_as
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problems
from routebook.intent.read import Declared

_LONGEST = {4: 24, 6: 48}
"""Bits of the longest prefixes that others accept (RFC 7454 section 6.1.3, and its practice for IPv6)."""

_SUBNET = {4: 28, 6: 64}
"""Bits beyond which prefixes are hosts': nobody means to announce those, except by a community."""

_ROLES = {"provider": "customer", "customer": "provider", "peer": "peer", "route-server": "rs-client"}
"""What we are to who is that to us (RFC 9234 section 4.1)."""


def check_announcements(
    declared: Declared, nodes: Nodes, policies: Policies, sessions: Collection[Session], problems: Problems
) -> None:
    """Report what would be announced or taken and is nobody's to announce, and what would be drained as a whole."""
    own = Own.of(declared, nodes)
    check_own(declared, nodes, policies, own, problems)
    outside = [
        (session, us, peer)
        for session in sessions
        for us, peer in (session.ends, session.ends[::-1])
        if us.managed and is_outside(peer, nodes, declared)
    ]
    edges = {us.name for _, us, _ in outside}
    for session in sessions:
        for us, peer in (session.ends, session.ends[::-1]):
            if us.managed and us.neighbor.local_role:
                _check_role(session, us, peer, declared, nodes, problems)
    _check_exports(declared, nodes, policies, own, outside, problems)
    _check_nothing_gone(declared, policies, own, outside, problems)
    _check_prepended(declared, nodes, policies, outside, problems)
    check_imports(declared, policies, own, outside, problems)
    check_cluster_imports(declared, nodes, policies, sessions, problems)
    _check_redistribution(declared, nodes, policies, edges, problems)
    _check_drained(declared, nodes, outside, edges, problems)


def is_outside(end: SessionEnd, nodes: Nodes, declared: Declared) -> bool:
    """Whether an end is somebody else's on the internet: no host of ours, no node of a cluster, no private AS.

    One that says what it is to us is outside, whatever its AS.
    """
    if end.managed or (node := nodes.peers.get(end.name)) is None:
        return False
    if declared.peers[end.name].relation is not None:
        return True
    return not (node.internal or node.cluster_node or private_as(end.asn))


def _check_role(
    session: Session, us: SessionEnd, peer: SessionEnd, declared: Declared, nodes: Nodes, problems: Problems
) -> None:
    node, peering = nodes.hosts[us.name], declared.peers.get(peer.name)
    if peering is None or peering.relation is None:
        mark = peering.mark() if peering is not None else declared.bgp.mark()
        problems.error(
            mark, f"{session.name} asks for a local_role, and {peer.name} says no relation", "write its relation: …"
        )
    elif node.can is not None and not node.can.roles:
        problems.error(
            node.mark,
            f"{session.name}: {us.name} is {node.kind} and tells no roles (RFC 9234)",
            "remove local_role: the filters follow from the relation without it",
        )


def with_relation(neighbor: Neighbor, peer: SessionEnd, nodes: Nodes, declared: Declared) -> Neighbor:
    """A neighbor with what it is to us, where it is somebody else's, and what may go there."""
    if not is_outside(peer, nodes, declared):
        return neighbor
    relation = declared.peers[peer.name].relation or "provider"
    hears = None if relation == "customer" else Own.of(declared, nodes).outsiders_hear
    role = _ROLES[relation] if neighbor.local_role else ""
    return replace(neighbor, relation=relation, hears=hears, local_role=role)


def _check_exports(
    declared: Declared,
    nodes: Nodes,
    policies: Policies,
    own: Own,
    outside: Collection[Outside],
    problems: Problems,
) -> None:
    tags = _tags(declared, policies, outside)

    def trusted(rule: RouteMapRule) -> bool:
        return rule.match_community is not None and tags.get(rule.match_community, False)  # what customers sent

    leaks: dict[tuple[Mark, str, str], list[str]] = {}
    for session, us, peer in outside:
        if declared.peers[peer.name].relation == "customer":
            continue  # may hear everything
        for family in us.neighbor.families:
            filters = Filters.out(family, policies.prefix_lists, policies.route_maps)
            mark = _mark(declared, family, declared.peers[peer.name].mark())
            if family.default_originate is not None:
                # No filter of what is sent applies to it.
                default = Region.of(PrefixRange(EVERYTHING[family.family].network))
                kind = "accepted" if accepted(default, us.neighbor.accepted_leaks) else "leak"
                place = declared.peers[peer.name].mark()
                leaks.setdefault((place, "the default route, by default_originate,", kind), []).append(session.name)
            if not filters.any and not nodes.hosts[us.name].unfiltered:
                continue  # reported, and RFC 8212 keeps it from sending anything
            for region, rule in filters.through(trusted=trusted):
                if not own.may_leave(region):
                    kind = "accepted" if accepted(region, us.neighbor.accepted_leaks) else "leak"
                    leaks.setdefault((mark, str(region), kind), []).append(session.name)
                elif region.longest > max(_LONGEST[region.network.version], region.network.prefixlen) and not (
                    rule is not None and rule.match_community  # what its community is for, a black hole say
                ):
                    kind = "long" if region.longest <= _SUBNET[region.network.version] else "hosts"
                    leaks.setdefault((mark, str(region), kind), []).append(session.name)
            for name in _forgeable(filters, tags, policies, outside, declared):
                leaks.setdefault((mark, name, "forged"), []).append(session.name)
    for (mark, what, kind), names in leaks.items():
        where = ", ".join(dict.fromkeys(names))
        if kind == "leak":
            problems.error(
                mark,
                f"lets {what} leave to {where}: to a provider, a peer or a route server go only the own "
                "prefixes and customers' (RFC 7454, RFC 7908)",
                "permit a prefix list of your own, or write relation: customer at the peer, or network: prefixes:",
            )
        elif kind == "accepted":
            problems.warn(mark, f"lets {what} leave to {where}, which accepted_leaks accepts")
        elif kind == "forged":
            problems.error(
                mark,
                f"lets what has a community of {what} leave to {where}, and others than customers may send it, too: "
                "their import maps keep it",
                f"begin those maps with deny: {{community: {what}}}, or let them set communities: in place of adding",
            )
        else:
            report = problems.error if kind == "hosts" else problems.warn
            report(
                mark, f"lets {what} leave to {where}, which is longer than others accept (RFC 7454)", "limit it by le"
            )


def _mark(declared: Declared, family: NeighborFamily, otherwise: Mark) -> Mark:
    """Where it stands what a family lets out."""
    if family.route_map_out and family.route_map_out in declared.policy.route_maps:
        return declared.policy.mark("route_maps", family.route_map_out)
    return declared.policy.mark("prefix_lists", family.prefix_list_out) if family.prefix_list_out else otherwise


def _tags(declared: Declared, policies: Policies, outside: Iterable[Outside]) -> dict[str, bool]:
    """The community lists, each with whether only what customers send is given its communities here."""
    givers: dict[str, set[bool]] = {}
    for _, us, peer in outside:
        customer = declared.peers[peer.name].relation == "customer"
        for family in us.neighbor.families:
            names = policies.with_called([family.route_map_in] if family.route_map_in else [])
            maps = [policies.route_maps[name] for name in names if name in policies.route_maps]
            for rule in (rule for route_map in maps for rule in route_map.rules):
                for community in (*rule.set_communities, *rule.set_large_communities):
                    givers.setdefault(community, set()).add(customer)
    return {name: _only_customers(each, givers) for name, each in policies.community_lists.items()}


def _only_customers(communities: CommunityList, givers: Mapping[str, set[bool]]) -> bool:
    """Whether each of a list's communities is customers' alone. Of expressions and of other entries nobody knows."""
    return bool(communities.permit) and all(givers.get(community) == {True} for community in communities.permit)


def _forgeable(
    filters: Filters,
    tags: Mapping[str, bool],
    policies: Policies,
    outside: Iterable[Outside],
    declared: Declared,
) -> list[str]:
    """The community lists that let customers' routes out, and that somebody else's routes may keep on their way in."""
    rules = policies.route_maps[filters.route_map].rules if filters.route_map and filters.known else ()
    names = {r.match_community for r in rules if r.action == "permit" and r.match_community and tags[r.match_community]}
    found = set()
    for _, us, peer in outside:
        if declared.peers[peer.name].relation == "customer":
            continue
        for family in us.neighbor.families:
            route_map = policies.route_maps.get(family.route_map_in or "")
            if family.family == filters.family and route_map is not None:
                found |= {name for name in names if _keeps(route_map.rules, policies.community_lists[name])}
    return sorted(found)


def _keeps(rules: Iterable[RouteMapRule], listed: CommunityList) -> bool:
    """Whether a route may come through with a community of a list that it had before."""
    for rule in rules:
        given = rule.set_large_communities if listed.large else rule.set_communities
        if rule.action == "deny":
            plain = RouteMapRule(seq=rule.seq, action="deny", match_community=listed.name)
            if replace(rule, description="") == plain:
                return False
        elif rule.set_communities_additive or not (given or (rule.set_communities_none and not listed.large)):
            return True
    return False


def _check_nothing_gone(
    declared: Declared, policies: Policies, own: Own, outside: Collection[Outside], problems: Problems
) -> None:
    """An own prefix that is originated and that no session with another network lets out is gone everywhere."""
    for space in own.public:
        if any(other != space and covers(other, space) for other in own.public):
            continue  # a part for inside, of what is announced as a whole
        parts = [space] if space in own.originated else [each for each in own.originated if covers(space, each)]
        found: list[tuple[Mark, bool]] = []
        for _, us, peer in outside:
            for family in us.neighbor.families:
                filters = Filters.out(family, policies.prefix_lists, policies.route_maps)
                if filters.carries(space) and filters.any and filters.known:
                    mark = _mark(declared, family, declared.peers[peer.name].mark())
                    found.append((mark, all(filters.passes(part) is False for part in parts)))
        if parts and found and all(stopped for _, stopped in found):
            problems.error(
                found[0][0],
                f"our own {parts[0]} is originated, and no session with another network lets it leave: it would be "
                "gone everywhere",
                "permit it, or remove it from networks of bgp",
            )


def _check_prepended(
    declared: Declared, nodes: Nodes, policies: Policies, outside: Iterable[Outside], problems: Problems
) -> None:
    ours = {node.asn for node in nodes.hosts.values()}
    out = {family.route_map_out for _, us, _ in outside for family in us.neighbor.families}
    names = policies.with_called(sorted(name for name in out if name))
    for name, route_map in policies.route_maps.items():
        foreign = sorted({asn for rule in route_map.rules for asn in rule.set_prepend} - ours)
        if foreign and name in names:
            problems.error(
                declared.policy.mark("route_maps", name),
                f"{name} prepends AS {foreign[0]}, which is somebody else's: that AS would discard the route, and "
                "others would take it for its origin",
                "prepend the own AS",
            )


def _check_redistribution(
    declared: Declared, nodes: Nodes, policies: Policies, edges: Collection[str], problems: Problems
) -> None:
    for entry in declared.redistribute:
        all_of = [
            family
            for family in entry.families
            if entry.route_map is None
            or any(
                region.network.prefixlen == 0 and region.longest == region.network.max_prefixlen
                for region, _ in Filters(
                    family, None, entry.route_map, policies.prefix_lists, policies.route_maps
                ).through()
            )
        ]
        for node in nodes.select(entry.hosts, entry.mark("hosts"), Problems()) if all_of else ():
            if node.name in edges:
                how = "without a route map" if entry.route_map is None else f"by {entry.route_map}, which takes any"
                problems.error(
                    entry.mark(),
                    f"{node.name} has sessions with other networks and redistributes {entry.source} routes {how}: "
                    "whatever is configured there next is announced",
                    "write route_map: … with a prefix list of your own",
                )


def _check_drained(
    declared: Declared, nodes: Nodes, outside: Collection[Outside], edges: Collection[str], problems: Problems
) -> None:
    mark = declared.bgp.mark("graceful_shutdown")
    drained = {node.name for node in nodes.select(declared.bgp.graceful_shutdown, mark, Problems())}
    if edges and drained >= set(edges):
        report = problems.error if len(edges) > 1 else problems.warn
        report(
            mark,
            f"every host with a session to another network is being drained ({', '.join(sorted(edges))}): nothing "
            "would be left to carry the traffic",
            "drain one after the other",
        )
    left = [
        us for _, us, peer in outside if us.name not in drained and not (us.neighbor.shutdown or peer.neighbor.shutdown)
    ]
    if len(outside) > 1 and not left and not drained >= set(edges):
        problems.error(
            declared.bgp.mark(),
            f"every session with another network is shut down or drained ({', '.join(s.name for s, _, _ in outside)}): "
            "nothing would be left to carry the traffic",
            "leave one",
        )
