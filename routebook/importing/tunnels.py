"""Puts the two ends of each tunnel together, and writes it once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_interface
from typing import Any

from routebook.importing.found import FoundHost, FoundTunnel
from routebook.importing.names import as_name, free
from routebook.importing.pairing import Finding, Pairing, Thing
from routebook.intent.model import IPAddress
from routebook.intent.outer import ANYWHERE, Outer
from routebook.redaction.gate import as_json

_SHARED = ("mode", "inner", "device", "key", "auth", "ike", "esp", "dpd_delay", "ike_rekey", "child_rekey")


@dataclass(slots=True)
class Tunnels:
    """The tunnels of all hosts, each once, as they are written; `things` are whose each one is."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    things: list[frozenset[Thing]] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    peers: set[str] = field(default_factory=set)  # ends that are not ours and have no session
    findings: list[Finding] = field(default_factory=list)
    missing: list[Finding] = field(default_factory=list)


def give_addresses(hosts: Mapping[str, FoundHost]) -> None:
    """Give each host the outer addresses of its tunnels, where no file says on which interface they are."""
    for host in hosts.values():
        for local in dict.fromkeys(tunnel.local for tunnel in host.tunnels if tunnel.local is not None):
            if not any(a.ip == local for addresses in host.interfaces.values() for a in addresses):
                number = next(n for n in range(len(host.interfaces) + 1) if f"wan{n}" not in host.interfaces)
                host.interfaces[f"wan{number}"] = [ip_interface(local)]


def pair_tunnels(hosts: Mapping[str, FoundHost], rejected: Mapping[Thing, str], pairing: Pairing) -> Tunnels:
    """Each tunnel once: between two hosts where both ends were read, else with an outside peer."""
    owners: dict[IPAddress, FoundHost] = {}
    for host in hosts.values():
        owners |= {a.ip: host for addresses in host.interfaces.values() for a in addresses}
    found = Tunnels()
    seen: set[Thing] = set()
    for host in hosts.values():
        for tunnel in host.tunnels:
            thing = (host.name, tunnel.key)
            if thing in seen or thing in rejected:
                continue
            owner = owners.get(tunnel.remote) if tunnel.remote is not None else None
            peer, other = (owner, _other_end(tunnel, owner)) if owner is not None else _mirrored(host, tunnel, hosts)
            if peer is None and (left := _unmodelled(host, tunnel, hosts)):
                said = f"{host.name}: tunnel {tunnel.name} is left alone: so is its other end, at {left}"
                found.missing.append(Finding(tunnel.mark, said, "", (thing,)))
                continue
            if peer is None:
                _add_outside(host, tunnel, pairing, found)
                continue
            if other is None:
                said = f"{host.name}: tunnel {tunnel.name} is left alone: {peer.name} has no end of it"
                found.missing.append(Finding(tunnel.mark, said, "", (thing,)))
                continue
            seen |= {thing, (peer.name, other.key)}
            if (peer.name, other.key) in rejected:
                said = f"its other end is left out: {rejected[peer.name, other.key]}"
                found.missing.append(Finding(tunnel.mark, f"{host.name}: tunnel {tunnel.name}: {said}", "", (thing,)))
                continue
            first_starts = tunnel.starts or not other.starts
            ends = ((host, tunnel), (peer, other)) if first_starts else ((peer, other), (host, tunnel))
            _add(ends, found)
    return found


def _other_end(tunnel: FoundTunnel, peer: FoundHost) -> FoundTunnel | None:
    between = [each for each in peer.tunnels if (each.local, each.remote) == (tunnel.remote, tunnel.local)]
    if not between:  # behind NAT, or changing
        between = [each for each in peer.tunnels if each.ids == tunnel.ids[::-1]]
    return next((each for each in between if each.name == tunnel.name), between[0] if len(between) == 1 else None)


def _unmodelled(host: FoundHost, tunnel: FoundTunnel, hosts: Mapping[str, FoundHost]) -> str:
    """The host of ours at which the other end seems to be, among what cannot be modelled there."""
    known = {tunnel.ids[1], *tunnel.remote_names, str(tunnel.remote)}
    return next((each.name for each in hosts.values() if each is not host and known & each.other_ends), "")


def _mirrored(
    host: FoundHost, tunnel: FoundTunnel, hosts: Mapping[str, FoundHost]
) -> tuple[FoundHost | None, FoundTunnel | None]:
    """The other end, by the identities that the two show each other, where addresses do not tell."""
    for peer in hosts.values():
        if peer is not host and (other := next((e for e in peer.tunnels if e.ids == tunnel.ids[::-1]), None)):
            return peer, other
    return None, None


def _differs(option: str, ends: Iterable[tuple[FoundHost, FoundTunnel]]) -> str:
    said = [
        f"{as_json(tunnel.options[option]) if option in tunnel.options else 'not set'} at {host.name}"
        for host, tunnel in ends
    ]
    return f"{option} is {' and '.join(said)}, and a tunnel has one"


