"""The objects that FRR's configuration is made of, as ownership knows them: by name, inside a shared context too."""

from collections.abc import Iterator

from routebook.platforms.frr.difference import object_of
from routebook.platforms.frr.meaning import canonical_line
from routebook.platforms.frr.settings import setting
from routebook.platforms.frr.tree import Block, Tree, lines_of

Place = tuple[tuple[str, ...], str]
"""A line and the contexts that it is in."""

_ROUTER, _FAMILY, _LISTEN = "router bgp ", "address-family ", "bgp listen range "
_OF_SETTINGS = (_ROUTER, "rpki")  # contexts in which a line's setting names the object


def called(line: str, *outer: str) -> str:
    """The name of the object that a line begins or is of, given the lines of the contexts around it.

    `route-map CUSTOMER-IN`, `bfd / profile FAST`, `router bgp 65550 / neighbor 192.0.2.1` for a neighbor's lines in
    every family, too, `router bgp 65550 / bgp router-id`, `router bgp 65550 / ipv4 unicast / network 10.3.0.0/16`.
    """
    line = canonical_line(line)
    if not outer:
        return object_of(line) or line
    if not outer[0].startswith(_OF_SETTINGS):
        return " / ".join((*outer, line))
    positive = line.removeprefix("no ")
    words = positive.split()
    if words[0] == "neighbor" and len(words) > 1:
        return f"{outer[0]} / neighbor {words[1]}"
    name = " ".join(words[:4]) if positive.startswith(_LISTEN) else setting(positive)
    return " / ".join((outer[0], *(each.removeprefix(_FAMILY) for each in outer[1:2]), name))


def named(tree: Tree) -> Iterator[tuple[str, frozenset[Place]]]:
    """The objects of a configuration in parts of one line each, with their names: an object has several parts."""
    for block in tree:
        if block.line.startswith(_ROUTER):
            yield from _of_router(block, (block.line,))
        elif block.line in ("bfd", "rpki"):
            yield from ((called(child.line, block.line), lines_of([child])) for child in block.children)
        else:
            yield called(block.line), lines_of([block])


def _of_router(block: Block, outer: tuple[str, ...]) -> Iterator[tuple[str, frozenset[Place]]]:
    for child in block.children:
        if child.line.startswith(_FAMILY):
            yield from _of_router(child, (*outer, child.line))
        else:
            yield called(child.line, *outer), frozenset((outer[1:] + path, line) for path, line in child.walk())


def is_option(name: str) -> bool:
    """Whether an object is an option of a router, which concerns whatever is in it."""
    router, _, own = name.partition(" / ")
    return router.startswith(_ROUTER) and bool(own) and " / " not in own and not own.startswith(("neighbor ", _LISTEN))
