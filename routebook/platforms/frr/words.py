"""How FRR's configuration takes a password, and what a name in a host's `adopt` means there."""

import re
from collections.abc import Sequence
from functools import lru_cache

from routebook.intent.fields import TCP_MD5_KEY
from routebook.intent.platform import UnfitValueError, Words
from routebook.platforms.frr.owned_objects import named
from routebook.platforms.frr.tree import parse

PART = "frr"


def word(value: str) -> str:
    """A password of TCP MD5 as one word of a line."""
    if any(character.isspace() for character in value):
        raise UnfitValueError("has a space in it, which a password in FRR cannot have")
    if len(value.encode()) > TCP_MD5_KEY:
        raise UnfitValueError(f"is longer than {TCP_MD5_KEY} bytes, the limit of TCP MD5")
    return value


def adopted(name: str, part: str, text: str) -> Sequence[str]:
    """The objects of a section that a name means: by their whole name, or by its end where they are in a context."""
    if part != PART:
        return ()
    names = _objects(text) | {line for line in _routers(text) if line == name}
    return [re.sub(r"([*?[])", r"[\1]", each) for each in sorted(names) if each == name or each.endswith(f" / {name}")]


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
    managed=managed,
)
