"""What an inventory may ask of an abacus, what it calls things, and how its templates spell them."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from routebook.intent.checked_end import CheckedSession
from routebook.intent.fields import Count, matching
from routebook.intent.model import DeviceNames
from routebook.intent.part import Input
from routebook.intent.platform import UnfitValueError, Words
from routebook.intent.rules import Rules, TunnelSide

Rod = Annotated[str, BeforeValidator(matching(re.compile(r"rod[0-9]+"), "is no rod: write rod1, rod2 …"))]


class InterfaceKeys(Input):
    """An abacus calls an interface by the rod that it is on."""

    rod: Rod | None = None


class TunnelKeys(Input):
    """Wires are numbered."""

    number: Count | None = None


class Wire(DeviceNames, frozen=True, kw_only=True):
    """What an abacus calls its end of a tunnel: `wire NUMBER` for the IKE SA and its child."""

    number: int


def name_tunnel(side: TunnelSide) -> Wire:
    """The number follows from the other end's address, unless the inventory says one."""
    number = side.options.get("number", int(side.remote or 0) & 0xFF)
    return Wire(connection=f"wire {number}", child=f"strand {number}", number=number)


def name_interface(name: str, own: Mapping[str, Any]) -> str:
    """Its rod."""
    return own.get("rod") or name


def check_session(end: CheckedSession) -> None:
    """An abacus authenticates nothing."""
    if end.neighbor.password is not None:
        end.cannot("is an abacus and has no passwords", "leave it out", "password")


def spaced(value: str) -> str:
    """A key as beads: its letters, joined by dots."""
    if "." in value or " " in value:
        raise UnfitValueError("has a dot or a space in it, which an abacus takes for the end of a bead")
    return ".".join(value)


def listed(items: Iterable[object]) -> str:
    """Several things as one word."""
    return ",".join(map(str, items))


RULES = Rules(
    keys={"interface": InterfaceKeys, "tunnel end": TunnelKeys},
    check_session=check_session,
    name_interface=name_interface,
    name_tunnel=name_tunnel,
)
WORDS = Words(filters={"abacus_list": listed}, encodings={"spaced": spaced})
