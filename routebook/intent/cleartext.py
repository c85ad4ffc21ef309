"""Finds secrets that stand in the inventory in clear text, wherever they are."""

import re

from routebook.intent.problem import Mark, Problems
from routebook.intent.source import LocatedDict, LocatedList, Sources

# Words that a key may end with when its value is a secret; `key_file` and the like are places, not secrets.
_SECRET_KEY = re.compile(
    r"(?i)(^|[_-])(password|passwd|passphrase|secret|psk|pre_?shared_?key|token|api_?key|private_?key)s?$"
)
_SECRET_VALUE = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|://[^/\s:@]+:[^/\s@]+@")
REFERENCE = frozenset({"env", "file", "command"})


def find_clear_text(sources: Sources, problems: Problems) -> None:
    """Report each value that looks like a secret and is not a reference to one."""
    for tree, kind in (
        (sources.hosts, "hosts"),
        (sources.groups, "groups"),
        (sources.defaults, "defaults"),
        (sources.intent, "intent"),
    ):
        _search(tree, tree.mark, [], kind, problems)


def _search(value: object, mark: Mark, path: list[str], kind: str, problems: Problems) -> None:
    if isinstance(value, LocatedDict):
        for key, item in value.items():
            _search(item, value.marks[key], [*path, key], kind, problems)
    elif isinstance(value, LocatedList):
        for item, place in zip(value, value.marks, strict=True):
            _search(item, place, path, kind, problems)
    elif value is not None and path:
        key = path[-1]
        if _SECRET_KEY.search(key) and str(value):
            owner = path[0] if kind in ("hosts", "groups") and len(path) > 1 else kind
            problems.error(
                mark,
                f"{key!r} holds a secret in clear text",
                f"write where it is, for example {key}: {{file: secrets/{owner}.{key}}}, and change the secret",
            )
        elif isinstance(value, str) and _SECRET_VALUE.search(value):
            problems.error(mark, f"{key!r} contains a secret in clear text", "keep it in a file and write a reference")
