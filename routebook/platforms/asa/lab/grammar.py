"""Command grammars: what can be typed, with abbreviations, help and the device's three syntax errors.

A grammar is a tree of words made from patterns such as `neighbor <ip> remote-as = <int>`: plain words may be
abbreviated, `<type>` is a parameter, `{a|b}` is a choice, `[x y]` may be left out. What stands before `=` identifies
a configuration line; the line is replaced when the same thing is typed with another value.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_interface, ip_network

from msgspec import Struct


class SyntaxRefusedError(Exception):
    """The line is not a command; `answer` is what the device prints."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.answer = answer


class Token(Struct, frozen=True):
    """A word as typed, with the column at which it starts."""

    text: str
    column: int


class Rule(Struct, frozen=True):
    """One pattern. `enters` names the mode that the command opens; `flags` are the marks of the grammar's text."""

    pattern: str
    rank: int
    enters: str = ""
    flags: frozenset[str] = frozenset()
    name: str = ""


class Parsed(Struct, frozen=True):
    """A complete command in full words. `key` is how many of them identify it; `secrets` are those to mask."""

    words: tuple[str, ...]
    rule: Rule
    key: int
    secrets: frozenset[int] = frozenset()
    values: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The command as the running configuration shows it."""
        return " ".join(self.words)


@dataclass(slots=True)
class Node:
    """A place in the tree of words."""

    words: "dict[str, Node]" = field(default_factory=dict)
    parameters: "dict[str, Node]" = field(default_factory=dict)
    rule: Rule | None = None
    key: int = -1  # where `=` stood on the way here
    removable: bool = False  # `no` may stop here


_TOKEN = re.compile(r'"[^"]*"|\S+')
_PIECE = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\S+")


def tokens(line: str) -> list[Token]:
    """The words of a line; a quoted text is one word, with its quotes."""
    return [Token(match.group(), match.start()) for match in _TOKEN.finditer(line)]


class Grammar:
    """The commands of one mode."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.root = Node()
        self.rules = rules
        for rule in rules:
            for variant in _expand(rule.pattern):
                self._add(variant, rule)

    def _add(self, pieces: Sequence[str], rule: Rule) -> None:
        node, key = self.root, -1
        for number, piece in enumerate(pieces):
            if piece == "=":
                key = number
                node.removable = True
                continue
            below = node.parameters if piece.startswith("<") else node.words
            node = below.setdefault(piece, Node())
        node.removable = True
        if node.rule is None or "weak" in node.rule.flags:
            node.rule = rule
            node.key = key if key >= 0 else len(pieces)

    def parse(self, line: str, *, offset: int = 0, partial: bool = False) -> Parsed:
        """The command that a line is. `partial` accepts what `no` accepts: the identity without the value.

        `offset` is how far right of the line's first column the device's `^` is moved.
        """
        node, words, secrets, values = self.root, list[str](), set[int](), list[str]()
        typed = tokens(line)
        for number, token in enumerate(typed):
            step = self._step(node, token, line)
            if step is None:
                raise SyntaxRefusedError(_marker(token.column + offset))
            word, node, kind = step
            if kind in ("<secret>", "<key>"):
                secrets.add(len(words))
            words.append(word)
            if kind:
                values.append(word)
            if kind == "<line>":
                break
            if number + 1 == len(typed) and not words:
                raise SyntaxRefusedError("ERROR: % Incomplete command")
        if node.rule is not None and (partial or "no-only" not in node.rule.flags):
            return Parsed(tuple(words), node.rule, node.key, frozenset(secrets), tuple(values))
        if partial and node.removable:
            rule = next(_rules(node))
            return Parsed(tuple(words), rule, len(words), frozenset(secrets), tuple(values))
        raise SyntaxRefusedError("ERROR: % Incomplete command")

    def _step(self, node: Node, token: Token, line: str) -> tuple[str, Node, str] | None:
        lower = token.text.lower()
        if lower in node.words:
            return lower, node.words[lower], ""
        candidates = sorted(word for word in node.words if word.startswith(lower))
        for kind, below in node.parameters.items():
            if kind == "<line>":
                if len(candidates) == 1:
                    break
                return line[token.column :].rstrip(), below, kind
            value = read(kind, token.text)
            if value is not None and not candidates:
                return value, below, kind
        if len(candidates) > 1:
            raise SyntaxRefusedError(f'ERROR: % Ambiguous command:  "{line.strip()}"')
        if candidates:
            return candidates[0], node.words[candidates[0]], ""
        return None

    def help(self, line: str) -> list[tuple[str, str]]:
        """What `?` after a line shows: each possible next word (or completion) with its explanation."""
        typed = tokens(line)
        completing = bool(typed) and not line.endswith(" ")
        node = self.root
        for token in typed[: len(typed) - completing]:
            step = self._step(node, token, line)
            if step is None:
                raise SyntaxRefusedError(_marker(token.column))
            node = step[1]
            if step[2] == "<line>":
                return [("LINE", "")]
        prefix = typed[-1].text.lower() if completing else ""
        found = [(word, "") for word in sorted(node.words) if word.startswith(prefix)]
        if not prefix:
            found += [(_parameter_help(kind), "") for kind in node.parameters]
            if node.rule is not None:
                found.append(("<cr>", ""))
        return found


