"""What each platform can carry, as far as an inventory can be refused for it. One row a platform."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import total_ordering
from typing import Literal

from routebook.intent.model import Family

Transport = Literal["link", "loopback", "tunnel"]
Feature = Literal["bgp", "ipv6 bgp", "loopback", "route tunnel", "ipv6 tunnel", "bfd", "modp3072", "curve25519"]

BOTH: frozenset[Family] = frozenset({"ipv4-unicast", "ipv6-unicast"})
IPV4: frozenset[Family] = frozenset({"ipv4-unicast"})
NONE: frozenset[Family] = frozenset()

_RELEASE = re.compile(r"(\d+)\.(\d+)\((\d+)\)(\d*)")


@total_ordering
@dataclass(frozen=True, slots=True, eq=True)
class Release:
    """A release of Cisco's: 9.16(4) is younger than 9.8(1)."""

    numbers: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> "Release":
        """The release that `show version` says, as 9.16(4) or 9.16(4)14. Raises ValueError."""
        found = _RELEASE.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no release; it is written as `show version` says it, for example 9.16(4)")
        return cls(tuple(int(part or 0) for part in found.groups()))

    def __lt__(self, other: "Release") -> bool:
        return self.numbers < other.numbers

    def __str__(self) -> str:
        major, minor, maintenance, interim = self.numbers
        return f"{major}.{minor}({maintenance}){interim or ''}"


@dataclass(frozen=True, slots=True)
class Platform:
    """Capabilities of one platform.

    `families` has, by what a session runs over, the address families that it can carry; a platform without
    BGP has none. `ipsec` says whether it ends tunnels, `bfd` and `rpki` whether sessions can use those.
    `since` are the releases that brought a feature, where hosts differ. With `addressed`, an end of a tunnel is
    known by its outer address instead of by a name, and interfaces are called by a `nameif`. `bgp_packages` are
    the BGP daemons of which a host has one, where the platform leaves the choice. With `unfiltered`, those that
    pass every route in and out. With `filters`, rules that are not Routebook's decide whether echo requests through
    its tunnels are answered, so that none proves anything.
    """

    families: Mapping[Transport, frozenset[Family]]
    ipsec: bool
    bfd: bool
    rpki: bool
    drains: bool = True
    called: str = ""  # in a sentence
    netmiko: str = "linux"  # what netmiko calls its command line
    netmiko_extras: Mapping[str, str] = field(default_factory=dict)  # what it needs there besides a login
    addressed: bool = False
    filters: bool = False
    bgp_packages: tuple[str, ...] = ()
    unfiltered: frozenset[str] = frozenset()
    since: Mapping[Feature, Release] = field(default_factory=dict)

    @property
    def bgp(self) -> bool:
        """Whether it speaks BGP at all."""
        return any(self.families.values())


_FRR: dict[Transport, frozenset[Family]] = {"link": BOTH, "loopback": BOTH, "tunnel": BOTH}

# Cisco's release notes and configuration guides: "BGP over VTI … IPv6 is not supported" (9.16, 9.18).
_ASA_SINCE: dict[Feature, str] = {
    "bgp": "9.2(1)",
    "ipv6 bgp": "9.3(2)",
    "bfd": "9.6(2)",
    "route tunnel": "9.8(1)",  # VTI is of 9.7(1), with IKEv2 of 9.8(1)
    "modp3072": "9.13(1)",
    "ipv6 tunnel": "9.16(1)",
    "curve25519": "9.16(1)",
    "loopback": "9.18(2)",
}

PLATFORMS: dict[str, Platform] = {
    "frr": Platform(families=_FRR, ipsec=False, bfd=True, rpki=True),
    "strongswan": Platform(families={}, ipsec=True, bfd=False, rpki=False),
    "edge": Platform(families=_FRR, ipsec=True, bfd=True, rpki=True),
    "asa": Platform(
        families={"link": BOTH, "loopback": BOTH, "tunnel": IPV4},
        ipsec=True,
        bfd=True,
        rpki=False,
        drains=False,
        addressed=True,
        filters=True,
        called="an ASA",
        netmiko="cisco_asa",
        # Without an enable password netmiko types `login`, also where the session has its level already.
        netmiko_extras={"secret": " "},
        since={feature: Release.parse(release) for feature, release in _ASA_SINCE.items()},
    ),
    # Its tunnel interfaces negotiate 0.0.0.0/0 and nothing of IPv6 (ipsec_setup_vtireq() in src/etc/inc/ipsec.inc).
    "pfsense": Platform(
        families={"link": BOTH, "loopback": BOTH, "tunnel": IPV4},
        ipsec=True,
        bfd=False,
        rpki=False,
        drains=False,
        filters=True,
        called="a pfSense",
        bgp_packages=("openbgpd", "frr"),
        unfiltered=frozenset({"openbgpd"}),
    ),
}
