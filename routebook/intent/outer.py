"""Where the two ends of a tunnel are: an address of their own, what is seen of it behind NAT, names, or anywhere."""

import re
from ipaddress import ip_address, ip_network

from msgspec import Struct

from routebook.intent.model import IPAddress

ANYWHERE = "any"
# With a dot, and a letter at the beginning of its last part: a mistyped address is no name.
_NAME = re.compile(
    r"(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)
Place = IPAddress | tuple[str, ...]
"""Where an end is: its one address; or names, prefixes and ranges of which one is its own; or nothing, for anywhere."""


class Outer(Struct, frozen=True):
    """An end as itself has it, None where its address changes, and as the other end has it."""

    own: IPAddress | None
    seen: Place

    @property
    def address(self) -> IPAddress | None:
        """The one address by which the other end has it; None where there is no one."""
        return None if isinstance(self.seen, tuple) else self.seen

    @property
    def names(self) -> tuple[str, ...]:
        """What the other end has instead of one address; nothing for an end that may be anywhere."""
        return self.seen if isinstance(self.seen, tuple) else ()

    @property
    def reachable(self) -> bool:
        """Whether the other end can begin: that takes an address or a name."""
        return self.address is not None or any("/" not in name and not _range(name) for name in self.names)


def place(value: object) -> Place:
    """What the inventory says of where an end is. Raises ValueError."""
    words = value if isinstance(value, list) else [value]
    found = []
    for word in words:
        if not isinstance(word, str):
            raise ValueError(f"{word!r} should be text")
        if word == ANYWHERE:
            if len(words) > 1:
                raise ValueError("`any` stands alone")
            return ()
        found.append(_word(word))
    if not found:
        raise ValueError("an address is missing; write `any` where it changes")
    return ip_address(found[0]) if len(found) == 1 and is_address(found[0]) else tuple(found)


def is_address(text: str) -> bool:
    """Whether a text is one address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _word(text: str) -> str:
    if is_address(text):
        return str(ip_address(text))
    if "/" in text:
        return str(ip_network(text))
    if (ends := _range(text)) is not None:
        first, last = ends
        if first.version != last.version or int(first) > int(last):
            raise ValueError(f"{text!r} is no range of addresses")
        return f"{first}-{last}"
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is neither an address, a prefix, a range nor a name; write `any` where it changes")
    return text


def is_range(text: str) -> bool:
    """Whether a text is a first and a last address."""
    return _range(text) is not None


def _range(text: str) -> tuple[IPAddress, IPAddress] | None:
    first, dash, last = text.partition("-")
    return (ip_address(first), ip_address(last)) if dash and is_address(first) and is_address(last) else None
