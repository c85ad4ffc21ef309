"""The running configuration: lines in the device's order, with and without their secrets."""

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from routebook.platforms.asa.lab import names
from routebook.platforms.asa.lab.grammar import Grammar, Parsed, Rule, SyntaxRefusedError
from routebook.platforms.asa.lab.modes import grammars

MASK = "*****"
GRAMMARS: dict[str, Grammar] = grammars("config.grammar")

# Within these the device orders by name or number; elsewhere what is configured later comes later.
_SORTED = {"neighbor", "network", "interface", "aggregate-address", "action", "crypto ikev1 policy",
           "crypto ikev2 policy", "crypto map"}  # fmt: skip
_NUMBERED = {"crypto map", "prefix-list", "ipv6 prefix-list", "route-map"}
_OPAQUE_SECRETS = re.compile(r"(^ *key |pre-shared-key |community |password |^ *ldap-login-password )(\S+)")

# What the device shows although it is not stored, or does not show although it can be typed.
_IMPLIED = {"no auto-summary", "no synchronization", "no nameif", "no security-level", "no ip address", "no shutdown",
            "no shut"}  # fmt: skip

VERBATIM = Rule("<line>", 10_000, flags=frozenset({"opaque"}))


@dataclass(eq=False, slots=True)
class Line:
    """One line with what is configured below it. `trailer` are the separators that follow it as a whole."""

    parsed: Parsed
    raw: str = ""  # of a line that is kept as it came
    children: "list[Line]" = field(default_factory=list)
    trailer: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The line with its secrets, without indentation."""
        return self.raw.strip() or self.parsed.text

    @property
    def rule(self) -> Rule:
        """The pattern that the line follows."""
        return self.parsed.rule

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the line, in full."""
        return self.parsed.words

    @property
    def values(self) -> tuple[str, ...]:
        """The line's parameters, in order."""
        return self.parsed.values

    @property
    def mode(self) -> str:
        """The mode in which the line's children are entered; "" if it has none."""
        return self.rule.enters

    @property
    def key(self) -> tuple[str, ...]:
        """What identifies the line among its siblings: another line with the same key replaces it."""
        if self.rule.name == "crypto-binding":  # an interface has one crypto map
            return (*self.words[:2], *self.words[3:])
        if "one-in" in self.rule.flags:
            return (*self.words[:3], self.words[-1])
        return self.words[: self.parsed.key]

    def render(self, depth: int, masked: bool) -> Iterator[str]:
        """The line and everything below it."""
        if self.raw:
            yield _masked(self.raw) if masked else self.raw
        elif masked and self.parsed.secrets:
            words = (MASK if number in self.parsed.secrets else word for number, word in enumerate(self.words))
            yield " " * depth + " ".join(words)
        else:
            yield " " * depth + self.parsed.text
        for child in shown(self):
            yield from child.render(depth + 1, masked)
        if self.mode in ("af4", "af6"):
            yield " " * depth + "exit-address-family"
        yield from self.trailer

    def find(self, *start: str) -> "list[Line]":
        """The children that begin with these words."""
        return [child for child in self.children if child.words[: len(start)] == start]

    def first(self, *start: str) -> "Line | None":
        """The first child that begins with these words."""
        return next(iter(self.find(*start)), None)


def _masked(raw: str) -> str:
    return _OPAQUE_SECRETS.sub(lambda match: match[1] + MASK, raw)


def verbatim(raw: str) -> Line:
    """A line that no grammar covers, kept as it came."""
    words = tuple(raw.split())
    return Line(Parsed(words, VERBATIM, len(words)), raw)


def negative(text: str) -> Line:
    """A line that the device shows for something that is off."""
    words = tuple(text.split())
    return Line(Parsed(words, VERBATIM, len(words)))


def shown(line: Line) -> Iterator[Line]:
    """The children of a line as the device shows them, with the lines that it adds itself."""
    if line.mode == "if":
        yield from _interface(line)
        return
    yield from line.children
    if line.mode in ("af4", "af6"):
        for word in ("auto-summary", "synchronization") if line.mode == "af4" else ("synchronization",):
            if line.first(word) is None:
                yield negative(f"no {word}")


def _interface(line: Line) -> Iterator[Line]:
    tunnel = line.words[1].startswith("Tunnel")
    wanted = ["nameif", *([] if tunnel else ["security-level"]), "ip address"]
    if line.first("nameif") and line.first("ipv6"):
        wanted.remove("ip address") if line.first("ip", "address") is None else None
    ranks = {rule.pattern.split(" = ")[0]: rule.rank for rule in reversed(GRAMMARS["if"].rules)}
    children = list(line.children)
    for word in wanted:
        if line.first(*word.split()) is None:
            rank = ranks.get(word, 0)
            place = next((n for n, each in enumerate(children) if each.rule.rank > rank), len(children))
            added = negative(f"no {word}")
            added = Line(Parsed(added.words, Rule(word, rank), len(added.words)))
            children.insert(place, added)
    yield from children


