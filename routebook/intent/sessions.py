"""Works out each BGP session, declared once or by a mesh, as both of its ends see it."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from routebook.intent.endpoints import find_endpoints
from routebook.intent.extra import OWN, Place, of_layers, uses_of
from routebook.intent.extra_checks import check_end
from routebook.intent.fields import NO_POLICY
from routebook.intent.layers import Layers, named, named_within, references
from routebook.intent.model import ANY_AS, Family, Neighbor, NeighborFamily, OwnKeys
from routebook.intent.network import Endpoints, SecretUse, Session, SessionEnd, TunnelPair
from routebook.intent.node import Node
from routebook.intent.nodes import Nodes
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problems
from routebook.intent.read import Declared
from routebook.intent.schema import SessionInput, SessionMeshInput, SideInput
from routebook.intent.session_rules import check_session

# What both ends of a session share; the rest is one end's own business.
_SHARED = frozenset(
    {"link", "via", "tunnel", "transport", "families", "password", "keepalive", "hold_time", "connect_retry"}
    | {"bfd", "ttl_security", "multihop"}
)


ADDRESS = "address"
"""What `update_source` says where the source is written as an address although a link has it."""

_GRACEFUL = {None: "", True: "restart", False: "disable", "helper": "helper"}
_KINDS = ("standard", "extended", "large")  # of communities


class SessionPair(Struct, frozen=True):
    """A session before its addresses are known: `options` are in the order of `ends`."""

    name: str
    ends: tuple[Node, Node]
    options: tuple[Layers, Layers]
    mark: Mark
    clients: tuple[bool, bool] = (False, False)  # whether that end reflects routes to the other


def resolve_sessions(
    declared: Declared,
    nodes: Nodes,
    policies: Policies,
    tunnels: Iterable[TunnelPair],
    tunnels_complete: bool,
    uses: list[SecretUse],
    problems: Problems,
) -> list[Session]:
    """Every session; those that are wrong are reported and left out. Passwords are added to `uses`.

    Without `tunnels_complete` a tunnel that is not there may be one that was reported: its sessions are not.
    """
    by_tunnel = {tunnel.name: tunnel for tunnel in tunnels}
    sessions: dict[str, Session] = {}
    seen: dict[object, SessionPair] = {}
    for pair in [*_declared_pairs(declared, nodes, problems), *_mesh_pairs(declared, nodes, problems)]:
        over = pair.options[0].get("tunnel")
        if over is not None and over not in by_tunnel and not tunnels_complete:
            continue
        for end in pair.ends:
            if end.asn is None and not end.managed:
                problems.error(
                    end.mark, f"the peer {end.name} has no AS number, and a session: {pair.name}", "write asn: …"
                )
        endpoints = find_endpoints(pair.ends, pair.options, pair.mark, nodes, by_tunnel, problems)
        if endpoints is None or any(end.asn is None for end in pair.ends):
            continue
        key = frozenset(zip((end.name for end in pair.ends), endpoints.addresses, strict=True))
        other = seen.setdefault(key, pair)
        if other is not pair:
            problems.error(
                pair.mark,
                f"the session {' – '.join(end.name for end in pair.ends)} is declared already at {other.mark}",
                "remove one of them",
            )
            continue
        if pair.name in sessions:
            problems.error(pair.mark, f"a second session is named {pair.name!r}", "give one of them a name: …")
            continue
        session = _session(pair, endpoints)
        check_session(session, pair.ends, pair.options, endpoints, pair.mark, policies, problems)
        sessions[pair.name] = session
        places: dict[str, Place] = {OWN: "neighbor", **dict.fromkeys(session.families, "neighbor family")}
        for node, options, its in zip(pair.ends, pair.options, session.ends, strict=True):
            if node.managed:
                check_end(node, options, places, pair.mark, problems)
                lines = [*its.neighbor.extra, *(each for one in its.neighbor.families for each in one.extra)]
                uses += uses_of(lines, f"an extra line of session {pair.name}", pair.mark)
        if session.password is not None:
            place = pair.options[0].mark("password", pair.mark)
            uses.append(SecretUse(reference=session.password, purpose=f"session {pair.name}", mark=place))
        uses += [
            SecretUse(reference=each, purpose=f"a key of session {pair.name}", mark=pair.mark)
            for each in dict.fromkeys(each for end in session.ends for each in references(end.neighbor.x))
        ]
    return list(sessions.values())


def _declared_pairs(declared: Declared, nodes: Nodes, problems: Problems) -> Iterable[SessionPair]:
    for entry in declared.sessions:
        found = [nodes.one(end, entry.mark("ends", index), problems) for index, end in enumerate(entry.ends)]
        first, second = found
        if first is None or second is None:
            continue
        if first is second:
            problems.error(entry.mark("ends"), f"{first.name} has a session to itself", "name the other end")
            continue
        if not first.managed and not second.managed:
            problems.error(entry.mark("ends"), "neither end is a host of ours", "name a host as one of the ends")
            continue
        sides = [[entry.sides[node.name]] if node.name in entry.sides else [] for node in (first, second)]
        yield _pair(entry.name or f"{first.name}--{second.name}", (first, second), entry, sides, declared)


def _mesh_pairs(declared: Declared, nodes: Nodes, problems: Problems) -> Iterable[SessionPair]:
    for mesh in declared.session_meshes:
        for first, second, left, right in mesh_ends(mesh.words, mesh.mark("mesh"), nodes, problems):
            sides = [
                [mesh.sides[word] for word, members in (left, right) if word in mesh.sides and node.name in members]
                for node in (first, second)
            ]
            reflectors = right[1] if mesh.reflect else frozenset()
            clients = (
                first.name in reflectors and second.name not in reflectors,
                second.name in reflectors and first.name not in reflectors,
            )
            yield _pair(f"{first.name}--{second.name}", (first, second), mesh, sides, declared, clients)


Members = tuple[str, frozenset[str]]  # a word of a mesh, and the names of the hosts that it means


def mesh_ends(
    words: tuple[str, str] | None, mark: Mark, nodes: Nodes, problems: Problems
) -> Iterable[tuple[Node, Node, Members, Members]]:
    """Each pair of a mesh once, with what its two words mean; the first end is of the first word."""
    if words is None:
        problems.error(
            mark,
            "a mesh is written `A x B`, with a host, group, site, Kubernetes cluster or `all` on each side",
            "for example edge x reflector",
        )
        return
    left, right = (nodes.cluster(word) or nodes.select(word, mark, problems) for word in words)
    if not any(node.managed for node in (*left, *right)) and left and right:
        problems.error(mark, "neither side of the mesh is a host of ours", "name hosts, a group or a site on one side")
        return
    members = [(word, frozenset(node.name for node in side)) for word, side in zip(words, (left, right), strict=True)]
    seen: set[frozenset[str]] = set()
    for first in left:
        for second in right:
            key = frozenset((first.name, second.name))
            if first is not second and key not in seen:
                seen.add(key)
                yield first, second, members[0], members[1]
    if not seen and left and right:
        problems.error(
            mark, f"the mesh {' x '.join(words)} has no pair", "name two kinds of hosts, or one with several"
        )


def _pair(
    name: str,
    ends: tuple[Node, Node],
    entry: SessionInput | SessionMeshInput,
    sides: list[list[SideInput]],
    declared: Declared,
    clients: tuple[bool, bool] = (False, False),
) -> SessionPair:
    external = ends[0].asn != ends[1].asn
    general = [declared.bgp.defaults, *([declared.bgp.external] if external else []), entry]
    first, second = (
        Layers([*general, *own], None if node.managed else _SHARED | _given(own))
        for node, own in zip(ends, sides, strict=True)
    )
    return SessionPair(name, ends, (first, second), entry.mark(), clients)


def _given(own: Iterable[SideInput]) -> frozenset[str]:
    return frozenset(option for side in own for option in side.model_fields_set)


def _session(pair: SessionPair, endpoints: Endpoints) -> Session:
    families = pair.options[0].get(
        "families", ("ipv4-unicast",) if endpoints.addresses[0].version == 4 else ("ipv6-unicast",)
    )
    families = tuple(sorted(families))
    password = named(pair.options[0].get("password"), pair.name)
    neighbors = [_neighbor(pair, side, families, endpoints) for side in (0, 1)]
    first, second = (
        SessionEnd(
            name=pair.ends[side].name,
            managed=pair.ends[side].managed,
            asn=neighbors[side].local_as,
            address=endpoints.addresses[side],
            neighbor=neighbors[side],
        )
        for side in (0, 1)
    )
    return Session(name=pair.name, ends=(first, second), families=families, link=endpoints.link, password=password)


def _neighbor(pair: SessionPair, side: int, families: tuple[Family, ...], endpoints: Endpoints) -> Neighbor:
    options, me, peer = pair.options[side], pair.ends[side], pair.ends[1 - side]
    keepalive, hold_time = options.get("keepalive"), options.get("hold_time")
    if keepalive is not None or hold_time is not None:  # the daemons take both or none; RFC 4271 suggests a third
        keepalive, hold_time = keepalive or max(hold_time // 3, 1), hold_time or keepalive * 3
    bfd = options.get("bfd", False)
    if me.asn is None or peer.asn is None:
        raise ValueError(f"{pair.name}: an end without an AS number is no session")
    return Neighbor(
        session=pair.name,
        peer=peer.name,
        peer_host=peer.name if peer.managed else None,
        address=endpoints.addresses[1 - side],
        local_address=endpoints.addresses[side],
        interface=_interface(me, endpoints, side),
        update_source=endpoints.link is None or options.get("update_source") == ADDRESS,
        source_interface=_source(options),
        remote_as_word=_as_word(options, peer),
        local_as=options.get("local_as") or me.asn,
        remote_as=pair.options[1 - side].get("local_as") or peer.asn,
        description="" if (said := options.get("description")) == NO_POLICY else said or peer.name,
        families=tuple(_family(family, options, pair.clients[side], pair.name) for family in families),
        password=named(options.get("password"), pair.name),
        ebgp_multihop=options.get("multihop"),
        ttl_security_hops=options.get("ttl_security"),
        keepalive=keepalive,
        hold_time=hold_time,
        connect_retry=options.get("connect_retry"),
        bfd=None if bfd is False else "" if bfd is True else bfd,
        passive=options.get("passive", False),
        shutdown=options.get("shutdown", False),
        cluster=peer.cluster_node.cluster if peer.cluster_node else "",
        cluster_node=peer.cluster_node.node if peer.cluster_node else "",
        accepted_leaks=options.get("accepted_leaks", ()),
        local_role="asked" if options.get("local_role", False) else "",
        local_as_no_prepend=options.get("local_as_no_prepend", False),
        local_as_replace_as=options.get("local_as_replace_as", False),
        disable_connected_check=options.get("disable_connected_check", False),
        extended_nexthop=options.get("extended_nexthop", False),
        graceful_restart=_GRACEFUL[options.get("graceful_restart")],
        advertisement_interval=options.get("advertisement_interval"),
        extra=of_layers(options, OWN, pair.name),
        x=OwnKeys(named_within(options.free, pair.name)),
    )


def _family(family: Family, options: Layers, client: bool, session: str) -> NeighborFamily:
    by_family: dict[str, Any] = {
        field: options.by_family(option, family)
        for field, option in (
            ("route_map_in", "import_"),
            ("route_map_out", "export"),
            ("prefix_list_in", "prefix_list_in"),
            ("prefix_list_out", "prefix_list_out"),
            ("max_prefix", "max_prefix"),
            ("max_sent", "max_sent"),
            *((same, same) for same in ("as_path_list_in", "as_path_list_out", "max_prefix_threshold")),
            *((same, same) for same in ("max_prefix_restart", "max_prefix_out", "weight")),
        )
    }
    allowed, default, private = (
        options.by_family(option, family, False) for option in ("allowas_in", "default_originate", "remove_private_as")
    )
    sent = options.get("send_community", "all")
    sent = sent.get(family, "all") if isinstance(sent, Mapping) else sent
    next_hop = options.get("next_hop_self", False)
    return NeighborFamily(
        family=family,
        route_reflector_client=client or options.get("route_reflector_client", False),
        next_hop_self=bool(next_hop),
        next_hop_self_force=next_hop == "force",
        addpath_tx_all=options.get("addpath_tx_all", False),
        soft_reconfiguration=options.get("soft_reconfiguration", False),
        min_received=options.by_family("min_received", family, 0),
        min_sent=options.by_family("min_sent", family, 0),
        max_prefix_warning_only=options.by_family("max_prefix_warning_only", family, False),
        as_override=options.by_family("as_override", family, False),
        route_server_client=options.by_family("route_server_client", family, False),
        allowas_in=_occurrences(allowed),
        default_originate=None if default is False else "" if default is True else default,
        remove_private_as="" if private is False else "yes" if private is True else private,
        withheld_communities=() if sent == "all" else tuple(kind for kind in _KINDS if kind not in sent),
        extra=of_layers(options, family, session),
        **by_family,
    )


def _interface(me: Node, endpoints: Endpoints, side: int) -> str:
    """The interface of ours to a link-local address, which in IPv4 no daemon needs to know."""
    remote = endpoints.addresses[1 - side]
    if remote.version == 4 or not remote.is_link_local:
        return ""
    return next((i.device_name or i.name for i in me.interfaces if i.link == endpoints.link and i.addresses), "")


def _source(options: Layers) -> str:
    """The interface that is told as the source of a session."""
    said: str | None = options.get("update_source")
    return "" if said in (None, ADDRESS) else str(said)


def _as_word(options: Layers, peer: Node) -> str:
    """What the router is told in place of the other end's AS number; without a number to tell, that it is another."""
    said = options.get("remote_as")
    if isinstance(said, str):
        return said
    return "external" if peer.asn == ANY_AS else ""


def _occurrences(allowed: bool | int | str) -> str | None:
    """How often our AS may be in a path; three times, which daemons take by default, need no number."""
    if isinstance(allowed, bool):
        return "" if allowed else None
    return "" if allowed == 3 else str(allowed)
