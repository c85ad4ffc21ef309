"""How FRR's configuration takes a password, and what a name in a host's `adopt` means there."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from routebook.intent.fields import TCP_MD5_KEY
from routebook.intent.platform import UnfitValueError, Words
from routebook.platforms.frr.owned_objects import is_option, named
from routebook.platforms.frr.tree import parse

PART = "frr"
_OF_ROUTERS = ("neighbor ", "bgp listen range ")
_OF_FAMILIES = ("network ", "aggregate-address ", "redistribute ")
_FAMILIES = ("ipv4 unicast", "ipv6 unicast")


def word(value: str) -> str:
    """A password of TCP MD5 as one word of a line."""
    if any(character.isspace() for character in value):
        raise UnfitValueError("has a space in it, which a password in FRR cannot have")
    if len(value.encode()) > TCP_MD5_KEY:
        raise UnfitValueError(f"is longer than {TCP_MD5_KEY} bytes, the limit of TCP MD5")
    return value


def adopted(name: str, part: str, text: str) -> Sequence[str]:
    """The objects of a section that a name means: by their whole name, or by its end where they are in a context.

    What the section does not say any more is its own by its kind, so that it goes.
    """
    if part != PART:
        return ()
    names = _objects(text) | {line for line in _routers(text) if line == name}
    said = [each for each in sorted(names) if each == name or each.endswith(f" / {name}")]
    return [re.sub(r"([*?[])", r"[\1]", each) for each in said or _no_longer_said(name, text)]


def _no_longer_said(name: str, text: str) -> list[str]:
    """What a name means of the kinds that a section has, where none that it has is called so."""
    if name.startswith(_OF_ROUTERS):
        return [f"{router} / {name}" for router in _routers(text)]
    if name.startswith(_OF_FAMILIES):
        return [f"{router} / {family} / {name}" for router in _routers(text) for family in _FAMILIES]
    kind = name.rpartition(" ")[0]
    return [name] if kind and any(each.startswith(f"{kind} ") for each in _objects(text)) else []


def objects(part: str, text: str) -> Sequence[str]:
    """The names of a section's objects, without a router's line where one alone is called so; not options."""
    found = sorted(name for name in _objects(text) if not is_option(name)) if part == PART else []
    ends = Counter(map(_end, found))
    return [_end(name) if ends[_end(name)] == 1 else name for name in found]


def _end(name: str) -> str:
    return name.rpartition(" / ")[2] if name.startswith("router bgp ") else name


def managed(part: str, text: str) -> Sequence[str]:
    """What a section owns as a whole on a host that says `manage: all`."""
    return _routers(text) if part == PART else ()


@lru_cache(maxsize=4)
def _objects(text: str) -> frozenset[str]:
    """The names of a section's objects, which each name in a host's `adopt` is looked for among."""
    return frozenset(found for found, _ in named(parse(text)))


def _routers(text: str) -> list[str]:
    return re.findall(r"^router bgp \d+$", text, re.MULTILINE)


WORDS = Words(
    encodings={"word": word},
    adopted=adopted,
    objects=objects,
    managed=managed,
)
