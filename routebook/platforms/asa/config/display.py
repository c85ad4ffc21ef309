"""A change as a person reads it: the lines that come and go, with what is around them, and no secrets."""

from collections import Counter
from collections.abc import Iterable, Sequence

from routebook.platforms.asa.config.changes import by_line, keeps
from routebook.platforms.asa.config.command import Command
from routebook.platforms.asa.config.objects import ORDERED, Key
from routebook.platforms.asa.config.ordered import kept, unplaced
from routebook.platforms.asa.config.redaction import changed, redact
from routebook.platforms.asa.config.tree import Node

_CONTEXT = 2
"""Unchanged lines shown before and after a change in a list."""


def shown(key: Key, old: Sequence[Node], new: Sequence[Node], commands: Sequence[Command]) -> str:
    """The difference that the commands make in one object: `-` for lines that go, `+` for lines that come.

    What is taken away and made again is shown so, although it is the same before and after. What stays around a change
    has no sign; where a list's lines in between are left out, `@@` says which old line follows.
    """
    if key[0] in ORDERED:
        lines = _list(key, old, new, commands)
    else:
        stays = () if new else tuple(node.line for node in old if keeps(key, node.line))
        lines = _Shown(commands, stays).lines(old, new, (), "")
    return "".join(f"{line}\n" for line in lines)


def _list(key: Key, old: Sequence[Node], new: Sequence[Node], commands: Sequence[Command]) -> Iterable[str]:
    left, right = [node.line for node in old], [node.line for node in new]
    merged: list[tuple[str, str, int]] = []
    row = column = 0
    for a, b in [*_staying(key, left, right, commands), (len(left), len(right))]:
        merged += [("-", line, row + at) for at, line in enumerate(left[row:a])]
        merged += [("+", line, a) for line in right[column:b]]
        if a < len(left):
            merged.append((" ", left[a], a))
        row, column = a + 1, b + 1
    near: set[int] = set()
    for index, (sign, _, _) in enumerate(merged):
        if sign != " ":
            near.update(range(index - _CONTEXT, index + _CONTEXT + 1))
    last = -1
    for index, (sign, line, place) in enumerate(merged):
        if index in near:
            if index > last + 1:
                yield f"@@ {' '.join(key)}, line {place + 1} @@"
            yield f"{sign}{redact(line)}"
            last = index


def _staying(
    key: Key, old: Sequence[str], new: Sequence[str], commands: Sequence[Command]
) -> Iterable[tuple[int, int]]:
    """Where (in old, in new) lines are that no command takes away."""
    pairs = kept(key, old, new)
    lines = [command.line for command in commands]
    if key[0] == "banner" and f"no {' '.join(key)}" in lines:
        return ()
    taken = Counter(unplaced(line.removeprefix("no ")) for line in lines if line.startswith("no "))
    stays = {left for left, _ in pairs}
    taken.subtract(line for index, line in enumerate(old) if index not in stays)
    found = []
    for left, right in reversed(pairs):
        if taken[old[left]] > 0:
            taken[old[left]] -= 1
        else:
            found.append((left, right))
    return found[::-1]


class _Shown:
    """The difference of an object whose lines have no order, as far as `commands` make it."""

    def __init__(self, commands: Sequence[Command], kept: Sequence[str]) -> None:
        self._given = {(command.path, command.line) for command in commands}
        self._kept = kept

    def lines(self, old: Sequence[Node], new: Sequence[Node], path: tuple[str, ...], pad: str) -> list[str]:
        parent = path[-1] if path else ""
        before, after = by_line(old, parent), by_line(new, parent)
        gone = {redact(line) for line in before if line not in after}
        found: list[str] = []
        for line, node in before.items():
            here = (*path, line)
            if line not in after and (path or line not in self._kept):
                found += _all("-", line, node, pad)
            elif line not in after:
                found += self._around(line, self.lines(node.children, (), here, f"{pad} "), pad)
            elif (path, line) in self._given:
                found += [*_all("-", line, node, pad), *_all("+", line, after[line], pad)]
            else:
                found += self._around(line, self.lines(node.children, after[line].children, here, f"{pad} "), pad)
        for line, node in after.items():
            if line not in before:
                found += _all("+", line, node, pad, another=redact(line) in gone)
        return found

    def _around(self, line: str, inner: list[str], pad: str) -> list[str]:
        return [f" {pad}{redact(line)}", *inner] if inner else []


def _all(sign: str, line: str, node: Node, pad: str, *, another: bool = False) -> Iterable[str]:
    yield f"{sign}{pad}{changed(line) if another else redact(line)}"
    yield from (f"{sign}{text}" for text in node.payload.splitlines())
    for inner, child in by_line(node.children, line).items():
        yield from _all(sign, inner, child, f"{pad} ")
