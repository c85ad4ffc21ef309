"""Finds placeholders of other tools in the inventory: nothing fills them in, so they would be sent as they stand."""

import re

from routebook.intent.problem import Mark, Problems
from routebook.intent.source import LocatedDict, LocatedList, Sources

# ${NAME} and $NAME of a shell, {{ name }} and {% … %} of Jinja, <NAME> of a manual
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|^\$[A-Za-z_]\w*|\{\{.*\}\}|\{%.*%\}|^<[A-Za-z][A-Za-z0-9_ -]*>$")
# A secret's command may have anything in it, and the lab has words of its own.
_LEFT_ALONE = frozenset({"command", "lab"})


def find_placeholders(sources: Sources, problems: Problems) -> None:
    """Report each value that another tool was to fill in."""
    for tree in (sources.hosts, sources.groups, sources.defaults, sources.intent):
        _search(tree, tree.mark, "", problems)


def _search(value: object, mark: Mark, key: str, problems: Problems) -> None:
    if key in _LEFT_ALONE or key.startswith("x-"):
        return
    if isinstance(value, LocatedDict):
        for name, item in value.items():
            _search(item, value.marks[name], name, problems)
    elif isinstance(value, LocatedList):
        for item, place in zip(value, value.marks, strict=True):
            _search(item, place, key, problems)
    elif isinstance(value, str) and (found := _PLACEHOLDER.search(value)):
        problems.error(
            mark,
            f"{key!r} has the placeholder {found[0]}, which nothing fills in",
            "write the value itself; only secrets are referred to, as {env: NAME}, {file: PATH} or {command: …}",
        )
