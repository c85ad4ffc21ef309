"""What of config.xml a section owns, and by what the entries of its lists are identified.

A pattern is a path below <pfsense>, without numbers, as in ownership.yaml beside the templates:

    ipsec/phase1 where descr RB *                       those entries of a list whose `descr` matches
    installedpackages/frrglobalprefixes/config where name *
    installedpackages/openbgpd/config/asnum             one setting
    installedpackages/openbgpd/config/row               all rows of a setting that is a list

What matches, and is the section's by the record of what is ours (`manifest.py`), goes away when it is not in the
section's text; `where name *` is what is recorded, whatever it is called. Settings that are in the text and that no
pattern owns are set, and never taken away; entries of lists must be owned. Everything else is left alone. `*` owns all
entries of all lists that the section's text may have, hand-made ones too: that is for NAPALM's load_replace_candidate.
"""

import fnmatch
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from msgspec import Struct

from routebook.device.errors import CandidateError
from routebook.platforms.pfsense.tree import Element

Path = tuple[str, ...]
Identity = tuple[tuple[str, str], ...]

# The lists whose entries can be somebody else's, with the tags that name an entry (usr/local/pkg/*.xml of the
# packages; pfSense itself identifies phase 1 entries by `ikeid`, which Routebook has the driver choose).
LISTS: Mapping[Path, tuple[str, ...]] = MappingProxyType(
    {
        ("ipsec", "phase1"): ("descr",),
        ("ipsec", "phase2"): ("descr",),
        ("installedpackages", "openbgpdgroups", "config"): ("name",),
        ("installedpackages", "openbgpdneighbors", "config"): ("descr",),
        ("installedpackages", "frrbgpneighbors", "config"): ("descr",),
        ("installedpackages", "frrglobalprefixes", "config"): ("name",),
        ("installedpackages", "frrglobalacls", "config"): ("name",),
        ("installedpackages", "frrglobalroutemaps", "config"): ("name", "seq"),
        ("installedpackages", "frrbgpaspaths", "config"): ("name",),
        ("installedpackages", "frrbgpcommunities", "config"): ("name",),
        ("installedpackages", "frrbfdprofiles", "config"): ("name",),
        ("installedpackages", "frrbfdpeers", "config"): ("peer",),
    }
)

IPSEC, BGP, WHOLE = "ipsec", "bgp", "config.xml"
"""The parts of a pfSense's configuration: two that sections render, and all of it."""

_PATTERN = re.compile(r"(?P<path>[\w.-]+(?:/[\w.-]+)*)(?: where (?P<tag>[\w.-]+) (?P<glob>\S.*))?")


class Pattern(Struct, frozen=True):
    """One declaration of ownership."""

    path: Path
    tag: str = ""
    glob: str = ""

    def owns(self, path: Path, entry: Element | None = None) -> bool:
        """Whether what is at `path` is owned; of a list, whether this entry of it is."""
        if path[: len(self.path)] != self.path:
            return False
        if not self.tag:
            return True
        return (
            len(path) == len(self.path) and entry is not None and fnmatch.fnmatchcase(entry.value(self.tag), self.glob)
        )


def patterns(part: str, declared: Iterable[str]) -> tuple[Pattern, ...]:
    """A section's declarations. Raises CandidateError for one that cannot be understood."""
    found: list[Pattern] = []
    for text in declared:
        if text == "*":
            found += [Pattern(path) for path in LISTS if belongs(path, part)]
            continue
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise CandidateError(f"{text!r} is no pattern of ownership: PATH, or PATH where TAG PATTERN", line=text)
        path = tuple(match["path"].split("/"))
        if not belongs(path, part):
            raise CandidateError(f"{text!r} is not in the part {part!r}", line=text)
        if match["tag"] and path not in LISTS:
            raise CandidateError(f"{'/'.join(path)} is no list whose entries the driver can identify", line=text)
        found.append(Pattern(path, match["tag"] or "", match["glob"] or ""))
    return tuple(found)


def belongs(path: Path, part: str) -> bool:
    """Whether a path is in a part."""
    if part == IPSEC:
        return path[0] == "ipsec"
    return path[0] == "installedpackages" and len(path) > 1 and package_of(path[1]) != ""


def package_of(tag: str) -> str:
    """The BGP package that an element of <installedpackages> is of, empty if of neither."""
    return "openbgpd" if tag.startswith("openbgpd") else "frr" if tag.startswith("frr") else ""


def identity(path: Path, entry: Element) -> Identity:
    """What identifies an entry of a list among its siblings."""
    return tuple((tag, entry.value(tag)) for tag in LISTS[path])


def named(path: Path, entry: Element) -> str:
    """An entry, for people: "phase1 RB home-no-edge1"."""
    kind = path[-1] if path[0] == "ipsec" else path[1]
    return " ".join([kind, *(value for _, value in identity(path, entry) if value)])
