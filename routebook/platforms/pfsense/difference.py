"""From a candidate to the edits of config.xml that bring it about, those that undo them, and the resulting tree."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from routebook.device.candidate import Section
from routebook.device.errors import CandidateError
from routebook.device.ownership_record import Record
from routebook.device.values import Beside
from routebook.platforms.pfsense import manifest
from routebook.platforms.pfsense.candidate import settings_of, together
from routebook.platforms.pfsense.claims import refuse_another_as, refuse_foreign, refuse_shared
from routebook.platforms.pfsense.kept import (
    PHASE1,
    PHASE2,
    adopted_phase2,
    keep,
    keep_tunnels,
    networks,
    others_networks,
)
from routebook.platforms.pfsense.meaning import NETWORKS, inherited, network, same
from routebook.platforms.pfsense.numbers import numbered
from routebook.platforms.pfsense.ownership import (
    BGP,
    IPSEC,
    LISTS,
    Identity,
    Path,
    Pattern,
    belongs,
    identity,
    named,
    package_of,
    patterns,
)
from routebook.platforms.pfsense.references import POLICIES, used
from routebook.platforms.pfsense.tree import (
    Element,
    as_value,
    equal,
)

# What a state lists by itself: tunnels, and sessions.
_LISTED: frozenset[Path] = frozenset(
    {
        ("ipsec", "phase1"),
        ("installedpackages", "openbgpdneighbors", "config"),
        ("installedpackages", "frrbgpneighbors", "config"),
    }
)


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of a list's entry (`identity` says which), or of a setting with all its values (`identity` is empty).

    `old` and `new` are the elements before and after, empty where there is none. `at` is the entry's place in its list.
    """

    path: Path
    identity: Identity
    old: tuple[Element, ...] = field(repr=False)
    new: tuple[Element, ...] = field(repr=False)
    at: int | None = None
    twin: bool = False  # of an entry that the list has twice, and only once from now on

    @property
    def name(self) -> str:
        """What it is of, for people."""
        if not self.identity:
            return "/".join(self.path)
        return named(self.path, (self.new or self.old)[0])

    def request(self) -> dict[str, Any]:
        """For the program on the device."""
        if not self.identity:
            return _setting(self.path, self.new)
        entry = {"path": "/".join(self.path), "at": self.at, "key": [list(pair) for pair in self.identity]}
        if not self.new:
            return {"do": "drop", **entry}
        return {"do": "put", **entry, "value": as_value(self.new[0])}

    def undo(self) -> dict[str, Any]:
        """For the program on the device, whatever has happened to the list in between."""
        if not self.identity:
            return _setting(self.path, self.old)
        entry: dict[str, Any] = {
            "path": "/".join(self.path),
            "at": "find",
            "key": [list(pair) for pair in self.identity],
        }
        if not self.old:
            return {"do": "drop", **entry}
        if self.twin:
            entry["at"] = None
        return {"do": "put", **entry, "value": as_value(self.old[0])}


def _setting(path: Path, values: Sequence[Element]) -> dict[str, Any]:
    steps = [*path[:-1], path[-1]]
    if path[0] == "installedpackages":
        steps.insert(3, "0")  # a package's settings are the first entry of a list
    if not values:
        return {"do": "unset", "path": "/".join(steps)}
    return {"do": "set", "path": "/".join(steps), "tag": path[-1], "values": [as_value(value) for value in values]}


@dataclass(frozen=True, slots=True)
class Delta:
    """A change of config.xml: its edits in the order in which they are made, and the tree that they lead to."""

    edits: tuple[Edit, ...]
    after: Element = field(repr=False)
    left: tuple[str, ...] = ()  # what is not needed any more, and stays as somebody else names it

    def __bool__(self) -> bool:
        return bool(self.edits)


def difference(running: Element, sections: Sequence[Section], package: str, *, record: bool = False) -> Delta:
    """What brings `running` to `sections`; `package` is the BGP package that is installed, empty if none is.

    With `record`, a change brings the record of what is owned along. Raises CandidateError.
    """
    edits: list[Edit] = []
    for part in (IPSEC, BGP):
        own = [section for section in sections if section.part == part]
        if own:
            edits += _part(running, part, own, package)
    edits, left = _without_used(running, edits)
    if record and (edits or released_by(running, sections, package)):
        edits += _record(running, sections, package)
    return Delta(tuple(edits), _after(running, edits), left)


def _after(running: Element, edits: Sequence[Edit]) -> Element:
    after = running.copy()
    for edit in edits:
        apply(after, edit)
    prune(after, edits)
    return after


def _without_used(running: Element, edits: list[Edit]) -> tuple[list[Edit], tuple[str, ...]]:
    """The edits without those that take away what is named by something that stays, and the names of that."""
    left: dict[str, None] = {}
    while True:
        names = set(used(_after(running, edits)))
        stay = [
            edit
            for edit in edits
            if not edit.new and not edit.twin and edit.path in POLICIES and (edit.path, edit.identity[0][1]) in names
        ]
        if not stay:
            return edits, tuple(left)
        left |= dict.fromkeys(name for edit in stay for name in manifest.shown(edit.path, edit.old))
        edits = [edit for edit in edits if edit not in stay]


