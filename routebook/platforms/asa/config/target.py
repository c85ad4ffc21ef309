"""What a configuration becomes when rendered sections meet it, within what they own."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from fnmatch import translate

from routebook.device.candidate import Section
from routebook.device.ownership_record import Record
from routebook.platforms.asa.config import manifest, shared_router
from routebook.platforms.asa.config.alignment import common
from routebook.platforms.asa.config.objects import PER_LINE, Key, Objects
from routebook.platforms.asa.config.ordered import is_after_auto
from routebook.platforms.asa.config.spelling import Device, as_shown
from routebook.platforms.asa.config.tree import Node

_WILD = re.compile(r"[*?[]|[ ]where[ ]|[ ]/[ ]")
# Patterns over whole kinds of objects whose names are free. Without a record, only what is called as everything was
# before names were free can be ours.
_KINDS = re.compile(r"((?:ipv6 )?prefix-list|community-list (?:standard|expanded)|as-path access-list|route-map) \*")
_FIRST_NAMES = "RB-*"
_INSIDE = re.compile(r"(?P<router>router bgp \S+) / (?P<name>.+)")
_AUTOMATIC = frozenset({"bgp log-neighbor-changes"})


class Ownership:
    """Shell patterns over top-level lines; an object of which one line matches is owned whole.

    `outer / inner` owns lines inside a block that others use too (`router bgp 65550 / bgp router-id *`).
    `pattern where inner` owns an object only if a line inside it matches as well: ASA names tunnel groups and
    interfaces by address and number, so `tunnel-group * where default-group-policy RB-*` are ours alone.

    `router bgp <number> / *` owns objects in a router that others use too, each by itself (`shared_router`).

    With a record of what has been made here (`recorded`), what runs is owned if it is recorded and of a kind that the
    patterns are about, whatever has become of what is in it; and if a pattern says its very name. Of a kind whose
    names are free (`route-map *`), and of what is in a router, nothing is owned by its name alone.
    """

    def __init__(
        self,
        patterns: Iterable[str],
        recorded: frozenset[str] | None = None,
        releases: Collection[str] = (),
    ) -> None:
        patterns = tuple(patterns)
        self._recorded = recorded
        self._releases = frozenset(map(manifest.shortened, releases))
        routers = [found["router"] for each in patterns if (found := _INSIDE.fullmatch(each)) and found["name"] == "*"]
        self._routers = _compiled(routers)
        if routers:
            self._inside_routers = frozenset(each for each in patterns if _INSIDE.fullmatch(each))
            patterns = tuple(each for each in patterns if each not in self._inside_routers)
        else:
            self._inside_routers = frozenset()
        kinds = {each: f"{found[1]} {_FIRST_NAMES}" for each in patterns if (found := _KINDS.fullmatch(each))}
        self._kinds = _compiled(list(kinds))
        self._first_kinds = _compiled(list(kinds.values()))
        self._named = _compiled(
            [each for each in patterns if each not in kinds and not _WILD.search(each.removesuffix(" *"))]
        )
        plain: list[str] = []
        inner: list[str] = []
        self._where: list[tuple[re.Pattern[str], re.Pattern[str]]] = []
        for pattern in patterns:
            outer, where, condition = pattern.partition(" where ")
            if where:
                self._where.append((_compiled([outer.strip()]), _compiled([condition.strip()])))
            else:
                (inner if " / " in pattern else plain).append(pattern)
        self._plain = _compiled(plain)
        self._inner = _compiled(inner) if inner else None

    @property
    def reaches_inside(self) -> bool:
        """Whether anything is owned inside blocks that are not."""
        return self._inner is not None

    def free_to_name(self, nodes: Sequence[Node]) -> bool:
        """Whether an object is of a kind of which ours are called as anybody's may be."""
        return any(self._kinds.match(node.line) for node in nodes)

    def shares(self, key: Key) -> bool:
        """Whether an object is a router in which each object is owned by itself."""
        return bool(self._routers.match(key[0])) and not self._named.match(key[0])

    def in_router(self, router: str, name: str) -> bool:
        """Whether what runs in a router that is shared is owned, by its name there."""
        if not self._releases.isdisjoint({name, name.rpartition(" / ")[2], inside_name(router, name)}):
            return False
        if f"{router} / {name}" in self._inside_routers:
            return True
        recorded = self._recorded or frozenset()
        return bool(self._routers.match(router)) and not recorded.isdisjoint({router, inside_name(router, name)})

    def by_name(self, key: Key, nodes: Sequence[Node]) -> bool:
        """Whether an object that runs is owned by nothing but its name, which the inventory adopts."""
        return any(self._named.match(node.line) for node in nodes) and not manifest.has(
            self._recorded or frozenset(), key, nodes
        )

    def by_name_in_router(self, router: str, name: str) -> bool:
        """The same of what runs in a router that is shared."""
        known = self._recorded or frozenset()
        return f"{router} / {name}" in self._inside_routers and known.isdisjoint({router, inside_name(router, name)})

    def line(self, line: str) -> bool:
        """Whether a top-level line by itself is owned."""
        return bool(self._plain.match(line))

    def inside(self, path: Sequence[str]) -> bool:
        """Whether a line is owned inside a block; `path` are the lines around it and the line itself."""
        return bool(self._inner and self._inner.match(" / ".join(path)))

    def running(self, key: Key, nodes: Sequence[Node]) -> bool:
        """Whether an object that runs is owned whole."""
        if key == manifest.KEY or manifest.name_of(key, nodes) in self._releases:
            return False
        if any(self._named.match(node.line) for node in nodes):
            return True
        if self._recorded is None:
            if any(self._kinds.match(node.line) for node in nodes):
                return any(self._first_kinds.match(node.line) for node in nodes)
            return self.object(nodes)
        kind = any(self._plain.match(node.line) or any(w.match(node.line) for w, _ in self._where) for node in nodes)
        return kind and manifest.has(self._recorded, key, nodes)

    def object(self, nodes: Iterable[Node]) -> bool:
        """Whether an object is owned whole, by what the patterns say of it."""
        nodes = tuple(nodes)
        if any(self._plain.match(node.line) for node in nodes):
            return True
        return any(
            outer.match(node.line) and any(inner.match(line) for other in nodes for line in other.lines())
            for outer, inner in self._where
            for node in nodes
        )


