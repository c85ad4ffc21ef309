"""What a platform can carry, as far as an inventory can be refused for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import total_ordering
from typing import Literal

import msgspec
from msgspec import Struct

from routebook.intent.model import Family

Transport = Literal["link", "loopback", "tunnel"]
Feature = Literal["bgp", "ipv6 bgp", "loopback", "route tunnel", "ipv6 tunnel", "bfd", "modp3072", "curve25519"]

BOTH: frozenset[Family] = frozenset({"ipv4-unicast", "ipv6-unicast"})
IPV4: frozenset[Family] = frozenset({"ipv4-unicast"})


@total_ordering
@dataclass(frozen=True, slots=True)
class Release:
    """A release of a device's software: `numbers` put it in order, `text` is how it is written."""

    numbers: tuple[int, ...]
    text: str = field(compare=False)

    def __lt__(self, other: "Release") -> bool:
        return self.numbers < other.numbers

    def __str__(self) -> str:
        return self.text


class Capabilities(Struct, frozen=True):
    """What one platform can do.

    `families` has, by what a session runs over, the address families that it can carry; a platform without BGP has
    none. `ipsec` says whether it ends tunnels, `bfd` and `rpki` whether sessions can use those, `roles` whether it
    tells a peer what it is to it (RFC 9234). `since` are the
    releases of `product` that brought a feature, where hosts differ. With `addressed`, an end of a tunnel is known
    by its outer address instead of by a name. `route_version` is the one IP version that its tunnel interfaces
    carry: that of the outer addresses, or IPv4; empty where they carry both. `bgp_packages` are the BGP daemons of
    which a host has one, where the platform leaves the choice. With `unfiltered`, those that pass every route in
    and out. With `filters`, rules that are not Routebook's decide whether echo requests through its tunnels are
    answered, so that none proves anything. With `every_word`, its templates render every word of policy and of
    sessions; without it those of the beginning, those in `words` (options of a session, fields of a route map's entry,
    kinds of lists), and the others are refused. With `chooses_router_id`, its configuration can leave the router ID
    of BGP to it. With `certificates`, a tunnel can be made with those, and with
    `several_children` have more than one child.
    """

    families: Mapping[Transport, frozenset[Family]]
    ipsec: bool
    bfd: bool
    rpki: bool
    drains: bool = True
    roles: bool = False
    addressed: bool = False
    route_version: Literal["", "outer", "ipv4"] = ""
    filters: bool = False
    every_word: bool = False
    chooses_router_id: bool = False
    words: frozenset[str] = frozenset()
    certificates: bool = False
    several_children: bool = False
    bgp_packages: tuple[str, ...] = ()
    unfiltered: frozenset[str] = frozenset()
    since: Mapping[Feature, Release] = msgspec.field(default_factory=dict)
    product: str = ""

    def has_word(self, word: str) -> bool:
        """Whether its templates render a word that not every platform has."""
        return self.every_word or word in self.words

    @property
    def bgp(self) -> bool:
        """Whether it speaks BGP at all."""
        return any(self.families.values())
