"""What one host is meant to be, derived from the intent: each session and tunnel as seen from its own end."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from itertools import product
from typing import Any, Literal

from msgspec import Struct, field

from routebook.intent.list_model import AsPathList, ListRule
from routebook.intent.speaker_model import Aggregate, BgpOptions, Redistribution

IPAddress = IPv4Address | IPv6Address
IPInterface = IPv4Interface | IPv6Interface
IPNetwork = IPv4Network | IPv6Network
Family = Literal["ipv4-unicast", "ipv6-unicast"]
REFERENCE = frozenset({"env", "file", "command"})  # the keys that a reference to a secret may have
Announced = Literal["services", "pods"]  # what a Kubernetes node announces

ANY_AS = 0
"""The AS of a peer that may be in any but ours. Nobody has this number (RFC 7607)."""


@dataclass(frozen=True, kw_only=True)
class SecretRef:
    """Where a secret is: exactly one of an environment variable, a file or a command that prints it."""

    env: str | None = None
    file: str | None = None
    command: str | None = None

    def __post_init__(self) -> None:
        if len([source for source in (self.env, self.file, self.command) if source]) != 1:
            raise ValueError("a secret reference needs exactly one of env, file and command")

    def __str__(self) -> str:
        if self.env:
            return f"environment variable {self.env}"
        return f"file {self.file}" if self.file else f"command {self.command}"


class OwnKeys(dict[str, Any]):
    """The operator's own keys, which nobody changes."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self))


class ExtraLine(Struct, frozen=True, kw_only=True):
    """A line that is sent as it stands; `{secret}` in it is where its secret goes, if it has one."""

    text: str
    secret: SecretRef | None = None


class NeighborFamily(Struct, frozen=True, kw_only=True):
    """One address family of a session at this end. Names are of this host's policies."""

    family: Family
    activate: bool = True  # whether that is said; a group may have said it
    route_map_in: str | None = None
    route_map_out: str | None = None
    prefix_list_in: str | None = None
    prefix_list_out: str | None = None
    max_prefix: int | None = None
    route_reflector_client: bool = False
    next_hop_self: bool = False
    addpath_tx_all: bool = False
    soft_reconfiguration: bool = False
    min_received: int = 0
    min_sent: int = 0
    max_sent: int | None = None
    as_path_list_in: str | None = None
    as_path_list_out: str | None = None
    max_prefix_threshold: int | None = None  # percent
    max_prefix_warning_only: bool = False
    max_prefix_restart: int | None = None  # minutes
    max_prefix_out: int | None = None
    allowas_in: str | None = None  # how often our AS may be in a path, "" for the daemon's default, or "origin"
    as_override: bool = False
    default_originate: str | None = None  # the route map that decides, "" for always
    remove_private_as: str = ""  # "yes", "all", "replace" or "all-replace"
    route_server_client: bool = False
    withheld_communities: tuple[str, ...] = ()  # kinds of communities that are not sent
    weight: int | None = None
    next_hop_self_force: bool = False  # for routes of other sessions inside, too
    extra: tuple[ExtraLine, ...] = ()

    @property
    def route_maps(self) -> tuple[str, ...]:
        """The names of the route maps that it needs."""
        return tuple(name for name in (self.route_map_in, self.route_map_out, self.default_originate) if name)

    @property
    def as_path_lists(self) -> tuple[str, ...]:
        """The names of the AS path lists that it needs."""
        return tuple(name for name in (self.as_path_list_in, self.as_path_list_out) if name)


