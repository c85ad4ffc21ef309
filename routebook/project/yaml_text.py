"""Edits a YAML file as text: what is not concerned stays to the letter, with its comments, order and layout.

Each edit is checked by reading the result: it says what was meant and nothing else, or EditError is raised.
"""

from collections.abc import Sequence
from typing import Any

import yaml

from routebook.intent.source import SAFE_LOADER, plain

Path = Sequence[str | int]


class EditError(ValueError):
    """The file is written in a way in which it cannot be edited: with aliases there, say."""


def append(text: str, path: Path, value: Any) -> str:
    """The text with a value more in the list at `path`, which is made where there is none."""
    node = _find(text, path)
    if node is None or not isinstance(node, yaml.SequenceNode) or not node.value:
        return put(text, path, [value])
    if node.flow_style:
        edited = _before(text, node.end_mark.index - 1, f", {_flow(value)}")
    else:
        edited = _after_line(text, _last_line(node.value[-1]), _item(value, node.start_mark.column))
    return _checked(text, edited, path, [*_value(text, path), value])


def put(text: str, path: Path, value: Any) -> str:
    """The text with this value at `path`, whose last step is a key; mappings on the way to it are made."""
    known = list(path)
    while known and _find(text, known) is None:
        known.pop()
    if len(known) == len(path):
        edited = _replaced(text, path, value)
        return _checked(text, edited, path, value)
    node, missing = _find(text, known), list(path[len(known) :])
    inner = value
    for step in reversed(missing[1:]):
        inner = {step: inner}
    key = str(missing[0])
    if not isinstance(node, yaml.MappingNode) or not node.value:
        whole = {key: inner}
        edited = _replaced(text, known, whole) if known else _without_empty(text) + _pair(key, inner, 0)
    elif node.flow_style:
        edited = _before(text, node.end_mark.index - 1, f", {_flow({key: inner})[1:-1]}")
    else:
        column = node.value[0][0].start_mark.column
        edited = _after_line(text, _last_line(node.value[-1][1]), _pair(key, inner, column))
    return _checked(text, edited, path, value)


def remove(text: str, path: Path) -> str:
    """The text without what is at `path`, and without what would be empty then."""
    parent = _find(text, path[:-1])
    if not isinstance(parent, yaml.CollectionNode):
        raise EditError(f"{_named(path)} is not there")
    if len(parent.value) == 1:
        if len(path) > 1:
            return remove(text, path[:-1])
        edited = f"{text[: parent.start_mark.index]}{{}}\n"
    else:
        edited = _without(text, parent, _index(parent, path[-1]))
    expected = plain(_data(text))
    holder = _at(expected, path[:-1])
    del holder[path[-1]]
    if _data(edited) != expected:
        raise EditError(f"{_named(path)} cannot be taken out: edit it by hand")
    return edited


def _without(text: str, parent: yaml.CollectionNode, index: int) -> str:
    item = parent.value[index]
    first, last = item if isinstance(item, tuple) else (item, item)
    if not parent.flow_style:
        begin = _line_start(text, _line(text, first.start_mark.index))
        end = _line_start(text, _last_line(last) + 1)
        if isinstance(parent, yaml.MappingNode) and text[begin : first.start_mark.index].strip():
            raise EditError("stands on one line with what it is in: edit it by hand")
        return text[:begin] + text[end:]
    if index + 1 < len(parent.value):
        following = parent.value[index + 1]
        after = following[0] if isinstance(following, tuple) else following
        return text[: first.start_mark.index] + text[after.start_mark.index :]
    before = parent.value[index - 1]
    previous = before[1] if isinstance(before, tuple) else before
    return text[: previous.end_mark.index] + text[last.end_mark.index :]


