"""Works out each IPsec tunnel, declared once or by a mesh, as both of its ends see it."""

from collections.abc import Iterable
from ipaddress import ip_interface, ip_network

from routebook.intent.addresses import Use
from routebook.intent.checked_end import CheckedTunnel
from routebook.intent.ciphers import common, describe, proposals
from routebook.intent.extra import OWN, of_layers, uses_of
from routebook.intent.extra_checks import check_end
from routebook.intent.layers import Layers, named, named_within, references
from routebook.intent.model import DeviceNames, IPAddress, IPNetwork, IpsecProposal, OwnKeys, Tunnel
from routebook.intent.network import SecretUse, TunnelEnd, TunnelPair
from routebook.intent.node import Node
from routebook.intent.nodes import Nodes
from routebook.intent.outer_ends import find_outer
from routebook.intent.own_keys import own_keys
from routebook.intent.platform import platform
from routebook.intent.problem import Mark, Problems, nearest
from routebook.intent.read import Declared
from routebook.intent.rules import TunnelSide
from routebook.intent.schema import EndInput, TunnelInput, TunnelMeshInput
from routebook.intent.sessions import mesh_ends
from routebook.intent.tunnel_pairing import Pairing, auth_fits, children, mirrored, outer_fits
from routebook.intent.tunnel_rules import check_tunnels

ANY: tuple[IPNetwork, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))


def resolve_tunnels(
    declared: Declared, nodes: Nodes, uses: list[SecretUse], problems: Problems
) -> tuple[list[TunnelPair], list[Use], bool]:
    """Every tunnel, the inner addresses in use, and whether that is all that is declared.

    Tunnels that are wrong are reported and left out. Pre-shared keys are added to `uses`.
    """
    tunnels: list[TunnelPair] = []
    inner: list[Use] = []
    marks: dict[str, Mark] = {}
    before = problems.errors
    for pair in [*_declared_pairs(declared, nodes, problems), *_mesh_pairs(declared, nodes, problems)]:
        if pair.name in marks:
            problems.error(
                pair.mark,
                f"the tunnel {pair.name} is declared already at {marks[pair.name]}",
                "remove one, or give it a name: …",
            )
            continue
        marks[pair.name] = pair.mark
        tunnel = _tunnel(pair, nodes, problems)
        if tunnel is not None:
            tunnels.append(tunnel)
            place = pair.options[0].mark("psk", pair.mark)
            psk = tunnel.ends[0].tunnel.psk
            if psk is not None:
                uses.append(SecretUse(reference=psk, purpose=f"tunnel {pair.name}", mark=place))
            uses += [
                SecretUse(reference=each, purpose=f"a key of tunnel {pair.name}", mark=pair.mark)
                for each in dict.fromkeys(each for end in tunnel.ends for each in references(end.tunnel.x))
            ]
            for end in tunnel.ends:
                lines = [*end.tunnel.extra, *end.tunnel.child_extra] if end.managed else []
                uses += uses_of(lines, f"an extra line of tunnel {pair.name}", pair.mark)
            inner += [
                Use(
                    ip_interface(f"{end.tunnel.local_inner}/{pair.inner.prefixlen}"),
                    f"tunnel {pair.name}",
                    f"tunnel {pair.name}",
                    pair.inner_mark,
                )
                for end in tunnel.ends
                if pair.inner is not None and end.tunnel.local_inner is not None
            ]
    complete = declared.tunnels_valid and problems.errors == before
    check_tunnels(tunnels, nodes, marks, problems)
    return tunnels, inner, complete


def _declared_pairs(declared: Declared, nodes: Nodes, problems: Problems) -> Iterable[Pairing]:
    for entry in declared.tunnel_list:
        first, second = (nodes.one(end, entry.mark("ends", index), problems) for index, end in enumerate(entry.ends))
        if first is None or second is None:
            continue
        if first is second:
            problems.error(entry.mark("ends"), f"{first.name} has a tunnel to itself", "name the other end")
        elif not first.managed and not second.managed:
            problems.error(entry.mark("ends"), "neither end is a host of ours", "name a host as one of the ends")
        else:
            sides = [[entry.sides[node.name]] if node.name in entry.sides else [] for node in (first, second)]
            name = entry.name or f"{first.name}--{second.name}"
            if _own_keys_fit((first, second), sides, problems, alone=True):
                yield _pair(name, (first, second), entry, sides, entry.inner, entry.mark("inner"), declared)


