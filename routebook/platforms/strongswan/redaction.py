"""Showing swanctl files without their secrets, in such a way that a changed secret is still seen to change."""

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from routebook.platforms.strongswan.settings import SettingsError, parse

REDACTED = "<redacted>"
CHANGED = "<redacted, another value>"
NO_NEWLINE = "\\ No newline at end of file"

_SECRET_KEYS = frozenset({"secret", "pin"})
# For text that cannot be parsed: everything after the key, to the end of the line.
_LINE = re.compile(r"(?m)(\b(?:secret|pin)[ \t]*=[ \t]*)\S[^\n]*")


def redact(text: str) -> str:
    """The text with the value of every secret replaced."""
    return _replace(text, {}, REDACTED)


def diff(path: str, old: str | None, new: str | None) -> str:
    """A unified diff of one file, None for a file that does not exist; secrets that change are marked as changed.

    Each hunk says in which section its first change is.
    """
    before = _lines(_replace(old or "", {}, REDACTED))
    after = _lines(_replace(new or "", _values(old or ""), REDACTED if old is None else CHANGED))
    names = ("/dev/null" if old is None else path, "/dev/null" if new is None else path)
    found = list(difflib.unified_diff(before, after, *names, lineterm=""))
    for index, line in enumerate(found):
        if line.startswith("@@ "):
            found[index] = f"{line} {_section(found[index + 1 :], before, int(line.split()[1][1:].split(',')[0]))}"
    return "\n".join(line.rstrip(" ") if line.startswith("@@ ") else line for line in found)


def _section(hunk: Sequence[str], before: Sequence[str], first: int) -> str:
    """The section around the first changed line of a hunk that begins with the old line number `first`."""
    unchanged = next((index for index, line in enumerate(hunk) if line[:1] in "+-"), 0)
    sections: list[str] = []
    for line in before[: max(first - 1, 0) + unchanged]:
        text = line.partition("#")[0].strip()
        if text.endswith("{"):
            sections.append(text.removesuffix("{").partition(":")[0].strip())
        elif text == "}" and sections:
            sections.pop()
    return " / ".join(sections)


def _lines(text: str) -> list[str]:
    """The lines of a text, with diff's own words where the last one does not end."""
    *lines, rest = text.split("\n")
    return [*lines, f"{rest}\n{NO_NEWLINE}"] if rest else lines


def diffs(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """The diffs of all files that differ, in the order of their names."""
    paths = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    return "\n".join(diff(path, old.get(path), new.get(path)) for path in paths)


_Place = tuple[tuple[str, ...], str, int]
"""A setting's sections, its key, and how many of that key came before it there."""


def _spans(text: str) -> list[tuple[_Place, int, int, str]] | None:
    """Where the secrets of a text are, and their values."""
    try:
        root = parse(text, "")
    except SettingsError:
        return None
    seen: Counter[tuple[tuple[str, ...], str]] = Counter()
    found = []
    for path, setting in root.settings():
        if setting.key in _SECRET_KEYS and setting.end > setting.start:
            found.append(((path, setting.key, seen[path, setting.key]), setting.start, setting.end, setting.value))
            seen[path, setting.key] += 1
    return found


def _values(text: str) -> dict[_Place, str]:
    return {place: value for place, _, _, value in _spans(text) or []}


def _replace(text: str, earlier: Mapping[_Place, str], other: str) -> str:
    """The text without secrets: `other` stands for one that is not what it was at the same place."""
    spans = _spans(text)
    if spans is None:
        return _LINE.sub(rf"\g<1>{other}", text)
    for place, start, end, value in reversed(spans):
        text = text[:start] + (REDACTED if earlier.get(place) == value else other) + text[end:]
    return text
