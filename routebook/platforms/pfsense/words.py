"""pfSense's words for what the models say in other people's: interfaces, cipher suites, identities, OpenBGPD's rows.

From the source of pfSense (src/etc/inc/ipsec.inc: `$p1_ealgos`, `$p2_halgos`, `ipsec_convert_to_modp()`) and of its
packages (net/pfSense-pkg-OpenBGPD, net/pfSense-pkg-frr in pfsense/FreeBSD-ports).
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from routebook.intent.ciphers import SuiteWords
from routebook.intent.fields import TCP_MD5_KEY
from routebook.intent.model import (
    BgpHost,
    HostIntent,
    IpsecProposal,
    Neighbor,
    RouteMap,
    Tunnel,
)
from routebook.intent.platform import UnfitValueError, Words
from routebook.platforms.frr.words import word
from routebook.platforms.pfsense.adoption import adopted, objects
from routebook.platforms.pfsense.communities import communities, community

_INTERFACE = re.compile(r"wan|lan|opt[1-9][0-9]*")
_BGPD_WORD = re.compile(r"(?!\d+$)[A-Za-z0-9][A-Za-z0-9_.-]*")
_ENTITY = re.compile(r"&(#\d+|#[xX][0-9a-fA-F]+|\w+);")
CIPHERS = {
    **{f"aes{bits}": ("aes", bits) for bits in (128, 192, 256)},
    # the key length of a GCM cipher is that of its tag
    **{f"aes{bits}gcm{tag}": (f"aes{bits}gcm", tag * 8) for bits in (128, 192, 256) for tag in (8, 12, 16)},
}
_HASHES = frozenset({"sha256", "sha384", "sha512", "aesxcbc"})
GROUPS = {
    "modp2048": 14, "modp3072": 15, "modp4096": 16, "modp6144": 17, "modp8192": 18,
    "ecp256": 19, "ecp384": 20, "ecp521": 21, "ecp256bp": 28, "ecp384bp": 29, "ecp512bp": 30,
    "curve25519": 31, "curve448": 32,
}  # fmt: skip
SUITES = SuiteWords(encryption=CIPHERS, hashes=_HASHES, groups=GROUPS)
_LIFETIME = 28800  # seconds, that the web interface offers for phase 1
_CHILD_LIFETIME = 3600  # and for phase 2
_REKEY_AT = 0.9  # of the lifetime: ipsec_get_rekey_time()


def is_interface_name(name: str) -> bool:
    """Whether config.xml calls an interface so."""
    return _INTERFACE.fullmatch(name) is not None


class Cipher(Struct, frozen=True):
    """An entry of `encryption-algorithm`; `keylen` in bits."""

    name: str
    keylen: int


class Suite(Struct, frozen=True):
    """One `item` of a phase 1: with an AEAD cipher, the hash is what the PRF is made of."""

    cipher: Cipher
    hash: str
    prf: str
    group: int


class Identity(Struct, frozen=True):
    """`myid_type` or `peerid_type`, with its data."""

    type: str
    data: str


def cipher(suite: IpsecProposal) -> Cipher:
    """The cipher of a suite. aes256gcm16 is aes256gcm with a tag of 128 bits."""
    return Cipher(*CIPHERS[suite.encryption])


def ike_suites(tunnel: Tunnel) -> list[Suite]:
    """The tunnel's suites for IKE, in their order."""
    return [
        Suite(
            cipher=cipher(suite),
            hash=suite.integrity or str(suite.prf).removeprefix("prf"),
            prf=(suite.prf or str(suite.integrity)).removeprefix("prf"),
            group=GROUPS[suite.dh_group],
        )
        for suite in tunnel.ike_proposals
    ]


def ciphers(tunnel: Tunnel) -> list[Cipher]:
    """The ciphers of a phase 2."""
    return list(dict.fromkeys(cipher(suite) for suite in tunnel.esp_proposals))


def hashes(tunnel: Tunnel) -> list[str]:
    """The hashes of a phase 2, for those of its ciphers that need one."""
    return list(dict.fromkeys(f"hmac_{s.integrity}" for s in tunnel.esp_proposals if s.integrity))


def dh_group(suite: IpsecProposal) -> int:
    """modp2048 is 14 (IANA's numbers)."""
    return GROUPS[suite.dh_group]


def offered(suites: Sequence[IpsecProposal]) -> frozenset[tuple[str, str | None, int]]:
    """What a phase 2 with these suites offers: each cipher with each hash, all with the first one's DH group."""
    groups = {GROUPS[suite.dh_group] for suite in suites}
    with_hash = {suite.integrity for suite in suites if suite.integrity}
    return frozenset(
        (suite.encryption, found, group)
        for suite in suites
        for found in (with_hash if suite.integrity else {None})
        for group in groups
    )


def life_time(tunnel: Tunnel) -> int:
    """Seconds that an IKE SA lives; it is negotiated anew before."""
    return _LIFETIME if tunnel.ike_rekey is None else _above(tunnel.ike_rekey)


def child_life_time(tunnel: Tunnel) -> int:
    """Seconds that a CHILD_SA lives; it is negotiated anew before."""
    return _CHILD_LIFETIME if tunnel.child_rekey is None else _above(tunnel.child_rekey)


def _above(rekey: int) -> int:
    return int(rekey / _REKEY_AT) + 1


