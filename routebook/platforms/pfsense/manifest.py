"""The record, in config.xml itself, of which entries of its lists are Routebook's: <installedpackages><routebook>.

A description does not say who made an entry. What config.xml has goes along with the undo, the confirmation, pfSense's
own history and AutoConfigBackup; the system's parser and writer keep elements that they do not know, and take `config`
and `item` for lists (startElement, dump_xml_config_sub and listtags in etc/inc/xmlparse.inc). Packages' settings are
not sent to a mate. One item says that a section has been recorded (`ipsec:`), one for each entry which it is
(`ipsec: phase1 RB home-no-edge1`). A section that is not recorded is recognised by its patterns.
"""

from msgspec import Struct

from routebook.device.ownership_record import Record, names_one, record_of, texts_of
from routebook.platforms.pfsense.ownership import LISTS, Path, Pattern, named
from routebook.platforms.pfsense.tree import Element

PACKAGE = "routebook"
PATH: Path = ("installedpackages", PACKAGE, "config", "item")

_ADOPTED = ("phase1", "phase2", "neighbor")


class Owner(Struct, frozen=True):
    """What a section owns: its patterns, and what of it has been recorded; None where it has not been."""

    patterns: tuple[Pattern, ...]
    recorded: frozenset[str] | None = None

    def owns(self, path: Path, entry: Element) -> bool:
        """Whether an entry that is there is the section's: recorded, or named without a wildcard."""
        return any(
            pattern.owns(path, entry)
            and (self.recorded is None or named(path, entry) in self.recorded or names_one(pattern.glob))
            for pattern in self.patterns
        )

    def names(self, root: Element) -> frozenset[str]:
        """The entries that the patterns own, by name."""
        return frozenset(
            named(path, entry)
            for path in LISTS
            for entry in entries(root, path)
            if any(pattern.owns(path, entry) for pattern in self.patterns)
        )


def entries(root: Element, path: Path) -> list[Element]:
    """The entries of a list."""
    holder = root.find(*path[:-1])
    return [] if holder is None else holder.all(path[-1])


def read(root: Element) -> Record:
    """What is recorded."""
    return record_of(entry.text for entry in entries(root, PATH))


def written(record: Record) -> tuple[Element, ...]:
    """The items that say so; none where nothing is owned."""
    return tuple(Element(PATH[-1], text) for text in texts_of(record))


def taken(path: Path, entry: Element) -> str:
    """Why an entry of somebody else's with the name of one of ours is not replaced."""
    kind, _, name = named(path, entry).partition(" ")
    kind = "neighbor" if kind.endswith("neighbors") else kind
    adopt = f", or adopt it by name: `adopt: [{kind} {name}]` in the host's data" if kind in _ADOPTED else ""
    return (
        f"{named(path, entry)} is somebody else's: the record of what is ours has it not. Rename it there{adopt}; "
        "nothing was changed"
    )
