"""What a new configuration does to the tunnels: which are new, gone, or run with parameters that changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from custom_napalm.contract import Effect, EffectKind
from custom_napalm.strongswan.tree import Section, Tree, children

Kind = Literal["new", "removed", "ike", "children"]


@dataclass(frozen=True, slots=True)
class ChildUp:
    """A child that should be up after the change: if this end `starts` it, else if it was up before."""

    name: str
    starts: bool


@dataclass(frozen=True, slots=True)
class TunnelChange:
    """One connection's change. `ended` are its children of which SAs must go ("ike": the whole IKE SA)."""

    connection: str
    kind: Kind
    ended: tuple[str, ...]
    wanted: tuple[ChildUp, ...]
    reason: str


def compare(old: Tree, new: Tree) -> list[TunnelChange]:
    """Every connection whose live SAs do not fit the new configuration, in the order of their names."""
    keyed = _with_changed_secrets(old, new)
    changes = []
    for name in sorted(old.connections.keys() | new.connections.keys()):
        before, after = old.connections.get(name), new.connections.get(name)
        if before is None and after is not None:
            changes.append(TunnelChange(name, "new", (), _wanted(children(after)), "new"))
        elif before is not None and after is None:
            changes.append(TunnelChange(name, "removed", (), (), "no longer configured"))
        elif before is not None and after is not None:
            reason = _ike_difference(before, after) or ("its pre-shared key changes" if name in keyed else "")
            if reason:
                changes.append(TunnelChange(name, "ike", (), _wanted(children(after)), reason))
            elif before != after:
                changes.append(_children_change(name, before, after))
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
            kind: EffectKind = "child-rekey" if change.kind == "children" else "tunnel-rekey"
            found.append(Effect(kind, change.connection, change.reason))
    names = sorted(key for key in old.others.keys() | new.others.keys() if old.others.get(key) != new.others.get(key))
    found += [Effect("note", name, f"section {name} changes; SAs that use it stay as they are") for name in names]
    return tuple(found)


def _children_change(name: str, before: Section, after: Section) -> TunnelChange:
    old, new = children(before), children(after)
    changed = sorted(child for child in old.keys() | new.keys() if old.get(child) != new.get(child))
    return TunnelChange(
        connection=name,
        kind="children",
        ended=tuple(child for child in changed if child in old),
        wanted=_wanted({child: new[child] for child in changed if child in new}),
        reason=f"child {', '.join(changed)} changes",
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


def _words(value: Any) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else []


def _with_changed_secrets(old: Tree, new: Tree) -> set[str]:
    """Connections whose pre-shared key changes: live SAs go on with the old one until they authenticate again."""
    changed = [
        section
        for name in old.secrets.keys() | new.secrets.keys()
        if name.startswith("ike") and old.secrets.get(name) != new.secrets.get(name)
        for section in (old.secrets.get(name), new.secrets.get(name))
        if section is not None
    ]
    return {
        name
        for name, connection in new.connections.items()
        if name in old.connections and any(_uses(connection, section) for section in changed)
    }


def _uses(connection: Section, secret: Section) -> bool:
    """Whether charon may take a secret for a connection: its owners include the other end, or this end alone."""
    ends = {end: section for end, section in connection.items() if isinstance(section, dict) and end != "children"}
    if not any(section.get("auth", "pubkey") == "psk" for section in ends.values()):
        return False
    owners = {value for key, value in secret.items() if key.startswith("id") and isinstance(value, str)}
    remote = set(_words(connection.get("remote_addrs"))) | set(_identities(ends, "remote"))
    local = set(_words(connection.get("local_addrs"))) | set(_identities(ends, "local"))
    return not owners - local or bool(owners & (remote | {"%any"}))


def _identities(ends: dict[str, Section], which: str) -> Iterator[str]:
    for name, section in ends.items():
        if name.startswith(which) and isinstance(section.get("id"), str):
            yield section["id"]
