"""What a host's configuration becomes when rendered sections meet the running one, within what they own."""

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate
from functools import lru_cache

from msgspec import Struct

from routebook.device.candidate import Section
from routebook.platforms.frr.meaning import explicit, peers
from routebook.platforms.frr.owned_objects import called
from routebook.platforms.frr.router import peer_of
from routebook.platforms.frr.settings import setting
from routebook.platforms.frr.transition import with_activity_of
from routebook.platforms.frr.tree import Block, Tree, lines_of, opens_context, parse


class Wanted(Struct, frozen=True):
    """The candidate's blocks, and the shell patterns of what belongs to it.

    A pattern is over the first line of a top-level block, or over the name of its object; `outer / inner` is over an
    object inside one. `foreign` are names of objects that match and belong to somebody else.
    """

    tree: Tree
    owns: tuple[str, ...]
    foreign: frozenset[str] = frozenset()

    def owned(self, line: str, *outer: str) -> bool:
        """Whether what a line begins or is of goes away when the candidate lacks it; `outer` are the lines around."""
        name = called(line, *outer)
        if self.names(name):
            return True
        written = " / ".join((*outer, line))
        return (
            len(outer) < 2
            and name not in self.foreign
            and bool(_any_of(self.owns, inner=bool(outer)).fullmatch(written))
        )

    def names(self, name: str) -> bool:
        """Whether an object of that name is the candidate's."""
        return name not in self.foreign and bool(_any_of(self.owns, inner=" / " in name).fullmatch(name))

    def owned_part(self, tree: Tree) -> Tree:
        """What of a configuration is the candidate's to decide."""
        return self._part(tree, (), owned=True)

    def foreign_part(self, tree: Tree) -> Tree:
        """The rest of a configuration."""
        return self._part(tree, (), owned=False)

    def _part(self, tree: Tree, outer: tuple[str, ...], *, owned: bool) -> Tree:
        found = []
        for block in tree:
            if _is_shared(block, outer) and not (not outer and self.owned(block.line)):
                inner = self._part(block.children, (*outer, block.line), owned=owned)
                if inner or not (owned or block.children):
                    found.append(Block(block.line, inner))
            elif self.owned(block.line, *outer) == owned:
                found.append(block)
        return tuple(found)


def _is_shared(block: Block, outer: tuple[str, ...]) -> bool:
    """Whether objects of several owners may be in a block: in a context of the top level, or a family of a router."""
    if not outer:
        return bool(block.children) or opens_context(block.line, None)
    return len(outer) == 1 and outer[0].startswith("router bgp ") and block.line.startswith("address-family ")


@lru_cache(maxsize=256)
def _any_of(owns: tuple[str, ...], *, inner: bool) -> re.Pattern[str]:
    return re.compile("|".join(translate(each) for each in owns if (" / " in each) == inner) or r"(?!)")


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
    everything = explicit(running)
    due = lines_of(candidate.owned_part(explicit(candidate.tree)))
    there = lines_of(candidate.owned_part(everything))
    merged = lines_of(candidate.foreign_part(explicit(candidate.tree)))
    asked = {item for item in merged if not item[1].startswith("no ")}
    return _named(due - there | asked - lines_of(everything)), _named(there - due)


def _joined(block: Block, parts: Sequence[Block]) -> Block:
    """A block of the running configuration from what stays of it and what is due in it, in its own order."""
    found: dict[str, list[Block]] = {}
    for part in parts:
        for child in part.children:
            found.setdefault(child.line, []).append(child)
    there = {child.line: child for child in block.children}
    order = [line for line in there if line in found]
    return Block(
        block.line,
        tuple(_joined(there.get(line, found[line][0]), found[line]) for line in dict.fromkeys([*order, *found])),
    )


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
