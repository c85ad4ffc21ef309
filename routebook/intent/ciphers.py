"""IPsec cipher suites: the keywords, which are too weak or unknown to a platform, and what two ends have in common."""

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from routebook.intent.model import IpsecProposal
from routebook.intent.problem import Mark, Problems, nearest

if TYPE_CHECKING:
    from routebook.intent.schema import ProposalInput

# Proposal keywords (docs/inventory.md says where they come from), as far as two implementations share them
_ENCRYPTION = frozenset(
    f"aes{bits}{mode}"
    for bits in (128, 192, 256)
    for mode in ("", "ctr", "gcm8", "gcm12", "gcm16", "ccm8", "ccm12", "ccm16")
) | {"chacha20poly1305", "3des"}
_INTEGRITY = frozenset({"sha256", "sha384", "sha512", "sha1", "md5", "aesxcbc", "aescmac"})
_PRF = frozenset({"prfsha256", "prfsha384", "prfsha512", "prfsha1", "prfmd5", "prfaesxcbc", "prfaescmac"})
_GROUPS = frozenset(
    {"modp768", "modp1024", "modp1536", "modp2048", "modp3072", "modp4096", "modp6144", "modp8192"}
    | {"ecp224", "ecp256", "ecp384", "ecp521", "ecp256bp", "ecp384bp", "ecp512bp", "curve25519", "curve448"}
)
# IANA's numbers of key exchange methods of IKEv2, by which firewalls name them
_GROUP_NUMBERS = {
    "14": "modp2048", "15": "modp3072", "16": "modp4096", "19": "ecp256", "20": "ecp384", "21": "ecp521",
    "31": "curve25519",
}  # fmt: skip
# RFC 8247 and RFC 8221: MUST NOT or SHOULD NOT
_WEAK = frozenset({"3des", "sha1", "md5", "prfsha1", "prfmd5", "modp768", "modp1024", "modp1536", "ecp224"})


def proposals(written: Iterable["ProposalInput"], protocol: str, problems: Problems) -> tuple[IpsecProposal, ...]:
    """The suites as models, best first; `protocol` is "IKE" or "ESP". Bad ones are reported and left out."""
    found = (_proposal(proposal, protocol, problems) for proposal in written)
    return tuple(dict.fromkeys(proposal for proposal in found if proposal))


def _proposal(written: "ProposalInput", protocol: str, problems: Problems) -> IpsecProposal | None:
    good = True
    for option, known in (("encryption", _ENCRYPTION), ("integrity", _INTEGRITY), ("prf", _PRF), ("dh_group", _GROUPS)):
        word = getattr(written, option)
        if word is not None and word not in known:
            problems.error(written.mark(option), f"unknown {option} {word!r}", _meant(word, known))
            good = False
        elif word in _WEAK:
            problems.error(
                written.mark(option),
                f"{word} is too weak (RFC 8247)",
                "take AES-256 with SHA-256, and modp2048 or better",
            )
            good = False
    if not good:
        return None
    proposal = IpsecProposal(**written.given())
    if proposal.aead and proposal.integrity:
        problems.error(written.mark("integrity"), f"{proposal.encryption} authenticates by itself", "remove integrity")
        return None
    if not proposal.aead and not proposal.integrity:
        problems.error(written.mark(), f"{proposal.encryption} needs an integrity algorithm", "write integrity: sha256")
        return None
    if protocol == "IKE" and proposal.aead and not proposal.prf:
        problems.error(written.mark(), f"{proposal.encryption} for IKE needs a PRF", "write prf: prfsha256")
        return None
    if protocol == "ESP" and proposal.prf:
        problems.error(written.mark("prf"), "ESP has no PRF", "remove prf")
        return None
    return proposal


def _meant(word: str, known: Collection[str]) -> str:
    """The fix for a keyword that there is not: an AEAD's without its length means the full one."""
    plain = word.lower().replace("-", "").replace("_", "").replace(" ", "").removeprefix("group")
    wanted = _GROUP_NUMBERS.get(plain, f"{plain}16")
    return f"did you mean {wanted!r}?" if wanted in known else nearest(word, known)


def common(wanted: Sequence[Sequence[IpsecProposal]]) -> tuple[IpsecProposal, ...]:
    """The suites that are in every list, in the order of the first."""
    return tuple(proposal for proposal in wanted[0] if all(proposal in others for others in wanted[1:]))


def keywords(proposal: IpsecProposal) -> str:
    """The suite in proposal keywords, for example aes256-sha256-modp2048."""
    parts = (proposal.encryption, proposal.integrity, proposal.prf, proposal.dh_group)
    return "-".join(part for part in parts if part)


def describe(suites: Iterable[IpsecProposal], mark: Mark | None = None) -> str:
    """Suites for a message, and where they are written."""
    text = ", ".join(keywords(suite) for suite in suites) or "none"
    return f"{text} ({mark})" if mark else text


class SuiteWords(Struct, frozen=True):
    """The keywords of cipher suites that a platform has words for; its PRFs are made of its hashes."""

    encryption: Collection[str]
    hashes: frozenset[str]
    groups: Collection[str]

    def missing(self, suite: IpsecProposal) -> dict[str, str]:
        """The parts of a suite that the platform has no word for, by field."""
        wrong = {}
        if suite.encryption not in self.encryption:
            wrong["encryption"] = suite.encryption
        if suite.integrity is not None and suite.integrity not in self.hashes:
            wrong["integrity"] = suite.integrity
        if suite.prf is not None and suite.prf.removeprefix("prf") not in self.hashes:
            wrong["prf"] = suite.prf
        if suite.dh_group not in self.groups:
            wrong["dh_group"] = suite.dh_group
        return wrong

    def known(self, field: str) -> str:
        """The keywords of a field, for a message."""
        words: dict[str, Iterable[str]] = {
            "encryption": self.encryption,
            "integrity": sorted(self.hashes),
            "prf": [f"prf{name}" for name in sorted(self.hashes)],
            "dh_group": self.groups,
        }
        return ", ".join(words[field])


def check_suites(
    what: str,
    words: SuiteWords,
    shared: Iterable[IpsecProposal],
    written: Sequence["ProposalInput"],
    mark: Mark,
    problems: Problems,
) -> None:
    """Report the suites of a tunnel that a platform cannot do, where they are written."""
    for suite in shared:
        for part, word in words.missing(suite).items():
            problems.error(
                mark_of(suite, part, written, mark),
                f"{what} has no {word}",
                f"take one of {words.known(part)}, or say what it can do: data: {{ipsec: {{ike: […], esp: […]}}}}",
            )


def mark_of(suite: IpsecProposal, part: str, written: Iterable["ProposalInput"], mark: Mark) -> Mark:
    """Where a part of a suite is written; `mark` where it follows from what nobody wrote."""
    for each in written:
        if IpsecProposal(**each.given()) == suite:
            return each.mark(part)
    return mark
