"""The objects inside a `router bgp`, each of which is ours or somebody else's, and what a router that both use becomes.

An object is a neighbor with its lines in every family, a `network`, an `aggregate-address`, a `redistribute`, or an
option (`bgp router-id`, `maximum-paths` of a family). In the record it is called by the router's line and its own name:
`router bgp 65550 / neighbor 192.0.2.1`, `router bgp 65550 / ipv4 unicast / network 10.3.0.0 mask 255.255.0.0`.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from routebook.platforms.asa.config.changes import meaning
from routebook.platforms.asa.config.contexts import FAMILY, context_of, setting
from routebook.platforms.asa.config.spelling import Device
from routebook.platforms.asa.config.tree import Node

ROUTER = "router bgp "
_FAMILY = "address-family "
_NEIGHBOR = re.compile(r"neighbor (\S+) ")
_OBJECTS = ("neighbor ", "network ", "aggregate-address ", "redistribute ")
# What is rendered in any case and concerns everybody in the router: left as it is where somebody else has the router.
_EVERYBODYS = frozenset({"bgp log-neighbor-changes"})
_PLAIN = Device()

Lines = tuple[Node, ...]
Ours = Callable[[str], bool]
"""Whether an object that runs, by its name in the router, is ours."""
ByFamily = dict[str, list[Node]]
"""An object's lines by the family that they are in; the empty text for those in none."""
ByName = dict[str, ByFamily]


def name_of(line: str, family: str = "") -> str:
    """The name of the object that a line of a router, or of one of its families, is of."""
    line = _PLAIN.plain(line)
    if neighbor := _NEIGHBOR.match(line.removeprefix("no ")):
        return f"neighbor {neighbor[1]}"
    if line.startswith(_OBJECTS):
        name = re.sub(r" (?:route-map|metric|summary-only|as-set|\w+-map) .*| (?:summary-only|as-set)$", "", line)
    else:
        given = setting(context_of(family or f"{ROUTER}1"), line)
        name = given[0] if given else line.removeprefix("no ")
    return f"{family.removeprefix(_FAMILY)} / {name}" if family else name


def is_option(name: str) -> bool:
    """Whether an object is an option of the router, which concerns whatever is in it."""
    return not name.rpartition(" / ")[2].startswith(_OBJECTS)


def objects_of(nodes: Iterable[Node]) -> ByName:
    """The lines of each object in a router by its name."""
    found: ByName = {}
    for family, line in _lines(nodes):
        found.setdefault(name_of(line.line, family), {}).setdefault(family, []).append(line)
    return found


def names(nodes: Iterable[Node]) -> frozenset[str]:
    """The names of the objects in a router."""
    return frozenset(name_of(line.line, family) for family, line in _lines(nodes))


def _lines(nodes: Iterable[Node]) -> Iterator[tuple[str, Node]]:
    """The lines of a router with the family that each is in, without those that say what holds anyway."""
    for router in nodes:
        for child in router.commands:
            if FAMILY.match(child.line):
                implied = context_of(child.line).implied
                yield from ((child.line, line) for line in child.commands if line.line not in implied)
            elif not child.line.startswith(_FAMILY):
                yield "", child


def fitted(wanted: Lines, written: Sequence[Node], running: Sequence[Node], ours: Ours) -> Lines:
    """What is wanted of a router that runs, without what its lines need not say because the router is there already.

    `written` is the same before it was put in the device's words, to which lines of other objects were added.
    """
    asked = names(written)
    said = {line.line for _, line in _lines(running)}

    def due(line: Node, family: str) -> bool:
        name = name_of(line.line, family)
        return name in asked and (line.line not in _EVERYBODYS or line.line in said or not running or ours(name))

    def inside(router: Node) -> Iterator[Node]:
        for child in router.children:
            if FAMILY.match(child.line):
                implied = context_of(child.line).implied
                yield child.with_children(
                    line
                    for line in child.children
                    if not line.line or (line.line in implied and not running) or due(line, child.line)
                )
            elif not child.line or due(child, ""):
                yield child

    return tuple(router.with_children(inside(router)) for router in wanted)


def taken(running: Sequence[Node], wanted: Sequence[Node], ours: Ours) -> list[str]:
    """The names of the objects of somebody else's in a router that ours of that name would change."""
    there = objects_of(running)
    return [
        name
        for name, lines in objects_of(wanted).items()
        if name in there and not ours(name) and not _same(there[name], lines)
    ]


def foreign(running: Sequence[Node], wanted: Sequence[Node], ours: Ours) -> list[str]:
    """The names of what somebody else has in a router and ours has not: neighbors, networks and the like, options."""
    due = names(wanted)
    return [name for name in objects_of(running) if name not in due and not ours(name)]


def together(running: Lines, wanted: Lines, ours: Ours) -> Lines:
    """A router that is shared, with ours as wanted and the rest as it runs; nothing where nothing is left in it.

    An option of ours stays as long as somebody else has something in the router and we have nothing any more.
    """
    there, due = objects_of(running), objects_of(wanted)
    if not there:
        return wanted or running
    stays = {name for name in there if name not in due and not ours(name)}
    if not due and not any(map(ours, there)):
        return running
    if not due and any(not is_option(name) for name in stays):
        stays |= {name for name in there if is_option(name)}
    if not due and all(_is_everybodys(there[name]) for name in stays):
        return ()
    return (_merged(running, due, there, stays),)


def _is_everybodys(lines: ByFamily) -> bool:
    return all(node.line in _EVERYBODYS for nodes in lines.values() for node in nodes)


def _merged(
    running: Lines,
    due: ByName,
    there: ByName,
    stays: Collection[str],
) -> Node:
    router = running[0]
    found: list[Node] = []
    placed: set[tuple[str, str]] = set()

    def place(child: Node, family: str) -> list[Node]:
        """What stands where a line stood."""
        name = name_of(child.line, family)
        if name in stays:
            return [child]
        if name not in due or (name, family) in placed:
            return []
        placed.add((name, family))
        wanted = due[name].get(family, [])
        same = {node.line for node in there[name].get(family, ())} == {node.line for node in wanted}
        return there[name][family] if same else wanted

    for child in (child for node in running for child in node.children):
        if FAMILY.match(child.line):
            inner = [each for line in child.children for each in (place(line, child.line) if line.line else [line])]
            inner += _new(due, placed, child.line)
            if any(line.line for line in inner):
                found.append(child.with_children(inner))
        elif child.line and not child.line.startswith(_FAMILY):
            found += place(child, "")
        else:
            found.append(child)
    families = dict.fromkeys(family for lines in due.values() for family in lines)
    for family in families:
        if more := _new(due, placed, family):
            found += [Node(family, f" {family}\n", tuple(more))] if family else more
    return router.with_children(found)


def _new(due: ByName, placed: set[tuple[str, str]], family: str) -> list[Node]:
    """The lines of a family of which no object stands there yet."""
    found: list[Node] = []
    for name, lines in due.items():
        if family in lines and (name, family) not in placed:
            placed.add((name, family))
            found += lines[family]
    return found


def _same(one: ByFamily, other: ByFamily) -> bool:
    families = one.keys() | other.keys()
    return all(meaning(one.get(family, ()), family) == meaning(other.get(family, ()), family) for family in families)
