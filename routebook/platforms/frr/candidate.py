"""What a host's configuration becomes when rendered sections meet the running one, within what they own."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from routebook.device.candidate import Section
from routebook.platforms.frr.difference import object_of
from routebook.platforms.frr.meaning import explicit, peers
from routebook.platforms.frr.router import peer_of
from routebook.platforms.frr.settings import setting
from routebook.platforms.frr.transition import with_activity_of
from routebook.platforms.frr.tree import Block, Tree, lines_of, parse


class Wanted(Struct, frozen=True):
    """The candidate's blocks, and the shell patterns of what belongs to it.

    A pattern is over the first line of a top-level block, or `outer / inner` over a block inside one. `foreign` are
    names of objects that match and belong to somebody else.
    """

    tree: Tree
    owns: tuple[str, ...]
    foreign: frozenset[str] = frozenset()

    def owned(self, line: str, outer: str = "") -> bool:
        """Whether a block of the running configuration goes away when the candidate lacks it."""
        name = f"{outer} / {line}" if outer else line
        matches = any(fnmatchcase(name, pattern) for pattern in self.owns if (" / " in pattern) == bool(outer))
        return matches and called(line, outer) not in self.foreign

    def owned_part(self, tree: Tree) -> Tree:
        """What of a configuration is the candidate's to decide."""
        found = []
        for block in tree:
            inner = tuple(child for child in block.children if self.owned(child.line, block.line))
            if self.owned(block.line):
                found.append(block)
            elif inner:
                found.append(Block(block.line, inner))
        return tuple(found)

    def foreign_part(self, tree: Tree) -> Tree:
        """The rest of a configuration."""
        found = []
        for block in tree:
            rest = tuple(child for child in block.children if not self.owned(child.line, block.line))
            if not self.owned(block.line) and (rest or not block.children):
                found.append(Block(block.line, rest))
        return tuple(found)


def called(line: str, outer: str = "") -> str:
    """The name of the object that a line begins or is an entry of: `route-map RB-IN`, `bfd / profile RB-FAST`."""
    return f"{outer} / {line}" if outer else object_of(line) or line


def wanted(sections: Sequence[Section]) -> Wanted:
    """The sections of a host as one candidate."""
    tree = parse("\n".join(section.text for section in sections))
    return Wanted(tree, tuple(pattern for section in sections for pattern in section.owns))


def target(running: Tree, candidate: Wanted) -> Tree:
    """The whole configuration that is due: what is owned as in the candidate, the rest as it is."""
    due = {block.line: block for block in candidate.owned_part(candidate.tree)}
    rest = {block.line: block for block in candidate.foreign_part(running)}
    kept = [
        _joined(block, [part for part in (rest.get(block.line), due.pop(block.line, None)) if part])
        for block in running
        if block.line in rest or block.line in due
    ]
    merged = _merge((*kept, *due.values()), candidate.foreign_part(candidate.tree))
    there = {block.line: block for block in running}
    said = {block.line: block for block in candidate.tree}
    return tuple(
        with_activity_of(there[block.line], block, _others(block, said.get(block.line)))
        if block.line.startswith("router bgp ") and block.line in there and not candidate.owned(block.line)
        else block
        for block in merged
    )


def _others(router: Block, said: Block | None) -> set[str]:
    """The neighbors of a router that `said` does not name."""
    named = {peer_of(line) or line.removeprefix("no neighbor ") for _, line in (said.walk() if said else ())}
    return peers(child.line for child in router.children).keys() - named


def missing(running: Tree, candidate: Wanted) -> tuple[list[str], list[str]]:
    """The candidate's lines that the device does not have, and the owned ones it has although it should not.

    Each with the context that it belongs to, as in "router bgp 65550 / neighbor 192.0.2.1 shutdown".
    """
    due = lines_of(explicit(candidate.owned_part(candidate.tree)))
    there = lines_of(explicit(candidate.owned_part(running)))
    everything = lines_of(explicit(running))
    merged = lines_of(explicit(candidate.foreign_part(candidate.tree)))
    asked = {item for item in merged if not item[1].startswith("no ")}
    return _named(due - there | asked - everything), _named(there - due)


def _joined(block: Block, parts: list[Block]) -> Block:
    """A block of the running configuration from what stays of it and what is due in it, in its own order."""
    children = {child.line: child for part in parts for child in part.children}
    order = [child.line for child in block.children if child.line in children]
    return Block(block.line, tuple(children[line] for line in dict.fromkeys([*order, *children])))


def _named(items: Iterable[tuple[tuple[str, ...], str]]) -> list[str]:
    return sorted(" / ".join((*path, line)) for path, line in items)


def _merge(base: Tree, extra: Tree) -> Tree:
    """Add lines to a context. A line with another value of the same setting replaces it, `no …` takes away."""
    merged = {block.line: block for block in base}
    for block in extra:
        if block.line.startswith("no ") and _take_away(merged, block.line.removeprefix("no ")):
            continue
        if block.line in merged:
            merged[block.line] = Block(block.line, _merge(merged[block.line].children, block.children))
            continue
        for line in [line for line in merged if setting(line) == setting(block.line)]:
            del merged[line]
        merged[block.line] = block
    return tuple(merged.values())


def _take_away(lines: dict[str, Block], prefix: str) -> bool:
    """Remove the lines that `no PREFIX` means, inner contexts included; False when there are none."""
    found = [line for line in lines if line == prefix or line.startswith(f"{prefix} ")]
    for line in found:
        del lines[line]
    for line, block in list(lines.items()):
        inner = {child.line: child for child in block.children}
        if prefix.startswith("neighbor ") and line.startswith("address-family ") and _take_away(inner, prefix):
            lines[line] = Block(line, tuple(inner.values()))
            found.append(line)
    return bool(found)
