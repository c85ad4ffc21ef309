"""IPsec cipher suites: which keywords there are, which are too weak, and what two ends have in common."""

from collections.abc import Iterable, Sequence

from routebook.intent.model import IpsecProposal
from routebook.intent.problem import Mark, Problems, nearest
from routebook.intent.schema import ProposalInput

# libstrongswan/crypto/proposal/proposal_keywords_static.txt of strongSwan, as far as two implementations share it
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
# RFC 8247 and RFC 8221: MUST NOT or SHOULD NOT
_WEAK = frozenset({"3des", "sha1", "md5", "prfsha1", "prfmd5", "modp768", "modp1024", "modp1536", "ecp224"})


def proposals(written: Iterable[ProposalInput], protocol: str, problems: Problems) -> tuple[IpsecProposal, ...]:
    """The suites as models, best first; `protocol` is "IKE" or "ESP". Bad ones are reported and left out."""
    found = (_proposal(proposal, protocol, problems) for proposal in written)
    return tuple(dict.fromkeys(proposal for proposal in found if proposal))


def _proposal(written: ProposalInput, protocol: str, problems: Problems) -> IpsecProposal | None:
    good = True
    for option, known in (("encryption", _ENCRYPTION), ("integrity", _INTEGRITY), ("prf", _PRF), ("dh_group", _GROUPS)):
        word = getattr(written, option)
        if word is not None and word not in known:
            problems.error(written.mark(option), f"unknown {option} {word!r}", nearest(word, known))
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
    proposal = IpsecProposal.model_validate(written.given())
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


def common(wanted: Sequence[Sequence[IpsecProposal]]) -> tuple[IpsecProposal, ...]:
    """The suites that are in every list, in the order of the first."""
    return tuple(proposal for proposal in wanted[0] if all(proposal in others for others in wanted[1:]))


def keywords(proposal: IpsecProposal) -> str:
    """The suite as strongSwan writes it, for example aes256-sha256-modp2048."""
    parts = (proposal.encryption, proposal.integrity, proposal.prf, proposal.dh_group)
    return "-".join(part for part in parts if part)


def describe(suites: Iterable[IpsecProposal], mark: Mark | None = None) -> str:
    """Suites for a message, and where they are written."""
    text = ", ".join(keywords(suite) for suite in suites) or "none"
    return f"{text} ({mark})" if mark else text
