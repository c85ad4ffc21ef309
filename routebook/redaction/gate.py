"""The one gate for text that leaves Routebook: printed, logged or reported, every text passes `clean`.

A description, a peer's shutdown message, the answer of a device, a file's name, an exception: none of them may steer a
terminal, look like something else, or show a secret. What is a word of our own intent or vocabulary (a host's name, a
state) passes `visible` alone: a secret that happens to equal it must not erase it.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from routebook.redaction.redactor import OF_THIS_PROCESS

# Categories of Unicode: Cc are C0, DEL and C1 (ESC, CSI, OSC begin with them); Cf reorder text (U+202A to U+202E,
# U+2066 to U+2069), have no width, or are tags; Cs are lone surrogates; Zl and Zp break lines; Cn and Co mean nothing
# that a reader could know. U+FFFE and U+FFFF, which XML 1.0 (section 2.2) excludes, are Cn.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co"})
# Of other categories, and shown as nothing all the same (Default_Ignorable_Code_Point of Unicode).
_IGNORABLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e0fff]")
# What may be of these; the rest needs no look at its category.
_SUSPICIOUS = re.compile(
    "[^\n -~\xa1-\xac\xae-\u02ff\u0370-\u0482\u048a-\u0590\u3001-\u312f\u4e00-\u9fff\uac00-\ud7a3]"
)
TAB = "    "


def visible(text: str) -> str:
    r"""The text with every character that steers or hides shown as an escape: `\x1b`, `\u202e`.

    Newlines stay (`one_line` is for where they may not), `\r\n` is one, and tabs and other blanks become blanks.
    """
    return _SUSPICIOUS.sub(_escaped, text.replace("\r\n", "\n"))


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\t":
        return TAB
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    if category not in _HIDDEN and not _IGNORABLE.match(character):
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def clean(text: str) -> str:
    """The text fit to leave Routebook: visible, and without any secret that was resolved in this process."""
    return OF_THIS_PROCESS.scrub(visible(text))


def one_line(text: str) -> str:
    """The text, clean, on one line: each run of blanks and newlines is one blank."""
    return OF_THIS_PROCESS.scrub(" ".join(clean(text).split()))


def as_json(data: Any, *, reveal: bool = False, indent: int | None = 2) -> str:
    """JSON-like data as a document of ASCII: valid on any terminal and in any file. Without `indent`, on one line.

    Every text in it is clean, or only visible with `reveal`. Keys are names of ours and stay, so none are merged.
    """
    # Names of hosts, checks and neighbors stand in it again and again; no secret is learnt meanwhile.
    text = json.dumps(_each(data, lru_cache(None)(visible if reveal else clean)), indent=indent)
    return text.replace("\x7f", "\\u007f")  # the one control character that JSON leaves alone (RFC 8259, section 7)


def _each(data: Any, change: Callable[[str], str]) -> Any:
    if isinstance(data, str):
        return change(data)
    if isinstance(data, Mapping):
        return {key: _each(value, change) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_each(item, change) for item in data]
    return data
