"""Which options there are, from the intent's own models, and what a change of each is measured by."""

from collections.abc import Iterator

from msgspec.structs import fields as fields_of
from pydantic import BaseModel

from routebook.intent import list_model, model, policy_schema, schema, speaker_model, speaker_schema

MODELS: tuple[type, ...] = (
    model.HostIntent,
    model.BgpHost,
    model.ListenRange,
    model.PeerGroup,
    model.Neighbor,
    model.NeighborFamily,
    speaker_model.Redistribution,
    speaker_model.Aggregate,
    speaker_model.BgpOptions,
    model.PrefixList,
    model.PrefixRule,
    model.CommunityList,
    list_model.ListRule,
    list_model.AsPathList,
    model.RouteMap,
    model.RouteMapRule,
    model.BfdProfile,
    model.RpkiCache,
    model.Tunnel,
    model.TunnelChild,
    model.IpsecProposal,
)
"""What a template is given, as far as FRR's and strongSwan's read it."""

RENDERS_NOTHING = frozenset(
    {
        *(f"HostIntent.{field}" for field in ("site", "hostname", "version", "bgp_package", "identity", "groups")),
        *(f"HostIntent.{field}" for field in ("redundancy", "interfaces", "lab_release", "ours", "x")),
        *(f"Neighbor.{field}" for field in ("session", "peer", "peer_host", "cluster", "cluster_node")),
        *(f"Neighbor.{field}" for field in ("relation", "hears", "accepted_leaks", "x")),
        *(f"NeighborFamily.{field}" for field in ("min_received", "min_sent", "max_sent")),
        *(f"Tunnel.{field}" for field in ("peer", "peer_host", "mode", "local_inner", "remote_inner", "route_metric")),
        "Tunnel.x",
    }
)
"""Fields that neither FRR's templates nor strongSwan's read: checks and other platforms do."""

OF_THE_RENDERING = frozenset(
    {
        "HostIntent.name",
        "HostIntent.platform",
        "HostIntent.adopt",
        "HostIntent.release",
        "HostIntent.manage",
        "HostIntent.bgp",
    }
)
"""Fields of which no option is made: what is rendered, for whom, and what that may take over."""

_IN_FAMILIES = (
    *("as_path_list_in", "as_path_list_out", "max_prefix_threshold", "max_prefix_warning_only", "max_prefix_restart"),
    *("max_prefix_out", "allowas_in", "as_override", "default_originate", "remove_private_as", "route_server_client"),
    *("withheld_communities", "weight", "next_hop_self_force"),
)
_OF_NEIGHBORS = (
    *("local_as_no_prepend", "local_as_replace_as", "disable_connected_check", "extended_nexthop"),
    *("graceful_restart", "advertisement_interval"),
)
_OF_GROUPS = ("BgpHost.groups", "Neighbor.peer_group", "Neighbor.own", "NeighborFamily.activate")
_OF_SPEAKERS = tuple(speaker_model.BgpOptions.__struct_fields__)

_EXTRA = (  # lines for which there is no word
    *("HostIntent.extra", "BgpHost.extra", "BgpHost.family_extra", "Neighbor.extra", "NeighborFamily.extra"),
    *("RouteMapRule.extra", "Tunnel.extra", "Tunnel.child_extra"),
)

NOT_MEASURED = frozenset(
    {
        *_EXTRA,
        "Neighbor.interface",
        *_OF_GROUPS,
        *(f"PeerGroup.{field}" for field in model.PeerGroup.__struct_fields__),
    }
)
"""Fields that this program does not change: what is known of them was measured by hand (docs/platforms/frr.md)."""

