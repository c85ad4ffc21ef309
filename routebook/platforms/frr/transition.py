"""Two configurations written so that their lines differ exactly where something is sent.

The difference, the commands and the forecast of a change are made from these two. FRR shows `neighbor X activate` only
where it is not the default, and keeps a neighbor's state when the default changes: such lines are written out where,
and only where, a command is due.
"""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from routebook.platforms.frr.meaning import Peer, canonical, default_families, explicit, peers, without_any
from routebook.platforms.frr.router import renewed
from routebook.platforms.frr.tree import Block, Tree


class Transition(Struct, frozen=True):
    """From one configuration to another: a line that is in one of them only is taken back or given."""

    before: Tree
    after: Tree


def transition(before: Tree, after: Tree) -> Transition:
    """The two configurations, comparable line by line."""
    old = canonical(before)
    there = {block.line: block for block in old}
    written = {without_any(line): line for line in there}
    new = canonical(tuple(_router(there.get(block.line), block) if _is_router(block) else block for block in after))
    # What means the same stays as it is written there; what is sent is sent as it is written here.
    return Transition(
        old, tuple(Block(written.get(without_any(block.line), block.line), block.children) for block in new)
    )


def with_activity_of(before: Block, after: Block, names: Collection[str]) -> Block:
    """A `router bgp` in which the named neighbors are active where they are before, whatever its defaults became.

    That is what bgpd does: `bgp default ipv4-unicast` concerns neighbors that are made later (bgpd/bgp_vty.c).
    """
    known, wanted = _peers(before), _peers(after)
    kept = [
        name
        for name in sorted(names)
        if name in known and name in wanted and not known[name].group + wanted[name].group
    ]
    old, new = _Side.of(before), _Side.of(after)
    families = {line: list(lines) for line, lines in new.lines.items()}
    for family in dict.fromkeys([*new.default, *old.active]):
        for name in kept:
            active = name in old.active.get(family, ())
            if active != (name in new.active.get(family, ())):
                rest = [block for block in families.get(family, []) if block.line not in _lines_about([name])]
                families[family] = [*rest, Block(_line(name, active=active))]
    return _with_families(after, families)


def _with_families(router: Block, families: Mapping[str, Iterable[Block]]) -> Block:
    children = [Block(c.line, tuple(families[c.line])) if c.line in families else c for c in router.children]
    there = {child.line for child in children}
    fresh = [Block(line, tuple(lines)) for line, lines in families.items() if line not in there]
    return Block(router.line, (*children, *fresh))


def _is_router(block: Block) -> bool:
    return block.line.startswith("router bgp ")


def _peers(router: Block | None) -> dict[str, Peer]:
    return peers(child.line for child in router.children) if router else {}


class _Side(Struct, frozen=True):
    """A router's lines by address family, which neighbors are active there, and in which all are by default."""

    lines: dict[str, tuple[Block, ...]]
    active: dict[str, set[str]]
    default: tuple[str, ...]

    @classmethod
    def of(cls, router: Block | None) -> "_Side":
        if router is None:
            return cls({}, {}, ())
        written = next(iter(explicit((router,))), router)
        return cls(
            {child.line: child.children for child in router.children if child.line.startswith("address-family ")},
            {
                child.line: {name for line in child.children if (name := _activated(line.line))}
                for child in written.children
                if child.line.startswith("address-family ")
            },
            default_families(child.line for child in router.children),
        )

    def said(self, family: str, name: str) -> str:
        """The line that says whether a neighbor is active, if there is one."""
        lines = {block.line for block in self.lines.get(family, ())}
        return next((line for line in (_line(name, active=True), _line(name, active=False)) if line in lines), "")


def _activated(line: str) -> str:
    words = line.split()
    return words[1] if words[:1] == ["neighbor"] and words[2:] == ["activate"] else ""


def _line(name: str, *, active: bool) -> str:
    return f"neighbor {name} activate" if active else f"no neighbor {name} activate"


def _router(before: Block | None, after: Block) -> Block:
    """The router with the lines on active neighbors of which each one is a command, or was there before."""
    (after,) = canonical((after,)) or (after,)
    known, wanted, anew = _peers(before), _peers(after), renewed(before, after)
    independent = [name for name, peer in wanted.items() if not peer.group]
    staying = {name for name in independent if name in known and name not in anew}
    old, new = _Side.of(before), _Side.of(after)
    families: dict[str, tuple[Block, ...]] = {}
    for family in dict.fromkeys([*new.lines, *new.default, *old.active]):
        rest = [block for block in new.lines.get(family, ()) if block.line not in _lines_about(independent)]
        for name in independent:
            active = name in new.active.get(family, ())
            implied = (family in new.default) == active
            said = old.said(family, name) if name in staying else ""
            if name not in staying:
                line = "" if implied else _line(name, active=active)
            elif active == (name in old.active.get(family, ())):
                line = said if said or implied else _line(name, active=active)
            else:
                line = "" if said and implied else _line(name, active=active)
            if line:
                rest.append(Block(line))
        families[family] = tuple(rest)
    return _with_families(after, families)


def _lines_about(names: list[str]) -> set[str]:
    return {_line(name, active=active) for name in names for active in (True, False)}
