"""What a set of swanctl files means together: includes followed, sections merged and inherited."""

import fnmatch
import hashlib
import json
import posixpath
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from routebook.platforms.strongswan.settings import Block, Include, Setting, SettingsError, parse

FOLDER = "/etc/swanctl"
MAIN = f"{FOLDER}/swanctl.conf"
Section = dict[str, Any]  # keys to text, section names to Section

_GLOB = frozenset("*?[")


@dataclass(slots=True)
class Tree:
    """The effective configuration. `reached` are the files that are read at all.

    `defined` says in which files each section of a kind is: `("secrets", "ike-1")`.
    """

    root: Section = field(default_factory=dict)
    defined: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    reached: list[str] = field(default_factory=list)

    @property
    def origins(self) -> dict[str, list[str]]:
        """The files that define each connection."""
        return {name: files for (kind, name), files in self.defined.items() if kind == "connections"}

    @property
    def connections(self) -> dict[str, Section]:
        """The IKE connections by name."""
        return _sections(self.root.get("connections"))

    def without(self, names: Collection[str]) -> "Tree":
        """The same without some connections."""
        connections = {name: section for name, section in self.connections.items() if name not in names}
        return Tree({**self.root, "connections": connections}, self.defined, self.reached)

    @property
    def secrets(self) -> dict[str, Section]:
        """The shared secrets and keys by section name."""
        return _sections(self.root.get("secrets"))

    @property
    def others(self) -> dict[str, Any]:
        """Pools, authorities and whatever else charon loads."""
        return {name: value for name, value in self.root.items() if name not in ("connections", "secrets")}

    @property
    def fingerprint(self) -> str:
        """Changes when, and only when, what the files mean changes: not with comments, blanks or order."""
        meaning = {key: self.root[key] for key in sorted(self.root) if key in LOADED}
        return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()


LOADED = frozenset({"connections", "secrets", "pools", "authorities"})
"""The kinds of sections that swanctl loads."""


def children(connection: Section) -> dict[str, Section]:
    """A connection's CHILD_SA configurations by name."""
    return _sections(connection.get("children"))


def build(files: Mapping[str, str], main: str = MAIN) -> Tree:
    """Read `files` (path to text) as swanctl does, from `main` on. Raises SettingsError.

    An include that names one file which does not exist is an error here; strongSwan would go on without it.
    """
    tree = Tree()
    references: list[tuple[Section, Section]] = []
    if main in files:
        _Builder(files, tree, references).read(main, tree.root, ())
    _inherit(tree.root)
    return tree


def _sections(value: Any) -> dict[str, Section]:
    return (
        {name: section for name, section in value.items() if isinstance(section, dict)}
        if isinstance(value, dict)
        else {}
    )


_MOST_READ = 10_000  # a file counts each time that it is included
_REFERENCES = "\0references"  # cannot be a key of a file


class _Builder:
    def __init__(self, files: Mapping[str, str], tree: Tree, references: list[tuple[Section, Section]]) -> None:
        self.files = files
        self.tree = tree
        self.references = references
        self.open: list[str] = []

    def read(self, path: str, into: Section, place: tuple[str, ...]) -> None:
        if path in self.open:
            raise SettingsError(f"{path}: includes itself")
        self.tree.reached.append(path)
        if len(self.tree.reached) > _MOST_READ:
            raise SettingsError(f"{path}: more than {_MOST_READ} files are included, one of them again and again")
        self.open.append(path)
        self._merge(parse(self.files[path], path), path, into, place)
        self.open.pop()

    def _merge(self, block: Block, path: str, into: Section, place: tuple[str, ...]) -> None:
        for item in block.items:
            if isinstance(item, Setting):
                into[item.key] = item.value
            elif isinstance(item, Include):
                for included in self._matching(item, path):
                    self.read(included, into, place)
            else:
                inner = into.get(item.name)
                if not isinstance(inner, dict):
                    inner = into[item.name] = {}
                if item.references:
                    inner.setdefault(_REFERENCES, []).extend(item.references)
                if len(place) == 1 and place[0] in LOADED:
                    files = self.tree.defined.setdefault((place[0], item.name), [])
                    if path not in files:
                        files.append(path)
                self._merge(item, path, inner, (*place, item.name))

    def _matching(self, include: Include, path: str) -> Iterator[str]:
        pattern = absolute(include.pattern, path)
        if not _GLOB & set(pattern):
            if pattern not in self.files and pattern.startswith(FOLDER + "/"):
                raise SettingsError(f"{path}:{include.line}: includes {pattern}, which does not exist")
            matching = [pattern] if pattern in self.files else []
        else:
            matching = sorted(file for file in self.files if _glob(pattern, file))
        yield from matching


def only_includes(text: str) -> str:
    """A main file of which everything but what it includes has been taken over."""
    root = parse(text, MAIN)
    if all(isinstance(item, Include) for item in root.items):
        return text
    patterns = [item.pattern for item in root.items if isinstance(item, Include)]
    if not any(_glob(absolute(pattern, MAIN), f"{FOLDER}/conf.d/x.conf") for pattern in patterns):
        patterns.append("conf.d/*.conf")
    return "".join(f"include {pattern}\n" for pattern in patterns)


def absolute(pattern: str, path: str) -> str:
    """An include's pattern as an absolute path: relative ones are relative to the including file's folder."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), pattern))


def _glob(pattern: str, path: str) -> bool:
    """glob(7): a star matches neither a slash nor a leading dot."""
    wanted, found = pattern.split("/"), path.split("/")
    return len(wanted) == len(found) and all(
        fnmatch.fnmatchcase(part, piece) and (not part.startswith(".") or piece.startswith("."))
        for part, piece in zip(found, wanted, strict=True)
    )


def _inherit(root: Section) -> None:
    """Fill sections with what they inherit (`name : other { … }`); their own settings win."""

    def resolve(section: Section, seen: frozenset[str]) -> None:
        for name in section.pop(_REFERENCES, []):
            other = _find(root, name)
            if other is None or name in seen:
                continue
            resolve(other, seen | {name})
            _fill(section, other)
        for value in section.values():
            if isinstance(value, dict):
                resolve(value, seen)

    resolve(root, frozenset())


def _find(root: Section, name: str) -> Section | None:
    section: Any = root
    for part in name.split("."):
        section = section.get(part) if isinstance(section, dict) else None
    return section if isinstance(section, dict) else None


def _fill(section: Section, other: Section) -> None:
    for key, value in other.items():
        if isinstance(value, dict):
            inner = section.setdefault(key, {})
            if isinstance(inner, dict):
                _fill(inner, value)
        else:
            section.setdefault(key, value)
