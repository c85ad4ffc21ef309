"""ASA's words for what the models say in other people's: cipher suites, communities, prefixes, selectors.

From the command reference of ASA 9.16, in the spelling of `show running-config`.
"""

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network

from msgspec import Struct

from routebook.intent.ciphers import SuiteWords
from routebook.intent.fields import TCP_MD5_KEY, WELL_KNOWN_COMMUNITIES, community_order
from routebook.intent.model import HostIntent, IPNetwork, IpsecProposal, NeighborFamily, Tunnel
from routebook.intent.platform import UnfitValueError, Words
from routebook.platforms.asa.config import manifest
from routebook.platforms.asa.config.objects import objects
from routebook.platforms.asa.config.shared_router import ROUTER, is_option, names
from routebook.platforms.asa.config.tree import parse
from routebook.platforms.asa.names import AsaEnd

_ENCRYPTION = {
    "aes128": "aes", "aes192": "aes-192", "aes256": "aes-256",
    "aes128gcm16": "aes-gcm", "aes192gcm16": "aes-gcm-192", "aes256gcm16": "aes-gcm-256",
}  # fmt: skip
_HASHES = frozenset({"sha256", "sha384", "sha512"})
_GROUPS = {
    "modp2048": 14, "modp3072": 15, "modp4096": 16, "ecp256": 19, "ecp384": 20, "ecp521": 21, "curve25519": 31,
}  # fmt: skip
SUITES = SuiteWords(encryption=_ENCRYPTION, hashes=_HASHES, groups=_GROUPS)
_COMMUNITIES = frozenset({"internet", "local-AS", "no-advertise", "no-export"})  # the names that ASA knows

PART = "asa"
FIRST_POLICY, MOST_POLICIES = 64000, 100  # templates/asa/ownership.yaml owns the same numbers
DEFAULT_IKE_LIFETIME = 86400  # seconds
_LONGEST_KEY = 128  # characters: `pre-shared-key` in the command reference


class IkePolicy(Struct, frozen=True):
    """One `crypto ikev2 policy`; lifetime in seconds."""

    number: int
    encryption: str
    integrity: str
    group: int
    prf: str
    lifetime: int


class EspProposal(Struct, frozen=True):
    """One `crypto ipsec ikev2 ipsec-proposal`."""

    name: str
    encryption: str
    integrity: str


def ike_policies(tunnels: Iterable[Tunnel]) -> list[IkePolicy]:
    """One policy for each suite of the tunnels: ASA's policies are for all peers. In order of first use."""
    lifetimes: dict[IpsecProposal, int] = {}
    for tunnel in tunnels:
        for suite in tunnel.ike_proposals:
            lifetimes.setdefault(suite, tunnel.ike_rekey or DEFAULT_IKE_LIFETIME)
    return [
        IkePolicy(
            number=FIRST_POLICY + index,
            encryption=_ENCRYPTION[suite.encryption],
            integrity=suite.integrity or "null",
            group=_GROUPS[suite.dh_group],
            prf=(suite.prf or str(suite.integrity)).removeprefix("prf"),
            lifetime=lifetime,
        )
        for index, (suite, lifetime) in enumerate(lifetimes.items())
    ]


def esp_proposals(tunnels: Iterable[Tunnel]) -> list[EspProposal]:
    """The transforms of the tunnels, each once; the DH group is the profile's or the crypto map's."""
    found = (suite for tunnel in tunnels for suite in tunnel.esp_proposals)
    named = {
        esp_name(suite): EspProposal(esp_name(suite), _ENCRYPTION[suite.encryption], esp_integrity(suite))
        for suite in found
    }
    return [named[name] for name in sorted(named)]


def esp_integrity(suite: IpsecProposal) -> str:
    """sha256 is sha-256 in ESP, and only there."""
    return suite.integrity.replace("sha", "sha-") if suite.integrity else "null"


def esp_name(suite: IpsecProposal) -> str:
    """The name of the object that holds a suite's transform."""
    return "-".join(["RB", *(part.upper() for part in (suite.encryption, suite.integrity) if part)])


def dh_group(suite: IpsecProposal) -> int:
    """modp2048 is 14 (IANA's numbers)."""
    return _GROUPS[suite.dh_group]


def by_peer(tunnels: Iterable[Tunnel]) -> list[Tunnel]:
    """One tunnel for each remote address: what belongs to the peer is configured once."""
    return list({tunnel.remote_address: tunnel for tunnel in reversed(list(tunnels))}.values())[::-1]


def outside_interfaces(tunnels: Iterable[Tunnel]) -> list[str]:
    """The named interfaces that tunnels run over."""
    return sorted({tunnel.device.outside for tunnel in tunnels if isinstance(tunnel.device, AsaEnd)})


def crypto_maps(tunnels: Iterable[Tunnel]) -> list[tuple[str, str]]:
    """The crypto maps of policy-based tunnels, each with its interface."""
    ends = (tunnel.device for tunnel in tunnels if tunnel.mode == "policy")
    return sorted({(end.crypto_map, end.outside) for end in ends if isinstance(end, AsaEnd)})


def acl_network(network: IPNetwork) -> str:
    """A prefix in an access list."""
    if network.prefixlen == network.max_prefixlen:
        return f"host {network.network_address}"
    if network.prefixlen == 0:
        return f"any{network.version}"
    if isinstance(network, IPv4Network):
        return f"{network.network_address} {network.netmask}"
    return str(network)


