"""The record that a device keeps of what is ours there, as texts: `SECTION:`, and `SECTION: NAME` for each object.

A section is recorded, with the names of what it owns, or is recognised by its patterns. Each platform keeps the texts
in its own way, in the configuration itself.
"""

import re
from collections.abc import Iterable, Mapping

Record = Mapping[str, frozenset[str]]
"""By section, the names of what it owns."""

_TEXT = re.compile(r"(?P<section>[\w-]+):(?: (?P<name>.+))?")
_WILD = re.compile(r"[*?[]")


def is_text_of_record(text: str) -> bool:
    """Whether a text says something of what is ours."""
    return _TEXT.fullmatch(text) is not None


def record_of(texts: Iterable[str]) -> Record:
    """What the texts say; those that say nothing are left out."""
    found: dict[str, set[str]] = {}
    for text in texts:
        if match := _TEXT.fullmatch(text):
            found.setdefault(match["section"], set()).update([match["name"]] if match["name"] else [])
    return {section: frozenset(names) for section, names in found.items()}


def texts_of(record: Record) -> list[str]:
    """The texts that say so, in order. A section of which nothing is owned any more stays recorded, as such.

    Otherwise what somebody calls as ours once were called would be taken for ours again.
    """
    return [f"{section}: {name}".strip() for section in sorted(record) for name in ("", *sorted(record[section]))]


def names_one(pattern: str) -> bool:
    """Whether a pattern of ownership is the very name of something, without a wildcard."""
    return _WILD.search(pattern) is None
