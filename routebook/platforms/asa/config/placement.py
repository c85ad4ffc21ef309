"""Where the device prints a line that is new to its configuration.

Settings inside a mode have fixed places, numbered entries stand in the order of their numbers, named objects in
the order of their names as far as those that are there already do, and kinds in the order of `show running-config`.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from routebook.platforms.asa.config.contexts import FAMILY, context_of, display_rank
from routebook.platforms.asa.config.tree import NAME, Node


@dataclass(slots=True, eq=False)
class Line:
    """A line of a configuration that is being changed."""

    line: str
    raw: str
    children: list["Line"] = field(default_factory=list)
    payload: str = ""

    @classmethod
    def of(cls, node: Node) -> "Line":
        """A copy of a node that can be changed."""
        return cls(node.line, node.raw, [cls.of(child) for child in node.children], node.payload)

    def freeze(self) -> Node:
        """What it has become."""
        return Node(self.line, self.raw, tuple([child.freeze() for child in self.children]), self.payload)

    @property
    def commands(self) -> list["Line"]:
        """The lines below it that are commands."""
        return [child for child in self.children if child.line]

    @property
    def is_translation(self) -> bool:
        """Whether it is the part of a network object that ASA prints among the translations."""
        return bool(self.commands) and self.commands[0].line.startswith("nat ")


# The order of `show running-config`. Kinds that are not named here go to the end.
_ORDER = tuple(
    re.compile(pattern)
    for pattern in (
        r"hostname |domain-name |enable password", r"xlate |passwd ", r"names?\b|name ", r"ip local pool ",
        r"interface ", r"banner ", r"boot ", r"ftp |dns |same-security", r"object (?:network|service) ",
        r"object-group ", r"access-list ",
        r"pager |logging ", r"mtu |failover|ip verify|icmp |asdm |arp ", r"nat ", r"object-nat ", r"access-group ",
        r"(?:ipv6 )?prefix-list ", r"as-path ", r"community-list ", r"route-map ", r"router ", r"route |ipv6 route ",
        r"timeout ",
        r"aaa-server |user-identity|aaa |http |snmp-server |no snmp-server|sysopt ",
        r"crypto ipsec ikev1 ", r"crypto ipsec ikev2 ", r"crypto ipsec profile ", r"crypto ipsec ",
        r"crypto dynamic-map ", r"crypto map \S+ \d+ ", r"crypto map ", r"crypto ca trustpoint ", r"crypto ca ",
        r"crypto isakmp ", r"crypto ikev2 policy ", r"crypto ikev2 ", r"crypto ikev1 enable", r"crypto ikev1 policy ",
        r"telnet |ssh |console |dhcpd |threat-detection |ntp |webvpn", r"group-policy ", r"dynamic-access-policy",
        r"username ", r"tunnel-group ", r"tunnel-group-map ", r"class-map ", r"policy-map ", r"service-policy ",
        r"prompt ",
    )
)  # fmt: skip
_SEPARATED = re.compile(r"interface |route-map |router ")
# Objects of one kind follow each other by these words of their lines; digits count as numbers.
_NUMBERS = re.compile(r"(\d+)")
_BY_NAME = re.compile(
    r"(?P<name>interface \S+|object(?:-group)? \S+ \S+|"
    rf"(?:tunnel-group|group-policy|username) {NAME}(?= ?)|route-map \S+"
    r"|(?:ipv6 )?prefix-list \S+(?: seq \d+)?|crypto (?:dynamic-)?map \S+ \d+|crypto ikev\d policy \d+|access-list \S+"
    r"|crypto ipsec (?:profile|ikev2 ipsec-proposal|ikev1 transform-set) \S+)"
)
_TUNNEL_GROUP_PARTS = {"type": 0, "general-attributes": 1, "webvpn-attributes": 2, "ipsec-attributes": 3,
                       "ppp-attributes": 4, "internal": 0, "external": 0, "attributes": 1}  # fmt: skip

_CRYPTO_MAP_PARTS = ("match address", "set pfs", "set peer", "set ikev1", "set ikev2", "set security-association")


def insert_top(lines: list[Line], fresh: Line, *, translation: bool = False, newline: str = "\n") -> None:
    """Put a top-level line where the device prints it, with the separator that its kind has."""
    kind = _kind(fresh, translation=translation)
    alike = [index for index, line in enumerate(lines) if line.line and _kind(line) == kind]
    after = _sort_key(fresh.line)
    keys = [_sort_key(lines[index].line) for index in alike]
    run = len(keys)  # where the part at the end begins that is in order
    while run > 1 and keys[run - 2] <= keys[run - 1]:
        run -= 1
    if alike and after < keys[-1]:
        start = max(run - 1, 0)
        place = next(index for index, key in zip(alike[start:], keys[start:], strict=True) if key > after)
    elif alike:
        place = alike[-1] + 1
        if _SEPARATED.match(fresh.line) and place < len(lines) and _is_mark(lines[place]):
            place += 1
    else:
        place = _place_of_kind(lines, kind)
    lines.insert(place, fresh)
    if place and not lines[place - 1].raw.endswith("\n") and not lines[place - 1].children:
        lines[place - 1].raw += newline
    if _SEPARATED.match(fresh.line):
        lines.insert(place + 1, Line("", f"!{newline}"))


def remove_top(lines: list[Line], gone: Line) -> None:
    """Take a top-level line away, with the separator that belongs to it."""
    place = lines.index(gone)
    if _SEPARATED.match(gone.line) and place + 1 < len(lines) and _is_mark(lines[place + 1]):
        del lines[place + 1]
    del lines[place]


def insert_inside(around: Line, fresh: Line, parent: str, newline: str) -> None:
    """Put a line into a mode where the device prints it; an address family comes with its closing line."""
    context = context_of(parent)
    rank = display_rank(context, fresh.line)
    lines = around.children
    place = len(lines)
    ranks = [(display_rank(context, other.line), natural(other.line)) for other in lines if other.line]
    own: tuple[object, ...] = (rank, natural(fresh.line)) if ranks == sorted(ranks) else (rank,)
    place = next(
        (
            i
            for i, o in enumerate(lines)
            if o.line and (display_rank(context, o.line), natural(o.line))[: len(own)] > own
        ),
        place,
    )
    while place and place == len(lines) and not lines[place - 1].line and not _closes(lines[place - 1]):
        place -= 1
        if place and lines[place - 1].line:
            break
    fresh.raw = _indent(around, fresh.raw)
    lines.insert(place, fresh)
    if FAMILY.match(fresh.line):
        pad = fresh.raw[: len(fresh.raw) - len(fresh.raw.lstrip())]
        lines.insert(place + 1, Line("", f"{pad}exit-address-family{newline}"))


def remove_inside(lines: list[Line], gone: Line) -> None:
    """Take a line of a mode away, an address family with its closing line."""
    place = lines.index(gone)
    if FAMILY.match(gone.line) and place + 1 < len(lines) and _closes(lines[place + 1]):
        del lines[place + 1]
    del lines[place]


def _kind(line: Line, *, translation: bool = False) -> int:
    if line.line.startswith("object network ") and (translation or line.is_translation):
        return _kind_of("object-nat ")
    if line.line.startswith("access-list "):
        return _kind_of("access-list ")
    return _kind_of(line.line)


@lru_cache(maxsize=8192)
def _kind_of(line: str) -> int:
    text = line.removeprefix("no ")
    return next((index for index, pattern in enumerate(_ORDER) if pattern.match(text)), len(_ORDER))


def _sort_key(line: str) -> tuple[tuple[int, object], ...]:
    found = _BY_NAME.match(line)
    if not found:
        return ()
    name = found["name"]
    words = line[found.end() :].split()
    if line.startswith("route-map ") and len(words) == 2 and words[1].isdigit():
        return (*natural(name), (-1, int(words[1])))
    if line.startswith("crypto map ") and words:
        place = next((i for i, part in enumerate(_CRYPTO_MAP_PARTS) if " ".join(words).startswith(part)), 9)
        return (*natural(name), (-1, place))
    return (*natural(name), (-1, _TUNNEL_GROUP_PARTS.get(words[0] if words else "", 9)))


def _place_of_kind(lines: list[Line], kind: int) -> int:
    for index, line in enumerate(lines):
        if line.line and kind < _kind(line) < len(_ORDER):
            return index
    last = max((index for index, line in enumerate(lines) if line.line), default=len(lines) - 1)
    return last + 1


def natural(line: str) -> tuple[tuple[int, object], ...]:
    """A key by which lines sort as people do: numbers by their value."""
    return tuple([(0, int(part)) if part.isdigit() else (1, part) for part in _NUMBERS.split(line) if part])


def _is_mark(line: Line) -> bool:
    return not line.line and line.raw.strip() == "!"


def _closes(line: Line) -> bool:
    return line.raw.strip().startswith("exit")


def _indent(around: Line, raw: str) -> str:
    """The text of a line indented like its neighbours."""
    alike = next((line.raw for line in around.children if line.line), "")
    if not alike:
        own = len(around.raw) - len(around.raw.lstrip())
        return " " * (own + 1) + raw.lstrip()
    return alike[: len(alike) - len(alike.lstrip())] + raw.lstrip()
