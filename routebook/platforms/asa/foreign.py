"""What of a configuration is somebody else's and of a kind that Routebook makes: said in a plan, and left alone."""

from collections.abc import Iterator, Sequence

from routebook.device.candidate import Section, released, taken_over
from routebook.platforms.asa.config import Config, manifest, parse
from routebook.platforms.asa.config.difference import released_by
from routebook.platforms.asa.config.objects import objects
from routebook.platforms.asa.config.references import still_used
from routebook.platforms.asa.config.shared_router import foreign, is_option, names
from routebook.platforms.asa.config.spelling import Device
from routebook.platforms.asa.config.target import among, ours_in, ownership, target

_MOST_NAMES = 40  # of one place, in a warning


def left_alone(running: Config, sections: Sequence[Section]) -> Iterator[str]:
    """A plan's warnings of what nobody recorded, by where it is, and of what others still use of ours."""
    there = objects(running.commands)
    owns = ownership(sections, manifest.read(there))
    written = objects(parse("\n".join(section.text.rstrip("\n") for section in sections)).commands)
    wanted = among(written, there, owns, Device.of(running))
    loose: list[str] = []
    adopted: list[str] = []
    for key, nodes in there.items():
        if key in wanted and not owns.shares(key) and owns.by_name(key, nodes):
            adopted.append(manifest.name_of(key, nodes))
        if owns.shares(key):
            both = names(nodes) & names(wanted.get(key, ()))
            adopted += [name for name in both if not is_option(name) and owns.by_name_in_router(key[0], name)]
            if theirs := foreign(nodes, wanted.get(key, ()), ours_in(owns, key)):
                yield f"somebody else's in `{key[0]}` and left alone: {_listed(theirs)}"
        elif owns.free_to_name(nodes) and key not in wanted and not owns.running(key, nodes):
            loose.append(" ".join(key))
    if loose:
        yield f"somebody else's and left alone: {_listed(loose)}"
    if adopted:
        yield taken_over(adopted)
    if let_go := released_by(there, sections):
        yield released(let_go)
    due = target(there, wanted, owns)
    for key in still_used(there, due).keys() - due.keys():
        yield f"{' '.join(key)} is not needed any more, and is used by what is somebody else's: it is left to them"


def _listed(names: Sequence[str]) -> str:
    more = [f"and {len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    return ", ".join([*sorted(names)[:_MOST_NAMES], *more])
