"""The files of an inventory as texts that are edited, and what a network made of them says."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from pathlib import Path
from typing import Any

import yaml

from routebook.importing.refused import ImportRefusedError
from routebook.intent.load import load
from routebook.intent.model import HostIntent
from routebook.intent.network import Network
from routebook.intent.problem import IntentError
from routebook.intent.source import NORNIR_FILES, SAFE_LOADER
from routebook.project.render import Placeholders, Resolver, objects_of, render_host
from routebook.project.yaml_text import EditError, append, put, remove

_HOSTS = "hosts"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that an inventory says, by its file and where it is in it; `value` is what stands there."""

    file: str
    path: tuple[str | int, ...]
    value: Any


@dataclass(frozen=True, slots=True)
class InventoryTexts:
    """The files of an inventory by name; an edit gives others. `project` is whose they are."""

    project: Path
    texts: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, project: Path) -> "InventoryTexts":
        """As they are in the project's folder."""
        paths = sorted(path for path in (project / "inventory").glob("*") if path.suffix in (".yaml", ".yml"))
        return cls(project, {path.name: path.read_bytes().decode("utf-8-sig") for path in paths})

    def entries(self, *path: str) -> Iterator[Entry]:
        """Everything in the lists at `path`, or of the mappings there, in every file."""
        for name, text in self.texts.items():
            if Path(name).stem in NORNIR_FILES:
                continue
            value = _at(yaml.load(text, Loader=SAFE_LOADER), path)  # noqa: S506  a safe loader
            if isinstance(value, list):
                yield from (Entry(name, (*path, index), each) for index, each in enumerate(value))
            elif isinstance(value, dict):
                yield from (Entry(name, (*path, key), each) for key, each in value.items())

    def without(self, entries: Sequence[Entry]) -> "InventoryTexts":
        """Without these, and what would be empty without them."""
        texts = dict(self.texts)
        last_first = sorted(entries, key=lambda each: [str(s) if isinstance(s, str) else f"{s:09}" for s in each.path])
        for each in reversed(last_first):
            texts[each.file] = self._edited(each.file, lambda text, each=each: remove(text, each.path), texts)
        return replace(self, texts=texts)

    def appended(self, path: tuple[str, ...], value: Any) -> "InventoryTexts":
        """With a value more in a list of the intent."""
        return self._with(path, lambda text: append(text, path, value))

    def said(self, path: tuple[str, ...], value: Any) -> "InventoryTexts":
        """With this value at a place of the intent."""
        return self._with(path, lambda text: put(text, path, value))

    def host_data(self, host: str, key: str) -> Any:
        """What a host's own entry says in its data; None where it says nothing."""
        return _at(yaml.load(self.texts[self._hosts()], Loader=SAFE_LOADER), (host, "data", key))  # noqa: S506

    def with_host_data(self, host: str, path: tuple[str, ...], value: Any) -> "InventoryTexts":
        """With another value in the data of a host's entry; a list that is empty goes."""
        name, place = self._hosts(), (host, "data", *path)
        there = self.host_data(host, path[0]) if len(path) == 1 else None
        if value == there:
            return self
        if value == []:
            edit = (lambda text: remove(text, place)) if there is not None else (lambda text: text)
        else:
            edit = lambda text: put(text, place, value)  # noqa: E731
        return replace(self, texts={**self.texts, name: self._edited(name, edit, self.texts)})

    def network(self) -> Network:
        """What they say. Raises IntentError."""
        with tempfile.TemporaryDirectory() as folder:
            inventory = Path(folder) / "inventory"
            inventory.mkdir()
            for name, text in self.texts.items():
                (inventory / name).write_text(text)
            return load(Path(folder))

    def difference(self, other: "InventoryTexts") -> str:
        """What differs in `other`, as people and programs read it."""
        return "".join(
            line if line.endswith("\n") else f"{line}\n"
            for name in sorted({*self.texts, *other.texts})
            for line in unified_diff(
                self.texts.get(name, "").splitlines(keepends=True),
                other.texts.get(name, "").splitlines(keepends=True),
                f"a/inventory/{name}",
                f"b/inventory/{name}",
            )
        )

    def write(self, other: "InventoryTexts") -> list[str]:
        """Write what differs in `other` into the project's folder; the names of the files. Raises OSError."""
        changed = [name for name, text in other.texts.items() if text != self.texts.get(name)]
        for name in changed:
            path = self.project / "inventory" / name
            if path.exists() and path.read_bytes().decode("utf-8-sig") != self.texts.get(name):
                raise ImportRefusedError([f"inventory/{name} was changed meanwhile; nothing was written: do it again"])
        for name in changed:
            (self.project / "inventory" / name).write_text(other.texts[name])
        return changed

    def _hosts(self) -> str:
        return next(name for name in self.texts if Path(name).stem == _HOSTS)

    def _with(self, path: tuple[str, ...], edit: Any) -> "InventoryTexts":
        """Edited in the file that says most of the way to `path`, or in one of the name of its first step."""
        said = {name: _depth(text, path) for name, text in self.texts.items() if Path(name).stem not in NORNIR_FILES}
        best = max(said, key=lambda name: said[name], default="")
        name = best if best and said[best] else f"{path[0]}.yaml"
        texts = {name: "---\n", **self.texts}
        return replace(self, texts={**texts, name: self._edited(name, edit, texts)})

    def _edited(self, name: str, edit: Any, texts: Mapping[str, str]) -> str:
        try:
            return str(edit(texts[name]))
        except (EditError, yaml.YAMLError) as error:
            raise ImportRefusedError([f"inventory/{name}: {error}", "nothing was written"]) from error


def problems_of(error: IntentError) -> list[str]:
    """What is wrong with an inventory, as it would be written."""
    return [str(each) for each in error.problems if each.severity == "error"]


def made_objects(host: HostIntent, templates: Path, secrets: Resolver | None = None) -> dict[str, None]:
    """The names of what a host's intent makes on its device, as its `adopt` and `release` take them."""
    sections = render_host(host, templates, secrets or Placeholders()).sections
    return dict.fromkeys(name for each in sections for name in objects_of(host.platform, each.part, each.text))


def _at(data: Any, path: Sequence[str]) -> Any:
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    return data


def _depth(text: str, path: Sequence[str]) -> int:
    data = yaml.load(text, Loader=SAFE_LOADER)  # noqa: S506  a safe loader
    depth = 0
    for step in path:
        if not isinstance(data, dict) or step not in data:
            break
        data, depth = data[step], depth + 1
    return depth
