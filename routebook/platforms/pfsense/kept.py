"""Entries that are there already and mean what the candidate says: they stay as they are, under their own names.

What somebody has made in the web interface has other fields, another description and other numbers than what the
templates write. As long as it means the same, nothing is sent for an entry that was adopted; with the first change that
does matter, it is replaced by Routebook's own.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from routebook.platforms.pfsense import manifest
from routebook.platforms.pfsense.meaning import NEIGHBORS, meaning, network, same
from routebook.platforms.pfsense.ownership import LISTS, Path, identity
from routebook.platforms.pfsense.tree import Element
from routebook.platforms.pfsense.tunnel_meaning import same as same_tunnel

PHASE1: Path = ("ipsec", "phase1")
PHASE2: Path = ("ipsec", "phase2")

# Lists whose entries are known by something else than their description, too.
_KEYS: Mapping[Path, str] = MappingProxyType(
    {NEIGHBORS: "peer", ("installedpackages", "openbgpdneighbors", "config"): "neighbor"}
)


def keep(wanted: Element, running: Element, owners: Sequence[manifest.Owner]) -> None:
    """Put what is there in place of each entry of the candidate that means the same.

    An entry of the same name may be anybody's, one of another name has to be ours.
    """
    for path in LISTS:
        holder = wanted.find(*path[:-1])
        if holder is None or path[0] == "ipsec":
            continue
        there = manifest.entries(running, path)
        by_name = {identity(path, entry): entry for entry in reversed(there)}
        by_key = _by_key(path, [entry for entry in there if any(owner.owns(path, entry) for owner in owners)])
        for index, entry in enumerate(holder.children):
            if entry.tag != path[-1]:
                continue
            found = by_name.get(identity(path, entry)) or by_key.get(entry.value(_KEYS.get(path, "")))
            if found is not None and meaning(path, found) == meaning(path, entry):
                holder.children[index] = found.copy()


def keep_tunnels(wanted: Element, running: Element, owners: Sequence[manifest.Owner]) -> tuple[Element, ...]:
    """The entries of tunnels that are there, ours under other names and mean the same: taken out of the candidate."""
    ipsec = wanted.find("ipsec") or Element("ipsec")
    there = [entry for entry in manifest.entries(running, PHASE1) if not manifest.called_ours(PHASE1, entry)]
    kept: list[Element] = []
    for entry in ipsec.all("phase1") if there else ():
        mine = [each for each in manifest.entries(wanted, PHASE2) if each.value("descr").startswith(_begins(entry))]
        for other in there:
            its = phase2_of(running, other)
            ours = any(owner.owns(PHASE1, other) for owner in owners)
            if ours and tunnel_of(other) == tunnel_of(entry) and same_tunnel((other, its), (entry, mine), running):
                kept += [other, *its]
                gone = {id(each) for each in (entry, *mine)}
                ipsec.children = [each for each in ipsec.children if id(each) not in gone]
    return tuple(kept)


def tunnel_of(phase1: Element) -> str:
    """The tunnel that a phase 1 is of, by its description."""
    return phase1.value("descr").removeprefix("RB ")


def phase2_of(root: Element, phase1: Element) -> list[Element]:
    """The phase 2 entries of a phase 1."""
    return [entry for entry in manifest.entries(root, PHASE2) if entry.value("ikeid") == phase1.value("ikeid")]


def adopted_phase2(running: Element, owners: Sequence[manifest.Owner]) -> list[Element]:
    """The phase 2 entries of those of ours that somebody else has made: with their phase 1 they are ours, too."""
    return [
        inner
        for entry in manifest.entries(running, PHASE1)
        if not manifest.called_ours(PHASE1, entry) and any(owner.owns(PHASE1, entry) for owner in owners)
        for inner in phase2_of(running, entry)
    ]


def _begins(phase1: Element) -> str:
    return f"{phase1.value('descr')} "


def _by_key(path: Path, entries: Iterable[Element]) -> dict[str, Element]:
    tag = _KEYS.get(path, "")
    return {entry.value(tag): entry for entry in entries if tag and entry.value(tag)}


def networks(
    path: Path, old: Sequence[Element], new: Sequence[Element], running: Element, owners: Sequence[manifest.Owner]
) -> list[Element]:
    """The rows of what a speaker originates, as they will be: somebody else's, and what is wanted, where it is."""
    wanted = {network(path, row): row for row in new}
    found: list[Element] = []
    for row in old:
        net = network(path, row)
        if net in wanted:
            mine = wanted.pop(net)
            found.append(row if same(path, [row], [mine]) else mine)
        elif not any(owner.owns_network(path, row, running) for owner in owners):
            found.append(row)
    return [*found, *wanted.values()]


def others_networks(path: Path, root: Element, owners: Sequence[manifest.Owner]) -> list[str]:
    """The networks that somebody else has a speaker originate."""
    holder = root.find(*path[:-1])
    return [
        network(path, row)
        for row in (holder.all(path[-1]) if holder else ())
        if network(path, row) and not any(owner.owns_network(path, row, root) for owner in owners)
    ]