def _mesh_pairs(declared: Declared, nodes: Nodes, problems: Problems) -> Iterable[Pairing]:
    for mesh in declared.tunnel_meshes:
        names: set[str] = set()
        for first, second, left, right in mesh_ends(mesh.words, mesh.mark("mesh"), nodes, problems):
            name = f"{first.name}--{second.name}"
            names.add(name)
            sides = [
                [mesh.sides[word] for word, members in (left, right) if word in mesh.sides and node.name in members]
                for node in (first, second)
            ]
            inner_mark = mesh.mark("inner", name)
            if not _own_keys_fit((first, second), sides, problems):
                continue
            yield _pair(name, (first, second), mesh, sides, mesh.inner.get(name), inner_mark, declared)
        for unknown in sorted(set(mesh.inner) - names):
            problems.error(mesh.mark("inner", unknown), f"the mesh has no tunnel {unknown!r}", nearest(unknown, names))


def _own_keys_fit(
    ends: tuple[Node, Node], sides: list[list[EndInput]], problems: Problems, *, alone: bool = False
) -> bool:
    """Whether what only an end's platform knows is as it says; reported when not.

    What is said of one end `alone` is for its platform; a word of a mesh may be for hosts of several.
    """
    before = problems.errors
    for node, own in zip(ends, sides, strict=True):
        for part in own:
            own_keys(part, "tunnel end", platform(node.platform), node.name, problems, alone=alone)
    return problems.errors == before


def _pair(
    name: str,
    ends: tuple[Node, Node],
    entry: TunnelInput | TunnelMeshInput,
    sides: list[list[EndInput]],
    inner: IPNetwork | None,
    inner_mark: Mark,
    declared: Declared,
) -> Pairing:
    first, second = (Layers([declared.tunnels.defaults, entry, *own]) for own in sides)
    several = entry.children if isinstance(entry, TunnelInput) else {}
    return Pairing(name, ends, (first, second), inner, entry.mark(), inner_mark, several, entry.mark("children"))


def _tunnel(pair: Pairing, nodes: Nodes, problems: Problems) -> TunnelPair | None:
    shared, mark = pair.options[0], pair.mark
    for node in pair.ends:
        if node.can is not None and not node.can.ipsec:
            problems.error(mark, f"{node.name} is {node.kind} and ends no tunnels", "end the tunnel at another host")
            return None
    link = shared.get("link")
    if link is not None and not nodes.link(link, shared.mark("link", mark), problems):
        return None
    outer = find_outer(pair, link, problems)
    if outer is not None and not outer_fits(pair, outer, problems):
        return None
    ike, esp = (_suites(pair, protocol, problems) for protocol in ("ike", "esp"))
    psk = named(shared.get("psk"), pair.name) if pair.keyed else None
    fits = auth_fits(pair, problems)
    if pair.keyed and psk is None:
        problems.error(
            mark,
            f"tunnel {pair.name} has no pre-shared key",
            "write psk: {file: secrets/{name}.psk} for it or in the defaults",
        )
    inner = _inner(pair, problems)
    mode = shared.get("mode", "policy")
    several = children(pair, mode, problems)
    key = _key(pair, problems) if mode == "route" else None
    if mode == "route" and outer is not None and (version := pair.route_version(outer)):
        selectors = [tuple(any_ for any_ in ANY if any_.version == version)] * 2
    elif several:
        selectors = [
            tuple(dict.fromkeys(prefix for child in each for prefix in child.local_selectors))
            for each in (several, tuple(map(mirrored, several)))
        ]
    else:
        selectors = [_selectors(pair, side, inner, nodes, problems) for side in (0, 1)]
    if (
        outer is None
        or (pair.keyed and psk is None)
        or not fits
        or several is None
        or not ike
        or not esp
        or (mode == "route" and key is None)
        or not all(selectors)
    ):
        return None
    device = shared.get("device", "xfrm")
    starts = next((n for n in (0, 1) if pair.ends[n].managed and outer[1 - n].reachable), None)

    def end(side: int) -> TunnelEnd:
        me, peer, own = pair.ends[side], pair.ends[1 - side], pair.options[side]
        tunnel = Tunnel(
            name=pair.name,
            peer=peer.name,
            peer_host=peer.name if peer.managed else None,
            local_address=outer[side].own,
            remote_address=outer[1 - side].address,
            remote_names=outer[1 - side].names,
            local_id=own.get("id") or pair.known_as(side, outer),
            remote_id=pair.options[1 - side].get("id") or pair.known_as(1 - side, outer),
            initiator=side == starts,
            mode=mode,
            local_selectors=selectors[side],
            remote_selectors=selectors[1 - side],
            mark=key if device == "vti" else None,
            if_id=key if device == "xfrm" else None,
            local_inner=inner[side] if inner else None,
            remote_inner=inner[1 - side] if inner else None,
            ike_proposals=ike,
            esp_proposals=esp,
            psk=psk,
            children=several if side == 0 else tuple(map(mirrored, several)),
            ike_rekey=own.get("ike_rekey"),
            child_rekey=own.get("child_rekey"),
            dpd_delay=own.get("dpd_delay"),
            route_metric=own.get("route_metric") if mode == "route" else None,
            extra=of_layers(own, OWN, pair.name),
            child_extra=of_layers(own, "child", pair.name),
            x=OwnKeys(named_within(own.free, pair.name)),
            device=_device_names(
                TunnelSide(
                    name=pair.name,
                    me=me,
                    options=own,
                    mode=mode,
                    inner=pair.inner,
                    local=outer[side].own,
                    remote=outer[1 - side].address,
                    beyond=nodes.sites.get(peer.site, ()),
                )
            ),
        )
        return TunnelEnd(name=me.name, managed=me.managed, tunnel=tunnel)

    found = TunnelPair(name=pair.name, ends=(end(0), end(1)), link=link, inner=pair.inner)
    for side in (0, 1):
        if pair.ends[side].managed:
            check_end(pair.ends[side], pair.options[side], {OWN: "tunnel", "child": "child"}, mark, problems)
        its = platform(pair.ends[side].platform)
        if its is not None and its.rules.check_tunnel is not None:
            me = pair.ends[side]
            end_to_check = CheckedTunnel(
                me=me,
                options=pair.options[side],
                mark=mark,
                problems=problems,
                subject=f"tunnel {pair.name}: {me.name}",
                pair=found,
                tunnel=found.ends[side].tunnel,
                peer=pair.ends[1 - side],
                peer_options=pair.options[1 - side],
                inner_mark=pair.inner_mark,
            )
            its.rules.check_tunnel(end_to_check)
    return found


