"""How much of a device's answer is taken, and for how long one may last: no answer is taken without a bound."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from routebook.device.errors import ConnectionFailedError, DriverError

ARGUMENTS = frozenset({"max_answer", "answer_timeout"})
"""What `optional_args` may say of it."""

QUIET = 0.5
"""Seconds without a byte after which a device that is late has fallen silent, rather than not finished."""

_MIB = 1024 * 1024
_MOST = 16 * _MIB  # the largest configurations that are known of are a few MiB
_LINE = 32  # bytes: of lines that are shorter on average, the number decides, as each costs more than its bytes
_SIZE = re.compile(r"(\d{1,15}) ?(B|KiB|MiB|GiB)?")
_UNITS = {"": 1, "B": 1, "KiB": 1024, "MiB": _MIB, "GiB": 1024 * _MIB}


class AnswerTooLongError(DriverError):
    """A device answers more than is taken of it. The reading stopped at once, and what came is thrown away."""

    def __init__(self, host: str, asked: str, most: str) -> None:
        super().__init__(
            f"{host}: the answer to {asked} is longer than {most}, and was not read on; the last command may or "
            "may not have happened. If this host's answers are right to be so long, raise optional_args max_answer",
            changed=True,
        )


class Limits(Struct, frozen=True):
    """`most` is in bytes, of one answer. `seconds` is how long each may last in all, where the caller allows less."""

    most: int = _MOST
    seconds: float = 0.0

    @property
    def lines(self) -> int:
        """The most lines of one answer."""
        return max(1000, self.most // _LINE)

    def check(self, size: int, lines: int, host: str, asked: str) -> None:
        """Raise AnswerTooLongError when an answer has more bytes or lines than this."""
        if size > self.most:
            raise AnswerTooLongError(host, asked, shown(self.most))
        if lines > self.lines:
            raise AnswerTooLongError(host, asked, f"{self.lines} lines")


def read_limits(host: str, arguments: Mapping[str, Any]) -> Limits:
    """The limits that `optional_args` ask for. Raises ConnectionFailedError for what is no size or no time."""
    size, seconds = arguments.get("max_answer", _MOST), arguments.get("answer_timeout", 0)
    found = _SIZE.fullmatch(str(size).strip())
    if found is None or int(found[1]) == 0:
        raise ConnectionFailedError(f"{host}: max_answer is a size like 64MiB, not {size!r}; nothing was changed")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 86_400:
        raise ConnectionFailedError(
            f"{host}: answer_timeout is a number of seconds, less than a day, not {seconds!r}; nothing was changed"
        )
    return Limits(int(found[1]) * _UNITS[found[2] or ""], float(seconds))


def shown(size: int) -> str:
    """A number of bytes for people."""
    for unit in ("GiB", "MiB", "KiB"):
        if size >= _UNITS[unit] and size % _UNITS[unit] == 0:
            return f"{size // _UNITS[unit]} {unit}"
    return f"{size} bytes"