def section(rule: Rule) -> str:
    """The words of a pattern before its first parameter: what the device keeps together."""
    return _section(rule.pattern)


@functools.cache
def _section(pattern: str) -> str:
    return re.split(r" ?[<{\[=]", pattern, maxsplit=1)[0]


def _natural(text: str) -> tuple[object, ...]:
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|\D+", text))


def _within(line: Line) -> tuple[int, ...]:
    name = section(line.rule)
    if name in _NUMBERED:
        number = next((int(value) for value in line.values[1:] if value.isdigit()), -1)
        return (number, line.rule.rank)
    if name == "access-list":
        return (0,)
    return (line.rule.rank,)


def place(siblings: list[Line], line: Line, ranks: dict[str, int]) -> int:
    """Where the device puts a new line among its siblings."""
    own = section(line.rule)
    name = line.values[0] if line.values else ""
    same = [(n, each) for n, each in enumerate(siblings) if section(each.rule) == own and each.rule is not VERBATIM]
    named = [(n, each) for n, each in same if each.values and each.values[0] == name]
    if named and line.rule.name != "banner":
        return next((n for n, each in named if _within(each) > _within(line)), named[-1][0] + 1)
    if same and own in _SORTED:
        return next((n for n, each in same if _natural(each.values[0]) > _natural(name)), same[-1][0] + 1)
    if same:
        return same[-1][0] + 1
    rank = ranks[own]
    later = (
        n for n, each in enumerate(siblings) if ranks.get(section(each.rule), -1) > rank and each.rule is not VERBATIM
    )
    return next(later, len(siblings))


def section_ranks(mode: str) -> dict[str, int]:
    """The order of a mode's sections."""
    found: dict[str, int] = {}
    for rule in GRAMMARS[mode].rules:
        found.setdefault(section(rule), rule.rank)
    return found


def separators(rule: Rule) -> list[str]:
    """The separators after a new line."""
    if rule.enters == "route-map":
        return ["", "!"]
    return ["!"] if "block" in rule.flags else []


class Configuration:
    """The lines of one device (or of one context)."""

    def __init__(self) -> None:
        self.root = Line(Parsed((), Rule("", 0, "config"), 0))
        self.preamble = ["!"]
        self.header: list[str] = []
        self.changed: Callable[[], None] = lambda: None

    def lines(self, masked: bool) -> list[str]:
        """The configuration without the device's header and checksum."""
        return [*self.preamble, *self.shown(self.root.children, masked)]

    def shown(self, lines: Iterable[Line], masked: bool) -> list[str]:
        """Top-level lines with what is below them, as the device shows them."""
        named = self.names()
        return [names.shown(text, named) for line in lines for text in line.render(0, masked)]

    def names(self) -> dict[str, str]:
        """Names by address, where `names` shows them."""
        named = {line.words[1]: line.words[2] for line in self.root.find("name")}
        return named if self.root.first("names") is not None else {}

    def load(self, text: str) -> None:
        """Take a whole configuration as the device reads it at boot: nesting by indentation, nothing refused."""
        self.root.children = []
        self.preamble = []
        open_lines: list[tuple[int, Line]] = [(-1, self.root)]
        top: Line | None = None
        named = names.by_address([raw.rstrip() for raw in text.splitlines()])
        for raw in (names.meant(line, named) for line in text.splitlines()):
            if top is None and (raw.startswith((":", "ASA Version ", "NGFW Version "))):
                self.header.append(raw)
                continue
            if raw.startswith((": end", "Cryptochecksum:", ": Saved", ": Written by")):
                continue
            if not raw.strip() or raw.startswith("!"):
                (top.trailer if top is not None else self.preamble).append(raw)
                continue
            indent = len(raw) - len(raw.lstrip(" "))
            while indent <= open_lines[-1][0]:
                open_lines.pop()
            parent = open_lines[-1][1]
            if raw.strip() == "exit-address-family":
                continue
            line = self._read(parent, raw)
            if line is not None:
                parent.children.append(line)
                open_lines.append((indent, line))
                if parent is self.root:
                    top = line
        while self.preamble and not self.preamble[0].strip():
            self.preamble.pop(0)

    def _read(self, parent: Line, raw: str) -> Line | None:
        mode = parent.mode or "opaque"
        text = raw.strip()
        if text in _IMPLIED:
            return None
        try:
            parsed = GRAMMARS[mode].parse(text)
        except SyntaxRefusedError:
            return verbatim(raw.rstrip("\r\n"))
        line = Line(parsed)
        # The device's own trailing spaces and alignment stay; what was abbreviated or typed differently does not.
        if raw.split() == parsed.text.split() and not parsed.secrets:
            line.raw = raw
        return line
