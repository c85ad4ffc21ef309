"""Reads the inventory's YAML files into plain values that know the file and line that each came from."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from routebook.intent.fields import DottedNumber
from routebook.intent.problem import Mark, Problems
from routebook.intent.secret_names import names_a_secret

NORNIR_FILES = ("hosts", "groups", "defaults")
# Top-level key, its section: below that, the same key in two files is a contradiction and not an addition.
MERGE_DEPTH = 2

# libyaml's, which is ten times as fast, where PyYAML was built with it.
SAFE_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TAG = "tag:yaml.org,2002:"

MAX_BYTES = 16 * 1024 * 1024
"""The most that one file may have: a hundred times what 300 hosts need."""
_MAX_DEPTH = 50
# What aliases may add to what is written, over all files of one kind: a few lines of them can stand for millions.
_MAX_REPEATED = 100_000


class LocatedDict(dict[str, Any]):
    """A mapping of the inventory; `marks` has the place of each key."""

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.marks: dict[str, Mark] = {}

    def put(self, key: str, value: object, mark: Mark) -> None:
        """Set a key that was read at `mark`."""
        self[key] = value
        self.marks[key] = mark

    def without(self, keys: Iterable[str]) -> "LocatedDict":
        """A copy that lacks some keys."""
        left = LocatedDict(self.mark)
        dropped = set(keys)
        for key, value in self.items():
            if key not in dropped:
                left.put(key, value, self.marks[key])
        return left


class LocatedList(list[Any]):
    """A sequence of the inventory; `marks` has the place of each item."""

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.marks: list[Mark] = []

    def add(self, value: object, mark: Mark) -> None:
        """Append an item that was read at `mark`."""
        self.append(value)
        self.marks.append(mark)


def plain(value: Any) -> Any:
    """The value as ordinary dicts and lists, without places."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@dataclass(slots=True)
class Sources:
    """The files of an inventory. `broken` is set when one of them could not be read to its end."""

    hosts: LocatedDict
    groups: LocatedDict
    defaults: LocatedDict
    intent: LocatedDict
    broken: bool = False


def locate(tree: object, path: Iterable[str | int]) -> Mark:
    """The place of the value at `path` below `tree`, or of its nearest ancestor that the files contain.

    Steps that the tree does not have are skipped, so that pydantic's locations, which also name union
    members and validators, can be used as they are.
    """
    current: Any = tree
    mark = tree.mark if isinstance(tree, LocatedDict | LocatedList) else Mark("inventory", 1)
    for step in path:
        in_mapping = isinstance(current, LocatedDict) and step in current
        if in_mapping or (isinstance(current, LocatedList) and isinstance(step, int) and step < len(current)):
            mark, current = current.marks[step], current[step]
    return mark


def read_sources(project: Path, problems: Problems) -> Sources:
    """Read every YAML file of `project`/inventory. What cannot be read is reported and left out."""
    folder = project / "inventory"
    files = sorted(path for path in folder.glob("*") if path.suffix in (".yaml", ".yml"))
    hosts, groups, defaults = (LocatedDict(Mark(f"inventory/{name}.yaml", 1)) for name in NORNIR_FILES)
    sources = Sources(hosts, groups, defaults, intent=LocatedDict(Mark("inventory", 1)))
    if not any(path.stem == "hosts" for path in files):
        problems.error(Mark("inventory/hosts.yaml", 1), "there is no such file", "list your hosts in it")
        sources.broken = True
    for path in files:
        tree = _read(path, str(path.relative_to(project)), problems)
        if tree is None:
            sources.broken = True
        elif path.stem in NORNIR_FILES:
            _merge(getattr(sources, path.stem), tree, problems, 0)
        else:
            _merge(sources.intent, tree, problems, MERGE_DEPTH)
    return sources


def _read(path: Path, name: str, problems: Problems) -> LocatedDict | None:
    try:
        if not path.is_file():
            problems.error(Mark(name, 1), "is not a regular file", "put it elsewhere")
            return None
        if path.stat().st_size > MAX_BYTES:
            problems.error(Mark(name, 1), f"has more than {MAX_BYTES // 1024**2} MiB", "divide it into several files")
            return None
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        problems.error(Mark(name, 1), f"cannot be read: {error.strerror}")
        return None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problems.error(Mark(name, line), "is not UTF-8 text", "save the file as UTF-8")
        return None
    return read_text(text, name, problems)


