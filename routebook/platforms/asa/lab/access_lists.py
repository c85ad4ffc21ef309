"""Access lists: ordered lines, where `line N` inserts and duplicates are refused."""

import re

from routebook.platforms.asa.lab.configuration import GRAMMARS, Configuration, Line
from routebook.platforms.asa.lab.grammar import Parsed
from routebook.platforms.asa.lab.references import RefusedCommandError, marker

_KINDS = ("extended", "standard", "remark", "webtype", "ethertype")
_places: dict[int, int] = {}


def _parse(text: str) -> Parsed:
    return GRAMMARS["config"].parse(text)


def _split(parsed: Parsed) -> tuple[str, int | None, list[str]]:
    """The list's name, the wanted line and the rest, with the kind of list that is meant."""
    name, rest = parsed.words[1], parsed.words[2].split()
    line = None
    if rest[:1] == ["line"] and len(rest) > 2 and rest[1].isdigit():
        line, rest = int(rest[1]), rest[2:]
    kinds = [kind for kind in _KINDS if kind.startswith(rest[0].lower())] if rest else []
    if rest and rest[0].lower() in ("permit", "deny"):
        rest = ["extended", *rest]
    elif len(kinds) == 1:
        rest[0] = kinds[0]
    else:
        raise RefusedCommandError(marker(parsed, 2))
    if rest[0] == "extended":
        if len(rest) < 3 or rest[1].lower() not in ("permit", "deny"):
            raise RefusedCommandError(marker(parsed, 2) if len(rest) > 1 else "ERROR: % Incomplete command")
        if len(rest) < 5 and "object" not in rest[2]:
            raise RefusedCommandError("ERROR: % Incomplete command")
    return name, line, rest


def complete(parsed: Parsed, parent: Line, configuration: Configuration, _: object) -> tuple[Parsed, str]:
    """The stored form of an access list's line; remembers where it is to go."""
    name, line, rest = _split(parsed)
    for number, word in enumerate(rest[:-1]):
        if rest[0] == "extended" and word in ("object-group", "object"):
            heads = configuration.root.find(word)
            if not any(rest[number + 1] in each.words[2:3] for each in heads):
                label = "object group" if word == "object-group" else "object"
                raise RefusedCommandError(f"ERROR: specified {label} <{rest[number + 1]}> not found")
    stored = _parse(f"access-list {name} {' '.join(rest)}" if rest[0] != "remark" else
                    f"access-list {name} remark {_remark(parsed.words[2])}")  # fmt: skip
    if any(each.words == stored.words for each in parent.children) and rest[0] != "remark":
        raise RefusedCommandError(f"WARNING: <{name}> found duplicate element")
    _places.clear()
    if line is not None:
        _places[hash(stored.words)] = line
    return stored, ""


def _remark(text: str) -> str:
    return re.sub(r"^(line +\d+ +)?remark ?", "", text)


def position(line: Line, parent: Line) -> int | None:
    """The place among all lines of a line that says which one of its list it is to be."""
    wanted = _places.pop(hash(line.words), None)
    if wanted is None:
        return None
    same = [n for n, each in enumerate(parent.children) if each.words[:2] == line.words[:2]]
    if not same or wanted > len(same):
        return None
    return same[max(wanted, 1) - 1]


def complete_removal(parsed: Parsed, parent: Line) -> Parsed:
    """The stored line that `no access-list …` takes out. Raises RefusedCommandError if there is none."""
    if len(parsed.words) < 3:
        raise RefusedCommandError("ERROR: % Incomplete command")
    name, _, rest = _split(parsed)
    stored = _parse(f"access-list {name} {' '.join(rest)}")
    if not any(each.words == stored.words for each in parent.children):
        raise RefusedCommandError("Specified access-list does not exist")
    return stored
