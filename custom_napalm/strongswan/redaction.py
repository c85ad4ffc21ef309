"""Showing swanctl files without their secrets, in such a way that a changed secret is still seen to change."""

import difflib
import re
from collections.abc import Mapping

from custom_napalm.strongswan.settings import SettingsError, parse

REDACTED = "<redacted>"
CHANGED = "<redacted, another value>"

_SECRET_KEYS = frozenset({"secret", "pin"})
# For text that cannot be parsed: everything after the key, to the end of the line.
_LINE = re.compile(r"(?m)(\b(?:secret|pin)[ \t]*=[ \t]*)\S[^\n]*")


def redact(text: str) -> str:
    """The text with the value of every secret replaced."""
    return _replace(text, frozenset(), REDACTED)


def diff(path: str, old: str | None, new: str | None) -> str:
    """A unified diff of one file, None for a file that does not exist; secrets that change are marked as changed."""
    same = _values(old or "") & _values(new or "")
    before = _replace(old or "", same, REDACTED).splitlines()
    after = _replace(new or "", same, CHANGED if old is not None else REDACTED).splitlines()
    names = ("/dev/null" if old is None else path, "/dev/null" if new is None else path)
    return "\n".join(difflib.unified_diff(before, after, *names, lineterm=""))


def diffs(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """The diffs of all files that differ, in the order of their names."""
    paths = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    return "\n".join(diff(path, old.get(path), new.get(path)) for path in paths)


def _spans(text: str) -> list[tuple[int, int, str]] | None:
    try:
        root = parse(text, "")
    except SettingsError:
        return None
    return [
        (setting.start, setting.end, setting.value)
        for _, setting in root.settings()
        if setting.key in _SECRET_KEYS and setting.end > setting.start
    ]


def _values(text: str) -> frozenset[str]:
    return frozenset(value for _, _, value in _spans(text) or [])


def _replace(text: str, same: frozenset[str], other: str) -> str:
    spans = _spans(text)
    if spans is None:
        return _LINE.sub(rf"\g<1>{other}", text)
    for start, end, value in reversed(spans):
        text = text[:start] + (REDACTED if value in same else other) + text[end:]
    return text
