"""Takes one earlier change of config.xml back, in what Routebook changes there, and leaves what others did since."""

import re
from collections.abc import Iterator, Mapping

from routebook.device.merging import Item, Overlap, TakenBack, take_back
from routebook.platforms.pfsense import manifest
from routebook.platforms.pfsense.difference import Delta, Edit, apply, prune
from routebook.platforms.pfsense.ownership import LISTS, Identity, Path, identity, named, package_of
from routebook.platforms.pfsense.redaction import REDACTED, is_secret
from routebook.platforms.pfsense.tree import Element, canonical, fingerprint, lines

Unit = tuple[Path, Identity]
"""An entry of a list, or a setting with all of its values (the identity is empty)."""

_SEPARATOR = " "
_REFERS = re.compile(r"(?:routemap|prefixfilter)_(?:in|out)|prefix_match|community_match|groupname")


def taken_back(before: Element, made: Element, now: Element) -> tuple[Delta, TakenBack]:
    """The edits that take the change from `before` to `made` back in `now`, and where others stand in its way.

    The revision, and whatever else was saved meanwhile beside IPsec and BGP, is not the change's.
    """
    units = [_units(root) for root in (before, made, now)]
    before_it, after_it, there_now = map(_items, units)
    found = take_back(before_it, after_it, there_now, _redacted)
    edits: list[Edit] = []
    for unit in dict.fromkeys((*units[2], *units[0])):
        due = _due(unit, found.item, units)
        there = units[2].get(unit, ())
        if [canonical(element) for element in due] != [canonical(element) for element in there]:
            edits.append(Edit(*unit, there, due, _place(now, unit) if unit[1] and there else None))
    # The last first, so that the places of the others in their lists stay.
    taken = sorted((e for e in edits if e.identity and not e.new), key=lambda e: (e.path, -(e.at or 0)))
    ordered = (*(e for e in edits if e not in taken), *taken)
    after = now.copy()
    for edit in ordered:
        apply(after, edit)
    prune(after, ordered)
    if fingerprint(now) == fingerprint(made):
        return Delta(ordered, after), found
    known = set(_loose(now))
    loose = tuple(Overlap(sentence) for sentence in _loose(after) if sentence not in known)
    return Delta(ordered, after), TakenBack(found.item, (*found.overlaps, *loose), found.old_secrets)


def _units(root: Element) -> dict[Unit, tuple[Element, ...]]:
    found: dict[Unit, tuple[Element, ...]] = {}
    for path, element in _changeable(root):
        unit = (path, identity(path, element) if path in LISTS else ())
        found[unit] = (*found.get(unit, ()), element)
    return found


def _changeable(root: Element) -> Iterator[tuple[Path, Element]]:
    for path in LISTS:
        holder = root.find(*path[:-1])
        for entry in holder.all(path[-1]) if holder else ():
            yield path, entry
    for child in (root.find("ipsec") or Element("")).children:
        if not any(known[:2] == ("ipsec", child.tag) for known in LISTS):
            yield ("ipsec", child.tag), child
    for child in (root.find("installedpackages") or Element("")).children:
        path = ("installedpackages", child.tag, "config")
        ours = child.tag == manifest.PACKAGE or package_of(child.tag)
        settings = child.first("config") if ours and path not in LISTS else None
        for inner in settings.children if settings else ():
            yield (*path, inner.tag), inner


def _items(units: Mapping[Unit, tuple[Element, ...]]) -> Item:
    return Item(items={_name(unit): _item(unit, elements) for unit, elements in units.items()})


def _item(unit: Unit, elements: tuple[Element, ...]) -> Item:
    if unit[1] or (len(elements) == 1 and elements[0].tag not in ("row", manifest.PATH[-1])):
        return Item(tuple(line for element in elements for line in lines(element)))
    # Values of a list without names: each is there or not.
    return Item(items={repr(canonical(element)): Item(tuple(lines(element))) for element in elements})


def _name(unit: Unit) -> str:
    return _SEPARATOR.join(("/".join(unit[0]), *(value for _, value in unit[1]))).strip()


def _due(unit: Unit, merged: Item, units: list[dict[Unit, tuple[Element, ...]]]) -> tuple[Element, ...]:
    """The elements that an item stands for, from whichever side has them."""
    item = merged.items.get(_name(unit))
    if item is None:
        return ()
    for side in (units[2], units[0]):
        if unit in side and _item(unit, side[unit]) == item:
            return side[unit]
    values = {repr(canonical(element)): element for side in units for element in side.get(unit, ())}
    return tuple(values[name] for name in item.items if name in values)


def _place(root: Element, unit: Unit) -> int:
    path, name = unit
    holder = root.find(*path[:-1])
    entries = holder.all(path[-1]) if holder else []
    return next(number for number, entry in enumerate(entries) if identity(path, entry) == name)


def _redacted(line: str) -> str:
    tag, _, text = line.strip().partition(" ")
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}{tag} {REDACTED}" if text and is_secret(tag) else line


def _loose(root: Element) -> Iterator[str]:
    """Entries that are without what they belong to, or that claim another one's number."""
    phase1 = _entries(root, ("ipsec", "phase1"))
    numbers = [entry.value("ikeid") for entry in phase1]
    for number in sorted({number for number in numbers if numbers.count(number) > 1}):
        yield f"two phase 1 entries have the ikeid {number}"
    for entry in _entries(root, ("ipsec", "phase2")):
        if entry.value("ikeid") not in numbers:
            yield f"{named(('ipsec', 'phase2'), entry)} is of a phase 1 that is not there"
    yield from _unknown_names(root)


def _entries(root: Element, path: Path) -> list[Element]:
    holder = root.find(*path[:-1])
    return holder.all(path[-1]) if holder else []


def _unknown_names(root: Element) -> Iterator[str]:
    """Route maps, lists and groups of the packages that are named and not there."""
    known = {entry.value("name") for path, tags in LISTS.items() if tags[0] == "name" for entry in _entries(root, path)}
    for path in LISTS:
        if path[0] != "installedpackages":
            continue
        for entry in _entries(root, path):
            for element in entry.walk():
                if _REFERS.fullmatch(element.tag) and element.text not in known | {"", "none"}:
                    yield f"{named(path, entry)} uses {element.text}, which is not there"