def _rules(node: Node) -> Iterator[Rule]:
    if node.rule is not None:
        yield node.rule
    for below in itertools.chain(node.words.values(), node.parameters.values()):
        yield from _rules(below)


def _marker(column: int) -> str:
    return " " * column + "^\nERROR: % Invalid input detected at '^' marker."


def _expand(pattern: str) -> Iterator[list[str]]:
    """Every way to write a pattern: options in and out, each choice."""
    choices: list[list[list[str]]] = []
    for piece in _PIECE.findall(pattern):
        if piece.startswith("{"):
            choices.append([option.split() for option in piece[1:-1].split("|")])
        elif piece.startswith("["):
            inner = [option.split() for option in piece[1:-1].split("|")]
            choices.append([*inner, []])
        else:
            choices.append([[piece]])
    for combination in itertools.product(*choices):
        yield [piece for part in combination for piece in part]


def _parameter_help(kind: str) -> str:
    if kind in ("<ip>", "<ip4>"):
        return "A.B.C.D"
    if kind in ("<ip6>", "<prefix6>"):
        return "X:X:X:X::X"
    return "LINE" if kind == "<line>" else kind if kind.startswith("<") and "-" in kind else "WORD"


def read(kind: str, text: str) -> str | None:
    """The value of a parameter in the form that the device stores, None if the text is no such value."""
    ranged = re.fullmatch(r"<(\d+)-(\d+)>", kind)
    if ranged:
        return str(int(text)) if text.isdigit() and int(ranged[1]) <= int(text) <= int(ranged[2]) else None
    return _READERS[kind](text)


def _ip4(text: str) -> str | None:
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        return None


def _ip6(text: str) -> str | None:
    try:
        return str(IPv6Address(text))
    except AddressValueError:
        return None


def _ip(text: str) -> str | None:
    return _ip4(text) or _ip6(text)


def _mask(text: str) -> str | None:
    try:
        ip_network(f"0.0.0.0/{text}")
    except ValueError:
        return None
    return text if "." in text else None


def _prefix(text: str) -> str | None:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return str(network) if network.version == 4 and "/" in text else None


def _prefix6(text: str) -> str | None:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return str(network) if network.version == 6 and "/" in text else None


def _address6(text: str) -> str | None:
    try:
        return str(ip_interface(text)) if ":" in text and "/" in text else None
    except ValueError:
        return None


def _asn(text: str) -> str | None:
    if re.fullmatch(r"\d+", text) and 1 <= int(text) <= 4294967295:
        return str(int(text))
    high, dot, low = text.partition(".")
    if dot and high.isdigit() and low.isdigit() and 0 < int(high) < 65536 and int(low) < 65536:
        return str(int(high) * 65536 + int(low))
    return None


_INTERFACE_KINDS = ("Ethernet", "GigabitEthernet", "TenGigabitEthernet", "Management", "Tunnel", "Loopback", "Vlan",
                    "Port-channel", "Redundant", "BVI")  # fmt: skip


def interface_name(text: str) -> str | None:
    """The full name of an interface: `gi0/1` is GigabitEthernet0/1. None if it is ambiguous or no interface."""
    match = re.fullmatch(r"([A-Za-z-]+)(\d[\d/.]*)", text)
    if match is None:
        return None
    typed = match[1].lower()
    found = [kind for kind in _INTERFACE_KINDS if kind.lower() == typed]
    found = found or [kind for kind in _INTERFACE_KINDS if kind.lower().startswith(typed)]
    return found[0] + match[2] if len(found) == 1 else None


def _word(text: str) -> str | None:
    return text


def _number(text: str) -> str | None:
    return str(int(text)) if text.isdigit() else None


def _community(text: str) -> str | None:
    known = ("internet", "local-as", "no-advertise", "no-export", "gshut")
    return text if text in known or re.fullmatch(r"\d+(:\d+)?", text) else None


def _time(text: str) -> str | None:
    return text if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text) else None


_READERS = {
    "<ip4>": _ip4, "<ip6>": _ip6, "<ip>": _ip, "<mask>": _mask, "<prefix>": _prefix, "<prefix6>": _prefix6,
    "<address6>": _address6, "<asn>": _asn, "<hwif>": interface_name, "<name>": _word, "<word>": _word,
    "<secret>": _word, "<key>": _word, "<int>": _number, "<community>": _community, "<time>": _time, "<line>": _word,
}  # fmt: skip


def farther(first: SyntaxRefusedError | None, second: SyntaxRefusedError) -> SyntaxRefusedError:
    """The error that got farther into the line."""
    if first is None:
        return second
    if "Invalid" not in first.answer:
        return first
    if "Invalid" not in second.answer:
        return second
    return first if first.answer.index("^") >= second.answer.index("^") else second
