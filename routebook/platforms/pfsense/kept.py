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
