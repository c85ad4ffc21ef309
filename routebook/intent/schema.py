"""The inventory as it is written: what each key of each file may hold. What it means is worked out elsewhere."""

from typing import Annotated, Any, ClassVar, Literal, TypeAlias, TypeVar

from pydantic import BeforeValidator, Field

from routebook.intent.extra_schema import ExtraLines
from routebook.intent.fields import (
    Address,
    Asn,
    CommunityKind,
    ConnectRetry,
    Count,
    DeviceName,
    Families,
    Flag,
    HoldTime,
    Hops,
    Hostname,
    Identity,
    InterfaceAddress,
    InterfaceName,
    Interval,
    Keepalive,
    KubernetesName,
    LabRelease,
    Minutes,
    Name,
    Number,
    Occurrences,
    Percent,
    PolicyChoice,
    PolicyName,
    Port,
    Prefix,
    Prefixes,
    RouteMetric,
    Seconds,
    Secret,
    SerialNumber,
    Text,
    Transport,
    Weight,
    Word,
)
from routebook.intent.model import Announced, Family
from routebook.intent.outer import Place, place
from routebook.intent.part import Input, Mesh, TwoEnded
from routebook.intent.registry import Part
from routebook.intent.speaker_model import Source

_T = TypeVar("_T")
ByFamily: TypeAlias = _T | dict[Family, _T]
ExtraBySide = ExtraLines | dict[Literal["lines", "ipv4-unicast", "ipv6-unicast"], ExtraLines]
ExtraByChild = ExtraLines | dict[Literal["lines", "child"], ExtraLines]
Selection = Word | tuple[Word, ...]  # names of hosts, groups or sites, or `all`


class ConnectionInput(Input):
    """How one kind of connection is opened: Nornir's connection options."""

    hostname: Hostname | None = None
    port: Port | None = None
    username: Word | None = None
    password: Secret | None = None
    platform: Word | None = None
    extras: dict[str, Any] = Field(default_factory=dict)


class InterfaceInput(Input):
    """An interface and the link that it is on; loopbacks are on none."""

    part: ClassVar[Part | None] = "interface"
    link: Word | None = None
    addresses: tuple[InterfaceAddress, ...] = ()


class ProposalInput(Input):
    """A cipher suite, in proposal keywords."""

    encryption: Word
    integrity: Word | None = None
    prf: Word | None = None
    dh_group: Word


Proposals = Annotated[tuple[ProposalInput, ...], Field(min_length=1)]


class CapabilityInput(Input):
    """The cipher suites that a host can do at all; tunnels choose among them."""

    ike: Proposals | None = None
    esp: Proposals | None = None


class IdentityInput(Input):
    """Who a host's device says it is."""

    hostname: DeviceName | None = None
    serial: SerialNumber | None = None
    router_id: Address | None = None


class HostLabInput(Input):
    """How the lab plays a host: with the daemons of a release of its own, where that is not the machine's."""

    release: LabRelease | None = None


class StandInInput(HostLabInput):
    """How the lab plays who is outside."""

    speaker: Word | None = None
    announce: tuple[Word, ...] = ()


class DataInput(Input):
    """Nornir's `data` of a host, a group or the defaults: what intent takes from there."""

    site: Word | None = None
    asn: Asn | None = None
    router_id: Address | Literal["none"] | None = None  # "none": the device chooses it
    version: Word | None = None  # the release that runs there
    bgp_package: Word | None = None  # the BGP daemon, where the platform leaves the choice
    interfaces: dict[InterfaceName, InterfaceInput] | None = None
    ipsec: CapabilityInput | None = None
    identity: IdentityInput | None = None  # of a host alone
    adopt: tuple[Word, ...] | None = None  # objects on the device, by name, that somebody else has made
    release: tuple[Word, ...] | None = None  # objects on the device, by name, that stay there and are not ours any more
    extra: ExtraLines | None = None  # lines of the top level for which there is no word
    manage: Literal["all"] | None = None  # whether what is in a shared context, as a BGP instance, is ours as a whole
    lab: HostLabInput | None = None
    redundancy: Word | None = None  # hosts with the same word are each other's redundancy


class ElementInput(Input):
    """A host, a group or the defaults, in the format of Nornir's SimpleInventory."""

    hostname: Hostname | None = None
    port: Port | None = None
    username: Word | None = None
    password: Secret | None = None
    platform: Word | None = None
    groups: tuple[Word, ...] = ()
    data: DataInput = DataInput()
    connection_options: dict[str, ConnectionInput] = Field(default_factory=dict)