def identity(text: str) -> Identity:
    """An identity as strongSwan takes the same text for it: an address, a mail address, else a name."""
    if "@" in text.removeprefix("@"):
        return Identity("user_fqdn", text)
    if re.fullmatch(r"[0-9.]+", text) or ":" in text:
        return Identity("address", text)
    return Identity("fqdn", text.removeprefix("@"))


def interface(host: HostIntent, address: object) -> str:
    """What config.xml calls the interface that has an address. Raises LookupError."""
    for each in host.interfaces:
        if any(own.ip == address for own in each.addresses):
            return each.name
    raise LookupError(f"{host.name} has no interface with {address}")


def rows(neighbor: Neighbor, route_maps: Iterable[RouteMap]) -> list[tuple[str, str]]:
    """What the OpenBGPD package writes into a neighbor's block, parameter and value.

    It is written as it stands, so parameters that the web interface has no word for work as well.
    """
    found = [("remote-as", str(neighbor.remote_as)), ("local-address", str(neighbor.local_address))]
    if neighbor.ebgp_multihop not in (None, 1):
        found.append(("multihop", str(neighbor.ebgp_multihop)))
    if neighbor.ttl_security_hops is not None:
        found.append(("ttl-security yes", ""))
    if neighbor.hold_time is not None:
        found.append(("holdtime", str(neighbor.hold_time)))
    if neighbor.passive:
        found.append(("passive", ""))
    if neighbor.shutdown:
        found.append(("down", ""))
    by_name = {route_map.name: route_map for route_map in route_maps}
    for family in neighbor.families:
        if family.max_prefix is not None:
            found.append(("max-prefix", str(family.max_prefix)))
        if family.route_reflector_client:
            found.append(("route-reflector", ""))
        if family.next_hop_self:
            found.append(("set nexthop self", ""))
        for rule in by_name[family.route_map_in].rules if family.route_map_in else ():
            if rule.set_local_preference is not None:
                found.append(("set localpref", str(rule.set_local_preference)))
            if rule.set_med is not None:
                found.append(("set metric", str(rule.set_med)))
    return found


def networks(bgp: BgpHost) -> list[str]:
    """What OpenBGPD originates, as it stands after `network`."""
    taken = [
        f"inet{'' if each.family == 'ipv4-unicast' else '6'} {each.source}"
        + (f" set metric {each.metric}" if each.metric is not None else "")
        for each in bgp.redistribute
    ]
    return [*map(str, bgp.networks), *taken]


def redistribution(bgp: BgpHost, source: str) -> str:
    """What the FRR package calls it: no, a family, both, or a route map's name, which is for both."""
    found = [each for each in bgp.redistribute if each.source == source]
    if not found:
        return "no"
    if found[0].route_map is not None:
        return found[0].route_map
    return "yes" if len(found) > 1 else found[0].family.removesuffix("-unicast")


def key(value: str) -> str:
    """A key as pfSense's own form takes it (vpn_ipsec_phase1.php): ASCII; ipsec.inc trims it."""
    if not value.isascii():
        raise UnfitValueError("has a letter beyond ASCII, which pfSense does not take in a pre-shared key")
    if value != value.strip():
        raise UnfitValueError("begins or ends with a space, which pfSense takes off a pre-shared key")
    return _in_config_xml(value)


def openbgpd_password(value: str) -> str:
    """A password as bgpd.conf takes it (parse.y of OpenBGPD): a word that is no number, or quoted."""
    value = _in_config_xml(_tcp_md5(value, "bgpd.conf"))
    return value if _BGPD_WORD.fullmatch(value) else f'"{value}"'


def frr_password(value: str) -> str:
    """A password that frr.conf takes as a word, and setkey between double quotes."""
    return _in_config_xml(word(_tcp_md5(value, "setkey")))


def _tcp_md5(value: str, daemon: str) -> str:
    if not value.isascii() or not value.isprintable() or '"' in value or "\\" in value:
        raise UnfitValueError(f"has a character that {daemon} does not take: leave out quotes and backslashes")
    if len(value) > TCP_MD5_KEY:
        raise UnfitValueError(f"is longer than {TCP_MD5_KEY} bytes, the limit of TCP MD5")
    return value


def _in_config_xml(value: str) -> str:
    """A secret that config.xml keeps: pfSense decodes entities in it once more than it encodes them (xmlparse.inc)."""
    if _ENTITY.search(value):
        raise UnfitValueError("has something like `&lt;` in it, which pfSense reads as one character")
    return value


WORDS = Words(
    encodings={"pfsense-key": key, "pfsense-frr": frr_password, "openbgpd": openbgpd_password},
    filters={
        "pfsense_cipher": cipher,
        "pfsense_ciphers": ciphers,
        "pfsense_communities": communities,
        "pfsense_community": community,
        "pfsense_dh_group": dh_group,
        "pfsense_hashes": hashes,
        "pfsense_identity": identity,
        "pfsense_ike": ike_suites,
        "pfsense_interface": interface,
        "pfsense_lifetime": life_time,
        "pfsense_child_lifetime": child_life_time,
        "pfsense_networks": networks,
        "pfsense_redistribution": redistribution,
        "pfsense_rows": rows,
    },
    adopted=adopted,
    objects=objects,
)
