"""Puts the two ends of each tunnel together, and writes it once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_interface
from typing import Any

from routebook.importing.found import FoundHost, FoundTunnel
from routebook.importing.pairing import Finding, Thing
from routebook.intent.model import IPAddress

_SHARED = ("mode", "device", "key", "auth", "ike", "esp", "dpd_delay", "ike_rekey", "child_rekey")


@dataclass(slots=True)
class Tunnels:
    """The tunnels of all hosts, each once, as they are written; `things` are whose each one is."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    things: list[frozenset[Thing]] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    findings: list[Finding] = field(default_factory=list)
    missing: list[Finding] = field(default_factory=list)


def give_addresses(hosts: Mapping[str, FoundHost]) -> None:
    """Give each host the outer addresses of its tunnels, where no file says on which interface they are."""
    for host in hosts.values():
        for tunnel in host.tunnels:
            if not any(a.ip == tunnel.local for addresses in host.interfaces.values() for a in addresses):
                number = next(n for n in range(len(host.interfaces) + 1) if f"wan{n}" not in host.interfaces)
                host.interfaces[f"wan{number}"] = [ip_interface(tunnel.local)]


def pair_tunnels(hosts: Mapping[str, FoundHost], rejected: Mapping[Thing, str]) -> Tunnels:
    """Each tunnel of which both ends were read."""
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
            peer = owners.get(tunnel.remote)
            other = _other_end(tunnel, peer) if peer is not None else None
            if peer is None or other is None:
                who = f"{tunnel.remote} is none of the hosts" if peer is None else f"{peer.name} has no end of it"
                found.missing.append(
                    Finding(tunnel.mark, f"{host.name}: tunnel {tunnel.name} is left alone: {who}", "", (thing,))
                )
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
    return next((each for each in between if each.name == tunnel.name), between[0] if len(between) == 1 else None)


def _add(ends: tuple[tuple[FoundHost, FoundTunnel], tuple[FoundHost, FoundTunnel]], found: Tunnels) -> None:
    (host, first), (peer, second) = ends
    things = frozenset({(host.name, first.key), (peer.name, second.key)})
    about = f"tunnel {first.name} of {host.name} ({first.mark}) and {peer.name} ({second.mark})"
    for wrong in _contradictions(first, second):
        found.findings.append(Finding(first.mark, f"{about}: {wrong}", "correct one of them", tuple(sorted(things))))
        return
    differing = [option for option in _SHARED if first.options.get(option) != second.options.get(option)]
    if first.name != second.name or first.children.keys() != second.children.keys() or differing:
        why = f"{differing[0].replace('_', ' ')} is not the same at both" if differing else "their names differ"
        found.missing.append(Finding(first.mark, f"{about} is left alone: {why}", "", tuple(sorted(things))))
        return
    entry: dict[str, Any] = {"ends": [host.name, peer.name]}
    if first.name != f"{host.name}--{peer.name}":
        entry["name"] = first.name
    entry |= {option: first.options[option] for option in _SHARED if option in first.options}
    if first.children.keys() != {first.name}:
        entry["children"] = {
            name: {host.name: list(one[0]), peer.name: list(one[1])} for name, one in first.children.items()
        }
    if first.psk:
        path = f"secrets/{first.name}.psk"
        found.secrets[path] = first.psk
        entry["psk"] = {"file": path}
    for number, (end, tunnel) in enumerate(ends):
        side: dict[str, Any] = {"address": str(tunnel.local)}
        if tunnel.ids[0] != end.name:
            side["id"] = tunnel.ids[0]
        if tunnel.options.get("mode") != "route" and tunnel.children.keys() == {tunnel.name}:
            side["selectors"] = list(tunnel.children[tunnel.name][0])
        usual = tunnel.usual[number]
        entry[end.name] = side | {word: value for word, value in tunnel.own.items() if usual.get(word) != value}
    found.entries.append(entry)
    found.things.append(things)


def _contradictions(first: FoundTunnel, second: FoundTunnel) -> Iterator[str]:
    if first.psk != second.psk:
        yield "they have different keys"
    if first.ids != second.ids[::-1]:
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
