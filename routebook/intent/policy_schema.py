"""What policy may say in an inventory: lists, route maps and BFD profiles."""

from typing import Annotated, Any, Literal

from pydantic import Field

from routebook.intent.extra_schema import ExtraLines
from routebook.intent.fields import (
    Address,
    Asn,
    Change,
    Community,
    Flag,
    Milliseconds,
    Number,
    PolicyName,
    Sequence,
    Text,
)
from routebook.intent.part import Input

Origin = Literal["igp", "egp", "incomplete"]
Protocol = Literal["bgp", "connected", "eigrp", "isis", "kernel", "ospf", "ospf6", "rip", "ripng", "static"]


class MatchInput(Input):
    """What a route must be for an entry to apply: all of these. Lists are by name; `next_hop` is a prefix list's."""

    prefix_list: PolicyName | None = None
    community: PolicyName | None = None
    exact: Flag = False  # whether a route has the communities of the list and no others
    rpki: Literal["valid", "invalid", "notfound"] | None = None
    as_path: PolicyName | None = None
    next_hop: PolicyName | None = None
    local_preference: Number | None = None
    med: Number | None = None
    tag: Number | None = None
    origin: Origin | None = None
    protocol: Protocol | None = None


class SetInput(Input):
    """What an entry changes of a route. `add_communities` leaves the ones it has; `delete_communities` names a list.

    A sign before the number of a preference or a MED adds to what the route has.
    """

    local_preference: Change | None = None
    med: Change | None = None
    communities: tuple[Community, ...] | Literal["none"] = ()
    add_communities: tuple[Community, ...] = ()
    delete_communities: PolicyName | None = None
    prepend: tuple[Asn, ...] = ()
    exclude: tuple[Asn, ...] = ()  # AS numbers that leave the path
    next_hop: Address | Literal["peer-address", "unchanged"] | None = None
    next_hop_v6: Literal["peer-address", "prefer-global"] | None = None
    src: Address | None = None  # of the route in the kernel
    weight: Number | None = None
    tag: Number | None = None
    origin: Origin | None = None


class RouteMapEntryInput(Input):
    """One entry of a route map: permit or deny what matches, or `all`.

    `call` has another map decide, too; `continue` goes on with a later entry.
    """

    seq: Sequence | None = None
    permit: Literal["all"] | MatchInput | None = None
    deny: Literal["all"] | MatchInput | None = None
    set_: SetInput = Field(default=SetInput(), alias="set")
    call: PolicyName | None = None
    continue_: Literal["next"] | Sequence | None = Field(default=None, alias="continue")
    description: Text | None = None
    extra: ExtraLines = ()


class CommunityRulesInput(Input):
    """A community list entry by entry, `[seq N] permit|deny …`: one of these."""

    standard: tuple[str, ...] = ()
    expanded: tuple[str, ...] = ()
    large: tuple[str, ...] = ()
    large_expanded: tuple[str, ...] = ()


class BfdProfileInput(Input):
    """A BFD profile; intervals in milliseconds."""

    detect_multiplier: Annotated[int, Field(strict=True, ge=2, le=255)] | None = None
    receive_interval: Milliseconds | None = None
    transmit_interval: Milliseconds | None = None


class PolicyInput(Input):
    """Objects that sessions refer to by name."""

    prefix_lists: dict[PolicyName, tuple[Any, ...]] = Field(default_factory=dict)
    community_lists: dict[PolicyName, tuple[Community, ...] | CommunityRulesInput] = Field(default_factory=dict)
    as_path_lists: dict[PolicyName, tuple[str, ...]] = Field(default_factory=dict)
    route_maps: dict[PolicyName, tuple[Any, ...]] = Field(default_factory=dict)
    bfd_profiles: dict[PolicyName, BfdProfileInput] = Field(default_factory=dict)
