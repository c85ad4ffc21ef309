"""The commands that make, change and take away one object."""

import re
from collections.abc import Iterable, Sequence

from routebook.platforms.asa.config import ordered
from routebook.platforms.asa.config.command import Command
from routebook.platforms.asa.config.contexts import FAMILY, context_of, negation, setting
from routebook.platforms.asa.config.objects import ORDERED, Key
from routebook.platforms.asa.config.tree import NAME, Node

Meaning = tuple[object, ...]

# Taken back as a whole by this; anything else line by line.
_CLEARED = frozenset({"access-list", "tunnel-group", "group-policy", "username"})
DEFAULTS = frozenset({"DefaultRAGroup", "DefaultL2LGroup", "DefaultWEBVPNGroup", "DfltGrpPolicy", "DfltAccessPolicy"})
"""Objects that every device has: their attributes are taken away, they themselves never."""

# A list without entries is gone, and what refers to it lets everything pass, or nothing.
_NEVER_EMPTY = frozenset({"prefix-list", "ipv6", "route-map", "as-path", "community-list"})

_NEIGHBOR = re.compile(r"neighbor (?P<peer>\S+) ")
_REMOTE_AS = re.compile(r"neighbor (?P<peer>\S+) remote-as ")


def meaning(nodes: Iterable[Node], parent: str = "") -> Meaning:
    """What lines mean to the device: equal for two spellings, orders and indentations of the same."""
    lines = [
        (line, node.payload.split(), meaning(node.children, line)) for line, node in by_line(nodes, parent).items()
    ]
    return tuple(lines if parent.startswith("policy-map ") else sorted(lines, key=lambda item: item[0]))


def by_line(nodes: Iterable[Node], parent: str = "") -> dict[str, Node]:
    """The lines of a context that say something. A context that occurs twice is one context."""
    implied = context_of(parent).implied
    found: dict[str, Node] = {}
    for node in nodes:
        if not node.line or node.line in implied:
            continue
        line = _spelled_out(node.line) if not parent else node.line
        known = found.get(line)
        found[line] = known.with_children([*known.children, *node.children]) if known else node
    if FAMILY.match(parent):
        _drop_automatic(found)
    return found


def make(nodes: Sequence[Node]) -> list[Command]:
    """The commands that make an object that does not exist."""
    return edit((), (), nodes)


def change(key: Key, old: Sequence[Node], new: Sequence[Node]) -> list[Command]:
    """The commands that turn one state of an object into another, in place or by making it anew."""
    if key[0] in ORDERED:
        return _listed(ordered.forward(key, _texts(old), _texts(new)))
    if _made_anew(key, old, new):
        return take_away(key, old) + make(new)
    return edit((), old, new, grows_first=key[0] in _NEVER_EMPTY)


def change_back(key: Key, old: Sequence[Node], new: Sequence[Node]) -> list[Command]:
    """The commands that turn an object back to `old` from wherever a change to `new` stopped."""
    if key[0] in ORDERED:
        return _listed(ordered.undo(key, _texts(old), _texts(new)))
    if not new:
        return make(old)
    return change(key, new, old) if old else take_away(key, new)


def take_away(key: Key, nodes: Sequence[Node]) -> list[Command]:
    """The commands after which an object no longer exists; of the device's own, after which it is as delivered."""
    if key[0] in ORDERED and key[0] != "access-list":
        return _listed(ordered.forward(key, _texts(nodes), ()))
    if len(key) > 1 and key[0] in _CLEARED and key[1] not in DEFAULTS:
        return [Command((), f"clear configure {key[0]} {key[1]}")]
    if key[0] == "object-nat":
        return edit((nodes[0].line,), nodes[0].commands, ())
    if _kept(key):
        return edit((key[0],), [child for node in nodes for child in node.commands], ())
    return [Command((), negation(line)) for line in reversed(by_line(nodes)) if not keeps(key, line)]


def keeps(key: Key, line: str) -> bool:
    """Whether the device keeps a top-level line of an object that is taken away, without what was in it."""
    own = len(key) > 1 and key[1] in DEFAULTS
    made = re.fullmatch(rf"\S+ {NAME} (type \S+|internal)", line) is not None
    return _kept(key) or key[0] == "object-nat" or (own and made)