def released_by(running: Element, sections: Sequence[Section], package: str) -> list[str]:
    """What is ours by the record, or as no record says otherwise, and is given out of hand."""
    found: dict[str, None] = {}
    known = manifest.read(running)
    for section in sections:
        if not section.releases or section.part not in (IPSEC, BGP):
            continue
        owner = _owner(section, package, known)
        before = _owner(replace(section, releases=frozenset()), package, known)
        for path in LISTS:
            gone = (e for e in manifest.entries(running, path) if before.owns(path, e) and not owner.owns(path, e))
            found |= dict.fromkeys(manifest.shown(path, gone))
        for path in NETWORKS:
            ours = set(others_networks(path, running, [owner])) - set(others_networks(path, running, [before]))
            found |= dict.fromkeys(f"network {each}" for each in sorted(ours))
    return list(found)


def taken_over(running: Element, sections: Sequence[Section], package: str) -> list[str]:
    """What is there as the candidate has it and is adopted by its name, as long as no record has it."""
    found: dict[str, None] = {}
    known = manifest.read(running)
    for section in sections:
        if section.part not in (IPSEC, BGP) or not section.owns:
            continue
        owner = _owner(section, package, known)
        wanted, kept = _kept([section], running, package, [owner])
        stays = set(map(id, kept))
        for path in LISTS:
            due = manifest.entries(wanted, path)
            same = (
                entry
                for entry in manifest.entries(running, path)
                if owner.adopts(path, entry) and (id(entry) in stays or any(equal(entry, mine) for mine in due))
            )
            found |= dict.fromkeys(manifest.shown(path, same))
    return list(found)


def foreign(running: Element, sections: Sequence[Section], package: str) -> Iterator[str]:
    """What a section could have and somebody else has made, which stays as it is: `phase1 office`, `neighbor x`."""
    for section in sections:
        if section.part not in (IPSEC, BGP) or not section.owns:
            continue
        owner = _owner(section, package, manifest.read(running))
        wanted, kept = _kept([section], running, package, [owner])
        ours = set(map(id, (*kept, *adopted_phase2(running, [owner]))))
        for path in LISTS:
            if path not in {pattern.path for pattern in owner.patterns}:
                continue
            due = manifest.entries(wanted, path)
            yield from manifest.shown(
                path,
                (
                    entry
                    for entry in manifest.entries(running, path)
                    if id(entry) not in ours
                    and not owner.owns(path, entry)
                    and not any(equal(entry, mine) for mine in due)
                ),
            )
        for path in NETWORKS:
            if any(pattern.owns(path) for pattern in owner.patterns):
                intended = {network(path, row) for row in manifest.entries(wanted, path)}
                others = others_networks(path, running, [owner])
                yield from (f"network {each}" for each in others if each not in intended)


def beside(running: Element, sections: Sequence[Section], package: str) -> Iterator[Beside]:
    """All entries of the lists of these sections that somebody else has made; not sessions and tunnels themselves."""
    for section in sections:
        if section.part not in (IPSEC, BGP):
            continue
        owner = _owner(section, package, manifest.read(running))
        for path in LISTS:
            if path in _LISTED or not belongs(path, section.part) or package_of(path[1]) not in ("", package):
                continue
            for entry in manifest.entries(running, path):
                if not owner.owns(path, entry):
                    yield Beside(section.name, named(path, entry))


def _record(running: Element, sections: Sequence[Section], package: str) -> Iterator[Edit]:
    known = dict(manifest.read(running))
    for section in sections:
        if section.owns and "*" not in section.owns:
            owner = _owner(section, package, known)
            wanted, kept = _kept([section], running, package, [owner])
            tunnels = (named(PHASE1, entry) for entry in kept if entry.tag == PHASE1[-1])
            known[section.name] = frozenset((*manifest.names(wanted), *tunnels))
    holder = manifest.entries(running, manifest.PATH)
    items = manifest.written(known)
    if [item.text for item in holder] != [item.text for item in items]:
        yield Edit(manifest.PATH, (), tuple(holder), items)


def _kept(
    sections: Sequence[Section], running: Element, package: str, owners: Sequence[manifest.Owner]
) -> tuple[Element, tuple[Element, ...]]:
    """What sections of one part say together, with what is there already as it is."""
    wanted = together(sections, package)
    keep(wanted, running, owners)
    return wanted, keep_tunnels(wanted, running, owners)


def _owner(section: Section, package: str, record: Record) -> manifest.Owner:
    of_package = [
        pattern
        for pattern in patterns(section.part, section.owns)
        if section.part == IPSEC or package_of(pattern.path[1]) == package
    ]
    return manifest.Owner(tuple(of_package), record.get(section.name), section.releases)


