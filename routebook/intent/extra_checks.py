"""Checks lines for which the inventory has no word: whether each host can have them where they are written."""

from collections.abc import Iterable, Mapping
from typing import Any

from routebook.intent.extra import OWN, Place, Unfit, of_place
from routebook.intent.extra_schema import SECRET, ExtraLineInput
from routebook.intent.layers import Layers
from routebook.intent.node import Node
from routebook.intent.part import Input
from routebook.intent.platform import platform
from routebook.intent.problem import Mark, Problems


def check_end(node: Node, options: Layers, places: Mapping[str, Place], fallback: Mark, problems: Problems) -> None:
    """Report the lines of an end that cannot stand there; `places` are what they are written for, by their keys."""
    written = options.get("extra")
    if written is None:
        return
    for key in written if isinstance(written, Mapping) else (OWN,):
        path = (key,) if isinstance(written, Mapping) else ()
        marks = [options.mark("extra", fallback, *path, index) for index in range(len(of_place(written, key)))]
        if key not in places:
            problems.error(
                options.mark("extra", fallback, *path), f"it carries no {key}", "remove these lines, or add the family"
            )
        else:
            check_lines(node, places[key], of_place(written, key), marks, problems)


def check_part(node: Node, part: Input, written: Any, places: Mapping[str, Place], problems: Problems) -> None:
    """Report the lines of a part of the inventory that cannot stand there, for a host that it is for."""
    for key, place in places.items():
        lines = of_place(written, key)
        path = ("extra", key) if isinstance(written, Mapping) else ("extra",)
        check_lines(node, place, lines, [part.mark(*path, index) for index in range(len(lines))], problems)


def check_lines(
    node: Node,
    place: Place,
    lines: Iterable[str | ExtraLineInput],
    marks: Iterable[Mark],
    problems: Problems,
) -> None:
    """Report the lines that a host cannot have in a place."""
    its = platform(node.platform)
    seen: set[str] = set()
    for each, mark in zip(lines, marks, strict=True):
        text = each if isinstance(each, str) else each.line
        if its is None:
            return
        if its.rules.check_extra is None:
            problems.error(mark, f"{node.name} is {node.kind}, which takes no extra lines", "leave them out there")
            return
        unfit = _placed(each) or its.rules.check_extra(place, text)
        if unfit is not None:
            problems.error(mark, f"the extra line `{unfit.shown or text}` {unfit.why}", unfit.fix)
        elif text in seen:
            problems.error(mark, f"the extra line `{text}` is there twice", "remove one")
        seen.add(text)


def _placed(each: str | ExtraLineInput) -> Unfit | None:
    """What is wrong with the place of a secret."""
    text = each if isinstance(each, str) else each.line
    wanted = 0 if isinstance(each, str) else 1
    if text.count(SECRET) == wanted:
        return None
    if wanted:
        return Unfit(f"has not one {SECRET} in it", f"write {SECRET} where its secret goes")
    return Unfit(f"has {SECRET} in it, and no secret", "write {line: …, secret: {file: …}}")
