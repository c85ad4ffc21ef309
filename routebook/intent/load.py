"""Turns the inventory's files into the intent of every host, or says everything that is wrong with them."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from pathlib import Path

from msgspec.structs import replace

from routebook.intent.addresses import check_addresses
from routebook.intent.announcements import check_announcements, with_relation
from routebook.intent.cleartext import find_clear_text
from routebook.intent.extra import FAMILIES, OWN, uses_of
from routebook.intent.layers import references
from routebook.intent.listening import resolve_listening
from routebook.intent.model import (
    BgpHost,
    ExtraLine,
    Family,
    HostIntent,
    IPNetwork,
    ListenRange,
    Neighbor,
    PeerGroup,
    RpkiCache,
    Tunnel,
)
from routebook.intent.network import CacheServer, Link, Network, Peer, SecretUse, Session, Site, StandIn, TunnelPair
from routebook.intent.node import Node
from routebook.intent.nodes import Nodes, resolve_nodes
from routebook.intent.own import Own
from routebook.intent.peer_groups import Groups, resolve_groups
from routebook.intent.placeholders import find_placeholders
from routebook.intent.platform import platform
from routebook.intent.platform_rules import too_old
from routebook.intent.policy import Policies, needed_by, resolve_policies
from routebook.intent.problem import IntentError, Problems, nearest
from routebook.intent.read import Declared, read
from routebook.intent.session_ends import group_of
from routebook.intent.sessions import resolve_sessions
from routebook.intent.source import Sources, read_sources
from routebook.intent.speaker import resolve_aggregates, resolve_extra, resolve_options
from routebook.intent.speaker_model import Aggregate, BgpOptions, Redistribution
from routebook.intent.tunnels import resolve_tunnels
from routebook.intent.words import check_policy_words

_OF_FAMILY: dict[str, Family] = {
    **dict.fromkeys(("ospf", "rip"), "ipv4-unicast"),
    **dict.fromkeys(("ospf6", "ripng"), "ipv6-unicast"),
}  # of routes that only one family has


def load(project: Path) -> Network:
    """The intent of the project in a folder. Raises IntentError, with every problem, when there is an error."""
    problems = Problems()
    return build(project, read_sources(project, problems), problems)


def build(project: Path, sources: Sources, problems: Problems) -> Network:
    """The intent of files that were read. Raises IntentError, with every problem, when there is an error."""
    find_clear_text(sources, problems)
    find_placeholders(sources, problems)
    declared = read(sources, problems)
    if sources.broken:
        raise IntentError(problems.all())  # names that stand in a broken file would all be unknown
    nodes = resolve_nodes(declared, problems)
    options = resolve_options(declared, nodes, problems)
    nodes.hosts.update(_open(nodes, options))
    policies = resolve_policies(declared, problems)
    uses = _logins(declared) + _of_hosts(nodes)
    tunnels, inner, complete = resolve_tunnels(declared, nodes, uses, problems)
    check_addresses(declared, nodes, inner, problems)
    groups = resolve_groups(declared, nodes, policies, uses, problems)
    sessions = resolve_sessions(declared, nodes, policies, tunnels, complete, groups, uses, problems)
    check_announcements(declared, nodes, policies, sessions, problems)
    caches = _caches(declared, problems)
    listen = resolve_listening(declared, nodes, policies, uses, problems)
    hosts = _hosts(declared, nodes, policies, sessions, tunnels, caches, listen, options, groups, uses, problems)
    if problems.errors or declared.network is None:
        raise IntentError(problems.all())
    return Network(
        project=project,
        asn=declared.network.asn,
        sites={name: Site(name=name, prefixes=prefixes) for name, prefixes in nodes.sites.items()},
        links={name: Link(name=name, site=link.site) for name, link in declared.links.items()},
        hosts=hosts,
        peers={
            name: Peer(
                name=name,
                asn=nodes.peers[name].asn,
                interfaces=nodes.peers[name].interfaces,
                node=nodes.peers[name].cluster_node,
                lab=StandIn(**played) if (played := peer.lab.given() if peer.lab else {}) else None,
            )
            for name, peer in declared.peers.items()
        },
        sessions=tuple(sessions),
        tunnels=tuple(tunnels),
        caches=caches,
        secret_uses=tuple(uses),
        warnings=problems.all(),
    )


def _logins(declared: Declared) -> list[SecretUse]:
    return [
        SecretUse(reference=element.password, purpose="login", mark=element.mark("password"))
        for element in (*declared.hosts.values(), *declared.groups.values(), declared.defaults)
        if element.password is not None
    ]


def _of_hosts(nodes: Nodes) -> list[SecretUse]:
    """The secrets that the operator's own keys of hosts refer to."""
    return [
        SecretUse(reference=each, purpose=f"x-{key} of {node.name}", mark=node.mark)
        for node in nodes.hosts.values()
        for key, value in node.x.items()
        for each in references(value)
    ] + [
        each
        for node in nodes.hosts.values()
        for each in uses_of(node.extra, f"an extra line of {node.name}", node.mark)
    ]


