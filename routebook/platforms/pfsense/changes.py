"""What a change of config.xml means: for live traffic, for the operator's eyes, and for the program on the device."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import zip_longest
from typing import Any

from routebook.device.prefixes import prefix_effects
from routebook.device.values import Effect
from routebook.platforms.pfsense import manifest
from routebook.platforms.pfsense.difference import Edit
from routebook.platforms.pfsense.ownership import package_of
from routebook.platforms.pfsense.policy import policy_changes
from routebook.platforms.pfsense.redaction import shown
from routebook.platforms.pfsense.routing import Neighbor, by_address, neighbors, originated, prefix_lists, routes
from routebook.platforms.pfsense.tree import Element, lines
from routebook.platforms.pfsense.tunnels import Tunnel, tunnels

Connection = dict[str, str | bool]  # its name in charon, and whether this end initiates it


@dataclass(frozen=True, slots=True)
class Consequences:
    """Of going from one tree to another: the forecast, and what `apply` and `activate` on the device are given."""

    effects: tuple[Effect, ...]
    parts: tuple[str, ...]
    apply: dict[str, Any] = field(repr=False)
    activate: dict[str, Any] = field(repr=False)


def consequences(before: Element, after: Element, package: str, parts: Sequence[str]) -> Consequences:
    """What it takes to make the daemons, sessions and SAs follow; `parts` are those of the system that are touched."""
    effects: list[Effect] = []
    renew, start, end = _tunnels(tunnels(before), tunnels(after), effects)
    old, new = neighbors(before, package), neighbors(after, package)
    clear = _neighbors(old, new, package, effects)
    if "ipsec" in parts:
        _remade(tunnels(after), new, package, effects)
    effects += [Effect("policy", *found) for found in policy_changes(before, after, old, new, package).items()]
    effects += prefix_effects(
        originated(before, package), originated(after, package), prefix_lists(before), prefix_lists(after)
    )
    apply = {
        "parts": list(parts),
        "connections": [tunnel.connection for tunnel in tunnels(after).values() if tunnel.owned and tunnel.enabled],
        "routes": routes(after, package),
        "neighbors": by_address(new, after),
        "absent": sorted(set(by_address(old, before)) - set(new)),
    }
    activate = {"parts": list(parts), "clear": clear, "renew": renew, "start": start, "end": end}
    return Consequences(tuple(effects), tuple(parts), apply, activate)


def parts_of(edits: Iterable[Edit], package: str) -> tuple[str, ...]:
    """The parts of the system that edits touch, in the order in which they are applied."""
    tops = {edit.path[0] for edit in edits if edit.path != manifest.PATH}
    return tuple(part for part, top in (("ipsec", "ipsec"), (package, "installedpackages")) if part and top in tops)


def parts_between(before: Element, after: Element, package: str) -> tuple[str, ...]:
    """The same for two whole trees; "all" where other things than IPsec and BGP differ."""
    old, new = ({child.tag: list(lines(_unrecorded(child))) for child in root.children} for root in (before, after))
    tops = {tag for tag in {*old, *new} - {"revision"} if old.get(tag) != new.get(tag)}
    found = ["ipsec"] if "ipsec" in tops else []
    if "installedpackages" in tops:
        found += [package] if package else []
        if _others(before) != _others(after):
            found.insert(0, "all")
    if tops - {"ipsec", "installedpackages"} and "all" not in found:
        found.insert(0, "all")
    return tuple(found)


def _unrecorded(top: Element) -> Element:
    return Element(top.tag, top.text, [child for child in top.children if child.tag != manifest.PACKAGE])


def _others(root: Element) -> list[list[str]]:
    packages = _unrecorded(root.find("installedpackages") or Element("installedpackages"))
    return [list(lines(child)) for child in packages.children if not package_of(child.tag)]


def _tunnels(
    old: dict[str, Tunnel], new: dict[str, Tunnel], effects: list[Effect]
) -> tuple[list[Connection], list[Connection], list[Connection]]:
    renew: list[Connection] = []
    start: list[Connection] = []
    end: list[Connection] = []
    for ikeid in dict.fromkeys([*old, *new]):
        before, after = old.get(ikeid), new.get(ikeid)
        was, will = before is not None and before.enabled, after is not None and after.enabled
        if was and not will and before is not None:
            effects.append(Effect("tunnel-removed", before.name, "its phase 1 goes away or is disabled"))
            end.append(_connection(before))
        elif will and not was and after is not None:
            effects.append(Effect("tunnel-new", after.name, "its phase 1 is new or enabled again"))
            if after.starts:
                start.append(_connection(after))
        elif before is not None and after is not None and was and will:
            if before.ike != after.ike:
                effects.append(Effect("tunnel-rekey", after.name, f"phase 1: {_differing(before.ike, after.ike)}"))
                renew.append(_connection(after))
            elif before.children != after.children:
                reason = _differing(_flat(before.children), _flat(after.children))
                effects.append(Effect("child-rekey", after.name, f"phase 2: {reason}"))
                renew.append(_connection(after))
    return renew, start, end


def _remade(known: Mapping[str, Tunnel], sessions: Mapping[str, Neighbor], package: str, effects: list[Effect]) -> None:
    """What every ipsec_configure() does to routed tunnels, those of others too, whatever of IPsec was changed.

    It destroys each of their interfaces and makes it again (interface_ipsec_vti_configure() in etc/inc/interfaces.inc):
    SAs stay, and routes over it go for a moment. FRR resets an external session to a neighbor on an interface that goes
    down (bgp fast-external-failover); its package takes the interfaces down and up once more (frr_ipsec_reload()).
    """
    named = {effect.subject for effect in effects}
    for tunnel in known.values():
        if not tunnel.enabled or not tunnel.interfaces:
            continue
        device = " and ".join(tunnel.interfaces)
        if tunnel.name not in named:
            effects.append(
                Effect(
                    "note",
                    tunnel.name,
                    f"{device} is destroyed and made again with every change of IPsec: traffic over it stops for a "
                    "moment, and a gateway's monitoring over it may stay dead (pfSense's bug 16824)",
                )
            )
        for address, neighbor in sessions.items():
            if address in named or not _within(address, tunnel):
                continue
            reset = package == "frr" and neighbor.fails_over
            reason = (
                f"it goes over {device} of {tunnel.name}, which is destroyed and made again with every change of IPsec"
            )
            effects.append(Effect("session-reset" if reset else "note", address, reason))


def _within(address: str, tunnel: Tunnel) -> bool:
    return any(ip_address(address) in network for network in tunnel.inner)


def _connection(tunnel: Tunnel) -> Connection:
    return {"name": tunnel.connection, "starts": tunnel.starts}


def _flat(children: tuple[tuple[Any, ...], ...]) -> tuple[Any, ...]:
    return tuple(setting for child in children for setting in child)


def _differing(old: tuple[Any, ...], new: tuple[Any, ...]) -> str:
    """The names of the settings that differ; their values may be secret."""
    names = dict.fromkeys(str(name) for name, _ in [*old, *new] if _of(old, name) != _of(new, name))
    return ", ".join(names) or "the order of entries"


def _of(settings: tuple[Any, ...], name: object) -> list[Any]:
    return [value for tag, value in settings if tag == name]


def _neighbors(old: dict[str, Neighbor], new: dict[str, Neighbor], package: str, effects: list[Effect]) -> list[str]:
    clear: list[str] = []
    for address in dict.fromkeys([*old, *new]):
        before, after = old.get(address), new.get(address)
        if before is None:
            effects.append(Effect("session-new", address, "the neighbor is new"))
        elif after is None:
            effects.append(Effect("session-removed", address, "the neighbor goes away"))
        elif before.session != after.session:
            effects.append(Effect("session-reset", address, _differing(before.session, after.session)))
            # OpenBGPD resets no session when it reloads; FRR resets all but those that differ in timers only.
            if package == "openbgpd" or before.waits != after.waits:
                clear.append(address)
    return clear


def shown_edits(edits: Iterable[Edit]) -> str:
    """The edits for people: each entry's lines, with what changes in it; no secrets."""
    return "\n".join(line for edit in edits for line in _shown_edit(edit))


