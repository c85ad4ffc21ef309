"""What a new configuration does to the tunnels: which are new, gone, or run with parameters that changed."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from routebook.device.values import Effect, EffectKind
from routebook.platforms.strongswan.meaning import keys, loaded
from routebook.platforms.strongswan.tree import Section, Tree, children

Kind = Literal["new", "removed", "ike", "children"]
Release = tuple[int, int]
"""charon's, as (6, 0); (0, 0) is taken for an old one."""

_KEEPS_IKE_SA: Release = (6, 0)
_WITH_IKE = ", and charon closes the IKE SA with its last child"
PERHAPS = "; charon closes the IKE SA, too, if its last child goes before another one is there"


class ChildUp(Struct, frozen=True):
    """A child that should be up after the change: if this end `starts` it, else if it was up before."""

    name: str
    starts: bool


class TunnelChange(Struct, frozen=True):
    """One connection's change. `ended` are its children of which SAs must go ("ike": the whole IKE SA).

    `with_ike` says of "children" that charon closes the IKE SA by itself as soon as it has loaded the change.
    """

    connection: str
    kind: Kind
    ended: tuple[str, ...]
    wanted: tuple[ChildUp, ...]
    reason: str
    with_ike: bool = False


def compare(old: Tree, new: Tree, release: Release = (0, 0)) -> list[TunnelChange]:
    """Every connection whose live SAs do not fit the new configuration, in the order of their names.

    `release` is that of the charon which will load it. What charon loads as it was, however it is written now, leaves
    SAs as they are (`replace_children` and `merge_config` in src/libcharon/plugins/vici/vici_config.c).
    """
    changes = []
    for name in sorted(old.connections.keys() | new.connections.keys()):
        before, after = old.connections.get(name), new.connections.get(name)
        if before is None and after is not None:
            changes.append(TunnelChange(name, "new", (), _wanted(children(after)), "new"))
        elif before is not None and after is None:
            changes.append(TunnelChange(name, "removed", (), (), "no longer configured"))
        elif before is not None and after is not None:
            key_changes = keys(before, old) != keys(after, new)
            before, after = loaded(before), loaded(after)
            reason = _ike_difference(before, after) or ("its pre-shared key changes" if key_changes else "")
            if reason:
                changes.append(TunnelChange(name, "ike", (), _wanted(children(after)), reason))
            elif before != after:
                changes.append(_children_change(name, before, after, release))
    return changes


def effects(changes: Iterable[TunnelChange], old: Tree, new: Tree) -> tuple[Effect, ...]:
    """The forecast for an operator."""
    found = []
    for change in changes:
        if change.kind == "new":
            found.append(Effect("tunnel-new", change.connection, "new connection"))
        elif change.kind == "removed":
            found.append(Effect("tunnel-removed", change.connection, "no longer configured: its SAs are closed"))
        else:
            alone = change.kind == "children" and not change.with_ike
            kind: EffectKind = "child-rekey" if alone else "tunnel-rekey"
            found.append(Effect(kind, change.connection, change.reason))
    names = sorted(key for key in old.others.keys() | new.others.keys() if old.others.get(key) != new.others.get(key))
    found += [Effect("note", name, f"section {name} changes; SAs that use it stay as they are") for name in names]
    return tuple(found)


def _children_change(name: str, before: Section, after: Section, release: Release) -> TunnelChange:
    """What changes beneath an IKE SA that stays, if it does.

    charon closes what an old configuration with `start_action = start` had started, and an IKE SA that is left without
    a child with it (clear_start_action in src/libcharon/plugins/vici/vici_config.c). Since 6.0.0 it keeps an empty one
    where it starts any child of the new configuration, and closes it where it starts none, also one that had none
    before (replace_children, terminate_for_action there).
    """
    old, new = children(before), children(after)
    changed = sorted(child for child in old.keys() | new.keys() if old.get(child) != new.get(child))
    started, starts = (
        {child for child in changed if "start" in side.get(child, {}).get("start_action", "")} for side in (old, new)
    )
    all_change = old.keys() <= set(changed)
    if release < _KEEPS_IKE_SA:
        # Children are closed one after the other: of several, or with others begun meanwhile, who is last is chance.
        alone = len(old) == 1 and old.keys() == new.keys()
        with_ike, perhaps = (bool(started) and all_change and each for each in (alone, not alone))
    else:
        with_ike = bool(started) and started == old.keys() and not starts
        perhaps = all_change and not starts
    return TunnelChange(
        connection=name,
        kind="children",
        ended=tuple(child for child in changed if child in old),
        wanted=_wanted({child: new[child] for child in changed if child in new}),
        reason=f"child {', '.join(changed)} changes" + (_WITH_IKE if with_ike else PERHAPS if perhaps else ""),
        with_ike=with_ike,
    )


def _wanted(configured: dict[str, Section]) -> tuple[ChildUp, ...]:
    """The children to bring up; pass and drop policies have no SAs."""
    return tuple(
        ChildUp(name, starts="start" in child.get("start_action", ""))
        for name, child in configured.items()
        if child.get("mode") not in ("pass", "drop")
    )


def _ike_difference(before: Section, after: Section) -> str:
    differing = sorted(
        key for key in before.keys() | after.keys() if key != "children" and before.get(key) != after.get(key)
    )
    return f"{', '.join(differing)} of the IKE SA change" if differing else ""
