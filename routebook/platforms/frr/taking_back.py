"""Takes one earlier change of FRR's configuration back and leaves what was changed elsewhere since."""

import re
from collections.abc import Iterable, Iterator

from routebook.device.merging import Item, Overlap, TakenBack, take_back
from routebook.platforms.frr.meaning import peers
from routebook.platforms.frr.redaction import redact
from routebook.platforms.frr.references import undefined_policies
from routebook.platforms.frr.settings import setting
from routebook.platforms.frr.tree import Block, Tree, opens_context

_OBJECT = re.compile(
    r"(?:no )?(?P<object>(?:ip|ipv6) prefix-list \S+|(?:ipv6 |mac )?access-list \S+|bgp as-path access-list \S+"
    r"|bgp (?:large-|ext)?community-list (?:standard|expanded) \S+|route-map \S+)(?: .*)?"
)
_NEIGHBOR = re.compile(r"(?:no )?(?P<object>neighbor \S+) .*")
_ROUTE_MAP = re.compile(r"(?P<name>route-map \S+) (?:permit|deny) (?P<number>\d+)")


def taken_back(before: Tree, made: Tree, now: Tree) -> tuple[Tree, TakenBack]:
    """What FRR runs now without the change from `before` to `made`, and where others stand in its way.

    An object is a neighbor, a list, a route map or another context. What would be left pointing at nothing is in the
    way, too: FRR then drops every prefix without a word.
    """
    if now == made:
        return before, take_back(_items(before), _items(made), _items(now), redact)
    merged = take_back(_items(before), _items(made), _items(now), redact)
    tree = _blocks(merged.item)
    known = {*undefined_policies(now), *_orphans(now)}
    loose = tuple(Overlap(text) for text in (*undefined_policies(tree), *_orphans(tree)) if text not in known)
    return tree, TakenBack(merged.item, (*merged.overlaps, *loose), merged.old_secrets)


def _items(tree: Iterable[Block], parent: str | None = None) -> Item:
    found: dict[str, Item] = {}
    for block in tree:
        outer = _NEIGHBOR.fullmatch(block.line) if parent else _OBJECT.fullmatch(block.line)
        name = _name(block.line, parent)
        item = Item((block.line,), _items(block.children, block.line).items)
        if outer is None:
            found[name if name not in found else block.line] = item
            continue
        group = dict(found.get(outer["object"], Item()).items)
        group[name if name not in group else block.line] = item
        found[outer["object"]] = Item(items=group)
    return Item(items=found)


def _name(line: str, parent: str | None) -> str:
    if entry := _ROUTE_MAP.fullmatch(line):
        return f"{entry['name']} {entry['number']}"
    return line if opens_context(line, parent) else setting(line)


def _blocks(item: Item) -> Tree:
    found: list[Block] = []
    for inner in item.items.values():
        if inner.lines:
            found += [Block(line, _blocks(inner)) for line in inner.lines]
        else:
            found += _blocks(inner)
    return tuple(found)


def _orphans(tree: Tree) -> Iterator[str]:
    """Lines of neighbors and peer-groups that are not there."""
    for router in tree:
        if not router.line.startswith("router bgp "):
            continue
        known = peers(child.line for child in router.children)
        for peer in known.values():
            if peer.group and peer.group not in known:
                yield f"neighbor {peer.name} is in the peer-group {peer.group}, which is not there"
        for block in router.children:
            for path, line in block.walk():
                if (found := _NEIGHBOR.fullmatch(line)) and found["object"].split()[1] not in known:
                    yield f"`{redact(line)}` in {' / '.join((router.line, *path))} is of a neighbor that is not there"
