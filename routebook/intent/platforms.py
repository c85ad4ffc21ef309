"""What each platform can carry, as far as an inventory can be refused for it. One row a platform."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from routebook.intent.model import Family

Transport = Literal["link", "loopback", "tunnel"]

BOTH: frozenset[Family] = frozenset({"ipv4-unicast", "ipv6-unicast"})
NONE: frozenset[Family] = frozenset()


@dataclass(frozen=True, slots=True)
class Platform:
    """Capabilities of one platform.

    `families` has, by what a session runs over, the address families that it can carry; a platform without
    BGP has none. `ipsec` says whether it ends tunnels, `bfd` and `rpki` whether sessions can use those.
    """

    families: Mapping[Transport, frozenset[Family]]
    ipsec: bool
    bfd: bool
    rpki: bool

    @property
    def bgp(self) -> bool:
        """Whether it speaks BGP at all."""
        return any(self.families.values())


_FRR: dict[Transport, frozenset[Family]] = {"link": BOTH, "loopback": BOTH, "tunnel": BOTH}

PLATFORMS: dict[str, Platform] = {
    "frr": Platform(families=_FRR, ipsec=False, bfd=True, rpki=True),
    "strongswan": Platform(families={}, ipsec=True, bfd=False, rpki=False),
    "edge": Platform(families=_FRR, ipsec=True, bfd=True, rpki=True),
}
