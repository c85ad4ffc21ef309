"""Whether the algorithms of an SA are those of a proposal: proposal keywords against IANA's names.

docs/inventory.md says where the keywords come from; the names are those
of the IKEv2 transform registries (RFC 7296 section 3.3.2) as a daemon prints them.
"""

import re
from collections.abc import Iterable

from routebook.device.state import ChildSa, IkeSa
from routebook.intent.model import IpsecProposal

_INTEGRITY = {
    "md5": "HMAC_MD5_96",
    "sha": "HMAC_SHA1_96",
    "sha1": "HMAC_SHA1_96",
    "sha1_160": "HMAC_SHA1_160",
    "sha256_96": "HMAC_SHA2_256_96",
    "sha256": "HMAC_SHA2_256_128",
    "sha2_256": "HMAC_SHA2_256_128",
    "sha384": "HMAC_SHA2_384_192",
    "sha2_384": "HMAC_SHA2_384_192",
    "sha512": "HMAC_SHA2_512_256",
    "sha2_512": "HMAC_SHA2_512_256",
    "aesxcbc": "AES_XCBC_96",
    "aescmac": "AES_CMAC_96",
}
_PRF = {
    "md5": "PRF_HMAC_MD5",
    "sha": "PRF_HMAC_SHA1",
    "sha1": "PRF_HMAC_SHA1",
    "sha256": "PRF_HMAC_SHA2_256",
    "sha2_256": "PRF_HMAC_SHA2_256",
    "sha384": "PRF_HMAC_SHA2_384",
    "sha2_384": "PRF_HMAC_SHA2_384",
    "sha512": "PRF_HMAC_SHA2_512",
    "sha2_512": "PRF_HMAC_SHA2_512",
    "aesxcbc": "PRF_AES128_XCBC",
    "aescmac": "PRF_AES128_CMAC",
}
_GROUP_WITHOUT_PATTERN = {
    "curve25519": "CURVE_25519",
    "x25519": "CURVE_25519",
    "curve448": "CURVE_448",
    "x448": "CURVE_448",
}


def encryption_name(keyword: str) -> str:
    """The name in list-sas of an encryption keyword: `aes256gcm16` is AES_GCM_16-256."""
    keyword = keyword.lower()
    if match := re.fullmatch(r"(aes|camellia)(\d{3})?(gcm|ccm)(\d+)", keyword):
        cipher, size, mode, tag = match.groups()
        octets = int(tag) // 8 if int(tag) > 16 else int(tag)
        return f"{cipher.upper()}_{mode.upper()}_{octets}-{size or 128}"
    if match := re.fullmatch(r"(aes|camellia)(\d{3})?(ctr|cbc)?", keyword):
        cipher, size, mode = match.groups()
        return f"{cipher.upper()}_{(mode or 'cbc').upper()}-{size or 128}"
    if keyword.startswith("chacha20poly1305"):
        return "CHACHA20_POLY1305"
    return {"3des": "3DES_CBC", "null": "NULL"}.get(keyword, keyword.upper())


def integrity_name(keyword: str) -> str:
    """The name in list-sas of an integrity keyword: `sha256` is HMAC_SHA2_256_128."""
    return _INTEGRITY.get(keyword.lower(), keyword.upper())


def prf_name(keyword: str) -> str:
    """The name in list-sas of a PRF keyword: `prfsha256` is PRF_HMAC_SHA2_256."""
    return _PRF.get(keyword.lower().removeprefix("prf"), keyword.upper())


def group_name(keyword: str) -> str:
    """The name in list-sas of a key exchange keyword: `modp2048` is MODP_2048, `ecp256` is ECP_256."""
    keyword = keyword.lower()
    if match := re.fullmatch(r"(modp|ecp)(\d+)(bp|s\d+)?", keyword):
        kind, bits, variant = match.groups()
        if variant == "bp":
            return f"{kind.upper()}_{bits}_BP"
        # modp2048s256: the 2048-bit group with a 256-bit prime order subgroup (RFC 5114)
        return f"{kind.upper()}_{bits}_{variant[1:]}" if variant else f"{kind.upper()}_{bits}"
    return _GROUP_WITHOUT_PATTERN.get(keyword, keyword.upper())


def ike_matches(sa: IkeSa, proposals: Iterable[IpsecProposal]) -> bool:
    """Whether the IKE SA uses one of the proposals. A PRF that is in neither or not shown is right."""
    return any(
        _same(sa.encryption, encryption_name(proposal.encryption))
        and _integrity_matches(sa.integrity, proposal)
        and _same(sa.dh_group, group_name(proposal.dh_group))
        and _prf_matches(sa.prf, proposal)
        for proposal in proposals
    )


def child_matches(child: ChildSa, proposals: Iterable[IpsecProposal]) -> bool:
    """Whether the CHILD_SA uses one of the proposals.

    A child that came with IKE_AUTH has no key exchange of its own (RFC 7296 section 1.2): an empty group is right.
    """
    return any(
        _same(child.encryption, encryption_name(proposal.encryption))
        and _integrity_matches(child.integrity, proposal)
        and (not child.dh_group or _same(child.dh_group, group_name(proposal.dh_group)))
        for proposal in proposals
    )


def ike_suite(sa: IkeSa) -> str:
    """The IKE SA's algorithms on one line."""
    return "/".join(part for part in (sa.encryption, sa.integrity, sa.prf, sa.dh_group) if part)


def child_suite(child: ChildSa) -> str:
    """The CHILD_SA's algorithms on one line."""
    return "/".join(part for part in (child.encryption, child.integrity, child.dh_group) if part)


def proposal_suite(proposals: Iterable[IpsecProposal]) -> str:
    """Proposals in the names of list-sas, separated by "or"."""
    suites = []
    for proposal in proposals:
        parts = [encryption_name(proposal.encryption)]
        if proposal.integrity and not proposal.aead:
            parts.append(integrity_name(proposal.integrity))
        if proposal.prf:
            parts.append(prf_name(proposal.prf))
        suites.append("/".join([*parts, group_name(proposal.dh_group)]))
    return " or ".join(suites)


def _integrity_matches(name: str, proposal: IpsecProposal) -> bool:
    if proposal.aead or not proposal.integrity:
        return not name or name.upper() in ("NONE", "UNDEFINED")
    return _same(name, integrity_name(proposal.integrity))


def _prf_matches(name: str, proposal: IpsecProposal) -> bool:
    if not name:
        return True  # not every device shows it
    if proposal.prf:
        return _same(name, prf_name(proposal.prf))
    # A daemon derives the PRF from the integrity algorithm; an AEAD cipher has none to derive it from.
    derived = proposal.integrity and not proposal.aead
    return not derived or _same(name, prf_name(str(proposal.integrity)))


def _same(one: str, other: str) -> bool:
    return re.sub(r"[^A-Z0-9]", "", one.upper()) == re.sub(r"[^A-Z0-9]", "", other.upper())
