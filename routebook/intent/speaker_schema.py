"""What an inventory may say of a host's BGP speaker as a whole: its options, and what it aggregates."""

from typing import Annotated, Literal

from pydantic import Field

from routebook.intent.extra_schema import ExtraLines
from routebook.intent.fields import (
    Address,
    Asn,
    Count,
    Families,
    Flag,
    HoldTime,
    Keepalive,
    Name,
    Number,
    Paths,
    PolicyName,
    Prefix,
    Prefixes,
    Secret,
    Word,
)
from routebook.intent.model import Family
from routebook.intent.part import Input

Selection = Word | tuple[Word, ...]  # names of hosts, groups or sites, or `all`
RestartSeconds = Annotated[int, Field(strict=True, ge=1, le=4095)]  # twelve bits (RFC 4724)


class AggregateInput(Input):
    """Prefixes that hosts announce while they have a part of them."""

    hosts: Selection
    prefixes: tuple[Prefix, ...]
    summary_only: Flag = False  # whether the parts are not announced
    as_set: Flag = False
    route_map: PolicyName | None = None


class ConfederationInput(Input):
    """A confederation (RFC 5065): what others see, and the member ASes that are not the host's."""

    identifier: Asn
    peers: tuple[Asn, ...] = ()


class SpeakerOptionsInput(Input):
    """Options of the BGP speakers of hosts; one that is not said is left to the daemon."""

    hosts: Selection
    log_neighbor_changes: Flag | None = None
    deterministic_med: Flag | None = None
    always_compare_med: Flag | None = None
    compare_routerid: Flag | None = None
    multipath_relax: Flag | None = None
    ebgp_requires_policy: Flag | None = None
    network_import_check: Flag | None = None
    default_ipv4_unicast: Flag | None = None
    default_local_preference: Number | None = None
    cluster_id: Address | None = None
    confederation: ConfederationInput | None = None
    graceful_restart: Flag | None = None
    restart_time: RestartSeconds | None = None
    keepalive: Keepalive | None = None
    hold_time: HoldTime | None = None
    stalepath_time: RestartSeconds | None = None
    listen_limit: Annotated[int, Field(strict=True, ge=1, le=65535)] | None = None
    maximum_paths: Paths | dict[Family, Paths] | None = None
    maximum_paths_ibgp: Paths | dict[Family, Paths] | None = None
    extra: ExtraLines | dict[Literal["lines", "ipv4-unicast", "ipv6-unicast"], ExtraLines] | None = None


class ListenInput(Input):
    """Ranges of addresses from which hosts take sessions that nobody has declared; `name` is its peer group's."""

    hosts: Selection
    name: Name
    prefixes: Annotated[tuple[Prefix, ...], Field(min_length=1)]
    remote_as: Asn | Literal["internal", "external"]
    families: Families
    password: Secret | None = None
    import_: PolicyName | None = Field(default=None, alias="import")
    export: PolicyName | None = None
    prefix_list_in: PolicyName | None = None
    prefix_list_out: PolicyName | None = None
    max_prefix: Count | None = None
    next_hop_self: Flag = False
    route_reflector_client: Flag = False
    accepted_leaks: tuple[Prefixes, ...] = ()
