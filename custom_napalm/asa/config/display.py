"""A change as a person reads it: the lines that come and go, with what is around them, and no secrets."""

from collections.abc import Iterable, Sequence

from custom_napalm.asa.config.alignment import common
from custom_napalm.asa.config.changes import by_line
from custom_napalm.asa.config.objects import ORDERED, Key
from custom_napalm.asa.config.redaction import redact
from custom_napalm.asa.config.tree import Node

_CONTEXT = 2
"""Unchanged lines shown before and after a change in a list."""


def shown(key: Key, old: Sequence[Node], new: Sequence[Node]) -> str:
    """The difference of one object: `-` for lines that go, `+` for lines that come, blanks for those around."""
    lines = _list(old, new) if key[0] in ORDERED else _lines(old, new, "", 0)
    return "".join(f"{line}\n" for line in lines)


def _list(old: Sequence[Node], new: Sequence[Node]) -> Iterable[str]:
    left, right = [node.line for node in old], [node.line for node in new]
    merged: list[tuple[str, str]] = []
    row = column = 0
    for a, b in [*common(left, right), (len(left), len(right))]:
        merged += [("-", line) for line in left[row:a]]
        merged += [("+", line) for line in right[column:b]]
        if a < len(left):
            merged.append((" ", left[a]))
        row, column = a + 1, b + 1
    near: set[int] = set()
    for index, (sign, _) in enumerate(merged):
        if sign != " ":
            near.update(range(index - _CONTEXT, index + _CONTEXT + 1))
    return [f"{sign}{redact(line)}" for index, (sign, line) in enumerate(merged) if index in near]


def _lines(old: Sequence[Node], new: Sequence[Node], parent: str, depth: int) -> Iterable[str]:
    pad = " " * depth
    before, after = by_line(old, parent), by_line(new, parent)
    found: list[str] = []
    for line, node in before.items():
        if line not in after:
            found += [f"-{pad}{text}" for text in _all(node, 0)]
            continue
        inner = list(_lines(node.children, after[line].children, line, depth + 1))
        if node.payload.split() != after[line].payload.split():
            inner.append(f" {pad} (other content)")
        if inner:
            found += [f" {pad}{redact(line)}", *inner]
    for line, node in after.items():
        if line not in before:
            found += [f"+{pad}{text}" for text in _all(node, 0)]
    return found


def _all(node: Node, depth: int) -> Iterable[str]:
    yield " " * depth + redact(node.line)
    for child in node.commands:
        yield from _all(child, depth + 1)
