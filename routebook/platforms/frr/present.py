"""A difference between two configurations for people: lines with the contexts they are in, and no secrets."""

from collections.abc import Callable

from routebook.platforms.frr.difference import KEPT_CONTEXT, replaced_by
from routebook.platforms.frr.redaction import changed, redact
from routebook.platforms.frr.router import peer_of, renewed
from routebook.platforms.frr.settings import setting
from routebook.platforms.frr.transition import transition
from routebook.platforms.frr.tree import Block, Tree

_Anew = Callable[[str], bool]
"""Whether a line is taken back and given again although it is in both configurations."""


def diff(before: Tree, after: Tree) -> str:
    """Lines that are taken back with `-`, lines that are given with `+`, the contexts around them without a sign.

    A context with a sign whose lines are not listed keeps them: FRR turns a route map's entry from `permit` to `deny`
    in place. One that cannot be taken back itself has no sign. A secret that changes is marked as changed.
    """
    step = transition(before, after)
    return "".join(f"{line}\n" for line in _diff(step.before, step.after, 0, lambda _: False))


def _diff(before: Tree, after: Tree, depth: int, anew: _Anew) -> list[str]:
    old = {block.line: block for block in before}
    new = {block.line: block for block in after}
    secrets = {setting(line): line for line in old}
    lines: list[str] = []
    for block in _interleaved(before, after):
        line, pad = block.line, " " * depth
        flipped = replaced_by(line, old) if line not in old else replaced_by(line, new) if line not in new else None
        if line not in new and flipped:
            lines.append(f"- {pad}{line}")
        elif line not in new and KEPT_CONTEXT.fullmatch(line):
            inner = _diff(block.children, (), depth + 1, anew)
            lines += [f"  {pad}{line}", *inner] if inner else []
        elif line not in new:
            lines += _whole("-", block, depth)
        elif line not in old and flipped:
            lines += [f"+ {pad}{line}", *_diff(flipped.children, block.children, depth + 1, anew)]
        elif line not in old and line.startswith("address-family "):
            lines += [f"  {pad}{line}", *_diff((), block.children, depth + 1, anew)]
        elif line not in old:
            lines += _whole("+", block, depth, secrets.get(setting(line), ""))
        elif anew(line):
            lines += [*_whole("-", old[line], depth), *_whole("+", new[line], depth)]
        else:
            within = _made_anew(old[line], new[line]) if line.startswith("router bgp ") else anew
            inner = _diff(old[line].children, new[line].children, depth + 1, within)
            lines += [f"  {pad}{line}", *inner] if inner else []
    return lines


def _made_anew(before: Block, after: Block) -> _Anew:
    names = renewed(before, after)
    return lambda line: peer_of(line) in names


def _interleaved(before: Tree, after: Tree) -> list[Block]:
    """All blocks once, in the old order: a changed setting after its old value, what is new after its predecessor."""
    known = {block.line for block in before}
    there = {block.line for block in after}
    values = {setting(block.line): block for block in after if block.line not in known}
    placed = {
        block.line: values[setting(block.line)]
        for block in before
        if block.line not in there and setting(block.line) in values
    }
    placed |= {
        block.line: other
        for block in before
        if block.line not in there and (other := replaced_by(block.line, {b.line: b for b in after}))
    }
    taken = {block.line for block in placed.values()}
    following: dict[str, list[Block]] = {}
    anchor = ""
    for block in after:
        if block.line in known:
            anchor = block.line
        elif block.line not in taken:
            following.setdefault(anchor, []).append(block)
    result = following.get("", [])
    for block in before:
        result += [block, *([placed[block.line]] if block.line in placed else []), *following.get(block.line, [])]
    return list({block.line: block for block in result}.values())


def _whole(sign: str, block: Block, depth: int, earlier: str = "") -> list[str]:
    line = changed(block.line) if earlier and redact(earlier) == redact(block.line) else redact(block.line)
    lines = [f"{sign} {' ' * depth}{line}"]
    for child in block.children:
        lines += _whole(sign, child, depth + 1)
    return lines
