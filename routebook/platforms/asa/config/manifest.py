"""The record, in the configuration itself, of what Routebook owns there: a list of remarks that nothing uses.

A name does not say who made a thing, and an ASA has no place for a note at a tunnel group or an interface. An
access list of remarks has: it goes along with the undo, the confirmation, `write memory`, a pair's replication and
contexts, as every other line does. One remark says that a section has been recorded (`crypto:`), one for each thing
which it is (`crypto: tunnel-group 203.0.113.5`). A section that is not recorded is recognised by its patterns, as
before there was a record.
"""

import hashlib
from collections.abc import Sequence

from routebook.device.ownership_record import Record, is_text_of_record, record_of, texts_of
from routebook.platforms.asa.config.objects import Key, Objects
from routebook.platforms.asa.config.spelling import Device
from routebook.platforms.asa.config.tree import Node

KEY: Key = ("access-list", "ROUTEBOOK")
_REMARK = "access-list ROUTEBOOK remark "
_LONGEST = 90  # characters of a remark's name: a remark has at most 100 (Cisco ASA command reference)


def read(there: Objects) -> Record:
    """What is recorded; nothing where there is no such list, or somebody has written something else into it."""
    lines = [node.line for node in there.get(KEY, ())]
    texts = [line.removeprefix(_REMARK) for line in lines]
    ours = all(line.startswith(_REMARK) for line in lines) and all(map(is_text_of_record, texts))
    return record_of(texts) if ours else {}


def written(record: Record, there: Objects) -> tuple[Node, ...]:
    """The list that says so, none where nothing is owned; a list of somebody else's with this name stays as it is."""
    if there.get(KEY) and not read(there):
        return there[KEY]
    lines = [f"{_REMARK}{text}" for text in texts_of(record)]
    return tuple(Node(line, f"{line}\n") for line in lines)


def name_of(key: Key, nodes: Sequence[Node]) -> str:
    """What an object is called in the record: its key, and for a crypto map on an interface the whole line."""
    return shortened(nodes[0].line if key[0].startswith("crypto map interface ") else " ".join(key))


def shortened(name: str) -> str:
    """A name in one spelling, and no longer than a remark may be."""
    name = Device().plain(name)
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST - 13]}#{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def has(recorded: frozenset[str], key: Key, nodes: Sequence[Node]) -> bool:
    """Whether an object that runs is recorded. Earlier versions recorded each entry of an IPv6 prefix list."""
    return name_of(key, nodes) in recorded or (
        key[0] == "ipv6" and any(shortened(node.line) in recorded for node in nodes)
    )
