"""FRR's configuration language as a tree of blocks: reading what FRR shows or a template wrote, and writing it."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

# Lines of `show running-config` that say nothing about the configuration.
# bgpd 10.6 and 10.7 show `use-underlays-nexthop-weight` for `bgp always-compare-med` and `bgp deterministic-med`, never
# for itself, and its `no` takes those two away (bgp_config_write and bgp_use_underlying_nexthop_weight test and clear
# BGP_WECMP_BEHAVIOR_USE_RECURSIVE_VALUE, which is no flag but 3; bgpd/bgp_vty.c). So it is never read and never sent.
_NOISE = re.compile(
    r"Building configuration\.\.\.|Current configuration:|frr version \S+.*|use-underlays-nexthop-weight|end|!.*|#.*"
)

_DEEPEST = 32  # contexts in each other, of which FRR has four; what is indented further stays where it is

_EXIT = re.compile(r"exit(-[a-z-]+)?")

# Lines that open a context of the top level (vtysh's nodes; lib/command.h of FRR).
_TOP_OPENER = re.compile(
    r"(router (bgp|ospf|ospf6|rip|ripng|isis|babel|eigrp|openfabric|pim|pim6)\b"
    r"|route-map \S+ (permit|deny) \d+$|interface \S|vrf \S|bfd$|rpki( vrf \S+)?$|key chain \S|segment-routing$"
    r"|line vty$|nexthop-group \S|pbr-map \S|mpls ldp$|l2vpn \S|pseudowire \S|affinity-map$)"
)
_INNER_OPENER = (
    (re.compile(r"router bgp\b"), re.compile(r"address-family \S|vnc \S|segment-routing srv6$")),
    (re.compile(r"address-family l2vpn evpn$"), re.compile(r"vni \d+$")),
    (re.compile(r"bfd$"), re.compile(r"profile \S|peer \S")),
    (re.compile(r"key chain\b"), re.compile(r"key \d+$")),
    (re.compile(r"mpls ldp$"), re.compile(r"address-family \S")),
    (re.compile(r"segment-routing$"), re.compile(r"(srv6|traffic-eng|encapsulation|locators)$")),
)


class Block(Struct, frozen=True):
    """A configuration line and the lines of the context that it opens."""

    line: str
    children: tuple["Block", ...] = ()

    def walk(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
        """Every line of the block with the lines of the contexts around it."""
        yield path, self.line
        for child in self.children:
            yield from child.walk((*path, self.line))


Tree = tuple[Block, ...]


def opens_context(line: str, parent: str | None) -> bool:
    """Whether FRR enters a context at this line, inside the context that `parent` opened (None: top level)."""
    if parent is None:
        return bool(_TOP_OPENER.match(line))
    return any(outer.match(parent) and inner.match(line) for outer, inner in _INNER_OPENER)


def parse(text: str) -> Tree:
    """Read configuration text. A context's lines are those indented deeper, or those up to its `exit`.

    The second form is what people paste. A context that occurs twice is one context: FRR says so too.
    """
    root = _Open(None, -1, context=True)
    for _ in _placed(text, root):
        pass
    return root.freeze()


class Placed(Struct, frozen=True):
    """A line of a text with its number, counted from 1, and the lines of the contexts around it.

    `kind` is "line", "exit" for what leaves the innermost of these contexts, or "noise" for what says nothing.
    """

    number: int
    line: str
    path: tuple[str, ...]
    kind: Literal["line", "exit", "noise"] = "line"

    @property
    def opens(self) -> bool:
        """Whether FRR enters a context here."""
        return self.kind == "line" and opens_context(self.line, self.path[-1] if self.path else None)


def placed(text: str) -> Iterator[Placed]:
    """Every line of a configuration text, as `parse` understands it."""
    return _placed(text, _Open(None, -1, context=True))


def _placed(text: str, root: "_Open") -> Iterator[Placed]:
    """Open the blocks of a text below `root`, line by line."""
    stack = [root]
    for number, raw in enumerate(text.splitlines(), 1):
        line = " ".join(raw.split())
        indent = len(raw) - len(raw.lstrip())
        if not line or _NOISE.fullmatch(line):
            yield Placed(number, line, _path(stack), "noise")
        elif _EXIT.fullmatch(line):
            yield Placed(number, line, _path(stack), "exit")
            _leave(stack, line, indent)
        else:
            while not stack[-1].takes(line, indent):
                stack.pop()
            yield Placed(number, line, _path(stack))
            block = stack[-1].open(line, indent)
            if len(stack) < _DEEPEST:
                stack.append(block)


def _path(stack: "list[_Open]") -> tuple[str, ...]:
    return tuple(each.line for each in stack if each.line is not None)


def render(tree: Iterable[Block], parent: str | None = None, depth: int = 0) -> str:
    """Write a tree the way FRR shows it; `parse` of the result is the same tree."""
    text = ""
    for block in tree:
        pad = " " * depth
        text += f"{pad}{block.line}\n"
        if block.children or opens_context(block.line, parent):
            text += render(block.children, block.line, depth + 1)
            text += f"{pad}{closing(block.line)}\n"
    return text


def closing(line: str) -> str:
    """The line that leaves the context which `line` opened."""
    return "exit-address-family" if line.startswith("address-family ") else "exit"


def lines_of(tree: Iterable[Block]) -> frozenset[tuple[tuple[str, ...], str]]:
    """Every line with its context, without order: two trees with equal sets mean the same to FRR."""
    return frozenset(item for block in tree for item in block.walk())


class _Open:
    """A block under construction; `indented` says how its lines are written, None before its first line."""

    def __init__(self, line: str | None, indent: int, *, context: bool, parent: str | None = None) -> None:
        self.line = line
        self.parent = parent
        self.indent = indent
        self.known_context = context
        self.indented: bool | None = None
        self.children: dict[str, _Open] = {}

    @property
    def is_context(self) -> bool:
        return self.known_context or bool(self.children)

    def open(self, line: str, indent: int) -> "_Open":
        if self.indented is None:
            self.indented = indent > self.indent
        block = self.children.setdefault(
            line, _Open(line, indent, context=opens_context(line, self.line), parent=self.line)
        )
        block.indent, block.indented = indent, None
        return block

    def takes(self, line: str, indent: int) -> bool:
        """Whether a line is inside this block: indented deeper or, in a context written flat, no new context.

        None of the same kind, either: an address family has none in it.
        """
        if indent > self.indent:
            return True
        another = (self.line or "").split()[:1] == line.split()[:1] and opens_context(line, self.parent)
        elsewhere = opens_context(line, None) or another
        return self.known_context and not self.indented and not elsewhere

    def freeze(self) -> Tree:
        return tuple(Block(line, child.freeze()) for line, child in self.children.items())


def _leave(stack: list[_Open], line: str, indent: int) -> None:
    """Close the context that an exit line ends."""
    while len(stack) > 1:
        closed = stack.pop()
        named = line == "exit-address-family" and (closed.line or "").startswith("address-family ")
        if named or (closed.is_context and closed.indent <= indent):
            return