def _add(ends: tuple[tuple[FoundHost, FoundTunnel], tuple[FoundHost, FoundTunnel]], found: Tunnels) -> None:
    (host, first), (peer, second) = ends
    things = frozenset({(host.name, first.key), (peer.name, second.key)})
    about = f"tunnel {first.name} of {host.name} ({first.mark}) and {peer.name} ({second.mark})"
    for wrong in _contradictions(first, second):
        found.findings.append(Finding(first.mark, f"{about}: {wrong}", "correct one of them", tuple(sorted(things))))
        return
    differing = [option for option in _SHARED if first.options.get(option) != second.options.get(option)]
    if first.name != second.name or first.children.keys() != second.children.keys() or differing:
        why = _differs(differing[0], ends) if differing else "their names differ"
        found.missing.append(Finding(first.mark, f"{about} is left alone: {why}", "", tuple(sorted(things))))
        return
    entry = _shared(first, (host.name, peer.name), found)
    reachable = [_begins(first), _begins(second)]
    starts = reachable.index(True) if True in reachable else 0
    for number, ((end, tunnel), (_, other)) in enumerate((ends, ends[::-1])):
        entry[end.name] = _side(tunnel, end.name, starts=number == starts) | _seen(tunnel.local, other)
    found.entries.append(entry)
    found.things.append(things)


def _add_outside(host: FoundHost, tunnel: FoundTunnel, pairing: Pairing, found: Tunnels) -> None:
    """A tunnel to an end that is not ours, which is the peer of that address where there is one."""
    name = next(
        (peer.name for peer in pairing.peers.values() if any(a.ip == tunnel.remote for a in peer.addresses)), ""
    )
    if not name:
        said = tunnel.name.removeprefix(f"{host.name}--").removesuffix(f"--{host.name}")
        name = free(as_name(said) or "outside", pairing.taken | pairing.peers.keys() | found.peers)
    found.peers.add(name)
    entry = _shared(tunnel, (host.name, name), found)
    entry[host.name] = _side(tunnel, host.name, starts=_begins(tunnel))
    far: dict[str, Any] = {"address": _place(tunnel.remote, tunnel.remote_names)}
    if tunnel.ids[1] != name:
        far["id"] = tunnel.ids[1]
    if _selected(tunnel):
        far["selectors"] = list(tunnel.children[tunnel.name][1])
    entry[name] = far
    found.entries.append(entry)
    found.things.append(frozenset({(host.name, tunnel.key)}))


def _shared(tunnel: FoundTunnel, ends: tuple[str, str], found: Tunnels) -> dict[str, Any]:
    """What both ends have in common."""
    entry: dict[str, Any] = {"ends": list(ends)}
    if tunnel.name != "--".join(ends):
        entry["name"] = tunnel.name
    entry |= {option: tunnel.options[option] for option in _SHARED if option in tunnel.options}
    if tunnel.children.keys() != {tunnel.name}:
        entry["children"] = {
            name: {end: list(protected) for end, protected in zip(ends, both, strict=True)}
            for name, both in tunnel.children.items()
        }
    if tunnel.psk:
        path = f"secrets/{tunnel.name}.psk"
        found.secrets[path] = tunnel.psk
        entry["psk"] = {"file": path}
    return entry


def _side(tunnel: FoundTunnel, name: str, *, starts: bool) -> dict[str, Any]:
    """What an end says for itself."""
    side: dict[str, Any] = {"address": str(tunnel.local) if tunnel.local is not None else ANYWHERE}
    if tunnel.ids[0] != name:
        side["id"] = tunnel.ids[0]
    if _selected(tunnel):
        side["selectors"] = list(tunnel.children[tunnel.name][0])
    usual = tunnel.usual[0 if starts else 1]
    return side | {word: value for word, value in tunnel.own.items() if usual.get(word) != value}


def _selected(tunnel: FoundTunnel) -> bool:
    return tunnel.options.get("mode") != "route" and tunnel.children.keys() == {tunnel.name}


def _seen(own: IPAddress | None, other: FoundTunnel) -> dict[str, Any]:
    """Where the other end looks for this one, where that is not its own address."""
    if other.remote == own and not other.remote_names:
        return {}
    return {"seen_as": _place(other.remote, other.remote_names)}


def _place(address: IPAddress | None, names: tuple[str, ...]) -> str | list[str]:
    if address is not None:
        return str(address)
    return ANYWHERE if not names else names[0] if len(names) == 1 else list(names)


def _begins(tunnel: FoundTunnel) -> bool:
    return Outer(tunnel.local, tunnel.remote if tunnel.remote is not None else tunnel.remote_names).reachable


def _contradictions(first: FoundTunnel, second: FoundTunnel) -> Iterator[str]:
    if first.psk != second.psk:
        yield "they have different keys"
    expected = [(each.ids[1], other.ids[0]) for each, other in ((first, second), (second, first)) if not each.any_id]
    if any(expects != shown for expects, shown in expected):
        here, there = (f"is {each.ids[0]} and expects {each.ids[1]}" for each in (first, second))
        yield f"one {here}, the other {there}"
    for name in first.children.keys() & second.children.keys():
        one, other = first.children[name], second.children[name]
        if (set(one[0]), set(one[1])) != (set(other[1]), set(other[0])):
            yield f"what {name} protects at one end is not what the other one expects"


def folded(tunnels: Tunnels) -> dict[str, Any]:
    """The tunnels with what all of them say as defaults."""
    entries = [dict(entry) for entry in tunnels.entries]
    defaults: dict[str, Any] = {}
    if len(entries) > 1:
        for option in (each for each in _SHARED if each != "key"):
            if all(entry.get(option) == entries[0].get(option) is not None for entry in entries):
                defaults[option] = entries[0][option]
                for entry in entries:
                    del entry[option]
        names = [entry.get("name") or "--".join(entry["ends"]) for entry in entries]
        if all(entry.get("psk") == {"file": f"secrets/{name}.psk"} for entry, name in zip(entries, names, strict=True)):
            defaults["psk"] = {"file": "secrets/{name}.psk"}
            for entry in entries:
                del entry["psk"]
    return {**({"defaults": defaults} if defaults else {}), "list": entries}