class Together(Ownership):
    """What several sections own together, each by its patterns and its record."""

    def __init__(self, parts: Sequence[Ownership], patterns: Iterable[str]) -> None:
        super().__init__(patterns)
        self._parts = parts

    def running(self, key: Key, nodes: Sequence[Node]) -> bool:
        """Whether an object that runs is owned whole."""
        return any(part.running(key, nodes) for part in self._parts)

    def shares(self, key: Key) -> bool:
        """Whether an object is a router in which each object is owned by itself, and none owns it whole."""
        return any(part.shares(key) for part in self._parts) and super().shares(key)

    def in_router(self, router: str, name: str) -> bool:
        """Whether what runs in a router that is shared is owned, by its name there."""
        return any(part.in_router(router, name) for part in self._parts)

    def by_name(self, key: Key, nodes: Sequence[Node]) -> bool:
        """Whether an object that runs is owned by nothing but its name, which the inventory adopts."""
        return any(part.by_name(key, nodes) for part in self._parts)

    def by_name_in_router(self, router: str, name: str) -> bool:
        """The same of what runs in a router that is shared."""
        return any(part.by_name_in_router(router, name) for part in self._parts)


def ownership(sections: Iterable[Section], record: Record | None = None) -> Ownership:
    """What sections own together; `record` says what has been made on the device, by section."""
    sections = tuple(sections)
    known = record or {}
    parts = [Ownership(section.owns, known.get(section.name), section.releases) for section in sections]
    return Together(parts, (pattern for section in sections for pattern in section.owns))


def inside_name(router: str, name: str) -> str:
    """What the record calls an object in a router."""
    return manifest.shortened(f"{router} / {name}")


def ours_in(owns: Ownership, key: Key) -> Callable[[str], bool]:
    """Whether an object of a router that runs is ours, by its name there."""
    return lambda name: owns.in_router(key[0], name)


def among(written: Objects, there: Objects, owns: Ownership, device: Device) -> Objects:
    """What is wanted, in the words of the device and without what a router that others use too need not have."""
    wanted = as_shown(written, there, device)
    for key, nodes in wanted.items():
        if owns.shares(key):
            wanted[key] = shared_router.fitted(nodes, written.get(key, nodes), there.get(key, ()), ours_in(owns, key))
    return wanted


