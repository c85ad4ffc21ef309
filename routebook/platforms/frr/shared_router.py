"""What a candidate leaves as it is in a `router bgp` in which somebody else has neighbors or networks, too.

Two of the options that are rendered concern everybody in the router: which families a neighbor has by default, and
whether a `network` depends on the routing table. Where somebody else relies on them, ours say what they need by
themselves: each neighbor in which families it is active.
"""

from collections.abc import Collection, Mapping

from routebook.platforms.frr.meaning import default_families, peers
from routebook.platforms.frr.tree import Block, Tree

_DEFAULT = ("bgp default ipv4-unicast", "bgp default ipv6-unicast")
_IMPORT_CHECK = "bgp network import-check"


def fitted(candidate: Tree, running: Tree, shared: Mapping[str, Collection[str]]) -> Tree:
    """The candidate as it fits into routers that are shared, which have the named objects of somebody else's."""
    there = {block.line: block for block in running}
    return tuple(
        _fitted(block, there[block.line], shared[block.line]) if block.line in shared else block for block in candidate
    )


def _fitted(router: Block, running: Block, others: Collection[str]) -> Block:
    kept = _DEFAULT + ((_IMPORT_CHECK,) if any(" / network " in name for name in others) else ())
    same = {child.line for child in router.children} & {child.line for child in running.children}
    own = [child for child in router.children if child.line.removeprefix("no ") not in kept or child.line in same]
    said = {child.line for child in own}
    own += [
        child for child in running.children if child.line.removeprefix("no ") in _DEFAULT and child.line not in said
    ]
    lines = [child.line for child in own]
    alone = [name for name, peer in peers(lines).items() if not peer.group]
    families = {child.line: list(child.children) for child in own if child.line.startswith("address-family ")}
    for family in default_families(lines):
        active = {block.line for block in families.get(family, ())}
        silent = [name for name in alone if f"neighbor {name} activate" not in active]
        if silent:
            families.setdefault(family, []).extend(Block(f"no neighbor {name} activate") for name in silent)
    rest = [child for child in own if child.line not in families]
    return Block(router.line, (*rest, *(Block(line, tuple(lines)) for line, lines in families.items())))


def left_out(candidate: Tree, fitted: Tree) -> list[str]:
    """A warning for each option that is left as somebody else has it and on which ours depends."""
    before, after = ({line for block in tree for _, line in block.walk()} for tree in (candidate, fitted))
    if f"no {_IMPORT_CHECK}" not in before - after:
        return []
    return [
        f"`no {_IMPORT_CHECK}` is left out, as it would concern somebody else's networks: ours are announced while "
        "they are in the routing table"
    ]
