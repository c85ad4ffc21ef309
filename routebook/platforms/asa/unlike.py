"""The objects that are rendered otherwise than they run, as an import has to know."""

from collections.abc import Iterator, Sequence

from routebook.device.candidate import Section
from routebook.platforms.asa.config import Config, manifest, parse, redact
from routebook.platforms.asa.config.changes import by_line, meaning
from routebook.platforms.asa.config.objects import objects
from routebook.platforms.asa.config.shared_router import ByFamily, objects_of
from routebook.platforms.asa.config.spelling import Device
from routebook.platforms.asa.config.target import among, ownership
from routebook.platforms.asa.config.tree import Node


def unlike(running: Config, sections: Sequence[Section]) -> Iterator[tuple[str, str]]:
    """The name of each object that would change, as shared_router and objects call it, and what would."""
    there = objects(running.commands)
    owns = ownership(sections, manifest.read(there))
    written = objects(parse("\n".join(section.text.rstrip("\n") for section in sections)).commands)
    for key, nodes in among(written, there, owns, Device.of(running)).items():
        if owns.shares(key):
            runs = objects_of(there.get(key, ()))
            for name, lines in objects_of(nodes).items():
                if why := _first(_flat(runs.get(name, {})), _flat(lines)):
                    inside = name if name.startswith("neighbor ") or " / " in name else f"{key[0]} / {name}"
                    yield inside, why
        elif owns.object(nodes) and meaning(nodes) != meaning(there.get(key, ())):
            yield " ".join(key), _first(_texts(there.get(key, ())), _texts(nodes))


def _flat(lines: ByFamily) -> list[str]:
    return [line for family, nodes in lines.items() for line in by_line(nodes, family)]


def _texts(nodes: Sequence[Node]) -> list[str]:
    return [line for node in nodes for line in node.lines()]


def _first(there: list[str], rendered: list[str]) -> str:
    """The first line that one has and the other has not."""
    missing = [f"`{redact(line)}` would be added" for line in rendered if line not in there]
    more = [f"`{redact(line)}` would go" for line in there if line not in rendered]
    return next(iter((*missing, *more)), "")
