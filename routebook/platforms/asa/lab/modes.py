"""Reads the text of a grammar: modes, their rules and marks.

    [mode name]
    pattern      > submode   ; mark mark

A mode's rules stand in the order in which the running configuration shows their lines.
"""

import functools
import re
from importlib import resources

from routebook.platforms.asa.lab.grammar import Grammar, Rule


@functools.cache
def grammars(file: str) -> dict[str, Grammar]:
    """The grammar of each mode in a file of this package."""
    rules: dict[str, list[Rule]] = {}
    mode: list[Rule] = []
    for line in resources.files("routebook.platforms.asa.lab").joinpath(file).read_text().splitlines():
        text = line.split("#", 1)[0].rstrip()
        if not text:
            continue
        heading = re.fullmatch(r"\[([\w-]+)\]", text)
        if heading:
            mode = rules.setdefault(heading[1], [])
            continue
        pattern, _, marks = text.partition(" ; ")
        pattern, _, enters = pattern.partition(" > ")
        flags = frozenset(marks.split())
        name = next((flag[1:] for flag in flags if flag.startswith(":")), "")
        mode.append(Rule(pattern.strip(), len(mode), enters.strip(), flags, name))
    return {name: Grammar(each) for name, each in rules.items()}