class SiteInput(Input):
    """A site and the prefixes that tunnels carry for it."""

    prefixes: tuple[Prefix, ...] = ()


class LinkInput(Input):
    """What interfaces are attached to."""

    site: Word | None = None


class NetworkInput(Input):
    """What the network is made of. `prefixes` is the address space that is its own on the internet."""

    asn: Asn
    prefixes: tuple[Prefix, ...] = ()
    sites: dict[Name, Any] = Field(default_factory=dict)
    links: dict[Name, Any] = Field(default_factory=dict)


class ClusterNodeInput(Input):
    """A Kubernetes node that speaks BGP. `node` is its name there, by default the peer's; `release`, its software's."""

    cluster: KubernetesName
    node: KubernetesName | None = None
    advertise: Annotated[tuple[Announced, ...], Field(min_length=1)] = ("services",)
    release: Word | None = None


Relation = Literal["provider", "customer", "peer", "route-server"]


class PeerInput(Input):
    """A BGP speaker that is not ours. `internal` is one of our own AS all the same, which somebody else configures.

    `relation` is what it is to us (the roles of RFC 9234); `prefixes` are a customer's own. Who only ends tunnels needs
    no `asn`.
    """

    part: ClassVar[Part | None] = "peer"
    asn: Asn | Literal["external"] | None = None  # "external": any but ours, as nobody has said which
    relation: Relation | None = None
    prefixes: tuple[Prefix, ...] = ()
    internal: Flag = False
    interfaces: dict[InterfaceName, InterfaceInput] = Field(default_factory=dict)
    lab: StandInInput | None = None


class CacheInput(Input):
    """An RPKI cache."""

    name: Name
    address: Address
    port: Port
    preference: Annotated[int, Field(strict=True, ge=1, le=255)]
    link: Word | None = None
    lab: HostLabInput | None = None


class SideInput(Input):
    """What one end of a session does with it."""

    import_: ByFamily[PolicyChoice] | None = Field(default=None, alias="import")
    export: ByFamily[PolicyChoice] | None = None
    prefix_list_in: ByFamily[PolicyChoice] | None = None
    prefix_list_out: ByFamily[PolicyChoice] | None = None
    max_prefix: ByFamily[Count] | None = None
    min_received: ByFamily[Number] = 0
    min_sent: ByFamily[Number] = 0
    max_sent: ByFamily[Number] | None = None
    as_path_list_in: ByFamily[PolicyChoice] | None = None
    as_path_list_out: ByFamily[PolicyChoice] | None = None
    max_prefix_threshold: ByFamily[Percent] | None = None
    max_prefix_warning_only: ByFamily[Flag] = False
    max_prefix_restart: ByFamily[Minutes] | None = None
    max_prefix_out: ByFamily[Count] | None = None
    allowas_in: ByFamily[Flag | Literal["origin"] | Occurrences] = False
    as_override: ByFamily[Flag] = False
    default_originate: ByFamily[Flag | PolicyName] = False
    remove_private_as: ByFamily[Flag | Literal["all", "replace", "all-replace"]] = False
    route_server_client: ByFamily[Flag] = False
    send_community: ByFamily[Literal["all", "none"] | tuple[CommunityKind, ...]] = "all"
    weight: ByFamily[Weight] | None = None
    local_as: Asn | None = None
    local_as_no_prepend: Flag = False
    local_as_replace_as: Flag = False
    disable_connected_check: Flag = False
    extended_nexthop: Flag = False
    graceful_restart: Flag | Literal["helper"] | None = None
    advertisement_interval: Interval | None = None
    route_reflector_client: Flag = False
    next_hop_self: Flag | Literal["force"] = False
    addpath_tx_all: Flag = False
    soft_reconfiguration: Flag = False
    passive: Flag = False
    shutdown: Flag = False
    description: Text | None = None
    address: Address | None = None
    remote_as: Asn | Literal["internal", "external", "auto"] | None = None  # a word is what the router is told
    update_source: Word | None = None  # an interface's name, or `address`
    peer_group: PolicyName | None = None  # of the end's host
    accepted_leaks: tuple[Prefixes, ...] = ()
    local_role: Flag = False  # told to the other end, too
    extra: ExtraBySide | None = None


class SessionDefaults(SideInput):
    """What sessions share unless they say otherwise."""

    link: Word | None = None
    via: Literal["loopback"] | None = None
    tunnel: Word | None = None
    transport: Transport | None = None
    families: Families | None = None
    password: Secret | None = None
    keepalive: Keepalive | None = None
    hold_time: HoldTime | None = None
    connect_retry: ConnectRetry | None = None
    bfd: PolicyName | Flag = False
    ttl_security: Hops | None = None
    multihop: Hops | None = None