INPUTS: dict[type[BaseModel], dict[str, str]] = {
    schema.SideInput: {
        "extra": "Neighbor.extra",
        "accepted_leaks": "Neighbor.accepted_leaks",
        "local_role": "Neighbor.local_role",
        "import_": "NeighborFamily.route_map_in",
        "export": "NeighborFamily.route_map_out",
        "prefix_list_in": "NeighborFamily.prefix_list_in",
        "prefix_list_out": "NeighborFamily.prefix_list_out",
        "max_prefix": "NeighborFamily.max_prefix",
        "min_received": "NeighborFamily.min_received",
        "min_sent": "NeighborFamily.min_sent",
        "max_sent": "NeighborFamily.max_sent",
        **{option: f"NeighborFamily.{option}" for option in _IN_FAMILIES if option in schema.SideInput.model_fields},
        **{option: f"Neighbor.{option}" for option in _OF_NEIGHBORS},
        "local_as": "Neighbor.local_as",
        "update_source": "Neighbor.source_interface",
        "peer_group": "Neighbor.peer_group",
        "send_community": "NeighborFamily.withheld_communities",
        "route_reflector_client": "NeighborFamily.route_reflector_client",
        "next_hop_self": "NeighborFamily.next_hop_self",
        "addpath_tx_all": "NeighborFamily.addpath_tx_all",
        "soft_reconfiguration": "NeighborFamily.soft_reconfiguration",
        "passive": "Neighbor.passive",
        "shutdown": "Neighbor.shutdown",
        "description": "Neighbor.description",
        "address": "Neighbor.local_address",
        "remote_as": "Neighbor.remote_as",
    },
    schema.SessionDefaults: {
        "link": "Neighbor.address",
        "via": "Neighbor.update_source",
        "tunnel": "Neighbor.address",
        "transport": "Neighbor.address",
        "families": "Neighbor.families",
        "password": "Neighbor.password",
        "keepalive": "Neighbor.keepalive",
        "hold_time": "Neighbor.hold_time",
        "connect_retry": "Neighbor.connect_retry",
        "bfd": "Neighbor.bfd",
        "ttl_security": "Neighbor.ttl_security_hops",
        "multihop": "Neighbor.ebgp_multihop",
    },
    schema.PeerGroupInput: {"name": "PeerGroup.name", "hosts": "BgpHost.groups"},
    schema.SessionInput: {"name": "Neighbor.session", "ends": "BgpHost.neighbors", "sides": "BgpHost.neighbors"},
    schema.SessionMeshInput: {"reflect": "NeighborFamily.route_reflector_client", "sides": "BgpHost.neighbors"},
    schema.NetworksInput: {"hosts": "BgpHost.networks", "prefixes": "BgpHost.networks"},
    schema.RedistributeInput: {
        "hosts": "BgpHost.redistribute",
        "source": "Redistribution.source",
        "families": "Redistribution.family",
        "route_map": "Redistribution.route_map",
        "metric": "Redistribution.metric",
    },
    speaker_schema.AggregateInput: {
        "hosts": "BgpHost.aggregates",
        "prefixes": "Aggregate.prefix",
        **{option: f"Aggregate.{option}" for option in ("summary_only", "as_set", "route_map")},
    },
    speaker_schema.ConfederationInput: {
        "identifier": "BgpOptions.confederation_identifier",
        "peers": "BgpOptions.confederation_peers",
    },
    speaker_schema.ListenInput: {
        "hosts": "BgpHost.listen",
        **{option: f"ListenRange.{option}" for option in ("name", "prefixes", "remote_as", "families", "password")},
        "import_": "NeighborFamily.route_map_in",
        "export": "NeighborFamily.route_map_out",
        **{option: f"NeighborFamily.{option}" for option in ("prefix_list_in", "prefix_list_out", "max_prefix")},
        **{option: f"NeighborFamily.{option}" for option in ("next_hop_self", "route_reflector_client")},
        "accepted_leaks": "Neighbor.accepted_leaks",
    },
    speaker_schema.SpeakerOptionsInput: {
        "hosts": "BgpHost.options",
        "extra": "BgpHost.extra",
        "confederation": "BgpOptions.confederation_identifier",
        **{option: f"BgpOptions.{option}" for option in _OF_SPEAKERS if not option.startswith("confederation")},
    },
    schema.BgpInput: {
        "aggregates": "BgpHost.aggregates",
        "options": "BgpHost.options",
        "listen": "BgpHost.listen",
        "peer_groups": "BgpHost.groups",
        "defaults": "BgpHost.neighbors",
        "external": "BgpHost.neighbors",
        "sessions": "BgpHost.neighbors",
        "meshes": "BgpHost.neighbors",
        "networks": "BgpHost.networks",
        "redistribute": "BgpHost.redistribute",
        "graceful_shutdown": "BgpHost.graceful_shutdown",
    },
    schema.EndInput: {
        "address": "Tunnel.local_address",
        "seen_as": "Tunnel.remote_address",
        "id": "Tunnel.local_id",
        "selectors": "Tunnel.local_selectors",
        "ike": "Tunnel.ike_proposals",
        "esp": "Tunnel.esp_proposals",
        "extra": "Tunnel.extra",
    },
    schema.TunnelDefaults: {
        "link": "Tunnel.local_address",
        "mode": "Tunnel.local_selectors",
        "device": "Tunnel.mark",
        "key": "Tunnel.if_id",
        "ike": "Tunnel.ike_proposals",
        "esp": "Tunnel.esp_proposals",
        "auth": "Tunnel.psk",
        "psk": "Tunnel.psk",
        "ike_rekey": "Tunnel.ike_rekey",
        "child_rekey": "Tunnel.child_rekey",
        "dpd_delay": "Tunnel.dpd_delay",
        "route_metric": "Tunnel.route_metric",
        "extra": "Tunnel.extra",
    },
    schema.TunnelInput: {
        "name": "Tunnel.name",
        "ends": "Tunnel.initiator",
        "inner": "Tunnel.local_selectors",
        "children": "Tunnel.children",
        "sides": "HostIntent.tunnels",
    },
    schema.TunnelMeshInput: {"inner": "Tunnel.local_selectors", "sides": "HostIntent.tunnels"},
    schema.ProposalInput: {
        option: f"IpsecProposal.{option}" for option in ("encryption", "integrity", "prf", "dh_group")
    },
    policy_schema.MatchInput: {
        "prefix_list": "RouteMapRule.match_prefix_list",
        "community": "RouteMapRule.match_community",
        "rpki": "RouteMapRule.match_rpki",
        "exact": "RouteMapRule.match_exact",
        **{option: f"RouteMapRule.match_{option}" for option in ("as_path", "next_hop", "local_preference", "med")},
        **{option: f"RouteMapRule.match_{option}" for option in ("tag", "origin", "protocol")},
    },
    policy_schema.SetInput: {
        "local_preference": "RouteMapRule.set_local_preference",
        "med": "RouteMapRule.set_med",
        "communities": "RouteMapRule.set_communities",
        "add_communities": "RouteMapRule.set_communities_additive",
        "prepend": "RouteMapRule.set_prepend",
        "delete_communities": "RouteMapRule.delete_communities",
        **{option: f"RouteMapRule.set_{option}" for option in ("exclude", "next_hop", "next_hop_v6", "src", "weight")},
        **{option: f"RouteMapRule.set_{option}" for option in ("tag", "origin")},
    },
    policy_schema.RouteMapEntryInput: {
        "seq": "RouteMapRule.seq",
        "permit": "RouteMapRule.action",
        "deny": "RouteMapRule.action",
        "set_": "RouteMap.rules",
        "call": "RouteMapRule.call",
        "continue_": "RouteMapRule.on_match",
        "description": "RouteMapRule.description",
        "extra": "RouteMapRule.extra",
    },
    policy_schema.CommunityRulesInput: {
        "standard": "CommunityList.rules",
        "expanded": "CommunityList.expanded",
        "large": "CommunityList.large",
        "large_expanded": "CommunityList.expanded",
    },
    policy_schema.BfdProfileInput: {
        option: f"BfdProfile.{option}" for option in ("detect_multiplier", "receive_interval", "transmit_interval")
    },
    policy_schema.PolicyInput: {
        "prefix_lists": "HostIntent.prefix_lists",
        "community_lists": "HostIntent.community_lists",
        "as_path_lists": "HostIntent.as_path_lists",
        "route_maps": "HostIntent.route_maps",
        "bfd_profiles": "HostIntent.bfd_profiles",
    },
    schema.CacheInput: {
        "name": "HostIntent.rpki_caches",
        "address": "RpkiCache.host",
        "port": "RpkiCache.port",
        "preference": "RpkiCache.preference",
        "link": "HostIntent.interfaces",
        "lab": "HostIntent.interfaces",
    },
    schema.RpkiInput: {"hosts": "HostIntent.rpki_caches", "caches": "HostIntent.rpki_caches"},
    schema.DataInput: {
        "site": "HostIntent.site",
        "extra": "HostIntent.extra",
        "asn": "BgpHost.asn",
        "router_id": "BgpHost.router_id",
        "version": "HostIntent.version",
        "bgp_package": "HostIntent.bgp_package",
        "interfaces": "HostIntent.interfaces",
        "ipsec": "Tunnel.ike_proposals",
        "identity": "HostIntent.identity",
        "adopt": "HostIntent.adopt",
        "release": "HostIntent.release",
        "manage": "HostIntent.manage",
        "redundancy": "HostIntent.redundancy",
        "lab": "HostIntent.lab_release",
    },
}
"""The keys of an inventory that say something of a session, a tunnel or a policy, with the field that each one decides.

What a device is, and what is around it, is left out: sites, links, outside peers and their relations change policy
and checks, by way of these.
"""


def fields() -> Iterator[str]:
    """Every field of every model, as "Model.field"."""
    for each in MODELS:
        for field in fields_of(each):
            yield f"{each.__name__}.{field.name}"
