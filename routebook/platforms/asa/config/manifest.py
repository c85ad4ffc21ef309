"""The record, in the configuration itself, of what Routebook owns there: a list of remarks that nothing uses.

A name does not say who made a thing, and an ASA has no place for a note at a tunnel group or an interface. An
access list of remarks has: it goes along with the undo, the confirmation, `write memory`, a pair's replication and
contexts, as every other line does. One remark says that a section has been recorded (`crypto:`), one for each thing
which it is (`crypto: tunnel-group 203.0.113.5`). A section that is not recorded is recognised by its patterns, as
before there was a record.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence

from routebook.platforms.asa.config.objects import Key, Objects
from routebook.platforms.asa.config.spelling import Device
from routebook.platforms.asa.config.tree import Node

KEY: Key = ("access-list", "ROUTEBOOK")
_LINE = re.compile(r"access-list ROUTEBOOK remark (?P<section>[\w-]+):(?: (?P<name>.+))?")
_LONGEST = 90  # characters of a remark's name: a remark has at most 100 (Cisco ASA command reference)

Record = Mapping[str, frozenset[str]]
"""By section, the names of what it owns."""


def read(there: Objects) -> Record:
    """What is recorded; nothing where there is no such list, or somebody has written something else into it."""
    found: dict[str, set[str]] = {}
    for node in there.get(KEY, ()):
        line = _LINE.fullmatch(node.line)
        if line is None:
            return {}
        found.setdefault(line["section"], set()).update([line["name"]] if line["name"] else [])
    return {section: frozenset(names) for section, names in found.items()}


def written(record: Record, there: Objects) -> tuple[Node, ...]:
    """The list that says so, none where nothing is owned; a list of somebody else's with this name stays as it is."""
    if there.get(KEY) and not read(there):
        return there[KEY]
    if not any(record.values()):
        return ()
    texts = [
        f"access-list ROUTEBOOK remark {section}:{name and f' {name}'}"
        for section in sorted(record)
        for name in ("", *sorted(record[section]))
    ]
    return tuple(Node(text, f"{text}\n") for text in texts)


def name_of(key: Key, nodes: Sequence[Node]) -> str:
    """What an object is called in the record: its key, and for a crypto map on an interface the whole line."""
    name = Device().plain(nodes[0].line if key[0].startswith("crypto map interface ") else " ".join(key))
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST - 13]}#{hashlib.sha256(name.encode()).hexdigest()[:12]}"