class Neighbor(Struct, frozen=True, kw_only=True):
    """A BGP session from this end. Timers in seconds; None leaves the daemon's default.

    `peer_host` is set when the other end is a host of the inventory, `peer` is its name or the outside peer's.
    """

    session: str
    peer: str
    peer_host: str | None
    address: IPAddress
    local_address: IPAddress
    interface: str = ""  # on which the address is, where that means something on its link alone
    update_source: bool  # whether the local address must be configured (sessions not on a common link)
    local_as: int
    remote_as: int  # ANY_AS where only that it is another one is known
    remote_as_word: str = ""  # "internal", "external" or "auto", where the router is told so in place of a number
    source_interface: str = ""  # the one whose address is the local one, where the router is told so
    description: str
    families: tuple[NeighborFamily, ...]
    password: SecretRef | None = None
    ebgp_multihop: int | None = None
    ttl_security_hops: int | None = None
    keepalive: int | None = None
    hold_time: int | None = None
    connect_retry: int | None = None
    bfd: str | None = None  # name of a BFD profile, "" for the daemon's defaults
    passive: bool = False
    shutdown: bool = False
    cluster: str = ""  # the Kubernetes cluster that the other end is a node of
    cluster_node: str = ""  # what that node is called there
    relation: str = ""  # what an outside peer says it is to us
    local_role: str = ""  # what we are to it and tell it (RFC 9234), where that is asked for
    hears: tuple[IPNetwork, ...] | None = None  # all that may go there; None where that is not known
    peer_group: str = ""
    own: "Neighbor | None" = None  # of a member of a group: what is said of it beside what the group says
    accepted_leaks: "tuple[PrefixRange, ...]" = ()  # what else goes there, which somebody accepted
    local_as_no_prepend: bool = False  # of a `local_as` that is not the host's
    local_as_replace_as: bool = False
    disable_connected_check: bool = False
    extended_nexthop: bool = False  # IPv6 next hops of IPv4 routes (RFC 8950)
    graceful_restart: str = ""  # "restart", "helper" or "disable"; "" as the speaker has it for all
    advertisement_interval: int | None = None  # seconds
    extra: tuple[ExtraLine, ...] = ()
    x: OwnKeys = field(default_factory=OwnKeys)  # the operator's own keys, without their `x-`

    @property
    def external(self) -> bool:
        """Whether the two ends are in different ASes."""
        return self.remote_as != self.local_as


class PeerGroup(Struct, frozen=True, kw_only=True):
    """What several neighbors of a host have from one group. `pattern` has its options, as of a neighbor nowhere."""

    name: str
    remote_as: int | str | None  # a number, "internal", "external" or "auto"; None where its members say it
    pattern: Neighbor


class ListenRange(Struct, frozen=True, kw_only=True):
    """Addresses from which sessions are taken that nobody has declared, all of one kind."""

    name: str
    prefixes: tuple[IPNetwork, ...]
    remote_as: int | str  # or "internal", "external"
    families: tuple[NeighborFamily, ...]
    password: SecretRef | None = None


