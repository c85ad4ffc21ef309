"""What a host's BGP speaker does as a whole: what it takes over and aggregates, and its options."""

from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import Literal

from msgspec import Struct

Family = Literal["ipv4-unicast", "ipv6-unicast"]
Source = Literal["connected", "static", "kernel", "ospf", "ospf6", "isis", "rip", "ripng"]  # of routes


class Redistribution(Struct, frozen=True, kw_only=True):
    """Routes of another origin that BGP takes over for one address family."""

    family: Family
    source: Source
    route_map: str | None = None
    metric: int | None = None


class Aggregate(Struct, frozen=True, kw_only=True):
    """A prefix that is announced while there is a part of it; with `summary_only`, the parts are not."""

    prefix: IPv4Network | IPv6Network
    summary_only: bool = False
    as_set: bool = False
    route_map: str | None = None


class BgpOptions(Struct, frozen=True, kw_only=True):
    """Options of a speaker; None leaves one to the daemon. Times in seconds, paths by family."""

    log_neighbor_changes: bool | None = None
    deterministic_med: bool | None = None
    always_compare_med: bool | None = None
    compare_routerid: bool | None = None
    multipath_relax: bool | None = None
    ebgp_requires_policy: bool | None = None
    network_import_check: bool = False
    default_ipv4_unicast: bool = False
    default_local_preference: int | None = None
    cluster_id: IPv4Address | None = None
    confederation_identifier: int | None = None
    confederation_peers: tuple[int, ...] = ()
    graceful_restart: bool | None = None
    restart_time: int | None = None
    keepalive: int | None = None  # both or none, of sessions that say none themselves
    hold_time: int | None = None
    stalepath_time: int | None = None
    listen_limit: int | None = None
    maximum_paths: tuple[tuple[Family, int], ...] = ()
    maximum_paths_ibgp: tuple[tuple[Family, int], ...] = ()