def read_text(text: str, name: str, problems: Problems) -> LocatedDict | None:
    """Parse one file's text; None when it is not YAML, which is reported."""
    try:
        if deep := _too_deep(text):
            problems.error(
                Mark(name, deep), f"is nested more than {_MAX_DEPTH} deep", "close a bracket, or indent less"
            )
            return None
        node = yaml.compose(text, Loader=SAFE_LOADER)
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        line = place.line + 1 if place else 1
        problems.error(Mark(name, line), f"is not valid YAML: {_why(error, text, line)}", _mend(text, line))
        return None
    except yaml.YAMLError as error:  # a character that YAML does not allow has no mark
        problems.error(Mark(name, 1), f"is not valid YAML: {' '.join(str(error).split())}")
        return None
    if node is None:
        problems.error(Mark(name, 1), "says nothing", "remove the file if that is meant, or write {} into it")
        return LocatedDict(Mark(name, 1))
    builder = _Builder(name, problems)
    tree = builder.value(node)
    if builder.repeated > _MAX_REPEATED:
        return None
    if not isinstance(tree, LocatedDict):
        problems.error(Mark(name, 1), "holds no mapping at its top level", "write `key: value` pairs")
        return None
    return tree


def _too_deep(text: str) -> int:
    """The line in which a text is nested too deep for the parser, which is recursive, or 0."""
    depth = 0
    for event in yaml.parse(text, Loader=SAFE_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                return 1 if event.start_mark is None else event.start_mark.line + 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return 0


def _why(error: yaml.MarkedYAMLError, text: str, line: int) -> str:
    lines = text.splitlines()
    if line <= len(lines) and "\t" in lines[line - 1]:
        return "a tab stands where YAML wants spaces"
    return " ".join(part for part in (error.context, error.problem) if part)


def _mend(text: str, line: int) -> str:
    lines = text.splitlines()
    if line <= len(lines) and "\t" in lines[line - 1]:
        return "indent with spaces"
    return "look at this line and the one above it for a missing quote, colon or bracket"


@dataclass(slots=True)
class _Builder:
    file: str
    problems: Problems
    built: dict[int, Any] = field(default_factory=dict)  # by node, so that aliases are expanded once
    open: set[int] = field(default_factory=set)
    sizes: dict[int, int] = field(default_factory=dict)  # by node, how many values it stands for
    repeated: int = 0  # values that stand there because of an alias
    secret: bool = False  # within the value of a key for secrets, which no message repeats

    def mark(self, node: yaml.Node) -> Mark:
        return Mark(self.file, node.start_mark.line + 1)

    def value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        if id(node) in self.open:
            self.problems.error(self.mark(node), "an alias contains itself", "write the value out")
            return None
        if id(node) in self.built:
            self.repeat(node)
        else:
            self.open.add(id(node))
            build = self.mapping if isinstance(node, yaml.MappingNode) else self.sequence
            self.built[id(node)] = build(node)
            self.open.discard(id(node))
            self.sizes[id(node)] = 1 + sum(
                self.sizes.get(id(child), 1)
                for item in node.value
                for child in (item if isinstance(item, tuple) else [item])
            )
        return self.built[id(node)]

    def repeat(self, node: yaml.Node) -> None:
        """Count what an alias stands for."""
        within = self.repeated <= _MAX_REPEATED
        self.repeated += self.sizes[id(node)]
        if within and self.repeated > _MAX_REPEATED:
            self.problems.error(
                self.mark(node),
                f"is repeated by aliases into more than {_MAX_REPEATED} values",
                "write less by aliases",
            )

    def sequence(self, node: yaml.Node) -> LocatedList:
        items = LocatedList(self.mark(node))
        for child in node.value:
            items.add(self.value(child), self.mark(child))
        return items

    def mapping(self, node: yaml.Node) -> LocatedDict:
        tree = LocatedDict(self.mark(node))
        inherited: list[LocatedDict] = []
        for key_node, value_node in node.value:
            if key_node.tag == _TAG + "merge":
                merged = self.value(value_node)
                inherited += [
                    m for m in (merged if isinstance(merged, list) else [merged]) if isinstance(m, LocatedDict)
                ]
                continue
            key = self.key(key_node)
            if key is None:
                continue
            if key in tree:
                self.problems.error(
                    self.mark(key_node),
                    f"{key!r} is there twice; the first is in line {tree.marks[key].line}",
                    "remove one of them: YAML would silently keep the last",
                )
                continue
            fresh = id(value_node) not in self.built
            outside, self.secret = self.secret, self.secret or names_a_secret([key])
            value = self.value(value_node)
            self.secret = outside
            if fresh and isinstance(value, LocatedDict | LocatedList):
                value.mark = self.mark(key_node)  # what is below a key stands, for a reader, where the key does
            tree.put(key, value, self.mark(key_node))
        for source in inherited:
            for key, value in source.items():
                if key not in tree:
                    tree.put(key, value, source.marks[key])
        return tree

    def key(self, node: yaml.Node) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self.problems.error(self.mark(node), "a key is not a plain word", "write `key: value`")
            return None
        text = str(node.value)
        if node.tag != _TAG + "str":
            read_as = self.convert(node)
            self.problems.error(
                self.mark(node), f"YAML reads the key {text} as {_shown(read_as)}", f'quote it: "{text}"'
            )
        return text

    def scalar(self, node: yaml.ScalarNode) -> Any:
        text = str(node.value)
        value = self.convert(node)
        if isinstance(value, bool) and text.lower() not in ("true", "false"):
            self.misread(
                node,
                f"YAML reads {text} as {_shown(value)}",
                f'quote it ("{text}") if it is a name, write {_shown(value)} if it is not',
            )
        elif isinstance(value, int) and not isinstance(value, bool) and text.lstrip("+-") != str(abs(value)):
            self.misread(node, f"YAML reads {text} as the number {value}", f'quote it: "{text}", or write {value}')
        return value

    def misread(self, node: yaml.Node, message: str, fix: str) -> None:
        """Report a value that YAML takes for something else than what stands there."""
        if self.secret:
            message, fix = "YAML reads what is a secret here as something else than text", "write a reference to it"
        self.problems.error(self.mark(node), message, fix)

    def convert(self, node: yaml.ScalarNode) -> Any:
        text = str(node.value)
        converters: dict[str, Callable[[str], Any]] = {
            "null": lambda _: None,
            "bool": lambda word: word.lower() in ("true", "yes", "on", "y"),
            "int": lambda word: yaml.SafeLoader("").construct_yaml_int(yaml.ScalarNode(_TAG + "int", word)),
            "float": lambda word: yaml.SafeLoader("").construct_yaml_float(yaml.ScalarNode(_TAG + "float", word)),
        }
        kind = node.tag.removeprefix(_TAG)
        if kind == "int" and text.isascii() and text.isdigit() and (text == "0" or text[0] != "0"):
            return int(text)
        try:
            value = converters[kind](text) if kind in converters else text
            return DottedNumber(float(value), text) if kind == "float" else value
        except (ValueError, OverflowError):
            self.misread(node, f"{text!r} is no {kind}", f'quote it: "{text}"')
            return text


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else f"the number {value}"


def _merge(into: LocatedDict, tree: LocatedDict, problems: Problems, depth: int) -> None:
    for key, value in tree.items():
        mark = tree.marks[key]
        mine = into.get(key)
        if key not in into:
            into.put(key, _copy(value), mark)
        elif depth and isinstance(mine, LocatedDict) and isinstance(value, LocatedDict):
            _merge(mine, value, problems, depth - 1)
        elif depth and isinstance(mine, LocatedList) and isinstance(value, LocatedList):
            for item, place in zip(value, value.marks, strict=True):
                mine.add(item, place)
        else:
            problems.error(mark, f"{key!r} is already set at {into.marks[key]}", "set it in one place")


def _copy(value: Any) -> Any:
    """A copy down to where files are merged, so that merging never changes what an alias shares."""
    if isinstance(value, LocatedDict):
        same = LocatedDict(value.mark)
        for key, item in value.items():
            same.put(key, _copy(item), value.marks[key])
        return same
    if isinstance(value, LocatedList):
        items = LocatedList(value.mark)
        for item, place in zip(value, value.marks, strict=True):
            items.add(item, place)
        return items
    return value
