"""The AS number in a BGP OPEN message, as devices show the one that they refused."""

import re

_CAUSE = re.compile(
    r"Message received that caused BGP to send a Notification:\s*((?:[0-9A-F]{2,8}\s+)+)", re.IGNORECASE
)
_HEADER, _OPEN, _FOUR_OCTETS = 19, 1, 65


def refused_as(shown: str) -> int | None:
    """The AS of the OPEN that a device shows, in hexadecimal, as what it answered with a NOTIFICATION; or None."""
    match = _CAUSE.search(shown + "\n")
    if match is None:
        return None
    digits = "".join(match[1].split())
    return as_of_open(bytes.fromhex(digits[: len(digits) // 2 * 2]))


def as_of_open(message: bytes) -> int | None:
    """The sender's AS: "My Autonomous System" (RFC 4271, section 4.2), or the capability for four octets (RFC 6793)."""
    if len(message) < _HEADER + 10 or message[18] != _OPEN:
        return None
    found = int.from_bytes(message[20:22])
    for code, value in _optional(message[29:]):
        for capability, content in _optional(value) if code == 2 else ():
            if capability == _FOUR_OCTETS and len(content) == 4:
                found = int.from_bytes(content)
    return found


def _optional(fields: bytes) -> list[tuple[int, bytes]]:
    """Each field of type, length and value, as far as they are whole."""
    found, at = [], 0
    while at + 2 <= len(fields):
        found.append((fields[at], fields[at + 2 : at + 2 + fields[at + 1]]))
        at += 2 + fields[at + 1]
    return found
