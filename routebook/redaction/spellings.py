"""How programs write a text that they were given: escaped, encoded, broken over lines. To find a secret in any of them.

Two ways: some spellings are made from a secret once and looked for (`literal`, `hexadecimal`, `base64`); the others are
undone in the text in which it is looked for (`readings`), which finds mixtures as well.
"""

import base64 as encodings
import binascii
import html
import html.entities
import json
import re
import urllib.parse
from bisect import bisect_right
from collections.abc import Callable, Iterator

from msgspec import Struct


class Reading(Struct, frozen=True):
    """A text as it reads when something in it is undone, and where each part of it is in the original one.

    `parts` are, in order: where a part begins here, where it begins there, and its length there, which is 0 where both
    are the same, character by character.
    """

    text: str
    parts: tuple[tuple[int, int, int], ...] = ((0, 0, 0),)
    parent: "Reading | None" = None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original text the characters from `start` to before `end` come from."""
        first = self.parts[bisect_right(self.parts, start, key=lambda part: part[0]) - 1]
        last = self.parts[bisect_right(self.parts, end - 1, key=lambda part: part[0]) - 1]
        begin = first[1] if first[2] else first[1] + start - first[0]
        finish = last[1] + last[2] if last[2] else last[1] + end - last[0]
        return (begin, finish) if self.parent is None else self.parent.origin(begin, finish)

    def undone(self, pattern: re.Pattern[str], meaning: Callable[[re.Match[str]], str]) -> "Reading | None":
        """The reading in which each match is what it means; None where there is no match."""
        parts: list[tuple[int, int, int]] = []
        pieces: list[str] = []
        here = there = 0
        for match in pattern.finditer(self.text):
            if match.start() > there or not parts:
                parts.append((here, there, 0))
                pieces.append(self.text[there : match.start()])
                here += match.start() - there
            if meant := meaning(match):
                parts.append((here, match.start(), match.end() - match.start()))
                pieces.append(meant)
                here += len(meant)
            there = match.end()
        if not parts:
            return None
        parts.append((here, there, 0))
        pieces.append(self.text[there:])
        return Reading("".join(pieces), tuple(parts), self)

    def undone_nearby(
        self, pattern: re.Pattern[str], meaning: Callable[[re.Match[str]], str], reach: int
    ) -> Iterator["Reading"]:
        """The reading in which each match is what it means, but only the places within `reach` of one."""
        begin = end = -1
        for match in pattern.finditer(self.text):
            if begin >= 0 and match.start() - end <= reach:
                end = match.end()
                continue
            yield from self._place(begin, end, reach).undone_if(pattern, meaning) if begin >= 0 else ()
            begin, end = match.span()
        if begin >= 0:
            yield from self._place(begin, end, reach).undone_if(pattern, meaning)

    def undone_if(self, pattern: re.Pattern[str], meaning: Callable[[re.Match[str]], str]) -> Iterator["Reading"]:
        """The reading with each match undone, if that makes a difference."""
        reading = self.undone(pattern, meaning)
        if reading is not None and reading.text != self.text:
            yield reading

    def _place(self, begin: int, end: int, reach: int) -> "Reading":
        begin = max(begin - reach, 0)
        return Reading(self.text[begin : end + reach], ((0, begin, 0),), self)


def _number(match: re.Match[str], base: int = 16) -> str:
    try:
        return chr(int(next(filter(None, match.groups())), base))
    except (ValueError, OverflowError, StopIteration):
        return match[0]


_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\n": ""}


def _backslash(match: re.Match[str]) -> str:
    high, low, hexadecimal, octal, other = match.groups()
    if high:  # two halves of one character beyond U+FFFF (RFC 8259, section 7)
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
    if hexadecimal:
        number = int(hexadecimal.strip("{}"), 16)
        return chr(number) if number < 0x110000 else match[0]
    return chr(int(octal, 8)) if octal else _CONTROLS.get(other, other)


def _entity(match: re.Match[str]) -> str:
    number, decimal, name = match.groups()
    if name:
        return html.entities.html5.get(f"{name};", match[0])
    point = int(number, 16) if number else int(decimal)
    return chr(point) if point < 0x110000 else match[0]


ESCAPES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (  # JSON, Python, PHP, C, shells
        re.compile(
            r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
            r"|\\(?:x(?=[0-9a-fA-F]{2})|u(?=[0-9a-fA-F]{4})|U(?=[0-9a-fA-F]{8})|u(?=\{))"
            r"((?:(?<=x)[0-9a-fA-F]{2})|(?<=u)[0-9a-fA-F]{4}|(?<=U)[0-9a-fA-F]{8}|\{[0-9a-fA-F]{1,6}\})"
            r"|\\([0-3][0-7]{2})|\\(.)",
            re.DOTALL,
        ),
        _backslash,
    ),
    (re.compile(r"%([0-9a-fA-F]{2})"), _number),  # RFC 3986, section 2.1
    (re.compile(r"&(?:#[xX]([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([A-Za-z][A-Za-z0-9]{1,31}));"), _entity),  # XML, HTML
    (re.compile(r"=([0-9a-fA-F]{2})|=\n"), lambda match: _number(match) if match[1] else ""),  # RFC 2045, section 6.7
)
"""What programs escape, and what it means. An escaped byte is read as the character of that number."""

_UNSEEN = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")
_LINE_BREAK = re.compile(r"\n(?:[+-] ?)?[ ]*")  # and what a difference and an indentation put before the next line
_LINE_BREAK_ALONE = re.compile(r"\n[ ]*")
_HEX_RUN = re.compile(r"""[0-9a-fA-F\s:.,;_+\-xX\\|"']{12,}""")
_FEWEST_DIGITS = 12
_NO_HEX = re.compile(r"(?:0[xX]|\\[xX]|[^0-9a-fA-F])+")
_WRAPPED = re.compile(r"(?:[A-Za-z0-9+/_=-]{16,}\n(?:[+-] ?)?[ ]*)+[A-Za-z0-9+/_=-]+")  # base64 over several lines


