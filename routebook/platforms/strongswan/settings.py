"""strongSwan's settings syntax (libstrongswan/settings/settings_lexer.l and settings_parser.y), read strictly.

strongSwan answers a missing brace by unloading everything, and ignores an include of a file that is not there,
so both must be found before it sees the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec import Struct

_SPACE = " \t\r"
_NAME = re.compile(r'[^#{}:,="\r\n\t ]+')
_WORD = re.compile(r'[^#}"\r\n\t ]+')
_INCLUDE = re.compile(r"include[ \t]+(?=[^=])")
_DEEPEST = 64  # sections in each other, of which strongSwan's own have six
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


class SettingsError(ValueError):
    """The text is not in strongSwan's syntax; the message begins with file and line."""


class Setting(Struct, frozen=True):
    """A `key = value` line; `start` and `end` are where the value is in the text."""

    key: str
    value: str
    line: int
    start: int
    end: int


class Include(Struct, frozen=True):
    """An `include PATTERN`; `start` and `end` are where the pattern is in the text."""

    pattern: str
    line: int
    start: int
    end: int


@dataclass(slots=True)
class Block:
    """A section with what it contains, in order. `references` are sections that it inherits from."""

    name: str
    line: int
    references: tuple[str, ...] = ()
    items: list["Setting | Include | Block"] = field(default_factory=list)

    def settings(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Setting]]:
        """Every setting below, with the names of the sections that it is in."""
        for item in self.items:
            if isinstance(item, Setting):
                yield path, item
            elif isinstance(item, Block):
                yield from item.settings((*path, item.name))

    def includes(self) -> Iterator[Include]:
        """Every include below."""
        for item in self.items:
            if isinstance(item, Include):
                yield item
            elif isinstance(item, Block):
                yield from item.includes()


def parse(text: str, file: str) -> Block:
    """The contents of one settings file. Raises SettingsError."""
    return _Parser(text, file).parse()


def quoted(value: str) -> str:
    """A value as it can be written in a settings file."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


class _Parser:
    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.at = 0
        self._counted = (0, 1)  # up to where lines are counted, and the number of the line there

    def parse(self) -> Block:
        root = Block("", 1)
        open_blocks = [root]
        while self._skip(newlines=True):
            block = open_blocks[-1]
            if self._take("}"):
                if block is root:
                    raise self._error("a closing brace without an opening one", self.at - 1)
                open_blocks.pop()
                continue
            include = _INCLUDE.match(self.text, self.at)
            if include:
                self.at = include.end()
                block.items.append(self._include())
                continue
            begin = self.at
            name = self._name()
            if self._take("="):
                block.items.append(self._setting(name, begin))
                continue
            references = self._references() if self._take(":") else ()
            self._skip(newlines=True)
            if not self._take("{"):
                raise self._error(f"{name!r} is followed neither by = nor by an opening brace", begin)
            if len(open_blocks) > _DEEPEST:
                raise self._error(f"more than {_DEEPEST} sections are in each other", begin)
            inner = Block(name, self._line(begin), references)
            block.items.append(inner)
            open_blocks.append(inner)
        if len(open_blocks) > 1:
            unclosed = open_blocks[-1]
            raise SettingsError(f"{self.file}:{unclosed.line}: section {unclosed.name!r} is never closed")
        return root

    def _skip(self, *, newlines: bool) -> bool:
        """Pass blanks and comments; False at the end of the text."""
        while self.at < len(self.text):
            here = self.text[self.at]
            if here == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif here in _SPACE or (here == "\n" and newlines):
                self.at += 1
            else:
                return True
        return False

    def _take(self, mark: str) -> bool:
        self._skip_blanks()
        if self.text.startswith(mark, self.at):
            self.at += 1
            return True
        return False

    def _skip_blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in _SPACE:
            self.at += 1

    def _name(self) -> str:
        match = _NAME.match(self.text, self.at)
        if match is None:
            found = repr(self.text[self.at]) if self.at < len(self.text) else "end of the file"
            raise self._error(f"unexpected {found}", self.at)
        self.at = match.end()
        return match.group()

    def _references(self) -> tuple[str, ...]:
        found = []
        while True:
            self._skip_blanks()
            found.append(self._name())
            if not self._take(","):
                return tuple(found)

    def _setting(self, key: str, begin: int) -> Setting:
        """The value: words and quoted strings up to the line's end, a comment or a closing brace, joined by blanks."""
        self._skip_blanks()
        start = end = self.at
        words: list[str] = []
        while self.at < len(self.text) and self.text[self.at] not in "#}\n":
            words.append(self._string() if self.text[self.at] == '"' else self._word())
            end = self.at
            self._skip_blanks()
        return Setting(key, " ".join(words), self._line(begin), start, end)

    def _include(self) -> Include:
        self._skip_blanks()
        start = self.at
        quoted_pattern = self.text.startswith('"', self.at)
        pattern = self._string() if quoted_pattern else self._word()
        return Include(pattern, self._line(start), start, self.at)

    def _word(self) -> str:
        match = _WORD.match(self.text, self.at)
        if match is None:
            raise self._error("a value is missing", self.at)
        self.at = match.end()
        return match.group()

    def _string(self) -> str:
        begin = self.at
        self.at += 1
        letters: list[str] = []
        while self.at < len(self.text):
            letter = self.text[self.at]
            self.at += 1
            if letter == '"':
                return "".join(letters)
            if letter == "\\" and self.at < len(self.text):
                escaped = self.text[self.at]
                self.at += 1
                letters.append("" if escaped == "\n" else _ESCAPES.get(escaped, escaped))
            else:
                letters.append(letter)
        raise self._error("a quoted string is never closed", begin)

    def _line(self, at: int) -> int:
        begin, number = self._counted if at >= self._counted[0] else (0, 1)
        number += self.text.count("\n", begin, at)
        self._counted = (at, number)
        return number

    def _error(self, reason: str, at: int) -> SettingsError:
        return SettingsError(f"{self.file}:{self._line(at)}: {reason}")
