"""What the readers of `show` outputs share: the errors, addresses behind names, durations and AS numbers."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address

from routebook.device.errors import DriverError
from routebook.device.state import IPAddress

Names = Mapping[str, str]
"""What `names` of the configuration put in the place of addresses: name to address."""

NO_NAMES: Names = {}

_DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)? ?(?:(\d+)h)?(?::?(\d+)m)?(?::?(\d+)s)?")
_CLOCK = re.compile(r"(?:(\d+)d\s*)?(\d+):(\d\d):(\d\d)")


class UnknownOutputError(DriverError):
    """An output that no rule here recognises, or that is cut off: what the device's state is, is not known."""

    def __init__(self, command: str, reason: str, line: str = "") -> None:
        shown = f": {line.strip()!r}" if line.strip() else ""
        super().__init__(f"the answer to `{command}` {reason}{shown}; so its state is not known, nothing was changed")


def check_some_or_none(command: str, what: str, text: str, *, some: bool, none: bool) -> None:
    """Raise UnknownOutputError unless an output shows `what` there is, or says in words that there is none."""
    if not some and not none:
        raise UnknownOutputError(command, f"says neither what {what} there are nor that there are none", text[:80])
    if some and none:
        raise UnknownOutputError(command, f"says that there are no {what}, and shows some")


class UnknownNameError(DriverError):
    """An output has a name in the place of an address, and `show names` was not asked yet, or does not have it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} stands for an address that `show names` does not have; nothing was changed")
        self.name = name


def lines(text: str) -> Iterator[str]:
    """The lines of an output that have something in them, without what is around it."""
    return filter(None, map(str.strip, text.splitlines()))


def address(text: str, names: Names) -> IPAddress:
    """The address that `text` is, or stands for. Raises UnknownNameError."""
    try:
        return ip_address(names.get(text, text).partition("%")[0])
    except ValueError:
        raise UnknownNameError(text) from None


def seconds(text: str) -> int | None:
    """A duration as ASA prints it: "00:04:14", "4d06h", "1y2w", "2d 16h:38m:29s", "6:16:26"; None for "never"."""
    text = text.strip()
    if text == "never":
        return None
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        days, hours, minutes, left = (int(part or 0) for part in clock.groups())
        return days * 86400 + hours * 3600 + minutes * 60 + left
    parts = _DURATION.fullmatch(text)
    if parts is None or not text:
        raise ValueError(f"{text!r} is not a duration")
    factors = (365 * 86400, 7 * 86400, 86400, 3600, 60, 1)
    return sum(int(part or 0) * factor for part, factor in zip(parts.groups(), factors, strict=True))


def as_number(text: str) -> int:
    """An AS number, in plain or dotted notation (RFC 5396). Raises ValueError."""
    high, dot, low = text.partition(".")
    return int(high) * 65536 + int(low) if dot else int(high)
