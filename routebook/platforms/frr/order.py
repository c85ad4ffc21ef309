"""Putting objects back into the order in which FRR shows them, without touching what they do.

bgpd 8.4.4 shows lists, route maps and BFD objects in the order in which they were made. One that was removed
and made again comes last. Taking the later ones away and making them again in one load changes only the order:
vtysh loads a file as one transaction of FRR's northbound layer, which applies the difference, and there is
none. It takes one real change for the transaction to happen at all: a list that exists for a moment.
"""

import re

from routebook.platforms.frr.command import Command, render_commands
from routebook.platforms.frr.difference import edit
from routebook.platforms.frr.settings import negation
from routebook.platforms.frr.tree import Block, Tree

_KINDS = (
    re.compile(r"(?P<object>ip prefix-list \S+) .*"),
    re.compile(r"(?P<object>ipv6 prefix-list \S+) .*"),
    re.compile(r"(?P<object>access-list \S+) .*"),
    re.compile(r"(?P<object>ipv6 access-list \S+) .*"),
    re.compile(r"(?P<object>route-map \S+) .*"),
)
_BFD_KINDS = (re.compile(r"(?P<object>profile \S+)"), re.compile(r"(?P<object>peer \S.*)"))

_MARK = "ip prefix-list ROUTEBOOK-ORDER seq 1 deny any"
_BFD_MARK = "profile ROUTEBOOK-ORDER"


def order_commands(before: Tree, after: Tree) -> tuple[str, str]:
    """Two texts to load, one after the other, when undoing the change left `before` in another order."""
    steps: list[Command] = []
    for kind in _KINDS:
        objects = _objects(kind, before)
        for name in _from_first_lost(objects, _objects(kind, after)):
            steps.append(Command((), f"no {name}"))
            for block in objects[name]:
                steps.append(Command((), block.line))
                steps += edit((block.line,), (), block.children)
    order = render_commands([*([Command((), _MARK)] if steps else []), *steps])
    tidy = f"no {_MARK}\n" if steps else ""
    bfd_order, bfd_tidy = _bfd(_children("bfd", before), _children("bfd", after))
    return order + bfd_order, tidy + bfd_tidy


def _bfd(before: Tree, after: Tree) -> tuple[str, str]:
    steps: list[Command] = []
    for kind in _BFD_KINDS:
        objects = _objects(kind, before)
        for name in _from_first_lost(objects, _objects(kind, after)):
            for block in objects[name]:
                steps.append(Command(("bfd",), negation(block.line)))
                steps.append(Command(("bfd",), block.line))
                steps += edit(("bfd", block.line), (), block.children)
    if not steps:
        return "", ""
    order = render_commands([Command(("bfd",), _BFD_MARK), *steps])
    return order, render_commands([Command(("bfd",), f"no {_BFD_MARK}")])


def _objects(kind: re.Pattern[str], tree: Tree) -> dict[str, list[Block]]:
    found: dict[str, list[Block]] = {}
    for block in tree:
        if match := kind.fullmatch(block.line):
            found.setdefault(match["object"], []).append(block)
    return found


def _from_first_lost(before: dict[str, list[Block]], after: dict[str, list[Block]]) -> list[str]:
    """The objects from the first one on that the change takes away, in their order; none if it takes none."""
    names = list(before)
    lost = [index for index, name in enumerate(names) if name not in after]
    return names[lost[0] :] if lost else []


def _children(line: str, tree: Tree) -> Tree:
    return next((block.children for block in tree if block.line == line), ())
