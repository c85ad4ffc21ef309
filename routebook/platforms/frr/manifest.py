"""The record, in the running configuration, of what Routebook owns there: remarks of access lists that nothing uses.

A name does not say who made a thing. An access list's remark is text for which FRR has no use itself, and a line of the
configuration goes along with the undo, the confirmation and whatever else saves or restores the configuration. Each
list has one remark (lib/filter_cli.c), so there is one for each section that has been recorded (`policy:`) and for each
object that it is (`policy: route-map RB-IN`), called by a digest of it. A section that is not recorded is recognised by
its patterns.
"""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256

from msgspec.structs import replace

from routebook.device.candidate import Section
from routebook.device.errors import CandidateError
from routebook.device.ownership_record import Record, names_one, record_of, texts_of
from routebook.platforms.frr.candidate import Wanted, called
from routebook.platforms.frr.meaning import explicit
from routebook.platforms.frr.tree import Block, Tree, lines_of, parse

_OWNS = f"access-list ROUTEBOOK-{'[0-9a-f]' * 12} remark *"
_LINE = re.compile(r"access-list ROUTEBOOK-[0-9a-f]{12} remark (?P<text>.+)")


def read(tree: Tree) -> Record:
    """What is recorded; a line that somebody has changed says nothing."""
    lines = [line for block in tree if (line := _LINE.fullmatch(block.line))]
    return record_of(line["text"] for line in lines if line[0] == _remark(line["text"]))


def with_record(candidate: Wanted, sections: Sequence[Section], running: Tree) -> Wanted:
    """The candidate with the record of what it owns; sections that it does not have stay recorded as they are."""
    known = dict(read(running))
    for section in sections:
        if section.owns and "*" not in section.owns:
            whole = Wanted(parse(section.text), section.owns)
            known[section.name] = frozenset(_named(whole, whole.tree))
    remarks = sorted(map(_remark, texts_of(known)))
    return replace(candidate, tree=(*candidate.tree, *map(Block, remarks)), owns=(*candidate.owns, _OWNS))


def foreign(candidate: Wanted, sections: Sequence[Section], running: Tree) -> frozenset[str]:
    """What is called as ours are and was made by somebody else: the record of its section has it not.

    What is there as the candidate has it is nobody's to be left alone. Raises CandidateError where the candidate has
    another one of that name.
    """
    record = read(running)
    if not record:
        return frozenset()
    there = _named(candidate, running)
    ours = {name for section in sections for name in _own(Wanted(running, section.owns), record.get(section.name))}
    wanted = _named(candidate, candidate.tree)
    found = {name for name in there.keys() - ours if wanted.get(name) != there[name]}
    if taken := sorted(found & wanted.keys()):
        raise CandidateError(
            f"`{taken[0]}` is somebody else's: the record of what is ours on this host has it not. Rename it there, or "
            f"adopt it by name: `adopt: [{taken[0]}]` in the host's data; nothing was changed",
            line=taken[0],
        )
    return frozenset(found)


def _own(section: Wanted, recorded: frozenset[str] | None) -> Iterator[str]:
    """What runs that is a section's: what it has recorded, and what its patterns name without a wildcard."""
    yield from (name for name in _named(section, section.tree) if recorded is None or name in recorded)
    literal = tuple(each for each in section.owns if names_one(each.removesuffix(" *")))
    yield from _named(replace(section, owns=literal), section.tree)


def _named(owner: Wanted, tree: Tree) -> dict[str, frozenset[tuple[tuple[str, ...], str]]]:
    """The lines of each object in a configuration that is the owner's, by its name."""
    found: dict[str, frozenset[tuple[tuple[str, ...], str]]] = {}
    for block in explicit(owner.owned_part(tree)):
        parts = [("", block)] if owner.owned(block.line) else [(block.line, child) for child in block.children]
        for outer, part in parts:
            name = called(part.line, outer)
            found[name] = found.get(name, frozenset()) | lines_of([part])
    return found


def _remark(text: str) -> str:
    return f"access-list ROUTEBOOK-{sha256(text.encode()).hexdigest()[:12]} remark {text}"