def _caches(declared: Declared, problems: Problems) -> tuple[CacheServer, ...]:
    preferences: dict[int, str] = {}
    for cache in declared.caches:
        if cache.link is not None and cache.link not in declared.link_names:
            problems.error(cache.mark("link"), f"unknown link {cache.link!r}", nearest(cache.link, declared.link_names))
        other = preferences.setdefault(cache.preference, cache.name)
        if other != cache.name:
            # a daemon takes a second cache with the same preference and never connects to it (docs/platforms/frr.md)
            problems.error(cache.mark("preference"), f"{cache.name} has the preference of {other}", "number the caches")
    return tuple(
        CacheServer(
            name=c.name,
            address=c.address,
            port=c.port,
            preference=c.preference,
            link=c.link,
            lab_release=(c.lab.release if c.lab else None) or "",
        )
        for c in declared.caches
    )


def _open(nodes: Nodes, options: Mapping[str, BgpOptions]) -> dict[str, Node]:
    """The hosts whose daemons are told to let everything pass that no policy is for."""
    return {
        name: replace(nodes.hosts[name], open=True)
        for name, each in options.items()
        if each.ebgp_requires_policy is False
    }


def _hosts(
    declared: Declared,
    nodes: Nodes,
    policies: Policies,
    sessions: Sequence[Session],
    tunnels: Sequence[TunnelPair],
    caches: tuple[CacheServer, ...],
    listen: Mapping[str, tuple[ListenRange, ...]],
    options: Mapping[str, BgpOptions],
    groups: Groups,
    uses: list[SecretUse],
    problems: Problems,
) -> dict[str, HostIntent]:
    neighbors: dict[str, list[Neighbor]] = {name: [] for name in nodes.hosts}
    for session in sessions:
        for end in session.ends:
            if end.managed:
                peer = next(other for other in session.ends if other is not end)
                neighbors[end.name].append(with_relation(end.neighbor, peer, nodes, declared))
    own_tunnels: dict[str, list[Tunnel]] = {name: [] for name in nodes.hosts}
    for pair in tunnels:
        for tunnel_end in pair.ends:
            if tunnel_end.managed:
                own_tunnels[tunnel_end.name].append(tunnel_end.tunnel)
    networks = _networks(declared, nodes, problems)
    taken_over = _redistributed(declared, nodes, policies, problems)
    speaker_extra = resolve_extra(declared, nodes, uses, problems)
    aggregates = resolve_aggregates(declared, nodes, policies, problems)
    drained = {
        n.name for n in nodes.select(declared.bgp.graceful_shutdown, declared.bgp.mark("graceful_shutdown"), problems)
    }
    for name in sorted(drained):
        can = nodes.hosts[name].can
        if can is not None and not can.drains:
            problems.error(
                declared.bgp.mark("graceful_shutdown"),
                f"{name} is {nodes.hosts[name].kind} and cannot say that it is being drained (RFC 8326)",
                "leave it out, and drain it by a route map",
            )
    validating = {n.name for n in nodes.select(declared.rpki.hosts, declared.rpki.mark("hosts"), problems)}
    router_ids: dict[IPv4Address, str] = {}
    space = Own.of(declared, nodes)
    ours = frozenset((*space.declared, *space.sites, *space.originated))
    hosts: dict[str, HostIntent] = {}
    for name, node in nodes.hosts.items():
        own = sorted(neighbors[name], key=lambda neighbor: (neighbor.address.version, int(neighbor.address)))
        used = [each.route_map for each in taken_over[name]] + [each.route_map for each in aggregates.get(name, ())]
        ranges = listen.get(name, ())
        its_groups = tuple(group_of(entry, node) for (host, _), entry in sorted(groups.items()) if host == name)
        patterns = [each.pattern for each in its_groups]
        of_ranges = [each for one in ranges for each in one.families]
        needed = needed_by([*own, *patterns], policies, filter(None, used), of_ranges)
        check_policy_words(node, needed, declared, problems)
        uses_rpki = name in validating
        certain = declared.rpki_valid and node.complete and node.can is not None and node.can.rpki
        filters = any(rule.match_rpki for route_map in needed.route_maps for rule in route_map.rules)
        if certain and filters and not (uses_rpki and caches):
            problems.error(
                node.mark, f"{name} filters by RPKI and asks no cache", "add it to hosts: of rpki, and list a cache"
            )
        if uses_rpki and node.can is not None and not node.can.rpki:
            problems.error(declared.rpki.mark("hosts"), f"{name} is {node.kind} and has no RPKI client", "leave it out")
        hosts[name] = HostIntent(
            name=name,
            site=node.site,
            platform=node.platform,
            hostname=node.hostname,
            version=node.version,
            lab_release=node.lab_release,
            bgp_package=node.bgp_package,
            groups=node.groups,
            redundancy=node.redundancy,
            adopt=node.adopt,
            release=node.releases,
            manage=node.manage,
            extra=node.extra,
            x=node.x,
            identity=node.identity,
            interfaces=node.interfaces,
            bgp=_with_all(
                _bgp(node, own, networks[name], taken_over[name], name in drained, ranges, router_ids, problems),
                aggregates.get(name, ()),
                options.get(name, BgpOptions()),
                speaker_extra.get(name, {}),
                its_groups,
            ),
            tunnels=tuple(own_tunnels[name]),
            prefix_lists=needed.prefix_lists,
            community_lists=needed.community_lists,
            as_path_lists=needed.as_path_lists,
            route_maps=needed.route_maps,
            bfd_profiles=needed.bfd_profiles,
            rpki_caches=tuple(RpkiCache(host=c.address, port=c.port, preference=c.preference) for c in caches)
            if uses_rpki
            else (),
            ours=ours,
        )
    return hosts


