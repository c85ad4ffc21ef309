"""Files for charon to try: connections under throw-away names, and the staged copy of a whole tree."""

import posixpath

from routebook.platforms.strongswan.settings import parse, quoted
from routebook.platforms.strongswan.tree import FOLDER, MAIN, Section, Tree, absolute

_PREFIX = "routebook-check-"
# What would make a copy start SAs of its own. Other values are left in for charon to refuse.
_START_ACTIONS = frozenset({"none", "trap", "start", "trap|start", "start|trap", "route"})


def check_file(old: Tree, new: Tree) -> str:
    """A swanctl.conf with everything that is loaded, and each changed connection beside it under another name.

    Loading it changes no SA: what is loaded stays as it is, and the copies start nothing. charon answers for each of
    them whether it would take it.
    """
    changed = {name: section for name, section in new.connections.items() if old.connections.get(name) != section}
    lines = [f"include {MAIN}", "connections {"]
    for name, section in changed.items():
        lines.append(f"{_PREFIX}{name} {{")
        lines += _lines(section)
        lines.append("}")
    return "\n".join([*lines, "}", ""])


def real_names(text: str) -> str:
    """What charon says of the copies, said of the connections themselves."""
    return text.replace(_PREFIX, "")


def _lines(section: Section) -> list[str]:
    lines: list[str] = []
    for key, value in section.items():
        if isinstance(value, dict):
            lines += [f"{key} {{", *_lines(value), "}"]
        elif not (key == "start_action" and value in _START_ACTIONS):
            lines.append(f"{key} = {quoted(value)}")
    return lines


def staged(path: str, text: str) -> str:
    """A file's text as it must be in a copy of the folder: includes by absolute path point into the copy, too."""
    for include in sorted(parse(text, path).includes(), key=lambda include: include.start, reverse=True):
        target = absolute(include.pattern, path)
        if include.pattern.startswith("/") and target.startswith(f"{FOLDER}/"):
            relative = posixpath.relpath(target, posixpath.dirname(path))
            text = text[: include.start] + relative + text[include.end :]
    return text
