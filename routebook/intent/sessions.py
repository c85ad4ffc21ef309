"""Works out each BGP session, declared once or by a mesh, as both of its ends see it."""

from collections.abc import Iterable

from routebook.intent.endpoints import find_endpoints
from routebook.intent.extra import OWN, Place, uses_of
from routebook.intent.extra_checks import check_end
from routebook.intent.layers import Layers, references
from routebook.intent.network import Endpoints, SecretUse, Session, SessionEnd, TunnelPair
from routebook.intent.node import Node
from routebook.intent.nodes import Nodes
from routebook.intent.part import Input
from routebook.intent.peer_groups import Groups, check_group, inherited, member_of, membership
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problems
from routebook.intent.read import Declared
from routebook.intent.schema import PeerGroupInput, SessionInput, SessionMeshInput, SideInput
from routebook.intent.session_ends import SessionPair, neighbor_of, password_of
from routebook.intent.session_rules import check_session

# What both ends of a session share; the rest is one end's own business.
_SHARED = frozenset(
    {"link", "via", "tunnel", "transport", "families", "password", "keepalive", "hold_time", "connect_retry"}
    | {"bfd", "ttl_security", "multihop"}
)


def resolve_sessions(
    declared: Declared,
    nodes: Nodes,
    policies: Policies,
    tunnels: Iterable[TunnelPair],
    tunnels_complete: bool,
    groups: Groups,
    uses: list[SecretUse],
    problems: Problems,
) -> list[Session]:
    """Every session; those that are wrong are reported and left out. Passwords are added to `uses`.

    Without `tunnels_complete` a tunnel that is not there may be one that was reported: its sessions are not.
    """
    by_tunnel = {tunnel.name: tunnel for tunnel in tunnels}
    sessions: dict[str, Session] = {}
    seen: dict[object, SessionPair] = {}
    for pair in [*_declared_pairs(declared, nodes, groups, problems), *_mesh_pairs(declared, nodes, groups, problems)]:
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
        _check_members(session, pair, problems)
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


def _declared_pairs(declared: Declared, nodes: Nodes, groups: Groups, problems: Problems) -> Iterable[SessionPair]:
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
        yield _pair(
            entry.name or f"{first.name}--{second.name}", (first, second), entry, sides, declared, groups, problems
        )


def _mesh_pairs(declared: Declared, nodes: Nodes, groups: Groups, problems: Problems) -> Iterable[SessionPair]:
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
            yield _pair(
                f"{first.name}--{second.name}", (first, second), mesh, sides, declared, groups, problems, clients
            )


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
    groups: Groups,
    problems: Problems,
    clients: tuple[bool, bool] = (False, False),
) -> SessionPair:
    external = ends[0].asn != ends[1].asn
    general = [declared.bgp.defaults, *([declared.bgp.external] if external else [])]
    both = list(zip(ends, sides, strict=True))
    said = [Layers([*general, entry, *own]) for _, own in both]
    its = [
        member_of(each.get("peer_group"), node.name, groups, each.mark("peer_group", entry.mark()), problems)
        if node.managed
        else None
        for node, each in zip(ends, said, strict=True)
    ]
    known = [group for group in its if group is not None]
    layers = [
        Layers(
            [*general, *known, entry, *own],
            None if node.managed else _SHARED | _given(own),
            lambda layer, mine=group: _of_layer(layer, mine),  # type: ignore[misc]  # bound here
        )
        for (node, own), group in zip(both, its, strict=True)
    ]
    members = [
        membership(group, each, own, entry.mark(), f"{name}: {node.name}", problems) if group is not None else None
        for (node, own), group, each in zip(both, its, layers, strict=True)
    ]
    return SessionPair(name, ends, (layers[0], layers[1]), entry.mark(), clients, (members[0], members[1]))


def _of_layer(layer: Input, mine: PeerGroupInput | None) -> frozenset[str] | None:
    """What an end takes from a layer: of its own group what members have of it, of the other's what ends share."""
    if not isinstance(layer, PeerGroupInput):
        return None
    return inherited(layer) if layer is mine else inherited(layer) & _SHARED


def _check_members(session: Session, pair: SessionPair, problems: Problems) -> None:
    for end, member in zip(session.ends, pair.members, strict=True):
        if member is not None:
            its = end.neighbor
            what = f"{session.name}: {end.name}"
            check_group(member.group, session.families, its.remote_as, its.local_as, pair.mark, what, problems)


def _given(own: Iterable[SideInput]) -> frozenset[str]:
    return frozenset(option for side in own for option in side.model_fields_set)


def _session(pair: SessionPair, endpoints: Endpoints) -> Session:
    families = pair.options[0].get(
        "families", ("ipv4-unicast",) if endpoints.addresses[0].version == 4 else ("ipv6-unicast",)
    )
    families = tuple(sorted(families))
    password = password_of(pair.options[0], pair.name)
    neighbors = [neighbor_of(pair, side, families, endpoints) for side in (0, 1)]
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