def _networks(declared: Declared, nodes: Nodes, problems: Problems) -> dict[str, list[IPNetwork]]:
    networks: dict[str, list[IPNetwork]] = {name: [] for name in nodes.hosts}
    for entry in declared.networks:
        for node in nodes.select(entry.hosts, entry.mark("hosts"), problems):
            for index, prefix in enumerate(entry.prefixes):
                if prefix in networks[node.name]:
                    problems.error(
                        entry.mark("prefixes", index), f"{node.name} originates {prefix} already", "remove it"
                    )
                else:
                    networks[node.name].append(prefix)
    return networks


def _redistributed(
    declared: Declared, nodes: Nodes, policies: Policies, problems: Problems
) -> dict[str, list[Redistribution]]:
    found: dict[str, list[Redistribution]] = {name: [] for name in nodes.hosts}
    for entry in declared.redistribute:
        if entry.route_map is not None:
            policies.known("route_maps", entry.route_map, entry.mark("route_map"), problems)
        for node in nodes.select(entry.hosts, entry.mark("hosts"), problems):
            if node.can is not None and not node.can.bgp:
                problems.error(entry.mark("hosts"), f"{node.name} is {node.kind} and speaks no BGP", "leave it out")
            its = platform(node.platform)
            if entry.source not in ("connected", "static") and node.can is not None and not node.can.every_word:
                said = f"{node.name} is {node.kind} and takes over no {entry.source} routes"
                problems.error(entry.mark("from"), said, "leave it out")
            if its is not None and its.rules.check_redistribution is not None:
                its.rules.check_redistribution(node, entry, policies, problems)
            for family in entry.families:
                if _OF_FAMILY.get(entry.source, family) != family:
                    problems.error(
                        entry.mark("from"), f"{entry.source} has no routes of {family}", "write its families"
                    )
                if any((other.family, other.source) == (family, entry.source) for other in found[node.name]):
                    problems.error(
                        entry.mark(), f"{node.name} redistributes {entry.source} of {family} already", "remove one"
                    )
                    continue
                if family == "ipv6-unicast" and (reason := too_old(node, "ipv6 bgp")):
                    problems.error(
                        entry.mark("families"),
                        f"BGP for IPv6 is not available: {reason}",
                        "leave it out, or upgrade it",
                    )
                found[node.name].append(
                    Redistribution(family=family, source=entry.source, route_map=entry.route_map, metric=entry.metric)
                )
    return found


