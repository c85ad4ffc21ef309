"""A Cisco ASA configuration as a tree of lines that is written back byte for byte."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

# What `show running-config` and `more system:running-config` print beside commands: separators, the header and
# trailer, an echoed prompt, and the lines that close a context by name.
_NOISE = re.compile(
    r"(?:[!:].*|(?:ASA|PIX|FWSM) Version .*|Cryptochecksum:\S*|exit|exit-address-family|\[OK\]"
    r"|\S+[>#] ?(?:[Ss]how|more|[Ww]rite) .*|Building configuration\.\.\.)?"
)

_DEEPEST = 32  # lines below each other, of which an ASA has four; what is indented further stays where it is

# The rest of these lines is text or a secret, in which every blank counts.
_FREE_TEXT = re.compile(
    r"(?:no )?(?:banner|description|remark|access-list \S+ (?:line \d+ )?remark|neighbor \S+ (?:description|password)"
    r"|.*?\b(?:pre-shared-key|password|passwd|key|key-string|community|secret|value|prompt|url|regex)\b)"
)
NAME = r'(?:"[^"]*"|\S+)'
"""A pattern for one name: those with blanks stand in quotes."""
_WORD = re.compile(NAME)

_CERTIFICATE_CHAIN = re.compile(r"crypto (?:ca|pki) certificate chain ")
_BANNER_DELIMITER = re.compile(r"banner \S+ (?P<mark>\^C|\x03)")


class Node(Struct, frozen=True):
    """A line as it was read (`raw`, line ending included) and the lines below it.

    `line` is the command without indentation and needless blanks; it is empty for separators, comments and the
    like. `payload` is what follows verbatim up to its own end mark: a certificate in hexadecimal, a banner
    between delimiters.
    """

    line: str
    raw: str
    children: tuple["Node", ...] = ()
    payload: str = ""

    @property
    def commands(self) -> tuple["Node", ...]:
        """The lines below this one that are commands."""
        return tuple(child for child in self.children if child.line)

    def texts(self) -> Iterator[str]:
        """The pieces of text that this part of the configuration consists of, in order."""
        yield self.raw
        yield self.payload
        for child in self.children:
            yield from child.texts()

    def lines(self) -> Iterator[str]:
        """Its command and all below it."""
        yield self.line
        for child in self.children:
            if child.line:
                yield from child.lines()

    def with_children(self, children: Iterable["Node"]) -> "Node":
        """The same line with other lines below it."""
        return replace(self, children=tuple(children))


class Config(Struct, frozen=True, dict=True):
    """A whole configuration; `str` of it is the text that it was parsed from."""

    nodes: tuple[Node, ...]

    def __str__(self) -> str:
        return "".join(text for node in self.nodes for text in node.texts())

    @cached_property
    def newline(self) -> str:
        """The line ending that the text uses."""
        return next(("\r\n" if node.raw.endswith("\r\n") else "\n" for node in self.nodes), "\n")

    @property
    def commands(self) -> tuple[Node, ...]:
        """The top-level lines that are commands."""
        return tuple(node for node in self.nodes if node.line)


class _Open:
    """A line whose children are still being read."""

    __slots__ = ("children", "indent", "line", "payload", "raw")

    def __init__(self, line: str, raw: str, indent: int, payload: str = "") -> None:
        self.line, self.raw, self.indent, self.payload = line, raw, indent, payload
        self.children: list[_Open] = []

    def freeze(self) -> Node:
        return Node(self.line, self.raw, tuple([child.freeze() for child in self.children]), self.payload)


def parse(text: str) -> Config:
    """Read a configuration, a fragment of one, or a rendered section. Never raises: what is text stays text.

    A line belongs to the nearest line above it that is indented less. Separators do not end a context (ASA
    prints blank lines inside route maps); they go where the line that follows them goes.
    """
    root = _Open("", "", -1)
    stack = [root]
    waiting: list[_Open] = []
    lines = _Lines(text)
    for raw in lines:
        bare = raw.strip()
        if _NOISE.fullmatch(bare):
            waiting.append(_Open("", raw, 0))
            continue
        indent = len(raw) - len(raw.lstrip())
        while stack[-1].indent >= indent:
            stack.pop()
        parent = stack[-1]
        parent.children += waiting
        waiting = []
        node = _Open(normal(bare), raw, indent, lines.payload(bare, parent.line))
        parent.children.append(node)
        if len(stack) < _DEEPEST:
            stack.append(node)
    root.children += waiting
    return Config(tuple([child.freeze() for child in root.children]))


def normal(line: str) -> str:
    """A command with single blanks between its words, except where blanks are content."""
    if "  " not in line and "\t" not in line:
        return line
    if found := _FREE_TEXT.match(line):
        return " ".join(found.group().split()) + line[found.end() :]
    return " ".join(words(line))


def words(line: str) -> list[str]:
    """The words of a line; what is quoted is one."""
    return _WORD.findall(line) if '"' in line else line.split()


class _Lines:
    """The lines of a text with their endings; only line feeds end lines, as on the device."""

    def __init__(self, text: str) -> None:
        self._lines = [f"{line}\n" for line in text.split("\n")]
        self._lines[-1] = self._lines[-1][:-1]
        self._next = 0

    def __iter__(self) -> Iterator[str]:
        while self._next < len(self._lines):
            self._next += 1
            if line := self._lines[self._next - 1]:
                yield line

    def payload(self, line: str, parent: str) -> str:
        """What follows a line verbatim, if it is one that something follows."""
        if line.startswith("certificate ") and _CERTIFICATE_CHAIN.match(parent):
            return self._until(lambda text: text.strip() == "quit")
        banner = _BANNER_DELIMITER.match(line)
        if banner and banner["mark"] not in line[banner.end() :]:
            return self._until(lambda text: text.rstrip().endswith(banner["mark"]))
        return ""

    def _until(self, ends: Callable[[str], bool]) -> str:
        for index in range(self._next, len(self._lines)):
            if ends(self._lines[index]):
                found = "".join(self._lines[self._next : index + 1])
                self._next = index + 1
                return found
        return ""