def _part(running: Element, part: str, sections: Sequence[Section], package: str) -> Iterator[Edit]:
    known = manifest.read(running)
    owners = [_owner(section, package, known) for section in sections]
    owned = tuple(pattern for owner in owners for pattern in owner.patterns)
    strict = any(section.owns for section in sections)
    wanted, kept = _kept(sections, running, package, owners)
    if part == IPSEC:
        numbered(wanted, running)
    settings: dict[Path, list[Element]] = {}
    for path, element in settings_of(wanted):
        settings.setdefault(path, []).append(element)
    if strict:
        refuse_foreign(wanted, owners)
        refuse_another_as(running, settings, owners)
    for path in NETWORKS:
        if path in settings or any(pattern.owns(path) for pattern in owned):
            old = manifest.entries(running, path)
            if any(pattern.owns(path) for pattern in owned):
                settings[path] = networks(path, old, settings.get(path, []), running, owners)
    yield from _setting_edits(running, settings, owned)
    for path in LISTS:
        if path[0] == ("ipsec" if part == IPSEC else "installedpackages"):
            yield from _list_edits(running, path, wanted, owners, kept)


def _setting_edits(
    running: Element, settings: Mapping[Path, list[Element]], owned: Sequence[Pattern]
) -> Iterator[Edit]:
    paths = dict.fromkeys([*settings, *(path for pattern in owned for path in _owned_settings(running, pattern))])
    for path in paths:
        holder = running.find(*path[:-1])
        old = [] if holder is None else holder.all(path[-1])
        new = settings.get(path, [])
        if not old and len(new) == 1 and new[0].text == inherited(path, running):
            continue
        if not same(path, old, new):
            yield Edit(path, (), tuple(old), tuple(new))


def _owned_settings(running: Element, pattern: Pattern) -> Iterator[Path]:
    if pattern.path in LISTS or any(pattern.path == path[:-1] for path in LISTS):
        return
    found = running.find(*pattern.path)
    if found is None:
        return
    if pattern.path[-1] == "config":
        for child in found.children:
            yield (*pattern.path, child.tag)
    else:
        yield pattern.path


def _list_edits(
    running: Element, path: Path, wanted: Element, owners: Sequence[manifest.Owner], kept: Sequence[Element]
) -> Iterator[Edit]:
    stays = set(map(id, kept))
    with_phase1 = set(map(id, adopted_phase2(running, owners))) if path == PHASE2 else set()

    def ours(entry: Element) -> bool:
        mine = id(entry) in with_phase1 or any(owner.owns(path, entry) for owner in owners)
        return mine and id(entry) not in stays

    old, new = manifest.entries(running, path), manifest.entries(wanted, path)
    names = [identity(path, entry) for entry in new]
    for name, entry in zip(names, new, strict=True):
        if names.count(name) > 1:
            raise CandidateError(f"the candidate has {named(path, entry)} twice")
        if not all(value for _, value in name[:1]):
            raise CandidateError(f"the candidate has an entry of {'/'.join(path)} without {name[0][0]}")
    places: dict[Identity, int] = {}
    dropped: list[Edit] = []
    refuse_shared(path, old, new, ours)
    for at, entry in enumerate(old):
        name = identity(path, entry)
        if name in names:
            if name not in places:
                places[name] = at
            elif ours(entry):
                dropped.append(Edit(path, name, (entry,), (), at, twin=True))
        elif ours(entry):
            dropped.append(Edit(path, name, (entry,), (), at))
    for name, entry in zip(names, new, strict=True):
        at = places.get(name, -1)
        if at >= 0 and not equal(old[at], entry):
            if not ours(old[at]) and any(owner.recorded is not None or owner.patterns for owner in owners):
                raise CandidateError(manifest.taken(path, old[at]))
            yield Edit(path, name, (old[at],), (entry,), at)
    yield from reversed(dropped)  # the last first, so that the places of the others stay
    for name, entry in zip(names, new, strict=True):
        if name not in places:
            yield Edit(path, name, (), (entry,))


def apply(root: Element, edit: Edit) -> None:
    """What the program on the device does to its tree, done to this one."""
    holder = root.made(*edit.path[:-1]) if edit.new else root.find(*edit.path[:-1])
    if holder is None:
        return
    tag = edit.path[-1]
    places = [place for place, child in enumerate(holder.children) if child.tag == tag]
    if not edit.identity:
        at = places[0] if places else len(holder.children)
        holder.children = [child for child in holder.children if child.tag != tag]
        holder.children[at:at] = [element.copy() for element in edit.new]
    elif edit.at is None:
        holder.children.insert(places[-1] + 1 if places else len(holder.children), edit.new[0].copy())
    elif edit.new:
        holder.children[places[edit.at]] = edit.new[0].copy()
    else:
        del holder.children[places[edit.at]]


def prune(root: Element, edits: Iterable[Edit]) -> None:
    """Take away what is around the edits and has nothing in it any more, as the program on the device does at last."""
    for edit in edits:
        for length in range(len(edit.path) - 1, 0, -1):
            holder = root.find(*edit.path[:length])
            if holder is None:
                continue
            if holder.children or holder.text or edit.path[:length] == ("installedpackages",):
                break
            above = root.find(*edit.path[: length - 1])
            if above is not None:
                above.children = [child for child in above.children if child is not holder]
