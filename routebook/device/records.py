"""What devices keep of runs, read as a stranger's text: each field of its type and in its bounds, or a ValueError.

Whoever can write on a device can write these, so nothing of them is used before it is checked here.
"""

import re
from collections.abc import Collection, Mapping
from typing import TypeVar, get_args

from routebook.device import strict_json
from routebook.device.errors import DriverError
from routebook.device.values import Lock, Pending, Phase

RUN = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
"""A run's id, whole: when it began (UTC), and a random number."""

CHANGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""The id of what can be armed: a run's, with `UNDOING` where it undoes one, or a NAPALM user's own; one file's name."""

LONGEST_LOCK = 1024 * 1024
"""Bytes of a lock. A decided wave has 200 bytes a host: room for 5,000 of them."""

LONGEST_RECORD = 4096
"""Bytes of any other record."""

_LONGEST_TEXT = 256  # characters of a holder, a host's name, a fingerprint
_LONGEST_DETAIL = 1000
_LATEST = 4_102_444_800.0  # 2100-01-01
_LONGEST_TIMER = 366 * 86400  # seconds

T = TypeVar("T", bound=str)


def read_lock(text: str) -> Lock:
    """The lock in a text. Raises ValueError; strict_json.CutOffError for the beginning of one."""
    found = members(strict_json.read(text, LONGEST_LOCK), {"run_id", "holder", "taken", "expires", "decided"})
    taken, expires = moment(found, "taken"), moment(found, "expires")
    if expires < taken:
        raise ValueError("`expires` is before `taken`")
    return Lock(run_of(found["run_id"]), printable(found, "holder"), taken, expires, _waves(found["decided"]))


def _waves(found: object) -> tuple[Mapping[str, str], ...]:
    if not isinstance(found, list):
        raise ValueError("`decided` is not a list")
    waves: list[Mapping[str, str]] = []
    seen: set[str] = set()
    for wave in found:
        if not isinstance(wave, dict) or not wave:
            raise ValueError("a wave of `decided` is not a list of hosts")
        if seen & wave.keys():
            raise ValueError("a host is in two waves of `decided`")
        seen |= wave.keys()
        waves.append({_printable(host, "a host"): printable(wave, host) for host in wave})
    return tuple(waves)


def pending(run_id: object, phase: object, remaining: object, detail: object) -> Pending:
    """A change that a device says it knows. Raises ValueError."""
    return Pending(change_of(run_id), one_of(phase, get_args(Phase)), seconds(remaining), free_text(detail))


def run_of(found: object) -> str:
    """A run's whole id. Raises ValueError."""
    if not isinstance(found, str) or not RUN.fullmatch(found):
        raise ValueError("`run_id` is not the id of a run")
    return found


def change_of(found: object) -> str:
    """The id of something that was armed: a file's name, never a path. Raises ValueError."""
    if not isinstance(found, str) or not CHANGE.fullmatch(found):
        raise ValueError("its name is not the id of a change")
    return found


def members(found: object, names: Collection[str]) -> Mapping[str, object]:
    """An object with exactly these members. Raises ValueError."""
    if not isinstance(found, dict):
        raise ValueError("it is not an object with named values")
    if found.keys() != set(names):
        odd = found.keys() ^ set(names)
        missing = sorted(set(names) & odd)
        raise ValueError(f"it lacks `{missing[0]}`" if missing else "it has values that no run writes")
    return found


def printable(found: Mapping[str, object], name: str) -> str:
    """A member that is a short text without control characters. Raises ValueError."""
    return _printable(found[name], f"`{name}`" if name.isidentifier() else "a value")


def _printable(text: object, what: str) -> str:
    if not isinstance(text, str) or not text or len(text) > _LONGEST_TEXT or not text.isprintable():
        raise ValueError(f"{what} is not a short text without control characters")
    return text


def moment(found: Mapping[str, object], name: str) -> float:
    """A member that is a time in seconds since the epoch, before 2100. Raises ValueError."""
    value = found[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise ValueError(f"`{name}` is not a time")
    return float(value)


def seconds(found: object) -> int:
    """How long a timer still runs, in seconds; what is over is 0. Raises ValueError."""
    if isinstance(found, str):
        found = int(found) if re.fullmatch(r"-?\d{1,12}", found) else None
    if isinstance(found, bool) or not isinstance(found, int) or found > _LONGEST_TIMER:
        raise ValueError("the time that is left is not a number of seconds")
    return max(0, found)


def one_of(found: object, known: Collection[T]) -> T:
    """One of the known words. Raises ValueError."""
    for word in known:
        if found == word:
            return word
    raise ValueError(f"{shown(found)} is none of {', '.join(sorted(known))}")


def free_text(found: object) -> str:
    """A device's own words in one line: cut where they are long, and with `?` for what cannot be printed."""
    if not isinstance(found, str):
        raise ValueError("its words are not a text")
    line = " ".join(found[: 4 * _LONGEST_DETAIL].split())
    plain = "".join(character if character.isprintable() else "?" for character in line)
    return plain if len(plain) <= _LONGEST_DETAIL else f"{plain[:_LONGEST_DETAIL]} …"


def shown(found: object) -> str:
    """A value for an error's text: short, in quotes, nothing that a terminal would obey."""
    return ascii(found if isinstance(found, str | int | float) else type(found).__name__)[:40]


def refusal(host: str, place: str, why: object, remedy: str) -> DriverError:
    """What to say of a record that is not one: where it is, what is wrong with it, and what to do."""
    return DriverError(f"{host}: {place} is not what a run leaves there: {why}; nothing was changed. {remedy}")
