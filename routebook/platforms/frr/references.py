"""Route maps, lists and profiles that a configuration names without defining them: FRR then drops every prefix."""

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from routebook.platforms.frr.policies import kind_and_name, prefix_list_kind
from routebook.platforms.frr.tree import Tree

_NEIGHBOR = re.compile(r"neighbor (?P<peer>\S+) (?P<kind>route-map|prefix-list|filter-list) (?P<name>\S+) (in|out)")
_DEFAULT = re.compile(r"neighbor (?P<peer>\S+) default-originate (?P<kind>route-map) (?P<name>\S+)")
_NETWORK = re.compile(r"(network|redistribute|aggregate-address) \S+.* (?P<kind>route-map) (?P<name>\S+)")
_MATCH = (
    re.compile(r"match (?P<family>ip|ipv6) (address|next-hop|route-source) (?P<kind>prefix-list) (?P<name>\S+)"),
    re.compile(r"match (?P<kind>community|large-community|extcommunity|as-path) (?P<name>\S+).*"),
    re.compile(r"(?P<kind>call) (?P<name>\S+)"),
    re.compile(r"set (?P<kind>comm-list|large-comm-list) (?P<name>\S+) delete"),
)
_MATCHED_KIND = {
    "community": "community-list",
    "large-community": "large-community-list",
    "extcommunity": "extcommunity-list",
    "as-path": "as-path access-list",
    "call": "route-map",
    "comm-list": "community-list",
    "large-comm-list": "large-community-list",
}


class Use(Struct, frozen=True):
    """A policy object, by kind and name, and what refers to it: a neighbor, a route map, or a line like `network`."""

    kind: str
    name: str
    user_kind: Literal["neighbor", "route-map", "network"]
    user: str
    where: str


def objects(tree: Tree) -> dict[tuple[str, str], frozenset[tuple[tuple[str, ...], str]]]:
    """Every policy object of a configuration, by kind and name, with its lines."""
    found: dict[tuple[str, str], frozenset[tuple[tuple[str, ...], str]]] = {}
    for block in tree:
        if (key := kind_and_name(block.line)) is not None:
            found[key] = found.get(key, frozenset()) | frozenset(block.walk())
    return found


def defined(tree: Tree) -> frozenset[tuple[str, str]]:
    """Kind and name of every policy object of a configuration."""
    return frozenset(objects(tree))


def undefined_policies(tree: Tree) -> list[str]:
    """One sentence for each name that is used and not defined."""
    known = defined(tree)
    found = set()
    for use in uses(tree):
        if (use.kind, use.name) not in known:
            found.add(
                f"{use.kind} {use.name} is used by {use.where} and is not defined: FRR discards every prefix there"
            )
    return sorted(found)


def uses(tree: Tree) -> Iterator[Use]:
    """Every reference to a policy object."""
    for block in tree:
        for path, line in block.walk():
            if match := _NEIGHBOR.fullmatch(line) or _DEFAULT.fullmatch(line):
                kind = match["kind"]
                if kind == "prefix-list":
                    kind = prefix_list_kind(path[-1])
                elif kind == "filter-list":
                    kind = "as-path access-list"
                yield Use(kind, match["name"], "neighbor", match["peer"], f"neighbor {match['peer']}")
            elif path and (match := _NETWORK.fullmatch(line)):
                yield Use("route-map", match["name"], "network", line, f"`{line}`")
            else:
                for pattern in _MATCH if path and path[0].startswith("route-map ") else ():
                    if match := pattern.fullmatch(line):
                        family = match.groupdict().get("family")
                        kind = f"{family} prefix-list" if family else _MATCHED_KIND[match["kind"]]
                        yield Use(kind, match["name"], "route-map", path[0].split()[1], path[0])