def _device_names(side: TunnelSide) -> DeviceNames | None:
    its = platform(side.me.platform)
    return its.rules.name_tunnel(side) if its is not None and its.rules.name_tunnel is not None else None


def _suites(pair: Pairing, protocol: str, problems: Problems) -> tuple[IpsecProposal, ...]:
    """What both ends want and can do, in the first end's order of preference."""
    lists: list[tuple[IpsecProposal, ...]] = []
    offers: list[str] = []
    for end, own in zip(pair.ends, pair.options, strict=True):
        written = own.get(protocol)
        if not written:
            problems.error(
                pair.mark,
                f"tunnel {pair.name} has no {protocol} proposals",
                f"write {protocol}: for it or in the defaults",
            )
            return ()
        can = getattr(end.ipsec, protocol)
        wants = proposals(written, protocol.upper(), problems)
        able = proposals(can, protocol.upper(), problems) if can is not None else wants
        if not wants or not able:
            return ()  # reported
        lists.append(common([wants, able]))
        where = can[0].mark() if can is not None else own.mark(protocol, pair.mark)
        offers.append(f"{end.name} {describe(able if can is not None else wants, where)}")
    shared = common(lists)
    if not shared:
        problems.error(
            pair.mark,
            f"tunnel {pair.name}: its ends have no {protocol.upper()} proposal in common: {'; '.join(offers)}",
            "give both ends one that they share",
        )
    for end, own in zip(pair.ends, pair.options, strict=True):
        its = platform(end.platform)
        if its is not None and its.rules.check_suites is not None:
            its.rules.check_suites(end, shared, own.get(protocol), own.mark(protocol, pair.mark), problems)
    return shared


def _inner(pair: Pairing, problems: Problems) -> tuple[IPAddress, IPAddress] | None:
    if pair.inner is None:
        return None
    if pair.inner.max_prefixlen - pair.inner.prefixlen != 1:
        length = pair.inner.max_prefixlen - 1
        problems.error(pair.inner_mark, f"inner {pair.inner} has not exactly two addresses", f"write a /{length}")
        return None
    return pair.inner[0], pair.inner[1]


def _key(pair: Pairing, problems: Problems) -> int | None:
    """The device's key: as declared, else the last 24 bits of the inner prefix, which no other tunnel has."""
    given: int | None = pair.options[0].get("key")
    if given is not None:
        return given
    if pair.inner is None:
        problems.error(
            pair.mark,
            f"tunnel {pair.name} is route-based and has neither a key nor an inner prefix",
            "write inner: … or key: …",
        )
        return None
    return int(pair.inner.network_address) & 0xFFFFFF or 1


def _selectors(
    pair: Pairing, side: int, inner: tuple[IPAddress, IPAddress] | None, nodes: Nodes, problems: Problems
) -> tuple[IPNetwork, ...]:
    """What an end protects: anything in mode `route`; else as declared, or its site's prefixes and inner address."""
    me, own = pair.ends[side], pair.options[side]
    if own.get("mode", "policy") == "route":
        return ANY
    given = own.get("selectors")
    if given is not None:
        return tuple(given)
    prefixes = nodes.sites.get(me.site, ())
    if not prefixes:
        where = f"site {me.site}" if me.site else "an outside end"
        problems.error(
            pair.mark, f"tunnel {pair.name}: {where} has no prefixes to protect", f"write {me.name}: {{selectors: […]}}"
        )
    return (*prefixes, ip_network(inner[side])) if inner and prefixes else prefixes
