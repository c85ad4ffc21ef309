"""Changing the other lists whose lines have an order: address translation, banners, boot images."""

import re
from collections.abc import Sequence

from routebook.platforms.asa.config import access_lists
from routebook.platforms.asa.config.alignment import common
from routebook.platforms.asa.config.objects import Key

_LINE = re.compile(r"(access-list \S+) line \d+ ")
_NAT = re.compile(r"(?P<head>nat \([^)]*\)(?: after-auto)?)(?: (?P<number>\d+))?(?= source )")


def forward(key: Key, old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The fewest commands that turn a list, known to be `old`, into `new`."""
    if key[0] == "access-list":
        return access_lists.forward(key[1], old, new)
    if key[0] == "banner":
        grown = bool(old) and list(new[: len(old)]) == list(old)
        return list(new[len(old) :]) if grown else [*([f"no {' '.join(key)}"] if old else []), *new]
    if key[0] == "nat":
        return [line for after in (False, True) for line in _translations(_section(old, after), _section(new, after))]
    start = _shared(old, new)
    return [f"no {line}" for line in reversed(old[start:])] + list(new[start:])


def undo(key: Key, old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The commands that bring the list back to `old` after any number of the commands of `forward`."""
    if key[0] == "access-list":
        return access_lists.undo(key[1], old, new)
    if key[0] == "banner":
        return [f"no {' '.join(key)}", *old]
    if key[0] == "nat":
        return [
            line for after in (False, True) for line in _translations_back(_section(old, after), _section(new, after))
        ]
    start = _shared(old, new)
    return [f"no {line}" for line in dict.fromkeys([*new[start:], *old[start:]])] + list(old[start:])


def kept(key: Key, old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Where (in old, in new) lines are that `forward` leaves in place, unless it takes the whole list away."""
    if key[0] == "access-list":
        return list(access_lists.kept(old, new))
    if key[0] != "nat":
        return common(old, new)
    found = []
    for after in (False, True):
        left = [index for index, line in enumerate(old) if is_after_auto(line) == after]
        right = [index for index, line in enumerate(new) if is_after_auto(line) == after]
        pairs = common([old[index] for index in left], [new[index] for index in right])
        found += [(left[row], right[column]) for row, column in pairs]
    return found


def is_after_auto(line: str) -> bool:
    """Whether a translation is in the section that comes after the objects' own translations."""
    found = _NAT.match(line)
    return found is not None and found["head"].endswith(" after-auto")


def at(line: str, number: int) -> str:
    """The command that makes a translation the one with that number of its section."""
    return _NAT.sub(lambda found: f"{found['head']} {number}", line, count=1)


def place(line: str) -> tuple[str, int | None]:
    """A translation without the number of its place, and that number."""
    found = _NAT.match(line)
    if not found or not found["number"]:
        return line, None
    return found["head"] + line[found.end() :], int(found["number"])


def unplaced(line: str) -> str:
    """A line of a list without the number of its place."""
    return place(_LINE.sub(r"\g<1> ", line))[0]


def _translations(old: Sequence[str], new: Sequence[str]) -> list[str]:
    pairs = common(old, new)
    staying = {left for left, _ in pairs}
    gone = [line for index, line in enumerate(old) if index not in staying]
    return [*(f"no {line}" for line in reversed(gone)), *_insert(new, {right for _, right in pairs})]


def _translations_back(old: Sequence[str], new: Sequence[str]) -> list[str]:
    pairs = common(old, new)
    stays, there = {left for left, _ in pairs}, {right for _, right in pairs}
    gone = [line for index, line in enumerate(new) if index not in there]
    return [
        *(f"no {line}" for line in gone),
        *(at(line, index + 1) for index, line in enumerate(old) if index not in stays),
    ]


def _insert(new: Sequence[str], there: set[int]) -> list[str]:
    last = max(there, default=-1)
    return [line if index > last else at(line, index + 1) for index, line in enumerate(new) if index not in there]


def _section(lines: Sequence[str], after: bool) -> list[str]:
    return [line for line in lines if is_after_auto(line) == after]


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    count = 0
    while count < min(len(old), len(new)) and old[count] == new[count]:
        count += 1
    return count