def _replaced(text: str, path: Path, value: Any) -> str:
    """The text with another value at a path that is there: in its line, or in lines below its key."""
    node, parent = _find(text, path), _find(text, path[:-1])
    if node is None or parent is None:
        raise EditError(f"{_named(path)} is not there")
    empty = isinstance(node, yaml.ScalarNode) and not text[node.start_mark.index : node.end_mark.index].strip()
    flat = _flow(value)
    scalar = isinstance(node, yaml.ScalarNode)
    if (scalar and not empty) or (not scalar and node.flow_style):
        return text[: node.start_mark.index] + flat + text[node.end_mark.index :]
    if empty:
        at = node.start_mark.index
        return f"{text[:at].rstrip(' ')} {flat}{text[at:]}"
    begin = _line_start(text, _line(text, node.start_mark.index))
    column = node.start_mark.column
    lines = "".join(_item(each, column) for each in value) if isinstance(value, list) else _block(value, column)
    return text[:begin] + lines + text[_line_start(text, _last_line(node) + 1) :]


def _checked(text: str, edited: str, path: Path, value: Any) -> str:
    expected = plain(_data(text)) or {}
    holder = expected
    for step in path[:-1]:
        if isinstance(holder, dict) and not holder.get(str(step)):
            holder[step] = {}
        holder = holder[step]
    holder[path[-1]] = value
    try:
        same = _data(edited) == expected
    except yaml.YAMLError:
        same = False
    if not same:
        raise EditError(f"{_named(path)} cannot be written there: edit it by hand")
    return edited


def _data(text: str) -> Any:
    return yaml.load(text, Loader=SAFE_LOADER)  # noqa: S506  a safe loader


def _value(text: str, path: Path) -> Any:
    return _at(_data(text), path)


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def _find(text: str, path: Path) -> Any:
    node: Any = yaml.compose(text, Loader=SAFE_LOADER)
    for step in path:
        if isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        else:
            return None
    return node


def _index(parent: yaml.CollectionNode, step: str | int) -> int:
    if isinstance(parent, yaml.MappingNode):
        return next((at for at, (key, _) in enumerate(parent.value) if key.value == str(step)), -1)
    return int(step)


def _last_line(node: yaml.Node) -> int:
    """The line, from 0, on which the content of a node ends: without blank lines and comments behind it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return max(_last_line(each) for each in (last if isinstance(last, tuple) else (last,)))
    mark = node.end_mark
    block = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
    return int(mark.line - 1 if block and mark.column == 0 else mark.line)


def _line(text: str, index: int) -> int:
    return text.count("\n", 0, index)


def _line_start(text: str, line: int) -> int:
    at = 0
    for _ in range(line):
        found = text.find("\n", at)
        if found < 0:
            return len(text)
        at = found + 1
    return at


def _before(text: str, index: int, more: str) -> str:
    head = text[:index].rstrip(" ")
    return head + more + text[len(head) : index] + text[index:]


def _after_line(text: str, line: int, more: str) -> str:
    at = _line_start(text, line + 1)
    head = text[:at]
    return head + ("" if head.endswith("\n") or not head else "\n") + more + text[at:]


def _without_empty(text: str) -> str:
    """A file that says nothing, or `{}`, without that."""
    node = yaml.compose(text, Loader=SAFE_LOADER)
    if node is None:
        return text if text.endswith("\n") or not text else f"{text}\n"
    return text[: node.start_mark.index]


_WIDE = 4096


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=_WIDE)
    return text.removesuffix("\n").removesuffix("\n...").strip()


def _pair(key: str, value: Any, column: int) -> str:
    name = _flow(key)
    if not isinstance(value, dict | list) or not value or _small(value):
        return f"{' ' * column}{name}: {_flow(value)}\n"
    inner = "".join(_item(each, column + 2) for each in value) if isinstance(value, list) else _block(value, column + 2)
    return f"{' ' * column}{name}:\n{inner}"


def _block(value: dict[str, Any], column: int) -> str:
    return "".join(_pair(str(key), each, column) for key, each in value.items())


def _item(value: Any, column: int) -> str:
    if not isinstance(value, dict) or _small(value):
        return f"{' ' * column}- {_flow(value)}\n"
    text = _block(value, column + 2)
    return f"{text[:column]}- {text[column + 2 :]}"


_LONGEST = 90  # characters of what stands on one line


def _small(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value
    return len(_flow(value)) <= _LONGEST and not any(isinstance(each, dict) for each in inner)


def _named(path: Path) -> str:
    return ": ".join(map(str, path))
