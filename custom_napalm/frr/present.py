"""A difference between two configurations for people: lines with the contexts they are in."""

from custom_napalm.frr.settings import setting
from custom_napalm.frr.tree import Block, Tree


def diff(before: Tree, after: Tree) -> str:
    """Removed lines with `-`, added lines with `+`, the contexts around them without a sign."""
    return "".join(f"{line}\n" for line in _diff(before, after, 0))


def _diff(before: Tree, after: Tree, depth: int) -> list[str]:
    old = {block.line: block for block in before}
    new = {block.line: block for block in after}
    lines: list[str] = []
    for block in _interleaved(before, after):
        if block.line not in new:
            lines += _whole("-", block, depth)
        elif block.line not in old:
            lines += _whole("+", block, depth)
        elif inner := _diff(old[block.line].children, new[block.line].children, depth + 1):
            lines += [f"  {' ' * depth}{block.line}", *inner]
    return lines


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


def _whole(sign: str, block: Block, depth: int) -> list[str]:
    lines = [f"{sign} {' ' * depth}{block.line}"]
    for child in block.children:
        lines += _whole(sign, child, depth + 1)
    return lines
