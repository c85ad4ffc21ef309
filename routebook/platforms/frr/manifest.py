"""The record, in the running configuration, of what Routebook owns there: remarks of access lists that nothing uses.

A name does not say who made a thing. An access list's remark is text for which FRR has no use itself, and a line of the
configuration goes along with the undo, the confirmation and whatever else saves or restores the configuration. Each
list has one remark (lib/filter_cli.c), so there is one for each section that has been recorded (`policy:`) and for each
object that it is (`policy: route-map CUSTOMER-IN`, `bgp: router bgp 65550 / neighbor 192.0.2.1`), called by a digest of
it. A record that has a context as a whole (`bgp: router bgp 65550`) is of all that is in it.
"""

import dataclasses
import re
from collections.abc import Collection, Sequence
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from routebook.device.candidate import Section
from routebook.device.errors import CandidateError
from routebook.device.ownership_record import Record, names_one, record_of, texts_of
from routebook.platforms.frr.candidate import Wanted
from routebook.platforms.frr.meaning import explicit
from routebook.platforms.frr.owned_objects import Place, called, is_option, named
from routebook.platforms.frr.redaction import redact
from routebook.platforms.frr.settings import setting
from routebook.platforms.frr.tree import Block, Tree, parse

_OWNS = f"access-list ROUTEBOOK-{'[0-9a-f]' * 12} remark *"
_LINE_BY_LINE = "extra"  # the section that owns no kinds of objects
_LINE = re.compile(r"access-list ROUTEBOOK-[0-9a-f]{12} remark (?P<text>.+)")

# Patterns of ownership.yaml over whole kinds of objects. Others there choose by name, and are believed where a section
# has no record yet; of these kinds only what is called as everything was before names were free.
_KINDS = re.compile(r"[^*?[]+ \*|router bgp (\[0-9\])+ / \*")
_CALLED_OURS = re.compile(r"(?!router bgp )(?:.* )?RB-\S+")


def read(tree: Tree) -> Record:
    """What is recorded; a line that somebody has changed says nothing."""
    lines = [line for block in tree if (line := _LINE.fullmatch(block.line))]
    return record_of(line["text"] for line in lines if line[0] == _remark(line["text"]))


def by_line(section: Section, running: Tree) -> Section:
    """A section that names no kind of its own: it owns the lines that it has, and those that are recorded as its own.

    Raises CandidateError where another value of one of them is somebody else's.
    """
    if section.owns or section.name != _LINE_BY_LINE:
        return section
    recorded = read(running).get(section.name, frozenset())
    lines = [called(block.line) for block in parse(section.text)]
    for block in running:
        other = next((line for line in lines if setting(line) == setting(block.line) and line != block.line), None)
        if other is not None and called(block.line) not in recorded and block.line not in lines:
            raise CandidateError(
                f"`{redact(block.line)}` is somebody else's, and the inventory has `{redact(other)}`: take it away "
                "there, or leave the line out; nothing was changed",
                line=redact(block.line),
            )
    names = sorted(recorded | set(lines))
    return dataclasses.replace(section, owns=tuple(re.sub(r"([*?[])", r"[\1]", name) for name in names))


def with_record(candidate: Wanted, sections: Sequence[Section], running: Tree) -> Wanted:
    """The candidate with the record of what it owns; sections that it does not have stay recorded as they are."""
    known = dict(read(running))
    for section in sections:
        if section.owns and "*" not in section.owns:
            known[section.name] = frozenset(_named(replace(candidate, owns=section.owns), candidate.tree))
            if not known[section.name] and section.name == _LINE_BY_LINE:
                del known[section.name]
    remarks = sorted(map(_remark, texts_of(known)))
    return replace(candidate, tree=(*candidate.tree, *map(Block, remarks)), owns=(*candidate.owns, _OWNS))


def foreign(candidate: Wanted, sections: Sequence[Section], running: Tree) -> frozenset[str]:
    """What could be ours by its kind and was made by somebody else: the record has it not.

    What is there as the candidate has it is nobody's to be left alone. Raises CandidateError where the candidate has
    another one of that name.
    """
    there = _named(candidate, running)
    wanted = _named(candidate, candidate.tree)
    found = {name for name in _unrecorded(there, sections, running) if wanted.get(name) != there[name]}
    if taken := sorted(found & wanted.keys()):
        raise CandidateError(
            f"`{taken[0]}` is somebody else's: the record of what is ours on this host has it not, and the inventory "
            f"has another one. Rename it there, or adopt it by name: `adopt: [{_short(taken[0])}]` in the host's data; "
            "nothing was changed",
            line=taken[0],
        )
    _check_number(candidate, running, found)
    return frozenset(found | _options_left(wanted, there, found))


def released(candidate: Wanted, sections: Sequence[Section], running: Tree) -> list[str]:
    """What runs, is ours by the record or as no record says otherwise, and is given out of hand."""
    there = _named(replace(candidate, foreign=frozenset()), running)
    record = read(running)
    owners = [(section, _Owner.of(dataclasses.replace(section, releases=frozenset()), record)) for section in sections]
    return sorted(name for name in there if any(lets_go(each, name) and owner.has(name) for each, owner in owners))


