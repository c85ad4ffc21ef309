"""What Routebook says of a change without any device: the settings that differ between two worlds, and the forecast."""

import re
from collections.abc import Mapping
from functools import lru_cache

from routebook.device.values import Effect
from routebook.intent.model import HostIntent
from routebook.platforms.frr.effects import forecast
from routebook.platforms.frr.meaning import explicit
from routebook.platforms.frr.options import Changed, Way, changed_lines, changed_options, options_of, sessions_of
from routebook.platforms.frr.tree import Block, Tree, parse
from routebook.platforms.strongswan import changes as tunnels
from routebook.platforms.strongswan.tree import MAIN, build
from routebook.project.render import render_host
from tests.forecast.gateways import Gateways
from tests.forecast.known import TEMPLATES, Known, rendered
from tests.forecast.routers import EDGE, World, address_of

_OBJECTS = (
    "ip prefix-list",
    "ipv6 prefix-list",
    "bgp community-list",
    "bgp large-community-list",
    "bgp as-path access-list",
    "route-map",
)
_RANGE = re.compile(r"bgp listen range .*")


def tree(intent: HostIntent) -> Tree:
    """A router's configuration as it is rendered."""
    return _parsed(rendered(intent))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Tree:
    return parse(text)


def effects(before: World, after: World, release: str, received: Mapping[str, Mapping[str, int]]) -> tuple[Effect, ...]:
    """The forecast of FRR's driver, for a device that has the first world's configuration and so many prefixes."""
    counted = {
        (address_of(session), f"address-family {family.replace('-', ' ')}"): number
        for session, families in received.items()
        for family, number in families.items()
    }
    return forecast(tree(before[EDGE]), tree(after[EDGE]), numbered(release), counted)


def numbered(release: str) -> tuple[int, int]:
    """A release's first two numbers."""
    major, minor, *_ = release.split(".")
    return int(major), int(minor)


def changed(before: World, after: World) -> Changed:
    """The settings that differ: a neighbor's, a router's, and objects by their kind."""
    old, new = explicit(tree(before[EDGE])), explicit(tree(after[EDGE]))
    found: set[tuple[str, Way]] = set()
    routers = [{each.line: each for each in side if each.line.startswith("router bgp ")} for side in (old, new)]
    for line in {**routers[0], **routers[1]}:
        found |= _of_router(*(side.get(line, Block(line)) for side in routers))
    for kind in (*_OBJECTS, "bfd", "rpki"):
        sides = [[each for each in side if each.line.startswith(kind)] for side in (old, new)]
        if sides[0] != sides[1]:
            found.add((kind, _way(*map(bool, sides))))
    return frozenset(found)


def _way(was: bool, now: bool) -> Way:
    return "another value" if was and now else "on" if now else "off"


def _of_router(old: Block, new: Block) -> set[tuple[str, Way]]:
    found = {(f"router {_RANGE.sub('bgp listen range', name)}", way) for name, way in changed_lines(old, new)}
    was, now = sessions_of(old), sessions_of(new)
    for name in {**was, **now}:
        if name in was and name in now:
            found |= changed_options(options_of(name, old), options_of(name, new))
        else:
            found.add(("neighbor", _way(name in was, name in now)))
    lines = [
        {
            (path[-1], line)
            for path, line in side.walk()
            if path[1:] and not line.removeprefix("no ").startswith("neigh")
        }
        for side in (old, new)
    ]
    for _, line in lines[0] ^ lines[1]:
        word = line.split()[0]
        found.add((f"family {word}", _way(*(any(each.startswith(word) for _, each in side) for side in lines))))
    return found


def tunnel_effects(before: Gateways, after: Gateways, release: str) -> Mapping[str, tuple[Effect, ...]]:
    """The forecast of strongSwan's driver at each end, both of this release."""
    found = {}
    for name in before:
        old, new = (build({MAIN: "include conf.d/*.conf\n", **_files(world, name)}) for world in (before, after))
        found[name] = tunnels.effects(tunnels.compare(old, new, numbered(release)), old, new)
    return found


def _files(world: Gateways, name: str) -> dict[str, str]:
    sections = render_host(world[name], TEMPLATES, Known()).sections
    return {section.part: section.text for section in sections if section.text.strip()}
