"""Reads FRR's prefix lists, community lists, route maps and BFD profiles into the inventory's words."""

import re
from collections.abc import Iterable
from typing import Any

from routebook.importing.found import FoundPolicy
from routebook.intent.problem import Mark
from routebook.platforms.frr.difference import object_of

_PREFIX_RULE = re.compile(
    r"(?:ip|ipv6) prefix-list \S+ seq (?P<seq>\d+) (?P<action>permit|deny) (?P<prefix>\S+)"
    r"(?: ge (?P<ge>\d+))?(?: le (?P<le>\d+))?"
)
_COMMUNITY_RULE = re.compile(
    r"bgp (?P<large>large-)?community-list standard \S+ seq (?P<seq>\d+) permit (?P<value>\S+)"
)
_STEP = 5

_MATCHES = (
    (re.compile(r"match (?:ip|ipv6) address prefix-list (\S+)"), "prefix_list", "prefix_lists"),
    (re.compile(r"match (?:large-)?community (\S+)"), "community", "community_lists"),
    (re.compile(r"match rpki (valid|invalid|notfound)"), "rpki", ""),
)
_NUMBERS = (
    (re.compile(r"set local-preference (\d+)"), "local_preference"),
    (re.compile(r"set metric (\d+)"), "med"),
)
_PREPEND = re.compile(r"set as-path prepend ((?:\d+ ?)+)")
_COMMUNITIES = re.compile(r"set (?:large-)?community (?P<values>.+?)(?P<more> additive)?")
_BFD = {
    "detect-multiplier": "detect_multiplier",
    "receive-interval": "receive_interval",
    "transmit-interval": "transmit_interval",
}


def key_of(line: str, path: tuple[str, ...]) -> str:
    """The policy object that a line is of, by its key; nothing for other lines."""
    if path[:1] == ("bfd",):
        profile = path[1] if len(path) > 1 else line
        return f"bfd / {profile}" if profile.startswith("profile ") else ""
    outer = path[0] if path else line
    name = object_of(outer)
    if name is None or outer.startswith(("access-list", "ipv6 access-list", "mac ", "bgp as-path", "bgp ext")):
        return ""
    return name


class Policies:
    """The policy objects of a host, line by line."""

    def __init__(self) -> None:
        self.found: dict[str, FoundPolicy] = {}
        self._entries: dict[str, dict[str, dict[str, Any]]] = {}

    def take(self, key: str, line: str, path: tuple[str, ...], mark: Mark) -> str:
        """Take a line of an object. Why the inventory has no word for it, or nothing."""
        if key.startswith("bfd / "):
            return self._profile(key, line, path, mark)
        if key.startswith("route-map "):
            return self._route_map(key, line, path, mark)
        return self._prefix_list(key, line, mark) if " prefix-list " in line else self._community(key, line, mark)

    def _object(self, key: str, kind: str, mark: Mark, value: Any) -> FoundPolicy:
        name = key.split()[-1]
        return self.found.setdefault(key, FoundPolicy(key, mark, kind, name, value))

    def _prefix_list(self, key: str, line: str, mark: Mark) -> str:
        rules = self._object(key, "prefix_lists", mark, []).value
        found = _PREFIX_RULE.fullmatch(line)
        if found is None:
            return "the inventory has no word for this in a prefix list"
        text = f"seq {found['seq']} {found['action']} {found['prefix']}"
        rules.append(text + "".join(f" {word} {found[word]}" for word in ("ge", "le") if found[word]))
        return ""

    def _community(self, key: str, line: str, mark: Mark) -> str:
        communities = self._object(key, "community_lists", mark, []).value
        found = _COMMUNITY_RULE.fullmatch(line)
        if found is None:
            return "in the inventory a community list has entries that permit one community each"
        communities.append(found["value"])
        if int(found["seq"]) != _STEP * len(communities):
            return f"its entries are not numbered {_STEP}, {2 * _STEP} and so on"
        return ""

    def _route_map(self, key: str, line: str, path: tuple[str, ...], mark: Mark) -> str:
        found = self._object(key, "route_maps", mark, [])
        entries = self._entries.setdefault(key, {})
        if not path:
            _, _, action, seq = line.split()
            if line not in entries:
                entries[line] = {"seq": int(seq), action: {}}
                found.value.append(entries[line])
            return ""
        entry = entries[path[0]]
        match = entry["permit" if "permit" in entry else "deny"]
        for pattern, option, kind in _MATCHES:
            if value := pattern.fullmatch(line):
                if option in match:
                    return f"an entry has one {option}"
                match[option] = value[1]
                if kind:
                    found.uses.add((kind, value[1]))
                return ""
        return _take_set(entry.setdefault("set", {}), line)

    def _profile(self, key: str, line: str, path: tuple[str, ...], mark: Mark) -> str:
        value = self._object(key, "bfd_profiles", mark, {}).value
        if len(path) < 2:
            return ""
        option, _, number = line.partition(" ")
        if option not in _BFD or not number.isdigit():
            return "the inventory has no word for this in a BFD profile"
        value[_BFD[option]] = int(number)
        return ""

    def finish(self) -> Iterable[FoundPolicy]:
        """All of them, written as a person would: no numbers where they are the usual ones, `all` for no condition."""
        for each in self.found.values():
            if each.kind == "prefix_lists":
                each.value = _without_numbers(each.value)
            elif each.kind == "route_maps":
                _tidy(each.value)
            yield each


def _take_set(sets: dict[str, Any], line: str) -> str:
    for pattern, option in _NUMBERS:
        if found := pattern.fullmatch(line):
            sets[option] = int(found[1])
            return ""
    if found := _PREPEND.fullmatch(line):
        sets["prepend"] = [int(asn) for asn in found[1].split()]
        return ""
    found = _COMMUNITIES.fullmatch(line)
    if found is None or "none" in found["values"].split():
        return "the inventory has no word for this in a route map"
    option, other = ("add_communities", "communities") if found["more"] else ("communities", "add_communities")
    if other in sets:
        return "an entry either replaces communities or adds some"
    sets.setdefault(option, []).extend(found["values"].split())
    return ""


def _without_numbers(rules: list[str]) -> list[str]:
    numbers = [int(rule.split()[1]) for rule in rules]
    if numbers == [_STEP * (index + 1) for index in range(len(rules))]:
        return [rule.split(" ", 2)[2] for rule in rules]
    return rules


def _tidy(entries: list[dict[str, Any]]) -> None:
    usual = [entry["seq"] for entry in entries] == [10 * (index + 1) for index in range(len(entries))]
    for entry in entries:
        if usual:
            del entry["seq"]
        action = "permit" if "permit" in entry else "deny"
        entry[action] = entry[action] or "all"
        if not entry.get("set", True):
            del entry["set"]
