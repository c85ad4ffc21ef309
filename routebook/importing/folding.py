"""Writes what is alike once: meshes in place of sessions, defaults in place of what every entry says."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from routebook.importing.names import free
from routebook.importing.pairing import Pair

_SHARED = (
    *("transport", "families", "password", "keepalive", "hold_time", "connect_retry", "bfd", "ttl_security"),
    "multihop",
)
_OF_ONE = ("name", "ends", "mesh", "reflect", "link", "via", "address", "description", "peer_group")
_CLIENT = "route_reflector_client"
_FEWEST = 3  # sessions that make a mesh

Data = dict[str, Any]


def fold(bgp: Data, pairs: Sequence[Pair], data: Data, sites: Iterable[str]) -> Data:
    """The same sessions as meshes and with defaults, and what is originated by who does. Adds groups to `data`."""
    sessions = list(zip(pairs, bgp.get("sessions", ()), strict=True))
    meshes, left = _meshes(sessions, data, set(sites))
    for pair, entry in left:
        _lift(pair, entry)
    external = [(pair, entry) for pair, entry in left if pair.external]
    found: Data = {}
    entries = [entry for _, entry in left] + meshes
    own = [(entry, [end for end in pair.ends if end in pair.sides]) for pair, entry in left]
    if common := _common_of(entries):
        found["defaults"] = common
    if common := _common_of_external(external, own):
        found["external"] = common
    rest = {
        key: value
        for key, value in bgp.items()
        if key not in ("sessions", "networks", "redistribute", "aggregates", "options", "peer_groups", "listen")
    }
    found |= {"sessions": [entry for _, entry in left], "meshes": meshes}
    found |= {"networks": _networks(bgp, data), "redistribute": _redistributed(bgp)}
    found |= {key: _of_hosts(bgp.get(key, ()), data) for key in ("aggregates", "options", "peer_groups", "listen")}
    return {key: value for key, value in (found | rest).items() if value}


def _lift(pair: Pair, entry: Data) -> None:
    """Move what both ends say of themselves to the session."""
    first, second = (entry.get(end, {}) for end in pair.ends)
    for option in [each for each in first if each not in _OF_ONE and second.get(each) == first[each]]:
        entry[option] = first.pop(option)
        del second[option]
    for end in pair.ends:
        if entry.get(end) == {}:
            del entry[end]


def share(data: Data) -> None:
    """Move what all hosts have into the defaults."""
    hosts: Mapping[str, Data] = data["hosts"]
    if len(hosts) < 2:
        return
    for key, places in (("platform", list(hosts.values())), ("site", [host["data"] for host in hosts.values()])):
        if len({place.get(key) for place in places}) == 1:
            value = places[0][key]
            for place in places:
                del place[key]
            (data["defaults"] if key == "platform" else data["defaults"].setdefault("data", {}))[key] = value


def _meshes(
    sessions: Sequence[tuple[Pair, Data]], data: Data, sites: set[str]
) -> tuple[list[Data], list[tuple[Pair, Data]]]:
    """Meshes of sessions that are alike, and the sessions that are in none."""
    able = {
        frozenset(pair.ends): entry
        for pair, entry in sessions
        if not (pair.external or pair.name or pair.password)
        and pair.loopback
        and all(end in data["hosts"] for end in pair.ends)
        and not any("description" in side or "address" in side for side in pair.sides.values())
    }
    before = dict(able)
    reflectors = {end for ends, entry in able.items() for end in ends if entry.get(end, {}).get(_CLIENT)}
    clients = {end for ends in able if ends & reflectors for end in ends} - reflectors
    taken = {*data["hosts"], *data["network"].get("peers", {}), *sites}
    meshes: list[Data] = []
    if reflectors:
        meshes += _mesh(able, sorted(clients), sorted(reflectors), ("client", "reflector"), data, taken)
        meshes += _mesh(able, sorted(reflectors), sorted(reflectors), ("reflector", "reflector"), data, taken)
    everybody = sorted({end for ends in able for end in ends})
    meshes += _mesh(able, everybody, everybody, ("mesh", "mesh"), data, taken)
    gone = {id(entry) for ends, entry in before.items() if ends not in able}
    return meshes, [(pair, entry) for pair, entry in sessions if id(entry) not in gone]


def _mesh(
    able: dict[frozenset[str], Data],
    left: Sequence[str],
    right: Sequence[str],
    words: tuple[str, str],
    data: Data,
    taken: set[str],
) -> list[Data]:
    """The mesh of these hosts, where every pair of it is there and all are alike: those pairs are taken out."""
    same = list(left) == list(right)
    ends = [frozenset(pair) for pair in (combinations(left, 2) if same else ((a, b) for a in left for b in right))]
    if len(ends) < _FEWEST or not all(pair in able for pair in ends):
        return []
    entries = [able[pair] for pair in ends]
    both_ways = list(zip(ends, entries, strict=True))
    shared = [{key: value for key, value in entry.items() if key not in (*pair, "ends")} for pair, entry in both_ways]
    firsts = [entry.get(end, {}) for pair, entry in both_ways for end in sorted(pair & set(left))]
    seconds = [entry.get(end, {}) for pair, entry in both_ways for end in sorted(pair & set(right))]
    if not (_alike(shared) and _alike(firsts) and _alike(seconds)):
        return []
    first, second = dict(firsts[0]), dict(seconds[0])
    reflect = not same and bool(second.pop(_CLIENT, False))
    names = [_word(hosts, word, data, taken) for hosts, word in zip((left, right), words, strict=True)]
    mesh: Data = {"mesh": " x ".join(names), **shared[0]}
    if reflect:
        mesh["reflect"] = True
    both = {key: value for key, value in first.items() if second.get(key) == value}
    mesh |= both
    if not same:
        for name, side in zip(names, (first, second), strict=True):
            if special := {key: value for key, value in side.items() if key not in both}:
                mesh[name] = special
    for pair in ends:
        del able[pair]
    return [mesh]


def _word(hosts: Sequence[str], word: str, data: Data, taken: set[str]) -> str:
    """The word that means these hosts: one of them, all, or a group."""
    if len(hosts) == 1:
        return hosts[0]
    if set(hosts) == set(data["hosts"]):
        return "all"
    groups: Data = data["groups"]
    for name in groups:
        if {host for host, entry in data["hosts"].items() if name in entry.get("groups", ())} == set(hosts):
            return str(name)
    name = free(word, taken | groups.keys())
    groups[name] = {}
    for host in hosts:
        entry = data["hosts"][host]
        later = {key: entry.pop(key) for key in list(entry) if key not in ("hostname", "groups")}
        entry.setdefault("groups", []).append(name)
        entry |= later
    return name


def _alike(values: Sequence[object]) -> bool:
    return len({json.dumps(value, sort_keys=True) for value in values}) == 1


def _common_of(entries: Sequence[Data]) -> Data:
    """What every entry says, which is taken out of them."""
    return _taken_out(entries, _SHARED) if len(entries) > 1 else {}


def _taken_out(entries: Sequence[Data], options: Iterable[str]) -> Data:
    found: Data = {}
    for option in options:
        if all(option in entry for entry in entries) and _alike([entry[option] for entry in entries]):
            found[option] = entries[0][option]
            for entry in entries:
                del entry[option]
    return found


def _common_of_external(external: Sequence[tuple[Pair, Data]], own: Sequence[tuple[Data, list[str]]]) -> Data:
    """What every session with another AS says, and each of our ends of them."""
    entries = [entry for _, entry in external]
    if len(entries) < 2:
        return {}
    files = [entry.get("password") for entry in entries]
    usual = [{"file": f"secrets/{pair.title}.password"} for pair, _ in external]
    found = _taken_out(entries, _SHARED)
    if files == usual:
        found["password"] = {"file": "secrets/{name}.password"}
        for entry in entries:
            entry.pop("password", None)
    ends = {id(entry): names for entry, names in own}
    sides = [entry.get(end, {}) for entry in entries for end in ends[id(entry)]]
    options = [option for option in sides[0] if option not in _OF_ONE] if sides else []
    found |= _taken_out(sides, options)
    for entry in entries:
        for end in ends[id(entry)]:
            if entry.get(end) == {}:
                del entry[end]
    return found


def _networks(bgp: Data, data: Data) -> list[Data]:
    """Each prefix once, with the hosts that originate it; those of the same hosts together."""
    hosts: dict[str, list[str]] = {}
    for entry in bgp.get("networks", ()):
        for prefix in entry["prefixes"]:
            hosts.setdefault(prefix, []).append(entry["hosts"])
    prefixes: dict[tuple[str, ...], list[str]] = {}
    for prefix, names in hosts.items():
        prefixes.setdefault(tuple(names), []).append(prefix)
    return [{"hosts": _selection(names, data), "prefixes": those} for names, those in prefixes.items()]


def _of_hosts(entries: Iterable[Data], data: Data) -> list[Data]:
    """One entry for all hosts that say the same."""
    found: dict[str, tuple[Data, list[str]]] = {}
    for entry in entries:
        rest = {key: value for key, value in entry.items() if key != "hosts"}
        found.setdefault(json.dumps(rest, sort_keys=True), (rest, []))[1].append(entry["hosts"])
    return [{"hosts": _selection(names, data), **rest} for rest, names in found.values()]


def _selection(names: Sequence[str], data: Data) -> str | list[str]:
    if len(names) == 1:
        return names[0]
    return "all" if set(names) == set(data["hosts"]) else list(names)


def _redistributed(bgp: Data) -> list[Data]:
    """One entry for what a host takes over alike into both families, and for hosts that do the same."""
    families: dict[str, Data] = {}
    for entry in bgp.get("redistribute", ()):
        key = json.dumps({k: v for k, v in entry.items() if k != "families"}, sort_keys=True)
        families.setdefault(key, {**entry, "families": []})["families"] += entry["families"]
    hosts: dict[str, tuple[Data, list[str]]] = {}
    for entry in families.values():
        rest = {k: v for k, v in entry.items() if k != "hosts"}
        hosts.setdefault(json.dumps(rest, sort_keys=True), (rest, []))[1].append(entry["hosts"])
    return [{"hosts": names if len(names) > 1 else names[0], **rest} for rest, names in hosts.values()]