def _shown_edit(edit: Edit) -> Iterator[str]:
    place = "/".join(edit.path[:-1])
    yield f"@@ {place} {edit.name} @@" if edit.identity else f"@@ {edit.name} @@"
    yield from _compared(edit.old, edit.new)


def _compared(old: Sequence[Element], new: Sequence[Element]) -> Iterator[str]:
    before = [line for element in old for line in lines(shown(element))]
    after = [line for element, earlier in zip_longest(new, old) if element for line in lines(shown(element, earlier))]
    for line in difflib.ndiff(before, after):
        if not line.startswith("? "):
            yield line


def shown_trees(before: Element, after: Element) -> str:
    """The difference between two whole configurations, for people."""
    steady = [
        Element(root.tag, "", [child for child in root.children if child.tag != "revision"]) for root in (before, after)
    ]
    old, new = list(lines(shown(steady[0]))), list(lines(shown(steady[1], steady[0])))
    return "\n".join(difflib.unified_diff(old, new, "config.xml", "config.xml", lineterm="", n=4))


def edit_text(edit: Edit) -> str:
    """An edit as one of the change's commands."""
    return (
        f"{'set' if edit.new else 'remove'} {'/'.join(edit.path[:-1])} {edit.name}"
        if edit.identity
        else (f"{'set' if edit.new else 'remove'} {edit.name}")
    )


def undo_text(edit: Edit) -> str:
    """What undoes an edit, as one of the change's undo commands."""
    verb = "put back" if edit.old else "remove"
    return f"{verb} {'/'.join(edit.path[:-1])} {edit.name}" if edit.identity else f"{verb} {edit.name}"
