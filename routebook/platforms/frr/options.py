"""A neighbor's own settings, and how they differ between two configurations."""

from typing import Literal

from routebook.platforms.frr.meaning import Peer, peers
from routebook.platforms.frr.settings import setting
from routebook.platforms.frr.tree import Block

Way = Literal["on", "off", "another value"]
"""How a setting changes: none had it, none has it, or both have and differ."""

Changed = frozenset[tuple[str, Way]]
"""Settings that differ, each with how; the same one may do so in two ways in two families."""

Options = set[tuple[str, str]]
"""Lines, each with the context that it is in."""


def peers_of(router: Block) -> dict[str, Peer]:
    """The neighbors and peer-groups of a router, by name."""
    return peers(child.line for child in router.children)


def sessions_of(router: Block) -> dict[str, Peer]:
    """The neighbors of a router that are no groups."""
    return {name: peer for name, peer in peers_of(router).items() if not peer.is_group}


def options_of(name: str, router: Block) -> Options:
    """A neighbor's lines, and those of its group as if they were its own, where it says nothing else itself.

    A member does not follow its group in what it says itself (`peergroup_flag_check` and the like in bgpd/bgpd.c).
    """
    group = peers_of(router)[name].group
    found: Options = set()
    of_group: Options = set()
    for path, line in router.walk():
        words = line.removeprefix("no ").split()
        if words[:1] == ["neighbor"] and len(words) > 2 and words[1] in (name, group) and words[2] != "peer-group":
            own = line.replace(f"neighbor {words[1]} ", f"neighbor {name} ", 1)
            (found if words[1] == name else of_group).add((path[-1], own))
    said = {(context, setting(line)) for context, line in found}
    return found | {each for each in of_group if (each[0], setting(each[1])) not in said}


def word_of(line: str) -> str:
    """The option that a neighbor's line is about."""
    return line.removeprefix("no ").split()[2]


def changed_options(old: Options, new: Options) -> Changed:
    """The settings of a neighbor that differ, as "neighbor OPTION" or, inside a family, "family OPTION"."""
    contexts = {context for context, _ in old ^ new}
    return frozenset(
        (f"{'family' if context.startswith('address-family') else 'neighbor'} {word}", way)
        for context in contexts
        for word, way in _ways(
            *({word_of(line) for where, line in side if where == context} for side in (old - new, new - old, old & new))
        )
    )


def changed_lines(old: Block, new: Block) -> Changed:
    """The settings of a router itself that differ, outside of its families."""
    was, now = own_lines(old), own_lines(new)
    return _ways({*map(setting, was - now)}, {*map(setting, now - was)}, set())


def own_lines(router: Block) -> set[str]:
    """The router's lines that belong to no neighbor and no family."""
    return {child.line for child in router.children if not child.children and " neighbor " not in f" {child.line}"}


def _ways(gone: set[str], come: set[str], staying: set[str]) -> Changed:
    return frozenset(
        (name, "another value" if name in staying or name in gone & come else "on" if name in come else "off")
        for name in gone | come
    )
