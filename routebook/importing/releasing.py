"""Gives objects of a host out of hand: the inventory has them no more, and its `release` says that they stay there."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from msgspec import Struct

from routebook.importing.inventory_texts import Entry, InventoryTexts, made_objects, problems_of
from routebook.importing.refused import ImportRefusedError
from routebook.intent.model import HostIntent
from routebook.intent.network import Network
from routebook.intent.problem import IntentError, nearest

_POLICIES = ("prefix_lists", "community_lists", "as_path_lists", "route_maps", "bfd_profiles")
_GROUPS = ("peer_groups", "listen")


class Step(Struct, frozen=True):
    """A step of moving in or out: the inventory after it, what of each host it is about, and what is to be known."""

    texts: InventoryTexts
    objects: dict[str, list[str]]
    said: tuple[str, ...] = ()
    secrets: dict[str, str] = {}  # by the file that they are to be in


def release(network: Network, texts: InventoryTexts, host: str, objects: Sequence[str], templates: Path) -> Step:
    """The inventory without these objects of a host. Raises ImportRefusedError, with every reason at once.

    An object is named as `adopt` names it, or by its session or tunnel in the inventory.
    """
    intent = host_of(network, host)
    if intent.manage == "all":
        raise ImportRefusedError(
            [f"{host} says `manage: all`: what is in its shared contexts is ours as a whole. Take that out first"]
        )
    before = {name: made_objects(each, templates) for name, each in network.hosts.items()}
    bad: list[str] = []
    gone: list[Entry] = []
    adopted: list[str] = []
    for name in dict.fromkeys(objects):
        if name in intent.release:
            continue
        found = list(_entries(texts, intent, name))
        if found:
            gone += [each for each in found if each not in gone]
        elif set(_other_words(name)) & set(intent.release):
            continue
        elif name in intent.adopt and name not in before[host]:
            adopted.append(name)
        else:
            bad.append(_unknown(name, before[host], intent))
    if bad:
        raise ImportRefusedError([*bad, "nothing was written"])
    if not gone and not adopted:
        return Step(texts, {})
    after = texts.without(gone)
    try:
        made = after.network()
    except IntentError as error:
        raise ImportRefusedError(
            [f"{', '.join(objects)} of {host}: others use what would go: {each}" for each in problems_of(error)]
            + ["release those, too, or first; nothing was written"]
        ) from error
    lost = {
        name: [each for each in names if each not in made_objects(made.hosts[name], templates)]
        for name, names in before.items()
        if name in made.hosts
    }
    lost[host] += adopted
    if missing := [each for each in objects if each in before[host] and each not in lost[host]]:
        raise ImportRefusedError(
            [f"{each} of {host} is still made by something else of the inventory" for each in missing]
            + ["nothing was written"]
        )
    by_other_words = [each for each in objects if each not in lost[host] and each not in intent.release]
    for name, names in lost.items():
        after = _noted(after, network.hosts[name], [*names, *(by_other_words if name == host else ())])
    said = [
        f"the other end, at {name}, is released as well: {', '.join(names)}"
        for name, names in lost.items()
        if name != host and names
    ]
    return Step(after, {name: names for name, names in lost.items() if names}, tuple(said))


def _noted(texts: InventoryTexts, host: HostIntent, names: Sequence[str]) -> InventoryTexts:
    """With what a host lets go of in its `release`, and not in its `adopt`."""
    if not names:
        return texts
    texts = texts.with_host_data(host.name, ("release",), list(dict.fromkeys([*host.release, *names])))
    if own := texts.host_data(host.name, "adopt"):
        texts = texts.with_host_data(host.name, ("adopt",), [each for each in own if each not in names])
    return texts


def host_of(network: Network, host: str) -> HostIntent:
    """A host of the inventory. Raises ImportRefusedError."""
    if host not in network.hosts:
        raise ImportRefusedError([f"the inventory has no host {host!r}; {nearest(host, network.hosts)}"])
    return network.hosts[host]


def names_of(intent: HostIntent, made: Sequence[str]) -> list[str]:
    """Everything by which an object of a host can be named."""
    sessions = [f"session {each.session}" for each in intent.neighbors]
    return list(dict.fromkeys([*made, *sessions, *(f"tunnel {each.name}" for each in intent.tunnels)]))


def _other_words(name: str) -> list[str]:
    """What a session or tunnel may have been called when it was released."""
    kind, _, title = name.partition(" ")
    return [f"{each} {title}" for each in ("session", "tunnel", "connection", "phase1") if title and kind != each]


def _unknown(name: str, made: dict[str, None], intent: HostIntent) -> str:
    if name in made:
        sessions = [each for each in intent.neighbors if str(each.address) in name.split()]
        by = f"the session {sessions[0].session}, which is one of a mesh" if sessions else "no entry of its own"
        return (
            f"{name} of {intent.name} comes from {by}: write it as an entry of the inventory first, or name the "
            "session or tunnel that it is of"
        )
    return f"the inventory has no {name} of {intent.name}; {nearest(name, names_of(intent, list(made)))}"


def _entries(texts: InventoryTexts, intent: HostIntent, name: str) -> Iterator[Entry]:
    """What the inventory says of an object that is named so."""
    words = name.split()
    sessions = {each.session for each in intent.neighbors if {str(each.address), each.session} & {name, *words[1:]}}
    tunnels = {each.name for each in intent.tunnels if {str(each.remote_address), each.name} & {name, *words[1:]}}
    if words[:1] == ["session"]:
        tunnels = set()
    if words[:1] == ["tunnel"]:
        sessions = set()
    for each in texts.entries("bgp", "sessions"):
        if intent.name in _ends(each.value) and _title(each.value) in sessions:
            yield each
    for each in texts.entries("tunnels", "list"):
        if intent.name in _ends(each.value) and _title(each.value) in tunnels:
            yield each
    if sessions or tunnels or len(words) < 2:
        return
    for kind in _POLICIES:
        if intent_has(intent, kind, words[-1]):
            yield from (each for each in texts.entries("policy", kind) if each.path[-1] == words[-1])
    for word in _GROUPS:
        for each in texts.entries("bgp", word):
            if _hosts(each.value) == [intent.name] and each.value.get("name") == words[-1]:
                yield each
    prefix = _prefix(words)
    for each in texts.entries("bgp", "networks"):
        if prefix is not None and words[0] == "network" and _hosts(each.value) == [intent.name]:
            prefixes = [_network(str(one)) for one in each.value.get("prefixes", [])]
            alone = prefixes == [prefix]
            yield from (
                each if alone else Entry(each.file, (*each.path, "prefixes", at), one)
                for at, one in enumerate(prefixes)
                if one == prefix
            )
    for each in texts.entries("bgp", "aggregates"):
        own = words[0] == "aggregate-address" and _hosts(each.value) == [intent.name]
        if own and prefix is not None and _network(str(each.value.get("prefix", ""))) == prefix:
            yield each
    if words[0] == "redistribute":
        for each in texts.entries("bgp", "redistribute"):
            if _hosts(each.value) == [intent.name] and each.value.get("from") == words[1]:
                yield each


def intent_has(intent: HostIntent, kind: str, name: str) -> bool:
    """Whether a host has a policy of a kind, as the inventory calls the two."""
    return any(each.name == name for each in getattr(intent, kind))


def _ends(value: Any) -> list[str]:
    ends = value.get("ends") if isinstance(value, dict) else None
    return [str(each) for each in ends] if isinstance(ends, list) else []


def _title(value: dict[str, Any]) -> str:
    return str(value.get("name") or "--".join(_ends(value)))


def _hosts(value: Any) -> list[str]:
    said = value.get("hosts") if isinstance(value, dict) else None
    return [said] if isinstance(said, str) else list(said) if isinstance(said, list) else []


def _prefix(words: Sequence[str]) -> Any:
    """The prefix that an object's name says: `10.3.0.0/16`, or `10.3.0.0 mask 255.255.0.0`."""
    if "mask" in words[2:3] and len(words) > 3:
        return _network(f"{words[1]}/{words[3]}")
    return _network(words[1])


def _network(text: str) -> Any:
    try:
        return ip_network(text)
    except ValueError:
        return None