def bgp_network(network: IPNetwork) -> str:
    """A prefix that BGP originates: without its mask where that is the one of the address's class."""
    if not isinstance(network, IPv4Network):
        return str(network)
    first = int(network.network_address) >> 24
    classful = 8 if first < 128 else 16 if first < 192 else 24
    if network.prefixlen == classful:
        return str(network.network_address)
    return f"{network.network_address} mask {network.netmask}"


def community(text: str) -> str:
    """A community as ASA keeps it with `bgp-community new-format`: names that it does not know are numbers."""
    if text in WELL_KNOWN_COMMUNITIES and text not in _COMMUNITIES:
        value = WELL_KNOWN_COMMUNITIES[text]
        return f"{value >> 16}:{value & 0xFFFF}"
    return text


def communities(texts: Iterable[str]) -> str:
    """Communities on one line, in the order of their values."""
    return " ".join(community(text) for text in sorted(set(texts), key=community_order))


def sent_communities(family: NeighborFamily) -> str | None:
    """What follows `send-community`: nothing for standard ones alone. None where none are sent."""
    withheld = set(family.withheld_communities)
    if {"standard", "extended"} <= withheld:
        return None
    if "standard" in withheld:
        return " extended"
    return " both" if withheld == {"large"} else ""


def nameif(host: HostIntent, address: object) -> str:
    """The name of the interface that has an address; empty for a tunnel's inner address."""
    return next(
        (i.device_name or i.name for i in host.interfaces for own in i.addresses if own.ip == address),
        "",
    )


def static_route(prefix: IPNetwork, tunnel: Tunnel) -> str:
    """A static route over a tunnel interface, to the other end's inner address."""
    if not isinstance(tunnel.device, AsaEnd):
        raise ValueError(f"tunnel {tunnel.name} does not end at an ASA here")
    end = f"{tunnel.remote_inner} {tunnel.route_metric}"
    if isinstance(prefix, IPv4Network):
        return f"route {tunnel.device.nameif} {prefix.network_address} {prefix.netmask} {end}"
    return f"ipv6 route {tunnel.device.nameif} {prefix} {end}"


def key(value: str) -> str:
    """A pre-shared key as one word of the command line."""
    return _word(value, _LONGEST_KEY)


def password(value: str) -> str:
    """A password of TCP MD5 as one word of the command line."""
    return _word(value, TCP_MD5_KEY)


def _word(value: str, most: int) -> str:
    if not value.isascii() or not value.isprintable() or any(character in " ?" for character in value):
        raise UnfitValueError(
            "has a character that ASA's command line does not take: it takes printable ASCII without spaces and "
            "question marks"
        )
    if len(value) > most:
        raise UnfitValueError(f"has more than {most} characters, the limit of ASA")
    if not value.strip("*"):
        raise UnfitValueError("is nothing but asterisks, which is how ASA hides a secret")
    return value


def adopted(name: str, part: str, text: str) -> list[str]:
    """Patterns for the objects of a section that a name means: of the top level, or in `router bgp` by their end.

    What the section does not say any more is its own by its kind, so that it goes.
    """
    if part != PART:
        return []
    top, inside = _objects(text)
    plain = re.sub(r"([*?[])", r"[\1]", name)
    named = any(line == name or line.startswith(f"{name} ") for line in top)
    within = sorted(each for each in inside if each == name or each.endswith(f" / {name}"))
    if not (named or within):
        kind = name.rpartition(" ")[0]
        named = bool(kind) and any(line.startswith(f"{kind} ") for line in top)
        routers = [line for line in top if line.startswith(ROUTER)] if name.startswith("neighbor ") else []
        within = [f"{router} / {name}" for router in routers]
    return [*((plain, f"{plain} *") if named else ()), *within]


def made(part: str, text: str) -> list[str]:
    """The names of a section's objects: of the top level, and in its router by their end where one is called so."""
    if part != PART:
        return []
    found: list[str] = []
    for key, nodes in objects(parse(text).commands).items():
        if not key[0].startswith(ROUTER):
            found.append(manifest.name_of(key, nodes))
            continue
        inside = sorted(name for name in names(nodes) if not is_option(name))
        ends = Counter(name.rpartition(" / ")[2] for name in inside)
        found += [end if ends[end] == 1 else name for name in inside for end in [name.rpartition(" / ")[2]]]
    return found


def managed(part: str, text: str) -> list[str]:
    """What a section owns as a whole on a host that says `manage: all`."""
    return [line for line in _objects(text)[0] if line.startswith(ROUTER)] if part == PART else []


@lru_cache(maxsize=4)
def _objects(text: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """The lines of a section at the top level, and the names of what is in its router."""
    nodes = parse(text).commands
    routers = [node for node in nodes if node.line.startswith(ROUTER)]
    inside = {f"{router.line} / {name}" for router in routers for name in names([router])}
    return tuple(node.line for node in nodes), frozenset(inside)


WORDS = Words(
    adopted=adopted,
    objects=made,
    managed=managed,
    encodings={"asa-key": key, "asa-password": password},
    filters={
        "asa_ike_policies": ike_policies,
        "asa_esp_proposals": esp_proposals,
        "asa_esp_name": esp_name,
        "asa_dh_group": dh_group,
        "asa_by_peer": by_peer,
        "asa_outside": outside_interfaces,
        "asa_crypto_maps": crypto_maps,
        "asa_acl": acl_network,
        "asa_network": bgp_network,
        "asa_community": community,
        "asa_communities": communities,
        "asa_nameif": nameif,
        "asa_sends": sent_communities,
        "asa_route": static_route,
    },
)
