"""Taking back one change of several: the change inverted, merged into what runs now, or the places where that clashes.

A three-way merge of configurations as trees of objects and settings. The common ancestor is what the change made; one
side is what was before it, the other what runs now.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from msgspec import Struct

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """An object or a setting: its own lines, and what is in it by what identifies it there, in order.

    Two settings of one name in one object are the same one with another value. `lines` have secrets in them.
    """

    lines: tuple[str, ...] = field(default=(), repr=False)
    items: Mapping[str, "Item"] = field(default_factory=dict)

    def walk(self, path: Path = ()) -> Iterator[tuple[Path, str]]:
        """Every line with the names of what it is in."""
        for line in self.lines:
            yield path, line
        for name, item in self.items.items():
            yield from item.walk((*path, name))


class Overlap(Struct, frozen=True):
    """A place that a change made different, and that has been made different again since.

    `lines` are those of now that would go, without secrets; `where` names the place among others of the host.
    """

    where: str
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.where}: {', '.join(f'`{line}`' for line in self.lines)}" if self.lines else self.where


class TakenBack(Struct, frozen=True):
    """What runs now without a change, or where that is impossible. `old_secrets` names secrets that come back."""

    item: Item
    overlaps: tuple[Overlap, ...] = ()
    old_secrets: tuple[str, ...] = ()


def take_back(before: Item, made: Item, now: Item, redact: Callable[[str], str]) -> TakenBack:
    """`now` without the change from `before` to `made`.

    Where nothing has changed since, that is exactly `before`; what others have changed elsewhere stays.
    """
    places: list[Path] = []
    merged = _merge(before, made, now, (), places) or Item()
    return TakenBack(
        merged,
        tuple(_overlap(place, made, now, redact) for place in places),
        old_secrets(now, merged, redact),
    )


def old_secrets(now: Item, after: Item, redact: Callable[[str], str]) -> tuple[str, ...]:
    """The places of secrets in `after` that are not in `now`, without their values."""
    there = set(now.walk())
    found = [
        _placed(path, redact(line).strip())
        for path, line in after.walk()
        if (path, line) not in there and redact(line) != line
    ]
    return tuple(dict.fromkeys(found))


def _placed(path: Path, line: str) -> str:
    """A line in what it is in; a setting's own name is in its line already."""
    around = path[:-1] if path and line.startswith(path[-1]) else path
    return " / ".join((*around, line))


def _merge(before: Item | None, made: Item | None, now: Item | None, path: Path, places: list[Path]) -> Item | None:
    if before == made or now == before:
        return now
    if now == made:
        return before
    if before is None or made is None or now is None:
        # One made or took away the whole, the other changed it.
        places.append(path)
        return now
    if before.lines == made.lines or now.lines == before.lines:
        lines = now.lines
    elif now.lines == made.lines:
        lines = before.lines
    else:
        places.append(path)
        return now
    items: dict[str, Item] = {}
    for name in _order(before, now):
        merged = _merge(before.items.get(name), made.items.get(name), now.items.get(name), (*path, name), places)
        if merged is not None:
            items[name] = merged
    return Item(lines, items)


def _order(before: Item, now: Item) -> list[str]:
    """All names: those of now in their order, each that is only in `before` after the one that it followed there."""
    names = list(now.items)
    last = -1
    for name in before.items:
        if name in now.items:
            last = names.index(name)
        else:
            last += 1
            names.insert(last, name)
    return names


def _overlap(place: Path, made: Item, now: Item, redact: Callable[[str], str]) -> Overlap:
    old, new = (list(item.walk()) if (item := _at(root, place)) else [] for root in (made, now))
    shown = [redact(line).strip() for path, line in new if (path, line) not in set(old)]
    if not shown:  # it was only taken away since
        shown = [f"taken away: {redact(line).strip()}" for path, line in old if (path, line) not in set(new)]
    return Overlap(" / ".join(redact(name) for name in place) or "all of it", tuple(dict.fromkeys(shown)))


def _at(root: Item, place: Path) -> Item | None:
    found: Item | None = root
    for name in place:
        found = found.items.get(name) if found else None
    return found