def target(running: Objects, candidate: Objects, owns: Ownership) -> Objects:
    """The objects that are due: what is owned as in the candidate, the rest as it is.

    The very same node tuples stay where nothing changes. Candidate objects that nobody owns are not in it.
    """
    due: Objects = {}
    for key, nodes in running.items():
        wanted = candidate.get(key, ())
        if owns.shares(key):
            due[key] = shared_router.together(nodes, wanted, ours_in(owns, key))
        elif key[0] in PER_LINE:
            due[key] = _list(nodes, [node for node in wanted if owns.line(node.line)], owns)
        elif owns.running(key, nodes) or (wanted and owns.object(wanted)):
            due[key] = _with_automatic(nodes, wanted)
        elif owns.reaches_inside:
            due[key] = _inside(nodes, wanted, owns, ())
        else:
            due[key] = nodes
    for key, nodes in candidate.items():
        if key not in running:
            if owns.shares(key):
                due[key] = nodes
            elif key[0] in PER_LINE:
                due[key] = tuple(node for node in nodes if owns.line(node.line))
            elif owns.object(nodes):
                due[key] = nodes
            elif owns.reaches_inside:
                due[key] = _inside((), nodes, owns, ())
    return {key: nodes for key, nodes in due.items() if nodes}


def _with_automatic(running: Sequence[Node], wanted: tuple[Node, ...]) -> tuple[Node, ...]:
    """What is wanted of a router, with the line that some releases add to it by themselves if nobody says otherwise."""
    if not wanted or not wanted[0].line.startswith("router bgp "):
        return wanted
    said = {child.line for node in wanted for child in node.commands}
    kept = [
        child
        for node in running
        for child in node.commands
        if child.line in _AUTOMATIC and not {child.line, f"no {child.line}"} & said
    ]
    return (wanted[0].with_children([*kept, *wanted[0].children]), *wanted[1:]) if kept else wanted


def beyond(candidate: Objects, owns: Ownership) -> list[Node]:
    """The candidate's lines that nothing owns: they are merged into the running configuration."""
    found: list[Node] = []
    for key, nodes in candidate.items():
        if key[0] in PER_LINE:
            found += [node for node in nodes if not owns.line(node.line)]
        elif not owns.shares(key) and not owns.object(nodes):
            found += [rest for node in nodes if (rest := _foreign(node, owns, ())) is not None]
    return found


def _foreign(node: Node, owns: Ownership, path: tuple[str, ...]) -> Node | None:
    """A node without the lines inside that are owned; None if nothing but those is in it."""
    path = (*path, node.line)
    rest = [part for child in node.commands if not owns.inside((*path, child.line))
            and (part := _foreign(child, owns, path)) is not None]  # fmt: skip
    return None if node.commands and not rest else node.with_children(rest)


def _inside(
    running: Sequence[Node], wanted: Sequence[Node], owns: Ownership, path: tuple[str, ...]
) -> tuple[Node, ...]:
    """The running lines with the owned ones among them, at any depth, as in the candidate."""
    due = {node.line: node for node in wanted}
    found = []
    for node in running:
        here = (*path, node.line)
        other = due.pop(node.line, None)
        if path and node.line and owns.inside(here):
            found += [other] if other else []
        elif node.line:
            found.append(node.with_children(_inside(node.children, other.commands if other else (), owns, here)))
        else:
            found.append(node)
    for line, node in due.items():
        here = (*path, line)
        if path and owns.inside(here):
            found.append(node)
        elif inner := _inside((), node.commands, owns, here):
            found.append(node.with_children(inner))
    return tuple(found)


def _list(running: Sequence[Node], wanted: Sequence[Node], owns: Ownership) -> tuple[Node, ...]:
    """A list that others use too, with our lines in it: those that stay keep their places, new ones come first."""
    if not wanted and not any(owns.line(node.line) for node in running):
        return tuple(running)
    found: list[Node] = []
    for after in (False, True):
        lines = [node for node in running if is_after_auto(node.line) == after]
        ours = [node for node in wanted if is_after_auto(node.line) == after]
        own = [index for index, node in enumerate(lines) if owns.line(node.line)]
        pairs = common([lines[index].line for index in own], [node.line for node in ours])
        stays = {own[left]: right for left, right in pairs}
        placed = 0
        if not stays:
            found, placed = found + ours, len(ours)
        for index, node in enumerate(lines):
            if index in stays:
                found += [*ours[placed : stays[index]], node]
                placed = stays[index] + 1
                if stays[index] == max(stays.values()):
                    found += ours[placed:]
            elif not owns.line(node.line):
                found.append(node)
    return tuple(found)


def _compiled(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern) for pattern in patterns) or r"(?!)")
