"""Takes one earlier change of an ASA's configuration back and leaves what was changed elsewhere since."""

import re
from collections.abc import Iterable

from routebook.device.merging import Item, Overlap, TakenBack, take_back
from routebook.platforms.asa.config import manifest
from routebook.platforms.asa.config.contexts import FAMILY, context_of, setting
from routebook.platforms.asa.config.objects import ORDERED, Objects, objects
from routebook.platforms.asa.config.redaction import redact
from routebook.platforms.asa.config.references import problems
from routebook.platforms.asa.config.tree import Config, Node, parse

_NEIGHBOR = re.compile(r"(?:no )?(?P<object>neighbor \S+) ")
_PAYLOAD = "\0"


def taken_back(before: Config, made: Config, now: Config) -> tuple[Config, TakenBack]:
    """What runs now without the change from `before` to `made`, and where others stand in its way.

    Lists whose lines have an order are one object each. A name that would be used and not defined is in the way, too:
    the device refuses that, or drops what uses it.
    """
    there = objects(now.nodes)
    merged = take_back(_items(objects(before.nodes)), _items(objects(made.nodes)), _items(there), redact)
    if there == objects(made.nodes):
        return before, merged
    config = parse("".join(_text(item, 0) for item in merged.item.items.values()))
    after = objects(config.nodes)
    known = _problems({}, there)
    loose = tuple(Overlap(sentence) for sentence in _problems(there, after) if sentence not in known)
    return config, TakenBack(merged.item, (*merged.overlaps, *loose), merged.old_secrets)


def _problems(old: Objects, new: Objects) -> tuple[str, ...]:
    return problems(old, new, [(key, old.get(key, ()), new.get(key, ())) for key in dict.fromkeys((*old, *new))])


def _items(found: Objects) -> Item:
    items = {" ".join(key): _object(key[0], nodes) for key, nodes in found.items() if key != manifest.KEY}
    # The order of the record's lines means nothing, and each change has its own.
    return Item(items={**items, **{node.line: Item((node.line,)) for node in found.get(manifest.KEY, ())}})


def _object(kind: str, nodes: Iterable[Node]) -> Item:
    if kind in ORDERED:
        return Item(tuple(node.line + _payload(node) for node in nodes))
    return _inside(nodes, "")


def _inside(nodes: Iterable[Node], parent: str) -> Item:
    items: dict[str, Item] = {}
    for node in nodes:
        if not node.line:
            continue
        given = setting(context_of(parent), node.line)
        name = given[0] if given else node.line
        item = Item((node.line + _payload(node),), _inside(node.children, node.line).items)
        outer = _NEIGHBOR.match(node.line) if FAMILY.match(parent) else None
        if outer is None:
            items[name if name not in items else node.line] = item
            continue
        group = dict(items.get(outer["object"], Item()).items)
        group[name if name not in group else node.line] = item
        items[outer["object"]] = Item(items=group)
    return Item(items=items)


def _payload(node: Node) -> str:
    return f"{_PAYLOAD}{node.payload}" if node.payload else ""


def _text(item: Item, depth: int) -> str:
    text = ""
    for line in item.lines:
        command, _, payload = line.partition(_PAYLOAD)
        text += f"{' ' * depth}{command}\n{payload}"
    return text + "".join(_text(inner, depth + bool(item.lines)) for inner in item.items.values())
