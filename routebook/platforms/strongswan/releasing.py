"""Tunnels of ours that a host gives out of hand: each gets a file of its own, with its key, and means what it meant.

Routebook's two files are owned as a whole, so what is somebody else's cannot stand in them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from routebook.device.candidate import Section as Rendered
from routebook.device.errors import CandidateError
from routebook.platforms.strongswan.keys import keys_of
from routebook.platforms.strongswan.settings import quoted
from routebook.platforms.strongswan.tree import FOLDER, Section, Tree, build

WORD = "connection "
"""What the name of a tunnel begins with in `release`."""


def given_up(sections: Sequence[Rendered], tree: Tree, ours: Collection[str]) -> list[str]:
    """The connections of our files that are given out of hand."""
    asked = {name.removeprefix(WORD) for section in sections for name in section.releases if name.startswith(WORD)}
    return sorted(name for name in asked & tree.origins.keys() if set(tree.origins[name]) & set(ours))


def files_of(names: Sequence[str], tree: Tree, remaining: Mapping[str, str]) -> dict[str, str]:
    """The file of each connection that is given up, by its path; `remaining` are the files beside them.

    Raises CandidateError where there is such a file.
    """
    kept = build(remaining).secrets
    gone = {name: secret for name, secret in tree.secrets.items() if name not in kept}
    written: set[str] = set()
    found: dict[str, str] = {}
    for name in names:
        path = f"{FOLDER}/conf.d/{name}.conf"
        if path in remaining:
            raise CandidateError(
                f"{path} is there, and {name} would be released into it: rename it; nothing was changed"
            )
        taken = keys_of(tree.connections[name], tree)
        its = {key: secret for key, secret in gone.items() if secret.get("secret") in taken and key not in written}
        written |= its.keys()
        blocks = {"connections": {name: tree.connections[name]}, **({"secrets": its} if its else {})}
        found[path] = "".join(f"{line}\n" for line in _lines(blocks, ""))
    return found


def _lines(section: Section, pad: str) -> Iterator[str]:
    for key, value in section.items():
        if isinstance(value, dict):
            yield f"{pad}{key} {{"
            yield from _lines(value, f"{pad}  ")
            yield f"{pad}}}"
        else:
            yield f"{pad}{key} = {_value(value)}"


def _value(value: Any) -> str:
    text = str(value)
    return text if text and not set(text) & set(' ,="#{}\\\n\r\t') else quoted(text)
