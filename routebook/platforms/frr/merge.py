"""What somebody else has typed after a push, and keeping it where the push is undone."""

import re
from collections.abc import Collection

from routebook.platforms.frr.tree import Block, Tree, lines_of, render

_ABOUT = re.compile(r"Building configuration|Current configuration|frr version ")
_Lines = Collection[tuple[tuple[str, ...], str]]


def typed_since(before: Tree, pushed: Tree, now: Tree) -> tuple[Tree, Tree] | None:
    """Two configurations whose difference is what somebody else has typed since a push; None if that is nothing.

    Where something of the push is gone, a daemon may have restarted: then missing lines prove nothing.
    """
    old, new, found = lines_of(before), lines_of(pushed), lines_of(now)
    if _intact(old, new, found):
        return (pushed, now) if new != found else None
    if not found - new - old:
        return None
    return pushed, _with(pushed, now, old | new)


def kept(before: Tree, pushed: Tree, now: Tree) -> Tree | None:
    """The configuration from before a push with what was changed after it; None where the two cannot be distinguished.

    That is so if something of the push is missing, or something that it removed is back, and if somebody has typed
    inside of what only the push had made.
    """
    old, new, found = lines_of(before), lines_of(pushed), lines_of(now)
    if not _intact(old, new, found):
        return None
    merged = _merged(before, pushed, now)
    return merged if lines_of(merged) == (old | (found - new)) - (new - found) else None


def shown_as(text: str, tree: Tree) -> str:
    """A configuration written as FRR shows one: with the lines of a text that are about the showing alone."""
    about = [line for line in text.splitlines() if _ABOUT.match(line)]
    return "\n".join([*about, render(tree) + "end\n"])


def _intact(old: _Lines, new: _Lines, found: _Lines) -> bool:
    """Whether all of a push is there."""
    return not (set(new) - set(old) - set(found)) and not ((set(old) - set(new)) & set(found))


def _with(tree: Tree, now: Tree, known: _Lines, path: tuple[str, ...] = ()) -> Tree:
    """A configuration with the lines of another one that are not known."""
    there = {block.line: block for block in now}
    blocks = []
    for block in tree:
        inner = there[block.line].children if block.line in there else ()
        blocks.append(Block(block.line, _with(block.children, inner, known, (*path, block.line))))
    have = {block.line for block in tree}
    return (*blocks, *(block for block in now if block.line not in have and (path, block.line) not in known))


def _merged(before: Tree, pushed: Tree, now: Tree) -> Tree:
    base, there = ({block.line: block for block in tree} for tree in (pushed, now))
    blocks = []
    for block in before:
        if block.line in base and block.line not in there:
            continue  # somebody else has removed it
        inner = [tree[block.line].children if block.line in tree else () for tree in (base, there)]
        blocks.append(Block(block.line, _merged(block.children, *inner)) if block.line in base else block)
    have = {block.line for block in before}
    return (*blocks, *(block for block in now if block.line not in base and block.line not in have))
