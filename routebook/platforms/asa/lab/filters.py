"""The filters after `|` of a show command: include, exclude, begin, grep."""

import re

from routebook.platforms.asa.lab.grammar import SyntaxRefusedError

_KINDS = ("begin", "exclude", "grep", "include")


def split(line: str) -> tuple[str, str, str]:
    """The command, the kind of filter ("" for none) and its expression.

    Raises SyntaxRefusedError for a filter that the device does not know.
    """
    command, bar, rest = line.partition("|")
    if not bar or not re.match(r"\s*(sh|sho|show|mo|mor|more|dir)\b", command):
        return line, "", ""
    word, _, expression = rest.strip().partition(" ")
    found = [kind for kind in _KINDS if word and kind.startswith(word.lower())]
    if len(found) != 1:
        column = len(command) + 1 + (len(rest) - len(rest.lstrip()))
        raise SyntaxRefusedError(" " * column + "^\nERROR: % Invalid input detected at '^' marker.")
    if not expression.strip():
        raise SyntaxRefusedError("ERROR: % Incomplete command")
    kind, expression = found[0], expression.strip()
    if kind == "grep":
        kind = "exclude" if expression.startswith("-v ") else "include"
        expression = expression.removeprefix("-v ").strip()
    return command.rstrip(), kind, expression


def apply(text: str, kind: str, expression: str) -> str:
    """What is left of a text."""
    if not kind:
        return text
    try:
        pattern = re.compile(expression)
    except re.error:
        pattern = re.compile(re.escape(expression))
    lines = text.split("\n")
    if kind == "begin":
        start = next((n for n, line in enumerate(lines) if pattern.search(line)), len(lines))
        return "\n".join(lines[start:])
    return "\n".join(line for line in lines if bool(pattern.search(line)) == (kind == "include"))
