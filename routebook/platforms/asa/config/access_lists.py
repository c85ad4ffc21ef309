"""Changing an access list line by line, and undoing such a change from wherever it stopped.

ASA numbers the lines of an extended list from 1, remarks included: `access-list X line N …` puts a line before the
one that has the number N. It does not take an entry that the list has already, but takes a remark again. A list
that loses its last entry is gone, and with it what refers to it; so a list is never emptied in between.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from routebook.platforms.asa.config.alignment import common

Pairs = Sequence[tuple[int, int]]


def forward(name: str, old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The fewest commands that turn a list, known to be `old`, into `new`. Lines are whole `access-list` commands."""
    if not new:
        return [f"clear configure access-list {name}"]
    if not old or not _numbered(old, new):
        return [*_take_back(old[_shared(old, new) :][::-1]), *new[_shared(old, new) :]]
    pairs = kept(old, new)
    if _entries(old[left] for left, _ in pairs) or not _entries(old):
        staying = {left for left, _ in pairs}
        gone = [index for index in reversed(range(len(old))) if index not in staying]
        repeated = Counter(old)
        return [
            *(_no(old[index], index + 1 if repeated[old[index]] > 1 else None) for index in gone),
            *_insert(new, pairs),
        ]
    repeated = Counter([*old, *new])
    return [
        *(_at(line, index) for index, line in enumerate(new, 1)),
        *(_no(line, len(new) + 1 if repeated[line] > 1 else None) for line in old),
    ]


def undo(name: str, old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The commands that bring the list back to `old` after any number of the commands of `forward`.

    Each one leads to the same state whether or not what it undoes was done: taking away what is not there and
    adding an entry that is there are refused by the device and change nothing.
    """
    if not old:
        return [f"clear configure access-list {name}"]
    remarks = _remarks(old) | _remarks(new)
    if not new:
        if not remarks:
            return list(old)
        clean = [_no(text) for text, count in _remarks(old).items() for _ in range(count)]
        if _numbered(old, new):
            return clean + [_at(line, index) for index, line in enumerate(old, 1)]
        return [*clean, *_take_back(line for line in old if line not in remarks), *old]
    if not _numbered(old, new):
        return _undo_unnumbered(old, new, remarks)
    pairs = kept(old, new)
    staying = {left for left, _ in pairs}, {right for _, right in pairs}
    touched = {line for index, line in enumerate(old) if index not in staying[0]}
    touched |= {line for index, line in enumerate(new) if index not in staying[1]}
    pairs = [(left, right) for left, right in pairs if old[left] not in touched]
    if _entries(old[left] for left, _ in pairs):
        stays, still = {left for left, _ in pairs}, {right for _, right in pairs}
        return [
            *(_no(text) for text, count in remarks.items() if text in touched for _ in range(count)),
            *(_no(line) for index, line in enumerate(new) if index not in still and line not in remarks),
            *(_at(line, index + 1) for index, line in enumerate(old) if index not in stays),
        ]
    if not remarks:
        return [*(_at(line, index) for index, line in enumerate(old, 1)), *_take_back(new)]
    return _rebuild(old, new)


def kept(old: Sequence[str], new: Sequence[str]) -> Pairs:
    """What stays in place: as many lines as possible, and at least one entry where both lists share one."""
    pairs = common(old, new)
    if _entries(old[left] for left, _ in pairs) or not set(_entries(old)) & set(_entries(new)):
        return pairs
    places = [index for index, line in enumerate(old) if not _is_remark(line)]
    targets = [index for index, line in enumerate(new) if not _is_remark(line)]
    shared = common([old[index] for index in places], [new[index] for index in targets])
    return [(places[left], targets[right]) for left, right in shared]


def _rebuild(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """All of it anew, around one entry that keeps the list in being."""
    copies = _remarks(old) + _remarks(new)
    anchor = next((line for line in new if not _is_remark(line)), None)
    others = [line for line in dict.fromkeys([*new, *old]) if not _is_remark(line) and line != anchor]
    return [
        *([_at(anchor, 1)] if anchor else []),
        *_take_back(others),
        *(_no(text) for text, count in copies.items() for _ in range(count)),
        *(_at(line, index) for index, line in enumerate(old, 1)),
        *([_no(anchor)] if anchor else []),
    ]


def _undo_unnumbered(old: Sequence[str], new: Sequence[str], remarks: Counter[str]) -> list[str]:
    """Lists without line numbers (`standard` and others): everything from the first difference on anew."""
    shared = _shared(old, new)
    tails = {*old[shared:], *new[shared:]}
    shared = next((index for index, line in enumerate(old[:shared]) if line in remarks and line in tails), shared)
    gone = list(dict.fromkeys([*new[shared:], *old[shared:]]))
    return [_no(line) for line in gone for _ in range(remarks.get(line, 1))] + list(old[shared:])


def _insert(new: Sequence[str], pairs: Pairs) -> list[str]:
    """The lines of `new` that are not there yet, each at its final place; all before it are in place by then."""
    there = {right for _, right in pairs}
    last = max(there, default=-1)
    return [line if index > last else _at(line, index + 1) for index, line in enumerate(new) if index not in there]


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """How many lines both begin with; a repeated remark ends it, as only its first copy can be taken back."""
    count = 0
    while count < min(len(old), len(new)) and old[count] == new[count]:
        count += 1
    repeated = Counter(old)
    return next((index for index in range(count) if repeated[old[index]] > 1), count)


def _numbered(*lists: Sequence[str]) -> bool:
    return all(line.split(" ", 3)[2] == "extended" for lines in lists for line in lines if not _is_remark(line))


def _is_remark(line: str) -> bool:
    return line.split(" ", 3)[2] == "remark"


def _remarks(lines: Sequence[str]) -> Counter[str]:
    return Counter(line for line in lines if _is_remark(line))


def _entries(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if not _is_remark(line)]


def _at(line: str, number: int) -> str:
    command, name, rest = line.split(" ", 2)
    return f"{command} {name} line {number} {rest}"


def _no(line: str, number: int | None = None) -> str:
    return f"no {line if number is None else _at(line, number)}"


def _take_back(lines: Iterable[str]) -> list[str]:
    return [_no(line) for line in lines]
