"""Lines for which the inventory has no word: sent as they stand, inside of the object that they are written for.

What may stand where is a platform's to say: no line that Routebook writes itself, and none that would leave its object.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Literal

from msgspec import Struct

from routebook.intent.extra_schema import ExtraLineInput
from routebook.intent.layers import Layers, named
from routebook.intent.model import ExtraLine, Family, HostIntent
from routebook.intent.network import SecretUse
from routebook.intent.problem import Mark

Place = Literal["host", "router", "family", "neighbor", "neighbor family", "route map", "tunnel", "child"]
"""What a line is written for. `host` is the top level, `router` the BGP speaker, `family` an address family of it."""

OWN = "lines"  # of a mapping: those of the object itself, and not of a family or a child of it


class Unfit(Struct, frozen=True):
    """Why a line cannot stand where it is written; `shown` is the line without a secret that it has in clear."""

    why: str
    fix: str
    shown: str = ""


ExtraRule = Callable[[Place, str], Unfit | None]
"""Judges a line of a place; `{secret}` stands in it for its secret."""


def extra_lines(written: Iterable[str | ExtraLineInput], name: str = "") -> tuple[ExtraLine, ...]:
    """Lines as they are written, those of a session or tunnel with the secrets that are its own by `name`."""
    return tuple(
        ExtraLine(text=each)
        if isinstance(each, str)
        else ExtraLine(text=each.line, secret=named(each.secret, name) if name else each.secret)
        for each in written
    )


def of_place(written: Any, place: str) -> tuple[str | ExtraLineInput, ...]:
    """The lines of an object itself, or of a family or child of it: a plain list has the object's own."""
    if written is None:
        return ()
    if isinstance(written, Mapping):
        return tuple(written.get(place, ()))
    return tuple(written) if place == OWN else ()


def of_layers(options: Layers, place: str, name: str) -> tuple[ExtraLine, ...]:
    """The lines in force at an end of a session or tunnel."""
    return extra_lines(of_place(options.get("extra"), place), name)


def uses_of(lines: Iterable[ExtraLine], purpose: str, mark: Mark) -> list[SecretUse]:
    """The secrets that lines refer to."""
    return [SecretUse(reference=each.secret, purpose=purpose, mark=mark) for each in lines if each.secret is not None]


FAMILIES: tuple[Family, ...] = ("ipv4-unicast", "ipv6-unicast")


def lines_in(intent: HostIntent) -> Iterator[ExtraLine]:
    """Every extra line of a host."""
    yield from intent.extra
    for entry in (rule for route_map in intent.route_maps for rule in route_map.rules):
        yield from entry.extra
    for tunnel in intent.tunnels:
        yield from (*tunnel.extra, *tunnel.child_extra)
    if intent.bgp is not None:
        yield from chain(intent.bgp.extra, *(lines for _, lines in intent.bgp.family_extra))
        for neighbor in (*intent.bgp.neighbors, *(group.pattern for group in intent.bgp.groups)):
            yield from chain(neighbor.extra, *(each.extra for each in neighbor.families))
