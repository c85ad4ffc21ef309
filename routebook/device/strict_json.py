"""JSON that a stranger may have written: bounded before it is parsed, and every surprise is a ValueError with a reason.

Python's parser takes what RFC 8259 leaves open and what can hurt: a key that is given twice (section 4), NaN and
Infinity (section 6), numbers of any length, arrays in arrays until the recursion limit (section 9).
"""

import json
import math
import re
from typing import NoReturn

DEEPEST = 16
"""Arrays and objects that may be in each other in what a device has."""

_LONGEST_NUMBER = 32  # characters; 2^64 has 20
_WORD = re.compile(r"[\w.+-]{0,32}\s*")  # the beginning of a number or of `true`, or nothing
_TOKEN = re.compile(r'"(?:[^"\\]+|\\.)*"?|[][{}]', re.DOTALL)


class CutOffError(ValueError):
    """The text ends before its value does: it is being written, or its writer died in the middle."""


def read(text: str, longest: int, deepest: int = DEEPEST) -> object:
    """The value in a text of at most `longest` bytes. Raises ValueError; CutOffError for the beginning of a value."""
    size = len(text) if len(text) > longest else len(text.encode("utf-8", "surrogateescape"))
    if size > longest:
        raise ValueError(f"it has more than {longest} bytes")
    if _too_deep(text, deepest):
        raise ValueError(f"it is nested too deeply: more than {deepest} arrays and objects are in each other")
    try:
        return json.loads(
            text, object_pairs_hook=_once, parse_constant=_constant, parse_int=_integer, parse_float=_fraction
        )
    except json.JSONDecodeError as error:
        begun = text.lstrip()[:1] in ("{", "")
        cut = begun and (error.msg.startswith("Unterminated string") or _WORD.fullmatch(text, error.pos) is not None)
        raise (CutOffError if cut else ValueError)(f"it is no JSON: {error.msg} at character {error.pos}") from error


def _too_deep(text: str, deepest: int) -> bool:
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > deepest:
                return True
        elif token[0] in "]}":
            depth -= 1
    return False


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it has {twice[:40]!r} twice in one object")
    return found


def _constant(name: str) -> NoReturn:
    raise ValueError(f"it has {name}, which is no number")


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError(f"it has a number that is too long: {len(digits)} digits")
    return int(digits)


def _fraction(digits: str) -> float:
    found = float(digits) if len(digits) <= _LONGEST_NUMBER else math.inf
    if not math.isfinite(found):
        raise ValueError(f"{digits[:_LONGEST_NUMBER]} is too large or too long a number")
    return found