def readings(text: str, reach: int) -> Iterator[tuple[int, Reading]]:
    """The text as it is, and places with escapes undone once and twice; each with how often.

    `reach` is how many characters may belong together.
    """
    level = [Reading(text)]
    yield 0, level[0]
    for depth in (1, 2):
        level = [
            reading
            for each in level
            for pattern, meaning in ESCAPES
            for reading in each.undone_nearby(pattern, meaning, reach)
        ]
        for reading in level:
            yield depth, reading


def joined(reading: Reading) -> Iterator[Reading]:
    """The reading, and it without line breaks, and without what cannot be seen."""
    yield reading
    yield from reading.undone_if(_LINE_BREAK, lambda _: "")
    yield from reading.undone_if(_UNSEEN, lambda _: "")


def hexadecimal_parts(reading: Reading) -> Iterator[Reading]:
    """What may be hexadecimal in a reading, without separators, in lower case."""
    for run in _HEX_RUN.finditer(reading.text):
        if len(_NO_HEX.sub("", run[0])) >= _FEWEST_DIGITS:
            part = Reading(run[0].lower(), ((0, run.start(), 0),), reading)
            yield part.undone(_NO_HEX, lambda _: "") or part


def base64_parts(reading: Reading) -> Iterator[Reading]:
    """The reading in the usual alphabet of base64, and what may be base64 over several lines, in one."""
    yield Reading(_usual(reading.text), parent=reading)
    for run in _WRAPPED.finditer(reading.text):
        part = Reading(run[0], ((0, run.start(), 0),), reading)
        # A plus sign at the start of a line may be that of a difference, or belong to the text.
        for pattern in (_LINE_BREAK, _LINE_BREAK_ALONE):
            if (one := part.undone(pattern, lambda _: "")) is not None:
                yield Reading(_usual(one.text), one.parts, one.parent)


def _usual(text: str) -> str:
    return text.replace("-", "+").replace("_", "/")


class Needle(Struct, frozen=True):
    """Characters to look for. In base64, the one `before` and the one `after` them may hold bits of a secret, too."""

    text: str
    before: bool = False
    after: bool = False


def is_base64(character: str) -> bool:
    """Whether it is one character of base64 in the usual alphabet, or its padding (RFC 4648, section 4)."""
    return bool(re.fullmatch(r"[A-Za-z0-9+/=]", character))


_WIDE = ("utf-16-le", "utf-16-be")


def literal(value: str) -> set[str]:
    """The value, and it with quotes doubled or in the ways of shells, and its bytes as characters."""
    forms = {value, value.replace("'", "''"), value.replace('"', '""'), value.replace(" ", "+")}
    forms |= {value.replace("'", "'\\''"), value.replace("'", "'\"'\"'")}
    in_bytes = {form.encode(code, errors="surrogatepass") for form in forms for code in ("utf-8", *_WIDE)}
    return forms | {raw.decode("latin-1") for raw in in_bytes}


def escaped(value: str) -> set[str]:
    """The value as JSON, XML and URLs write it, for one that is too short to look for it in what texts read as."""
    forms = {json.dumps(value)[1:-1], urllib.parse.quote(value, safe=""), html.escape(value)}
    return forms | {html.escape(value, quote=False)}


def encoded(value: str) -> Iterator[bytes]:
    """The bytes of a value as UTF-8 and UTF-16, and the bytes that it may itself be the base64 or hexadecimal of."""
    yield value.encode(errors="surrogatepass")
    for code in _WIDE:
        yield value.encode(code, errors="surrogatepass")
    plain = value.removeprefix("0s").removeprefix("0x")  # marks of an encoding, as in IPsec secrets
    for decode in (binascii.unhexlify, lambda text: encodings.b64decode(text + "=" * (-len(text) % 4), validate=True)):
        try:
            yield decode(plain)
        except ValueError:
            continue


def hexadecimal(raw: bytes) -> str:
    """Lower-case digits."""
    return raw.hex()


def base64(raw: bytes) -> Iterator[Needle]:
    """What of base64 is the same wherever the bytes are in a longer text: one for each of three alignments."""
    for shift in range(3):
        text = encodings.b64encode(b"\0" * shift + raw + b"\0\0\0").decode()
        begin, end = -(-8 * shift // 6), 8 * (shift + len(raw)) // 6
        yield Needle(text[begin:end], before=shift > 0, after=8 * (shift + len(raw)) % 6 > 0)
