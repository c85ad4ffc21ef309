"""Reads what an edge is configured with: FRR's files and strongSwan's, each as its own platform does."""

import posixpath
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from routebook.device.candidate import Section
from routebook.importing.found import Compared, FoundHost, Importer, SourceFile
from routebook.platforms.frr import importing as frr
from routebook.platforms.strongswan import importing as strongswan


def recognises(path: str, text: str) -> bool:
    """No file is an edge's: each is of one of the two."""
    del path, text
    return False


def read(host: str, files: Sequence[SourceFile]) -> FoundHost:
    """What the files of a host say. Raises BadInputError."""
    swan = [file for file in files if _is_swanctl(file)]
    found = frr.read(host, [file for file in files if file not in swan])
    other = strongswan.read(host, swan)
    found.files += other.files
    found.lines += other.lines
    found.tunnels += other.tunnels
    found.together += other.together
    found.masked = found.masked or other.masked
    for mine, its in ((found.names, other.names), (found.bad, other.bad), (found.marks, other.marks)):
        mine.update(its)  # type: ignore[arg-type]  # each pair is of one type
    return found


def _is_swanctl(file: SourceFile) -> bool:
    return not frr.recognises(posixpath.basename(file.name), file.text) and strongswan.recognises(file.name, file.text)


def compare(sections: Sequence[Section], parts: Mapping[str, str]) -> Compared:
    """What the driver would do to a host with these parts, in memory."""
    both = (frr.compare(sections, parts), strongswan.compare(sections, parts))
    return Compared(
        "".join(each.difference for each in both),
        frozenset(chain.from_iterable(each.taken for each in both)),
        {key: why for each in both for key, why in each.unlike.items()},
        any(each.refused for each in both),
        tuple(warning for each in both for warning in each.warnings),
    )


def fetch(address: str, username: str, options: Mapping[str, Any]) -> Mapping[str, str]:
    """What a host that runs has. Raises DriverError."""
    from routebook.platforms.edge import live

    return live.fetch(address, username, options)


IMPORTER = Importer(
    what="a configuration of an edge",
    recognises=recognises,
    read=read,
    compare=compare,
    fetch=fetch,
    parts=("frr", "strongswan"),
)
