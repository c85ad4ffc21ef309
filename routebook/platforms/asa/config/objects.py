"""Which top-level lines of an ASA configuration are one object, and in which order objects depend on each other."""

import re
from collections.abc import Iterable

from routebook.platforms.asa.config.contexts import context_of, setting
from routebook.platforms.asa.config.tree import Node, words

Key = tuple[str, ...]
Objects = dict[Key, tuple[Node, ...]]

# First words of the objects that consist of several top-level lines, and how many words name one.
_NAMED = {
    "access-list": 2, "prefix-list": 2, "route-map": 2, "tunnel-group": 2, "group-policy": 2, "username": 2,
    "as-path": 3, "community-list": 3, "aaa-server": 2,
}  # fmt: skip

ORDERED = frozenset({"access-list", "nat", "banner", "boot"})
"""Kinds whose lines have an order."""

PER_LINE = frozenset({"nat", "boot"})
"""Kinds of which there is one list for everybody: each line of it is owned by itself."""


def key_of(node: Node) -> Key:
    """The object that a top-level line belongs to."""
    first, _, rest = node.line.partition(" ")
    if first == "access-list":
        return first, rest.partition(" ")[0]
    if first == "object" and node.children and node.children[0].line.startswith("nat "):
        return "object-nat", rest
    if first == "nat":
        return ("nat",)
    if first == "boot" and rest.startswith("system "):
        return ("boot",)
    if first == "banner":
        return first, rest.partition(" ")[0]
    said = words(node.line)
    if first == "crypto" and len(said) > 3 and said[1] in ("map", "dynamic-map") and said[3].isdigit():
        return "crypto", *said[1:4]
    if first == "community-list" and len(said) > 2 and said[1].isdigit():
        return tuple(said[:2])
    if (count := _NAMED.get(first)) and len(said) > count:
        return tuple(said[:count])
    if said[:2] == ["ipv6", "prefix-list"] and len(said) > 2:
        return tuple(said[:3])
    single = setting(context_of(""), node.line)
    return (single[0] if single else node.line,)


def objects(nodes: Iterable[Node]) -> Objects:
    """The objects of a configuration in the order of their first lines."""
    found: dict[Key, list[Node]] = {}
    for node in nodes:
        for part in _parts(node):
            found.setdefault(key_of(part), []).append(part)
    return {key: tuple(parts) for key, parts in found.items()}


def _parts(node: Node) -> Iterable[Node]:
    """A network object's definition and its translation are two things, wherever they are written."""
    if not node.line.startswith("object network "):
        return (node,) if node.line else ()
    translation = tuple(child for child in node.commands if child.line.startswith("nat "))
    definition = tuple(child for child in node.commands if not child.line.startswith("nat "))
    if not translation or not definition:
        return (node,)
    return node.with_children(definition), node.with_children(translation)


# What is defined earlier is referred to later.
_RANKS = (
    re.compile(r"names?\b|time-range "),
    re.compile(r"interface (?!Tunnel)"),
    re.compile(r"crypto ca |crypto key "),
    re.compile(r"object "),
    re.compile(r"object-group "),
    re.compile(r"ip local pool |aaa-server "),
    re.compile(r"access-list (?!ROUTEBOOK$)|(ipv6 )?prefix-list |as-path |community-list "),
    re.compile(r"crypto ipsec ikev1 transform-set |crypto ipsec ikev2 ipsec-proposal |crypto ikev[12] policy "),
    re.compile(r"crypto ipsec profile "),
    re.compile(r"group-policy "),
    re.compile(r"tunnel-group "),
    re.compile(r"crypto dynamic-map "),
    re.compile(r"crypto map \S+ \d+"),
    re.compile(r"crypto map "),
    re.compile(r"interface Tunnel"),
    re.compile(r"crypto ikev[12] enable "),
    re.compile(r"object-nat |nat\b"),
    re.compile(r"access-group "),
    re.compile(r"route |ipv6 route "),
    re.compile(r"route-map "),
    re.compile(r"router "),
    re.compile(r"access-list ROUTEBOOK$"),  # the record: of what has been done
)

# Taken away before anything is made: they use what others define, and two of them cannot claim the same thing.
_FIRST_TO_GO = re.compile(r"crypto map |interface Tunnel|object-nat |nat\b|access-group |(?:ipv6 )?route |router ")


def rank(key: Key) -> int:
    """Where an object stands in the order of making; the reverse is the order of taking away."""
    text = " ".join(key)
    return next((index for index, pattern in enumerate(_RANKS) if pattern.match(text)), len(_RANKS))


def goes_first(key: Key) -> bool:
    """Whether the object is taken away before others are made rather than after."""
    return bool(_FIRST_TO_GO.match(" ".join(key)))


def depths(found: Objects) -> dict[Key, int]:
    """How deep object groups nest: a group is one deeper than the deepest group in it."""
    known: dict[Key, int] = {}
    groups = {key[0].split()[2]: key for key in found if key[0].startswith("object-group ") and key[0].count(" ") > 1}

    def depth(key: Key, above: frozenset[Key]) -> int:
        if key not in known:
            inner = (
                groups.get(child.line.removeprefix("group-object "))
                for node in found[key]
                for child in node.commands
                if child.line.startswith("group-object ")
            )
            known[key] = 1 + max((depth(k, above | {key}) for k in inner if k and k not in above), default=0)
        return known[key]

    for key in groups.values():
        depth(key, frozenset({key}))
    return known