class PeerGroupInput(SessionDefaults):
    """What sessions of hosts have in common, as a group that their routers know by its name."""

    hosts: Selection
    name: PolicyName


Ends = Annotated[tuple[Word, ...], Field(min_length=2, max_length=2)]


class SessionInput(TwoEnded, SessionDefaults):
    """A BGP session, once, with its two ends."""

    name: Name | None = None
    ends: Ends
    sides: dict[str, SideInput] = Field(default_factory=dict)


class SessionMeshInput(TwoEnded, SessionDefaults, Mesh):
    """A session for each pair; with `reflect` the second kind are route reflectors of those that are not."""

    reflect: Flag = False
    sides: dict[str, SideInput] = Field(default_factory=dict)


class NetworksInput(Input):
    """Prefixes that hosts originate."""

    hosts: Selection
    prefixes: tuple[Prefix, ...]


class RedistributeInput(Input):
    """Routes of another origin that hosts take over into BGP."""

    hosts: Selection
    source: Source = Field(alias="from")
    families: Families = ("ipv4-unicast",)
    route_map: PolicyName | None = None
    metric: Number | None = None


class BgpInput(Input):
    """BGP: defaults for all sessions and for external ones, the sessions, the meshes, what is originated."""

    defaults: SessionDefaults = SessionDefaults()
    external: SessionDefaults = SessionDefaults()
    sessions: tuple[Any, ...] = ()
    meshes: tuple[Any, ...] = ()
    networks: tuple[Any, ...] = ()
    redistribute: tuple[Any, ...] = ()
    aggregates: tuple[Any, ...] = ()
    options: tuple[Any, ...] = ()
    listen: tuple[Any, ...] = ()
    peer_groups: tuple[Any, ...] = ()
    graceful_shutdown: Selection = ()  # who is being drained (RFC 8326)


OuterPlace = Annotated[Place, BeforeValidator(place)]


class EndInput(Input):
    """What is special about one end of a tunnel."""

    part: ClassVar[Part | None] = "tunnel end"
    address: OuterPlace | None = None
    seen_as: OuterPlace | None = None  # by the other end, where addresses are translated on the way
    id: Identity | None = None
    selectors: tuple[Prefix, ...] | None = None
    ike: Proposals | None = None
    esp: Proposals | None = None
    extra: ExtraByChild | None = None


class TunnelDefaults(Input):
    """What tunnels share unless they say otherwise. Durations in seconds."""

    link: Word | None = None
    mode: Literal["policy", "route"] = "policy"
    device: Literal["xfrm", "vti"] = "xfrm"  # what carries a tunnel in mode `route`
    key: Count | None = None  # of that device, the same at both ends
    ike: Proposals | None = None
    esp: Proposals | None = None
    auth: Literal["psk", "certificate"] = "psk"
    psk: Secret | None = None
    ike_rekey: Seconds | None = None
    child_rekey: Seconds | None = None
    dpd_delay: Seconds | None = None
    route_metric: RouteMetric | None = None  # of a firewall's static routes over a tunnel in mode `route`
    extra: ExtraByChild | None = None


class TunnelInput(TwoEnded, TunnelDefaults):
    """A tunnel, once, with its two ends; the first one starts it."""

    name: Name | None = None
    ends: Ends
    inner: Prefix | None = None
    children: dict[Name, dict[str, tuple[Prefix, ...]]] = Field(default_factory=dict)  # selectors by end
    sides: dict[str, EndInput] = Field(default_factory=dict)


class TunnelMeshInput(TwoEnded, TunnelDefaults, Mesh):
    """A tunnel for each pair; `inner` has the inner prefix by the tunnel's name."""

    inner: dict[str, Prefix] = Field(default_factory=dict)
    sides: dict[str, EndInput] = Field(default_factory=dict)


class TunnelsInput(Input):
    """IPsec: defaults, the tunnels, the meshes."""

    defaults: TunnelDefaults = TunnelDefaults()
    list: tuple[Any, ...] = ()
    meshes: tuple[Any, ...] = ()


class RpkiInput(Input):
    """RPKI caches and who asks them."""

    hosts: Selection = ()
    caches: tuple[Any, ...] = ()


class IntentInput(Input):
    """The intent files' top-level keys."""

    network: Any = None
    peers: dict[str, Any] = Field(default_factory=dict)
    policy: Any = None
    bgp: Any = None
    tunnels: Any = None
    rpki: Any = None
