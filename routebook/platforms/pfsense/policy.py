"""Which neighbors may exchange other prefixes after a change: by their settings, or as the speaker announces others.

By names, as the packages do: a neighbor of FRR names route maps and lists (`routemap_in`, `prefixfilter_out` …), a
route map names lists, and a row of `frrbgp` names a network and its route map.
"""

from collections.abc import Iterator, Mapping

from routebook.platforms.pfsense.ownership import package_of
from routebook.platforms.pfsense.routing import Neighbor, speaker
from routebook.platforms.pfsense.tree import Canonical, Element, canonical

# Lists whose entries are referred to by their names.
_NAMED = ("frrglobalprefixes", "frrglobalacls", "frrglobalroutemaps", "frrbgpaspaths", "frrbgpcommunities")
# What belongs to a neighbor and carries its address, and what concerns no prefix.
_APART = frozenset(
    {"openbgpdneighbors", "openbgpdgroups", "frrbgpneighbors", "frrbfd", "frrbfdprofiles", "frrbfdpeers"}
)


def policy_changes(
    before: Element, after: Element, old: Mapping[str, Neighbor], new: Mapping[str, Neighbor], package: str
) -> dict[str, str]:
    """The neighbors of both trees that may exchange other prefixes, by address, each with the reason."""
    names = _changed_names(before, after)
    general = sorted(_speaker(before, package) ^ _speaker(after, package), key=repr)
    for_all = list(dict.fromkeys(f"{tag} changes" for tag, setting in general if tag not in _NAMED))
    found = {}
    for address in old.keys() & new.keys():
        mine, theirs = set(old[address].policy), set(new[address].policy)
        reasons = [f"{name} changes" for name in sorted({str(setting[0]) for setting in mine ^ theirs})]
        used = {word for setting in mine | theirs for word in _words(setting)} & names
        reasons += [f"{name} changes" for name in sorted(used)] + for_all
        if reasons:
            found[address] = "; ".join(dict.fromkeys(reasons))
    return dict(sorted(found.items()))


def _speaker(root: Element, package: str) -> set[tuple[str, Canonical]]:
    """What the package is configured with beside its neighbors and what makes their sessions."""
    packages = root.find("installedpackages") or Element("installedpackages")
    apart = speaker(package)
    return {
        (holder.tag, canonical(setting))
        for holder in packages.children
        if package and package_of(holder.tag) == package and holder.tag not in _APART and holder.tag not in _NAMED
        for entry in holder.all("config")
        for setting in entry.children
        if setting.tag not in apart
    }


def _changed_names(before: Element, after: Element) -> set[str]:
    """Route maps and lists with other contents, and the route maps that name one of them."""
    old, new = _contents(before), _contents(after)
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    everywhere = [*old.items(), *new.items()]
    while more := {name for name, entries in everywhere if changed & {w for e in entries for w in _words(e)}} - changed:
        changed |= more
    return changed


def _contents(root: Element) -> dict[str, tuple[Canonical, ...]]:
    packages = root.find("installedpackages") or Element("installedpackages")
    found: dict[str, tuple[Canonical, ...]] = {}
    for tag in _NAMED:
        for holder in packages.all(tag):
            for entry in holder.all("config"):
                name = entry.value("name")
                found[name] = (*found.get(name, ()), canonical(entry))
    return found


def _words(setting: Canonical) -> Iterator[str]:
    """Every text in a setting."""
    _, value = setting
    if isinstance(value, str):
        yield from value.split()
    else:
        for inner in value:
            yield from _words(inner)