class BgpHost(Struct, frozen=True, kw_only=True):
    """The BGP speaker of one host."""

    asn: int
    router_id: IPv4Address | None  # None: the device chooses it
    neighbors: tuple[Neighbor, ...]
    networks: tuple[IPNetwork, ...] = ()
    redistribute: tuple[Redistribution, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    options: BgpOptions = BgpOptions()
    listen: tuple[ListenRange, ...] = ()
    groups: tuple[PeerGroup, ...] = ()
    graceful_shutdown: bool = False
    extra: tuple[ExtraLine, ...] = ()
    family_extra: tuple[tuple[Family, tuple[ExtraLine, ...]], ...] = ()

    @property
    def told(self) -> tuple[Neighbor, ...]:
        """The neighbors with what the router is told of each: of a member what its group does not say."""
        return tuple(each.own or each for each in self.neighbors)

    @property
    def groups_with_as(self) -> frozenset[str]:
        """The names of the groups that say the AS of their members."""
        return frozenset(group.name for group in self.groups if group.remote_as is not None)


class IpsecProposal(Struct, frozen=True, kw_only=True):
    """A cipher suite in proposal keywords: `aes256gcm16`, no integrity with an AEAD cipher, DH group, PRF."""

    encryption: str
    integrity: str | None = None
    prf: str | None = None
    dh_group: str

    @property
    def aead(self) -> bool:
        """Whether the cipher authenticates by itself (RFC 5282)."""
        return "gcm" in self.encryption or "ccm" in self.encryption or "chacha20" in self.encryption


class DeviceNames(Struct, frozen=True, kw_only=True):
    """What a device calls its end of a tunnel, where that is not the tunnel's name.

    `connection` is the IKE SA, `child` the CHILD_SA. With `pairs_apart` each pair of selectors has a CHILD_SA of its
    own, made when there is traffic for it. A platform whose configuration has more names adds them in its own class.
    """

    connection: str
    child: str
    pairs_apart: bool = False


class TunnelChild(Struct, frozen=True, kw_only=True):
    """One of several children of a tunnel, by its name on the device."""

    name: str
    local_selectors: tuple[IPNetwork, ...]
    remote_selectors: tuple[IPNetwork, ...]


class Tunnel(Struct, frozen=True, kw_only=True):
    """An IPsec tunnel from this end. Lifetimes and delays in seconds.

    `mode` "policy" protects the given selectors; "route" negotiates any-to-any and leaves the choice to
    routing over a device that carries `mark` (VTI) or `if_id` (XFRM interface). Without a `psk` its ends have
    certificates. `children` are named where there are several, and the selectors are then those of all of them.
    Without a `local_address`, this end's own one changes. Without a `remote_address`, the other end has one of
    `remote_names` (names, prefixes, ranges), and without those any.
    """

    name: str
    peer: str
    peer_host: str | None
    local_address: IPAddress | None
    remote_address: IPAddress | None
    remote_names: tuple[str, ...] = ()
    local_id: str
    remote_id: str
    initiator: bool  # one of the two ends starts the tunnel
    mode: Literal["policy", "route"] = "policy"
    local_selectors: tuple[IPNetwork, ...]
    remote_selectors: tuple[IPNetwork, ...]
    mark: int | None = None
    if_id: int | None = None
    local_inner: IPAddress | None = None
    remote_inner: IPAddress | None = None
    ike_proposals: tuple[IpsecProposal, ...]
    esp_proposals: tuple[IpsecProposal, ...]
    psk: SecretRef | None = None
    children: tuple[TunnelChild, ...] = ()
    ike_rekey: int | None = None
    child_rekey: int | None = None
    dpd_delay: int | None = None
    route_metric: int | None = None  # of static routes over a tunnel in mode `route`
    device: DeviceNames | None = None
    extra: tuple[ExtraLine, ...] = ()
    child_extra: tuple[ExtraLine, ...] = ()  # of each child
    x: OwnKeys = field(default_factory=OwnKeys)  # the operator's own keys, without their `x-`

    @property
    def connection(self) -> str:
        """What this end's device calls the IKE SA."""
        return self.name if self.device is None else self.device.connection

    @property
    def child_names(self) -> frozenset[str]:
        """What this end's device calls the CHILD_SAs."""
        if self.children:
            return frozenset(child.name for child in self.children)
        return frozenset({self.name if self.device is None else self.device.child})

    @property
    def selector_pairs(self) -> tuple[tuple[IPNetwork, IPNetwork], ...]:
        """Each local selector with each remote one of its family, for devices that take no lists of them."""
        pairs = product(self.local_selectors, self.remote_selectors)
        return tuple((local, remote) for local, remote in pairs if local.version == remote.version)

    @property
    def pairs_apart(self) -> bool:
        """Whether each pair of selectors has a CHILD_SA of its own, made when there is traffic for it."""
        return self.device is not None and self.device.pairs_apart


@dataclass(frozen=True, slots=True)
class PrefixRange:
    """A prefix, or with `ge` or `le` the prefixes in it of such lengths, as a prefix list has it."""

    prefix: IPNetwork
    ge: int | None = None
    le: int | None = None


class PrefixRule(Struct, frozen=True, kw_only=True):
    """One line of a prefix list."""

    seq: int
    action: Literal["permit", "deny"]
    prefix: IPNetwork
    ge: int | None = None
    le: int | None = None


class PrefixList(Struct, frozen=True, kw_only=True):
    """A prefix list of one family."""

    name: str
    family: Literal["ipv4", "ipv6"]
    rules: tuple[PrefixRule, ...]


class CommunityList(Struct, frozen=True, kw_only=True):
    """A list of standard communities (RFC 1997), or of large ones (RFC 8092), as a 32-bit AS number needs.

    `permit` are communities of which each one by itself is permitted; `rules` are there instead where that is not all.
    An `expanded` list has expressions.
    """

    name: str
    permit: tuple[str, ...] = ()
    large: bool = False
    rules: tuple[ListRule, ...] = ()
    expanded: bool = False


class RouteMapRule(Struct, frozen=True, kw_only=True):
    """One numbered entry of a route map. What is `…_by` is added to what a route has."""

    seq: int
    action: Literal["permit", "deny"]
    description: str = ""
    match_prefix_list: str | None = None  # a prefix list's name; its family decides the command
    match_community: str | None = None  # a community list's name; its kind decides the command
    match_exact: bool = False  # whether a route has the communities of the list and no others
    match_rpki: Literal["valid", "invalid", "notfound"] | None = None
    match_as_path: str | None = None
    match_next_hop: str | None = None  # a prefix list's name
    match_local_preference: int | None = None
    match_med: int | None = None
    match_tag: int | None = None
    match_origin: str = ""
    match_protocol: str = ""
    set_local_preference: int | None = None
    set_local_preference_by: int | None = None
    set_med: int | None = None
    set_med_by: int | None = None
    set_communities: tuple[str, ...] = ()
    set_large_communities: tuple[str, ...] = ()
    set_communities_additive: bool = False  # of both kinds; otherwise the given ones replace what a route has
    set_communities_none: bool = False
    delete_communities: str | None = None  # a community list's name
    set_prepend: tuple[int, ...] = ()
    set_exclude: tuple[int, ...] = ()
    set_next_hop: IPAddress | str | None = None  # an address, or a word of the field
    set_next_hop_v6: str = ""
    set_src: IPAddress | None = None
    set_weight: int | None = None
    set_tag: int | None = None
    set_origin: str = ""
    call: str | None = None  # a route map that decides, too
    on_match: int | Literal["next"] | None = None  # the entry with which a route that matches goes on

    extra: tuple[ExtraLine, ...] = ()

    @property
    def conditional(self) -> bool:
        """Whether it depends on more of a route than its prefix."""
        named = (self.match_community, self.match_rpki, self.match_as_path, self.match_next_hop)
        numbers = (self.match_local_preference, self.match_med, self.match_tag)
        return any(each is not None for each in (*named, *numbers)) or bool(
            self.match_origin or self.match_protocol or self.extra
        )


class RouteMap(Struct, frozen=True, kw_only=True):
    """A route map."""

    name: str
    rules: tuple[RouteMapRule, ...]


class BfdProfile(Struct, frozen=True, kw_only=True):
    """A BFD profile; intervals in milliseconds, None leaves the daemon's default (RFC 5880)."""

    name: str
    detect_multiplier: int | None = None
    receive_interval: int | None = None
    transmit_interval: int | None = None


class RpkiCache(Struct, frozen=True, kw_only=True):
    """An RPKI-to-router cache over plain TCP (RFC 8210)."""

    host: IPAddress
    port: int
    preference: int


class Interface(Struct, frozen=True, kw_only=True):
    """An interface of a host or of an outside peer; `link` names what it is attached to, None for a loopback.

    `device_name` is what its device calls it in a configuration, where that is not `name`; `own` has what the
    inventory says of it that only its platform knows.
    """

    name: str
    link: str | None
    addresses: tuple[IPInterface, ...]
    loopback: bool = False
    device_name: str = ""
    own: Mapping[str, Any] = field(default_factory=dict)


class IdentityIntent(Struct, frozen=True, kw_only=True):
    """Who a host's device says it is, where the inventory writes that down; None is not compared."""

    hostname: str | None = None
    serial: str | None = None
    router_id: IPv4Address | None = None


class HostIntent(Struct, frozen=True, kw_only=True):
    """Everything that one host is meant to be. `hostname` is its management address."""

    name: str
    site: str
    platform: str
    hostname: str = ""
    version: str = ""  # the release that runs there, as far as the inventory says it
    lab_release: str = ""  # whose daemons the lab runs there; the machine's own without one
    bgp_package: str = ""  # the BGP daemon, where the platform leaves the choice
    identity: IdentityIntent | None = None
    groups: tuple[str, ...] = ()  # inherited ones included, nearest first
    adopt: tuple[str, ...] = ()  # what somebody else has made on the device and this intent takes over, by name
    release: tuple[str, ...] = ()  # what stays on the device and is not this intent's any more, by name
    extra: tuple[ExtraLine, ...] = ()  # of the top level
    manage: str = ""  # "all" where what is in a shared context of the device is this intent's as a whole
    redundancy: str = ""  # the group of hosts of which only one may be worked on at a time
    interfaces: tuple[Interface, ...] = ()
    bgp: BgpHost | None = None
    tunnels: tuple[Tunnel, ...] = ()
    prefix_lists: tuple[PrefixList, ...] = ()
    community_lists: tuple[CommunityList, ...] = ()
    as_path_lists: tuple[AsPathList, ...] = ()
    route_maps: tuple[RouteMap, ...] = ()
    bfd_profiles: tuple[BfdProfile, ...] = ()
    rpki_caches: tuple[RpkiCache, ...] = ()
    x: OwnKeys = field(default_factory=OwnKeys)  # the operator's own keys, without their `x-`
    ours: frozenset[IPNetwork] = frozenset()  # the network's own space, its sites' prefixes and what it originates

    @property
    def neighbors(self) -> tuple[Neighbor, ...]:
        """Its ends of BGP sessions; none where it does not speak BGP."""
        return self.bgp.neighbors if self.bgp else ()

    @property
    def networks(self) -> tuple[IPNetwork, ...]:
        """What it originates itself."""
        return self.bgp.networks if self.bgp else ()