def _kept(key: Key) -> bool:
    return key[0].startswith(("interface ", "address-family ")) and not key[0].startswith("interface Tunnel")


def edit(
    path: tuple[str, ...], old: Sequence[Node], new: Sequence[Node], *, grows_first: bool = False
) -> list[Command]:
    """The commands inside one mode: take back, then give; a setting that takes a new value in place only gets it."""
    parent = path[-1] if path else ""
    context = context_of(parent)
    before, after = by_line(old, parent), by_line(new, parent)
    renewed = _renewed(before, after) if FAMILY.match(parent) else frozenset()
    given = [line for line in after if line not in before or _peer(line) in renewed]
    settings = {found[0]: found[1] for line in given if (found := setting(context, line))}
    taken, swaps = [], {}
    for line in before:
        if _peer(line) in renewed:
            if _REMOTE_AS.match(line):
                taken.append(Command(path, f"no {line}"))
        elif line not in after:
            found = setting(context, line)
            if found is None or found[0] not in settings or found[0] in swaps:
                taken.append(Command(path, negation(line)))
            elif settings[found[0]]:
                swaps[found[0]] = Command(path, negation(line))
    added: list[Command] = []
    for line in sorted(after, key=_first_of_neighbor):
        if line in given:
            found = setting(context, line)
            if found and found[0] in swaps:
                added.append(swaps.pop(found[0]))
            added.append(Command(path, line, after[line].payload))
            added += edit((*path, line), (), after[line].commands)
        elif after[line].children or before[line].children:
            added += edit((*path, line), before[line].commands, after[line].commands)
        if line in before and before[line].payload.split() != after[line].payload.split():
            added += [Command(path, negation(line)), Command(path, line, after[line].payload)]
    return added + taken if grows_first or context.grows_first else taken + added


def _renewed(before: Iterable[str], after: Iterable[str]) -> frozenset[str]:
    """Neighbors that go, or that get another AS: not known to be accepted in place."""
    kept = {line for line in after if _REMOTE_AS.match(line)}
    return frozenset(found["peer"] for line in before if (found := _REMOTE_AS.match(line)) and line not in kept)


def _peer(line: str) -> str:
    found = _NEIGHBOR.match(line)
    return found["peer"] if found else ""


def _first_of_neighbor(line: str) -> bool:
    """A neighbor exists by its remote-as; the other lines keep their order."""
    return not _REMOTE_AS.match(line)


def _made_anew(key: Key, old: Sequence[Node], new: Sequence[Node]) -> bool:
    """Whether the device cannot turn an object into the other one in place."""
    if not old or not new:
        return False
    if key[0] == "tunnel-group" and key[1] not in DEFAULTS:
        return _line_like(old, rf"tunnel-group {NAME} type ") != _line_like(new, rf"tunnel-group {NAME} type ")
    if key[0] == "group-policy" and key[1] not in DEFAULTS:
        return _line_like(old, rf"\S+ {NAME} (in|ex)ternal") != _line_like(new, rf"\S+ {NAME} (in|ex)ternal")
    if key[0].startswith("interface Tunnel"):
        # Everything that names an interface would be renamed with it.
        return _line_like(old[0].commands, "nameif ") != _line_like(new[0].commands, "nameif ")
    return False


def _line_like(nodes: Iterable[Node], pattern: str) -> str:
    return next((node.line for node in nodes if re.match(pattern, node.line)), "")


def _spelled_out(line: str) -> str:
    """A static route with the metric that the device prints when none was given."""
    return f"{line} 1" if line.startswith("route ") and len(line.split()) == 5 else line


def _drop_automatic(lines: dict[str, Node]) -> None:
    """Releases differ in whether they print this for every neighbor; nobody has to say it."""
    for line in [line for line in lines if line.endswith(" transport path-mtu-discovery disable")]:
        del lines[line]


def _listed(lines: Iterable[str]) -> list[Command]:
    return [Command((), line) for line in lines]


def _texts(nodes: Iterable[Node]) -> list[str]:
    return [node.line for node in nodes]
