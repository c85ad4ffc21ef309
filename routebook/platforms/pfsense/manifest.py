"""The record, in config.xml itself, of which entries of its lists are Routebook's: <installedpackages><routebook>.

A description does not say who made an entry. What config.xml has goes along with the undo, the confirmation, pfSense's
own history and AutoConfigBackup; the system's parser and writer keep elements that they do not know, and take `config`
and `item` for lists (startElement, dump_xml_config_sub and listtags in etc/inc/xmlparse.inc). Packages' settings are
not sent to a mate. One item says that a section has been recorded (`ipsec:`), one for each entry which it is
(`ipsec: phase1 RB home-no-edge1`) and for each network that it originates (`bgp: frrbgp network 10.3.0.0/16`); one says
that networks are recorded at all (`bgp: frrbgp network *`), as they were not by earlier versions, whose were all of
them. A section that is not recorded is recognised by its patterns, and where these are of any name by `RB-` and `RB `,
as everything was called that was made before names were free.
"""

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from routebook.device.ownership_record import Record, names_one, record_of, texts_of
from routebook.platforms.pfsense.meaning import NETWORKS, network
from routebook.platforms.pfsense.ownership import LISTS, Path, Pattern, named
from routebook.platforms.pfsense.tree import Element

PACKAGE = "routebook"
PATH: Path = ("installedpackages", PACKAGE, "config", "item")

_ADOPTED = {
    "phase1": "phase1",
    "phase2": "phase2",
    "openbgpdneighbors": "neighbor",
    "frrbgpneighbors": "neighbor",
    "frrglobalprefixes": "prefix-list",
    "frrglobalroutemaps": "route-map",
    "frrbgpcommunities": "community-list",
    "frrbgpaspaths": "as-path",
}
"""What `adopt` calls the entries of a list."""

_ADDRESSES = ("peer", "neighbor")


class Owner(Struct, frozen=True):
    """What a section owns: its patterns, and what of it has been recorded; None where it has not been."""

    patterns: tuple[Pattern, ...]
    recorded: frozenset[str] | None = None
    releases: frozenset[str] = frozenset()

    def owns(self, path: Path, entry: Element) -> bool:
        """Whether an entry that is there is the section's: recorded, or named without a wildcard."""
        if self.releases and not self.releases.isdisjoint(names_of(path, entry)):
            return False
        if self.recorded is not None and named(path, entry) in self.recorded:
            return True
        return any(pattern.owns(path, entry) and self._believes(pattern, path, entry) for pattern in self.patterns)

    def _believes(self, pattern: Pattern, path: Path, entry: Element) -> bool:
        if names_one(pattern.glob):
            return True
        return self.recorded is None and (pattern.glob != "*" or called_ours(path, entry))

    def adopts(self, path: Path, entry: Element) -> bool:
        """Whether an entry is the section's by nothing but its name, which the inventory adopts."""
        return named(path, entry) not in (self.recorded or ()) and any(
            pattern.tag and names_one(pattern.glob) and pattern.owns(path, entry) for pattern in self.patterns
        )

    def may_have(self, path: Path, entry: Element) -> bool:
        """Whether an entry of the candidate is one that the section can own."""
        return self.owns(path, entry) or any(pattern.owns(path, entry) for pattern in self.patterns)

    def owns_network(self, path: Path, row: Element, root: Element) -> bool:
        """Whether a network that is there is the section's."""
        if not any(pattern.owns(path) for pattern in self.patterns) or f"network {network(path, row)}" in self.releases:
            return False
        if self.recorded is None:
            return signed(root)
        every, this = _network(path, "*"), _network(path, network(path, row))
        return every not in self.recorded or this in self.recorded


def entries(root: Element, path: Path) -> list[Element]:
    """The entries of a list."""
    holder = root.find(*path[:-1])
    return [] if holder is None else holder.all(path[-1])


def called_ours(path: Path, entry: Element) -> bool:
    """Whether an entry is called as all were that are Routebook's by no record."""
    return entry.value(LISTS[path][0]).startswith(("RB ", "RB-"))


def signed(root: Element) -> bool:
    """Whether anything of BGP there is called as ours: a firewall that an earlier version has configured."""
    return any(
        called_ours(path, entry) for path in LISTS if path[0] == "installedpackages" for entry in entries(root, path)
    )


def ours(root: Element) -> Callable[[Path, Element], bool]:
    """Whether an entry is recorded there, in whatever section, or called as ours where entries of its list are not."""
    recorded = {name for names in read(root).values() for name in names}
    kinds = {name.partition(" ")[0] for name in recorded}

    def is_ours(path: Path, entry: Element) -> bool:
        name = named(path, entry)
        return name in recorded if name.partition(" ")[0] in kinds else called_ours(path, entry)

    return is_ours


def names(root: Element) -> Iterator[str]:
    """What is recorded of all that is in a section's own text."""
    for path in LISTS:
        yield from (named(path, entry) for entry in entries(root, path))
    for path in NETWORKS:
        holder = root.find(*path[:-1])
        if holder is not None:
            yield _network(path, "*")
            yield from (_network(path, net) for row in holder.all(path[-1]) if (net := network(path, row)))


def _network(path: Path, text: str) -> str:
    return f"{path[1]} network {text}"


def read(root: Element) -> Record:
    """What is recorded."""
    return record_of(entry.text for entry in entries(root, PATH))


def written(record: Record) -> tuple[Element, ...]:
    """The items that say so; none where nothing is owned."""
    return tuple(Element(PATH[-1], text) for text in texts_of(record))


def taken(path: Path, entry: Element) -> str:
    """Why an entry of somebody else's with the name of one of ours is not replaced."""
    adopt = adopted_as(path, entry)
    adopt = f", or adopt it by name: `adopt: [{adopt}]` in the host's data" if adopt else ""
    return (
        f"{named(path, entry)} is somebody else's: the record of what is ours has it not. Rename it there{adopt}; "
        "nothing was changed"
    )


def adopted_as(path: Path, entry: Element) -> str:
    """What `adopt` calls an entry; nothing where it cannot be named."""
    kind = _ADOPTED.get(path[-1] if path[0] == "ipsec" else path[1], "")
    name = entry.value(LISTS[path][0]) or next(filter(None, (entry.value(tag) for tag in _ADDRESSES)), "")
    return f"{kind} {name}" if kind and name else ""


def names_of(path: Path, entry: Element) -> list[str]:
    """Everything that `adopt` and `release` may call an entry: by its name, its description or its address."""
    kind = _ADOPTED.get(path[-1] if path[0] == "ipsec" else path[1], "")
    values = [entry.value(tag) for tag in (LISTS[path][0], *_ADDRESSES)] if kind else []
    return [f"{kind} {value}" for value in values if value]


def shown(path: Path, found: Iterable[Element]) -> list[str]:
    """Entries of a list for people, each object once: by what `adopt` calls them, else by their number."""
    return list(
        dict.fromkeys(
            adopted_as(path, entry) or f"{named(path, entry)} {entry.value('ikeid')}".strip() for entry in found
        )
    )