def taken_over(candidate: Wanted, sections: Sequence[Section], running: Tree) -> list[str]:
    """What runs as the candidate has it and is adopted by its name, as long as no record has it."""
    there, due = _named(candidate, running), _named(candidate, candidate.tree)
    record = read(running)
    owners = [_Owner.of(section, record) for section in sections]
    return sorted(
        _short(name)
        for name, lines in there.items()
        if due.get(name) == lines and not is_option(name) and any(owner.adopts(name) for owner in owners)
    )


def lets_go(section: Section, name: str) -> bool:
    """Whether a section gives an object out of hand, by its whole name or by its end in a context."""
    return any(name == each or name.endswith(f" / {each}") for each in section.releases)


def shared(candidate: Wanted, sections: Sequence[Section], running: Tree) -> dict[str, frozenset[str]]:
    """The routers in which somebody else has something that the candidate has not, with the names of that."""
    there, wanted = _named(candidate, running), _named(candidate, candidate.tree)
    found: dict[str, frozenset[str]] = {}
    for name in _unrecorded(there, sections, running) - wanted.keys():
        router, inside, _ = name.partition(" / ")
        if inside and router.startswith("router bgp "):
            found[router] = found.get(router, frozenset()) | {name}
    return found


def _unrecorded(there: Collection[str], sections: Sequence[Section], running: Tree) -> set[str]:
    """The names of what runs and is in no record, nor named by a pattern that means it alone."""
    record = read(running)
    owners = [_Owner.of(section, record) for section in sections]
    return {name for name in there if not any(owner.has(name) for owner in owners)}


class _Owner(Struct, frozen=True):
    """What runs that is a section's: what its patterns may mean, those that are believed, and what is recorded."""

    may_mean: Wanted
    believed: Wanted
    recorded: frozenset[str] | None
    section: Section

    @classmethod
    def of(cls, section: Section, record: Record) -> "_Owner":
        """A section's; without a record, all of its patterns are believed but those over whole kinds."""
        recorded = record.get(section.name)
        literal = filter(names_one, section.owns)
        by_name = (each for each in section.owns if not _KINDS.fullmatch(each))
        believed = tuple(by_name if recorded is None else literal)
        return cls(Wanted((), section.owns), Wanted((), believed), recorded, section)

    def has(self, name: str) -> bool:
        """Whether an object of that name is the section's."""
        if not self.may_mean.names(name) or lets_go(self.section, name):
            return False
        if self.believed.names(name):
            return True
        if self.recorded is not None:
            return name in self.recorded or name.partition(" / ")[0] in self.recorded
        return _CALLED_OURS.fullmatch(name) is not None

    def adopts(self, name: str) -> bool:
        """Whether an object of that name is the section's by nothing but that name."""
        recorded = self.recorded or frozenset()
        known = name in recorded or name.partition(" / ")[0] in recorded
        return not known and Wanted((), tuple(filter(names_one, self.section.owns))).names(name)


def _named(owner: Wanted, tree: Tree) -> dict[str, frozenset[Place]]:
    """The lines of each object in a configuration that is the owner's, by its name."""
    found: dict[str, frozenset[Place]] = {}
    for block in owner.owned_part(explicit(tree)):
        whole = owner.owned(block.line) and block.line.startswith(("router bgp ", "rpki"))
        for name, lines in [(block.line, frozenset(block.walk()))] if whole else named((block,)):
            found[name] = found.get(name, frozenset()) | lines
    return found


def _options_left(wanted: Collection[str], there: Collection[str], found: Collection[str]) -> set[str]:
    """The options of routers of which nothing is wanted any more, and in which somebody else's objects stay."""
    routers = {name.partition(" / ")[0] for name in found if not is_option(name) and " / " in name}
    routers -= {name.partition(" / ")[0] for name in wanted}
    return {name for name in there if is_option(name) and name.partition(" / ")[0] in routers}


def _check_number(candidate: Wanted, running: Tree, found: Collection[str]) -> None:
    """Refuse a second AS beside one in which somebody else's objects stay: bgpd has one."""
    mine = _routers(candidate.tree)
    for router in _routers(running) if mine else ():
        others = [] if router in mine else sorted(name for name in found if name.startswith(f"{router} / "))
        if others:
            raise CandidateError(
                f"`{router}` runs there, with what is somebody else's (`{_short(others[0])}`), and the inventory "
                f"says `{mine[0]}`: correct asn; nothing was changed",
                line=router,
            )


def _routers(tree: Tree) -> list[str]:
    """The routers of the default VRF."""
    return [block.line for block in tree if re.fullmatch(r"router bgp \d+", block.line)]


def _short(name: str) -> str:
    """An object's name as `adopt` takes it."""
    return name.rpartition(" / ")[2] if name.startswith("router bgp ") else name


def _remark(text: str) -> str:
    return f"access-list ROUTEBOOK-{sha256(text.encode()).hexdigest()[:12]} remark {text}"
