"""What a device answers in JSON, taken out by type: what is not as a daemon writes it is a ValueError with a reason.

A device's own words are not in the reasons: only which value it was, and of which kind.
"""

import json
import math
from collections.abc import Iterator
from typing import NoReturn, TypeVar

_MOST_VALUES = 1_000_000  # each costs up to 100 bytes, whatever its two or three in the text
_LONGEST_NUMBER = 32  # characters; 2^64 has 20
_REQUIRED = object()

T = TypeVar("T")


def decode(text: str) -> tuple[object, str]:
    """The value that a text begins with, and what stands after it. Raises ValueError.

    Bounded in values, depth and numbers; NaN and Infinity are no JSON (RFC 8259 section 6).
    """
    if text.count("[") + text.count("{") + text.count(",") > _MOST_VALUES:
        raise ValueError(f"has more than {_MOST_VALUES} values")
    begin = len(text) - len(text.lstrip())
    try:
        value, end = _DECODER.raw_decode(text, begin)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} at character {error.pos}") from error
    except RecursionError:
        raise ValueError("has too many arrays and objects in each other") from None
    return value, text[end:]


def _constant(name: str) -> NoReturn:
    raise ValueError(f"has {name} for a number")


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError(f"has a number with {len(digits)} digits")
    return int(digits)


def _fraction(digits: str) -> float:
    found = float(digits) if len(digits) <= _LONGEST_NUMBER else math.inf
    if not math.isfinite(found):
        raise ValueError("has a number that is too large or too long")
    return found


_DECODER = json.JSONDecoder(parse_constant=_constant, parse_int=_integer, parse_float=_fraction)


class Fields:
    """An object of JSON. `where` is what reasons call it; each value is checked when it is taken."""

    __slots__ = ("_found", "where")

    def __init__(self, found: object, where: str) -> None:
        if not isinstance(found, dict):
            raise _wrong(where, found, "an object")
        self._found: dict[str, object] = found
        self.where = where

    def __contains__(self, key: str) -> bool:
        return key in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def has(self, key: str) -> bool:
        """Whether there is a value that is not null, false, zero or empty."""
        return bool(self._found.get(key))

    def text(self, key: str, default: str | None = None) -> str:
        """A text; without a default, one that must be there."""
        value = self._value(key, default)
        if not isinstance(value, str):
            raise _wrong(self._path(key), value, "a text")
        return value

    def word(self, key: str) -> str:
        """A text, or a number as a text."""
        value = self._value(key, None)
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise _wrong(self._path(key), value, "a text or a number")
        return str(value)

    def number(self, key: str, default: int | None = None) -> int:
        """A whole number; without a default, one that must be there."""
        value = self._value(key, default)
        if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit():
            value = _integer(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise _wrong(self._path(key), value, "a whole number")
        return value

    def number_or_none(self, key: str) -> int | None:
        """A whole number, None where there is none."""
        return None if self._found.get(key) is None else self.number(key)

    def flag(self, key: str) -> bool:
        """True or false; false where there is none."""
        value = self._found.get(key, False)
        if not isinstance(value, bool | int):
            raise _wrong(self._path(key), value, "true or false")
        return bool(value)

    def fields(self, key: str) -> "Fields":
        """The object below; an empty one where there is none."""
        value = self._found.get(key)
        return Fields({} if value is None else value, self._path(key))

    def texts(self, key: str) -> list[str]:
        """The texts of a list; none where there is none."""
        value = self._found.get(key)
        return [] if value is None else [_text(item, self._path(key)) for item in items(value, self._path(key))]

    def objects(self, key: str) -> list["Fields"]:
        """The objects of a list; none where there is none."""
        value = self._found.get(key)
        return [] if value is None else [Fields(item, self._path(key)) for item in items(value, self._path(key))]

    def value(self, key: str) -> object:
        """Whatever is there, None where nothing is."""
        return self._found.get(key)

    def _value(self, key: str, default: object) -> object:
        if key in self._found:
            return self._found[key]
        if default is None:
            raise ValueError(f"{self.where} lacks {key!r}")
        return default

    def _path(self, key: str) -> str:
        return f"{self.where}.{key[:60]}"


def items(value: object, where: str) -> list[object]:
    """The items of a list."""
    if not isinstance(value, list):
        raise _wrong(where, value, "a list")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(where, value, "a text")
    return value


def _wrong(where: str, value: object, wanted: str) -> ValueError:
    return ValueError(f"{where} is {_KINDS.get(type(value), 'something else')}, not {wanted}")


_KINDS = {
    dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false",
    type(None): "null",
}  # fmt: skip
