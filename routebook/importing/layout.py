"""Writes an inventory's data as YAML that people like to read: what is small on one line, the rest in blocks."""

import io
from typing import Any

import yaml

_LINE = 100
"""Characters of the longest value that stands on one line."""


class _Dumper(yaml.SafeDumper):
    """Lists are indented below their key, and nothing is an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write a value out each time."""
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """As people indent lists."""
        del indentless
        super().increase_indent(flow, False)


def write(data: dict[str, Any], comment: str) -> str:
    """The text of a file, with what it is about above it."""
    head = "".join(f"# {line}\n" for line in comment.splitlines())
    if not data:
        return f"---\n{head}{{}}\n"
    node = _Dumper(io.StringIO(), sort_keys=False).represent_data(data)
    _lay_out(node, 0)
    return f"---\n{head}{yaml.serialize(node, Dumper=_Dumper, allow_unicode=True, width=_LINE + 16)}"


def _lay_out(node: yaml.Node, depth: int) -> int:
    """Decide for each value whether it stands on one line. The characters that this one takes there."""
    if isinstance(node, yaml.ScalarNode):
        return len(node.value) + 2
    children: list[yaml.Node]
    if isinstance(node, yaml.MappingNode):
        size = sum(_lay_out(key, depth) + _lay_out(value, depth + 1) + 2 for key, value in node.value)
        children = [value for _, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        size = sum(_lay_out(value, depth + 1) + 2 for value in node.value)
        children = node.value
    else:
        raise TypeError(f"{node!r} is none of YAML's nodes")
    simple = depth > 1 and not any(isinstance(child, yaml.MappingNode) for child in children)
    node.flow_style = simple and size + 2 * depth <= _LINE
    return size if node.flow_style else 10 * _LINE