def _with_all(
    speaker: BgpHost | None,
    aggregates: tuple[Aggregate, ...],
    options: BgpOptions,
    extra: Mapping[str, tuple[ExtraLine, ...]],
    groups: tuple[PeerGroup, ...],
) -> BgpHost | None:
    """A speaker with what it aggregates, its options, extra lines and peer groups; they make none by themselves."""
    if speaker is None:
        return None
    by_family = tuple((family, extra[family]) for family in FAMILIES if family in extra)
    speaker = replace(speaker, aggregates=aggregates, options=options, groups=groups)
    return replace(speaker, extra=extra.get(OWN, ()), family_extra=by_family)


def _bgp(
    node: Node,
    neighbors: list[Neighbor],
    networks: list[IPNetwork],
    taken_over: list[Redistribution],
    drained: bool,
    listen: tuple[ListenRange, ...],
    router_ids: dict[IPv4Address, str],
    problems: Problems,
) -> BgpHost | None:
    if not (neighbors or networks or taken_over or listen) or node.asn is None:
        return None
    if node.router_id is None and not node.chooses_router_id:
        problems.error(
            node.mark,
            f"{node.name} speaks BGP and has no router ID",
            "give it an IPv4 loopback, or data: {router_id: …}",
        )
        return None
    if node.can is not None and node.can.bgp_packages and not node.bgp_package:
        problems.error(
            node.mark,
            f"{node.name} is {node.kind} and speaks BGP, by which package is not said",
            f"write data: {{bgp_package: {' or '.join(node.can.bgp_packages)}}}",
        )
    other = router_ids.setdefault(node.router_id, node.name) if node.router_id is not None else node.name
    if other != node.name:
        problems.error(node.mark, f"{node.name} has the router ID of {other}, {node.router_id}", "make them differ")
    ordered = tuple(
        sorted(networks, key=lambda prefix: (prefix.version, int(prefix.network_address), prefix.prefixlen))
    )
    return BgpHost(
        asn=node.asn,
        router_id=node.router_id,
        neighbors=tuple(neighbors),
        networks=ordered,
        redistribute=tuple(sorted(taken_over, key=lambda each: (each.family, each.source))),
        graceful_shutdown=drained,
        listen=listen,
    )
