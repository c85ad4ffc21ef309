"""Why a session or a tunnel is not up, as far as one end's logs say it, in words that are no vendor's."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from msgspec import Struct

AS_TRANS = 23456


class Reason(StrEnum):
    """What a log can say of a BGP session (the first three), of a tunnel, or of either."""

    PEER_AS = "peer-as"  # the peer's OPEN has another AS number than this end expects
    AS_REFUSED = "as-refused"  # one end ended the attempt for the other's AS number (RFC 4271, section 6.2)
    TCP_MD5 = "tcp-md5"  # segments came with a wrong digest, or without the one that is expected (RFC 2385)
    KEY_MISMATCH = "key-mismatch"  # this end tried its pre-shared key, and it is not the peer's
    NO_KEY = "no-key"  # this end has no pre-shared key for the peer's identity and its own
    IDENTITY = "identity"  # nothing configured here expects the peer's identity
    NO_CONNECTION = "no-connection"  # nothing configured here is for the peer's address and IKE version
    NOT_INSTALLED = "not-installed"  # this end's kernel did not take the SAs or their policies
    SELECTORS = "selectors"
    PROPOSALS = "proposals"  # no cipher suite in common
    KEY_EXCHANGE = "key-exchange"  # no key exchange group in common
    AUTHENTICATION = "authentication"
    NO_ANSWER = "no-answer"
    UNKNOWN = "unknown"  # trouble that is for people to read


class Cause(Struct, frozen=True):
    """One reason, and the log lines that say it, without secrets.

    `from_peer`: the other end said so in a notification, which found out and knows more. The numbers and
    texts are there where the lines have them: the AS numbers of PEER_AS, the suites of PROPOSALS (each beginning with
    IKE or ESP), in `local` the address of this end, where one peer may have several tunnels here, and in `remote` the
    peer's, where the lines are of whoever came from there. `of_all`: what was counted is of all peers, so that it
    says nothing of one among several. `dated`: the lines have a time, so that they are of what happens now.
    """

    reason: Reason
    evidence: tuple[str, ...]
    from_peer: bool = False
    found_as: int = 0
    expected_as: int = 0
    offered: str = ""
    accepted: str = ""
    local: str = ""
    remote: str = ""
    of_all: bool = False
    dated: bool = True


class Saying(Struct, frozen=True):
    """How a daemon says a reason: a line that has `pattern` in it, with its AS numbers as groups of those names.

    With `data`, these are the octets of a NOTIFICATION's data, in hexadecimal digits.
    """

    pattern: re.Pattern[str]
    reason: Reason
    from_peer: bool = False
    data: bool = False

    def heard(self, line: str) -> Cause | None:
        """The cause, if the line says it."""
        match = self.pattern.search(line)
        if match is None:
            return None
        numbers: dict[str, Any] = {name: self._number(value) for name, value in match.groupdict().items()}
        if AS_TRANS in numbers.values():
            return None  # which stands for every AS that does not fit (RFC 6793)
        return Cause(self.reason, (line,), self.from_peer, **numbers)

    def _number(self, text: str) -> int:
        if self.data:
            return int("".join(text.split()), 16)
        high, dot, low = text.partition(".")
        return (int(high) << 16) + int(low) if dot else int(high)


def cause_of(line: str, sayings: Iterable[Saying]) -> Cause | None:
    """What a line says, by the first of `sayings` that fits it; None where none does."""
    return next((cause for saying in sayings if (cause := saying.heard(line)) is not None), None)
