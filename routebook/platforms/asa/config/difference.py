"""The commands that bring a device from its running configuration to rendered sections, and those that undo them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from msgspec import Struct

from routebook.device.candidate import Section
from routebook.platforms.asa.config import changes, manifest
from routebook.platforms.asa.config.command import Block, Command, blocks
from routebook.platforms.asa.config.device import apply
from routebook.platforms.asa.config.display import shown
from routebook.platforms.asa.config.objects import ORDERED, Key, Objects, depths, goes_first, objects, rank
from routebook.platforms.asa.config.redaction import encrypted, refuse_masked
from routebook.platforms.asa.config.references import problems, still_used
from routebook.platforms.asa.config.shared_router import names
from routebook.platforms.asa.config.spelling import Device, as_shown
from routebook.platforms.asa.config.target import Ownership, among, beyond, inside_name, ownership, target
from routebook.platforms.asa.config.tree import Config, Node, parse


class Delta(Struct, frozen=True):
    """What would be sent to the device, and what undoes it from wherever it stopped.

    `commands` and `undo` have secrets in them, `diff` and `problems` have not. `problems` are sentences about
    names that the change would leave pointing at nothing: the device refuses such commands, or drops what refers.
    """

    commands: tuple[Block, ...]
    undo: tuple[Block, ...]
    diff: str
    problems: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.commands)


class EncryptedSecretsError(ValueError):
    """The device keeps keys under a master passphrase: they cannot be compared with what was rendered."""


def difference(running: Config, candidate_sections: Sequence[Section], *, record: bool = False) -> Delta:
    """What brings `running` to the sections within what they own. Candidate lines beyond that are merged.

    With `record`, a change brings the record of what is owned along, in the configuration itself.

    Raises MaskedSecretError when either side has asterisks for secrets, EncryptedSecretsError when the running
    configuration has ciphertext in what would be compared.
    """
    wanted = parse("\n".join(section.text.rstrip("\n") for section in candidate_sections))
    refuse_masked(running, "The running configuration")
    refuse_masked(wanted, "The rendered configuration")
    there = objects(running.nodes)
    known = manifest.read(there)
    owns = ownership(candidate_sections, known)
    candidate = among(objects(wanted.nodes), there, owns, Device.of(running))
    base = there
    if merged := beyond(candidate, owns):
        base = objects(apply(running, blocks(changes.make(merged))).nodes)
    due = still_used(base, target(base, candidate, owns))
    delta = between(there, due)
    if not record or not (delta or released_by(there, candidate_sections)):
        return delta
    # What owns nothing, or everything there is, is no section of an intent.
    sections = [section for section in candidate_sections if section.owns and "*" not in section.owns]
    now = {section.name: _names(section, candidate) for section in sections}
    due.pop(manifest.KEY, None)
    if lines := manifest.written({**known, **now}, there):
        due[manifest.KEY] = lines
    return between(there, due)


def released_by(there: Objects, sections: Sequence[Section]) -> list[str]:
    """What runs, is ours by the record or as no record says otherwise, and is given out of hand."""
    if not any(section.releases for section in sections):
        return []
    known = manifest.read(there)
    before = ownership([replace(section, releases=frozenset()) for section in sections], known)
    return sorted(_owned(there, before) - _owned(there, ownership(sections, known)))


def _owned(there: Objects, owns: Ownership) -> set[str]:
    found: set[str] = set()
    for key, nodes in there.items():
        if owns.shares(key):
            found |= {inside_name(key[0], name) for name in names(nodes) if owns.in_router(key[0], name)}
        elif owns.running(key, nodes):
            found.add(manifest.name_of(key, nodes))
    return found


def _names(section: Section, candidate: Objects) -> frozenset[str]:
    """What of the candidate a section owns, as the record calls it."""
    owns = ownership([section])
    found: set[str] = set()
    for key, nodes in candidate.items():
        if owns.shares(key):
            found |= {inside_name(key[0], name) for name in names(nodes)}
        elif owns.object(nodes):
            found.add(manifest.name_of(key, nodes))
    return frozenset(found)


def restoration(running: Config, earlier: Config) -> Delta:
    """What brings the whole of `running`, owned or not, back to an earlier configuration."""
    refuse_masked(running, "The running configuration")
    refuse_masked(earlier, "The configuration to restore")
    there = objects(running.nodes)
    return between(there, as_shown(objects(earlier.nodes), there, Device.of(running)))


def between(old: Objects, new: Objects) -> Delta:
    """The change from some objects to others, with its inverse."""
    pairs = [(key, old.get(key, ()), new.get(key, ())) for key in dict.fromkeys((*old, *new))]
    different = [pair for pair in pairs if pair[1] is not pair[2] and not _same(*pair)]
    for _, before, _ in different:
        if encrypted(before):
            raise EncryptedSecretsError(
                "The device keeps secrets under a master passphrase (`password encryption aes`), so they cannot be "
                "compared with the rendered ones. Nothing was changed."
            )
    forth = [_step(number, pair, depths(old), depths(new)) for number, pair in enumerate(different)]
    back = [_step(number, pair, depths(new), depths(old), back=True) for number, pair in enumerate(different)]
    return Delta(
        blocks(_ordered(forth)),
        blocks(_ordered(back)),
        "".join(shown(*pair, commands) for pair, (_, commands) in zip(different, forth, strict=True)),
        problems(old, new, different),
    )


Pair = tuple[Key, Sequence[Node], Sequence[Node]]
"""An object as it is and as it is due."""

Step = tuple[tuple[int, ...], list[Command]]
"""When commands are due, and they."""


def _step(number: int, pair: Pair, outer: Mapping[Key, int], inner: Mapping[Key, int], *, back: bool = False) -> Step:
    """An object's commands and when they are due: first to go, then what is made or changed, then what goes last."""
    key, before, after = pair
    if back:
        before, after = after, before
        commands = changes.change_back(key, after, before)
    elif not after:
        commands = changes.take_away(key, before)
    else:
        commands = changes.change(key, before, after)
    height = rank(key)
    if after:
        return (1, height, inner.get(key, 0), number), commands
    if goes_first(key):
        return (0, -height, number), commands
    return (2, -height, -outer.get(key, 0), number), commands


def _ordered(steps: Iterable[Step]) -> list[Command]:
    return [command for _, commands in sorted(steps, key=lambda step: step[0]) for command in commands]


def _same(key: Key, old: Sequence[Node], new: Sequence[Node]) -> bool:
    if key[0] in ORDERED:
        return [node.line for node in old] == [node.line for node in new]
    return changes.meaning(old) == changes.meaning(new)
