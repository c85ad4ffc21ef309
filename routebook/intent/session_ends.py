"""One end of a BGP session, and a peer group, from what is written of it: as its host's router has it."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from routebook.intent.extra import OWN, of_layers
from routebook.intent.fields import NO_POLICY
from routebook.intent.layers import Layers, named, named_within
from routebook.intent.model import ANY_AS, Family, Neighbor, NeighborFamily, OwnKeys, PeerGroup, SecretRef
from routebook.intent.network import Endpoints
from routebook.intent.node import Node
from routebook.intent.peer_groups import Membership, as_address, source_of
from routebook.intent.problem import Mark
from routebook.intent.schema import PeerGroupInput

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
    members: tuple[Membership | None, Membership | None] = (None, None)


def password_of(options: Layers, name: str) -> SecretRef | None:
    """The password of a session, or that of the group which says it."""
    owner = options.owner("password")
    return named(options.get("password"), owner.name if isinstance(owner, PeerGroupInput) else name)


def neighbor_of(pair: SessionPair, side: int, families: tuple[Family, ...], endpoints: Endpoints) -> Neighbor:
    """A session as one end sees it; a member of a group with what is said of it beside the group, too."""
    found, member = _built(pair, side, families, endpoints, pair.options[side]), pair.members[side]
    if member is None:
        return found
    told = _built(pair, side, families, endpoints, member.beside)
    silent = frozenset(member.group.families or ())
    reflects = member.group.route_reflector_client
    told = replace(
        told,
        peer_group=member.group.name,
        update_source=told.update_source and not member.gives_source,
        families=tuple(
            replace(
                each,
                activate=each.family not in silent,
                route_reflector_client=each.route_reflector_client and not reflects,
            )
            for each in told.families
        ),
    )
    word = member.group.remote_as if isinstance(member.group.remote_as, str) else found.remote_as_word
    return replace(found, peer_group=member.group.name, own=told, remote_as_word=word)


def group_of(entry: PeerGroupInput, node: Node) -> PeerGroup:
    """A peer group as its host's router has it."""
    options, asn = Layers([entry]), node.asn or ANY_AS
    nowhere = IPv4Address(0)
    source = source_of(entry)
    pattern = Neighbor(
        session=entry.name,
        peer=entry.name,
        peer_host=None,
        address=nowhere,
        local_address=source or nowhere,
        update_source=source is not None,
        source_interface="" if source is not None else _source(options),
        remote_as=ANY_AS,
        description=options.get("description", ""),
        families=tuple(_family(family, options, False, entry.name) for family in sorted(entry.families or ())),
        password=named(options.get("password"), entry.name),
        extra=of_layers(options, OWN, entry.name),
        **_own_options(options, asn),
    )
    return PeerGroup(name=entry.name, remote_as=entry.remote_as, pattern=pattern)


def _own_options(options: Layers, asn: int) -> dict[str, Any]:
    """The options of a neighbor that depend on nothing but what is written."""
    keepalive, hold_time = options.get("keepalive"), options.get("hold_time")
    if keepalive is not None or hold_time is not None:  # the daemons take both or none; RFC 4271 suggests a third
        keepalive, hold_time = keepalive or max(hold_time // 3, 1), hold_time or keepalive * 3
    bfd = options.get("bfd", False)
    return {
        "local_as": options.get("local_as") or asn,
        "ebgp_multihop": options.get("multihop"),
        "ttl_security_hops": options.get("ttl_security"),
        "keepalive": keepalive,
        "hold_time": hold_time,
        "connect_retry": options.get("connect_retry"),
        "bfd": None if bfd is False else "" if bfd is True else bfd,
        "passive": options.get("passive", False),
        "shutdown": options.get("shutdown", False),
        "local_as_no_prepend": options.get("local_as_no_prepend", False),
        "local_as_replace_as": options.get("local_as_replace_as", False),
        "disable_connected_check": options.get("disable_connected_check", False),
        "extended_nexthop": options.get("extended_nexthop", False),
        "graceful_restart": _GRACEFUL[options.get("graceful_restart")],
        "advertisement_interval": options.get("advertisement_interval"),
    }


def _built(
    pair: SessionPair, side: int, families: tuple[Family, ...], endpoints: Endpoints, options: Layers
) -> Neighbor:
    me, peer = pair.ends[side], pair.ends[1 - side]
    if me.asn is None or peer.asn is None:
        raise ValueError(f"{pair.name}: an end without an AS number is no session")
    return Neighbor(
        session=pair.name,
        peer=peer.name,
        peer_host=peer.name if peer.managed else None,
        address=endpoints.addresses[1 - side],
        local_address=endpoints.addresses[side],
        interface=_interface(me, endpoints, side),
        update_source=endpoints.link is None or _says_address(options),
        source_interface=_source(options),
        remote_as_word=_as_word(options, peer),
        remote_as=pair.options[1 - side].get("local_as") or peer.asn,
        description="" if (said := options.get("description")) == NO_POLICY else said or peer.name,
        families=tuple(_family(family, options, pair.clients[side], pair.name) for family in families),
        password=password_of(options, pair.name),
        cluster=peer.cluster_node.cluster if peer.cluster_node else "",
        cluster_node=peer.cluster_node.node if peer.cluster_node else "",
        accepted_leaks=options.get("accepted_leaks", ()),
        local_role="asked" if options.get("local_role", False) else "",
        extra=of_layers(options, OWN, pair.name),
        x=OwnKeys(named_within(options.free, pair.name)),
        **_own_options(options, me.asn),
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
        extra=of_layers(options, family, session),
        withheld_communities=() if sent == "all" else tuple(kind for kind in _KINDS if kind not in sent),
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
    return "" if said is None or _says_address(options) else said


def _says_address(options: Layers) -> bool:
    """Whether the source of a session is said as an address."""
    said: str | None = options.get("update_source")
    return said is not None and (said == ADDRESS or as_address(said) is not None)


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
