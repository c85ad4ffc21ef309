"""The forecast of which prefixes come and go: networks that a device originates, and prefix lists by their names."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from routebook.device.values import Effect

_MOST_NAMED = 3

Lists = Mapping[str, Sequence[str]]
"""What each prefix list says, an entry a text, by its name."""


def prefix_effects(old: Collection[str], new: Collection[str], old_lists: Lists, new_lists: Lists) -> list[Effect]:
    """The effects of originating `new` where `old` were, and of other contents in prefix lists."""
    found = [Effect("prefix-removed", prefix, "no longer originated") for prefix in sorted(set(old) - set(new))]
    found += [Effect("prefix-new", prefix, "originated") for prefix in sorted(set(new) - set(old))]
    for name in sorted(old_lists.keys() | new_lists.keys()):
        before, after = old_lists.get(name, ()), new_lists.get(name, ())
        if list(before) != list(after):
            found.append(Effect("prefix-list", name, _difference(before, after)))
    return found


def _difference(before: Sequence[str], after: Sequence[str]) -> str:
    if not before:
        return f"new: {_named(after)}"
    if not after:
        return f"goes: {_named(before)}"
    comes = [entry for entry in after if entry not in before]
    goes = [entry for entry in before if entry not in after]
    moves = [*([f"{_named(comes)} comes"] if comes else []), *([f"{_named(goes)} goes"] if goes else [])]
    return "; ".join(moves) or "its entries in another order"


def _named(entries: Iterable[str]) -> str:
    entries = list(entries)
    more = [f"and {len(entries) - _MOST_NAMED} more"] if len(entries) > _MOST_NAMED else []
    return ", ".join([*entries[:_MOST_NAMED], *more])
