"""Takes one earlier change of the swanctl files back and leaves what was changed elsewhere in them since."""

from collections.abc import Mapping

from routebook.device.merging import Item, TakenBack, take_back
from routebook.device.values import Snapshot
from routebook.platforms.strongswan.redaction import redact
from routebook.platforms.strongswan.settings import Block, Include, Setting, SettingsError, parse


def taken_back(before: Snapshot, made: Snapshot, now: Snapshot) -> tuple[dict[str, str], dict[str, str], TakenBack]:
    """The files that are due with their attributes, and where others stand in the way.

    A file that nobody else has touched gets its earlier text, comments included; one that both have changed is put
    together setting by setting, and loses its comments.
    """
    items = [_items(snapshot.parts) for snapshot in (before, made, now)]
    found = take_back(items[0], items[1], items[2], redact)
    parts: dict[str, str] = {}
    for path, item in found.item.items.items():
        texts = [snapshot.parts.get(path) for snapshot in (before, made, now)]
        parts[path] = _text(path, item, items, texts)
    attributes = {
        path: value
        for path in parts
        if (value := _one_of(*(snapshot.attributes.get(path) for snapshot in (before, made, now)))) is not None
    }
    return parts, attributes, found


def _text(path: str, item: Item, items: list[Item], texts: list[str | None]) -> str:
    before, made, now = texts
    exact = _one_of(before, made, now, both=None)
    if exact is not None:
        return exact
    for known, text in zip(reversed(items), reversed(texts), strict=True):
        if text is not None and known.items.get(path) == item:
            return text
    return _written(item)


def _one_of(before: str | None, made: str | None, now: str | None, both: str | None = "now") -> str | None:
    """The side that has changed, if only one has; where both have, what is there now, or `both`."""
    if before == made:
        return now
    if now in (made, before):
        return before
    return now if both else None


def _items(files: Mapping[str, str]) -> Item:
    return Item(items={path: _file(path, text) for path, text in sorted(files.items())})


def _file(path: str, text: str) -> Item:
    try:
        return _section(parse(text, path), text)
    except (SettingsError, _TwiceError):
        return Item(tuple(text.splitlines()))


class _TwiceError(ValueError):
    """A section or setting is in a file twice, so that its name does not say which is meant."""


def _section(block: Block, text: str) -> Item:
    items: dict[str, Item] = {}
    for inner in block.items:
        if isinstance(inner, Setting):
            name, item = inner.key, Item((f"{inner.key} = {text[inner.start : inner.end]}",))
        elif isinstance(inner, Include):
            name = f"include {text[inner.start : inner.end]}"
            item = Item((name,))
        else:
            head = f"{inner.name} : {', '.join(inner.references)}" if inner.references else inner.name
            name, item = inner.name, Item((f"{head} {{",), _section(inner, text).items)
        if name in items:
            raise _TwiceError(name)
        items[name] = item
    return Item(items=items)


def _written(item: Item, depth: int = 0) -> str:
    if item.lines and not item.items and not item.lines[0].endswith(" {"):
        return "".join(f"{'  ' * depth}{line}\n" for line in item.lines)
    inside = "".join(_written(inner, depth + bool(item.lines)) for inner in item.items.values())
    return f"{'  ' * depth}{item.lines[0]}\n{inside}{'  ' * depth}}}\n" if item.lines else inside
