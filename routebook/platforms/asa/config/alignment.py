"""The longest common subsequence of two lists of lines: what of an ordered list can stay where it is."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

# Above this many pairs of equal lines, repeated lines are matched by their count: perhaps not the longest.
_EXACT_UP_TO = 2_000_000


def common(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Indices (in old, in new) of the lines that stay, ascending in both.

    Hunt and Szymanski's algorithm, O((r + n) log n) with r pairs of equal lines: n where lines do not repeat.
    """
    start, stop = 0, 0
    shortest = min(len(old), len(new))
    while start < shortest and old[start] == new[start]:
        start += 1
    while stop < shortest - start and old[-1 - stop] == new[-1 - stop]:
        stop += 1
    head = [(index, index) for index in range(start)]
    tail = [(len(old) - index, len(new) - index) for index in range(stop, 0, -1)]
    middle = _middle(old[start : len(old) - stop], new[start : len(new) - stop])
    return head + [(left + start, right + start) for left, right in middle] + tail


def _middle(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    counts = Counter(new)
    if sum(counts[line] for line in old) > _EXACT_UP_TO:
        return _longest(_counted(old), _counted(new))
    return _longest([(line, 0) for line in old], [(line, 0) for line in new])


def _counted(lines: Sequence[str]) -> list[tuple[str, int]]:
    seen: Counter[str] = Counter()
    found = []
    for line in lines:
        seen[line] += 1
        found.append((line, seen[line]))
    return found


def _longest(old: Sequence[tuple[str, int]], new: Sequence[tuple[str, int]]) -> list[tuple[int, int]]:
    places: dict[tuple[str, int], list[int]] = {}
    for index, item in enumerate(new):
        places.setdefault(item, []).append(index)
    ends: list[int] = []  # the smallest last index in `new` of a common subsequence of each length
    links: list[tuple[int, int, object]] = []
    for left, item in enumerate(old):
        for right in reversed(places.get(item, ())):
            length = bisect_left(ends, right)
            link = (left, right, links[length - 1] if length else None)
            if length == len(ends):
                ends.append(right)
                links.append(link)
            else:
                ends[length] = right
                links[length] = link
    found: list[tuple[int, int]] = []
    step: object = links[-1] if links else None
    while isinstance(step, tuple):
        found.append((step[0], step[1]))
        step = step[2]
    return found[::-1]
