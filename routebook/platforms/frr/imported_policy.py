"""Reads FRR's lists, route maps and BFD profiles into the inventory's words."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from routebook.importing.found import FoundPolicy
from routebook.intent.problem import Mark
from routebook.platforms.frr.difference import object_of

_PREFIX_RULE = re.compile(
    r"(?:ip|ipv6) prefix-list \S+ seq (?P<seq>\d+) (?P<action>permit|deny) (?P<prefix>\S+)"
    r"(?: ge (?P<ge>\d+))?(?: le (?P<le>\d+))?"
)
_LIST_RULE = re.compile(
    r"bgp (?:(?P<large>large-)?community-list (?P<kind>standard|expanded)|as-path access-list) \S+"
    r" (?P<rule>seq (?P<seq>\d+) (?:permit|deny) .+)"
)
_OBJECTS = re.compile(
    r"(ip|ipv6) prefix-list |bgp (large-)?community-list (standard|expanded) |bgp as-path access-list |route-map "
)
_NO_WORD = "the inventory has no word for this"
_STEP_LIST, _STEP_MAP = 5, 10

_Value = Callable[[str], Any]


def _change(text: str) -> int | str:
    """A number, or one with a sign, which is added to what a route has."""
    return text if text[0] in "+-" else int(text)


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split()]


# What is below an entry: the word of `permit` or `deny`, `set`, or the entry itself (""), and the policy that it names.
_LINES: tuple[tuple[re.Pattern[str], str, str, _Value, str], ...] = tuple(
    (re.compile(pattern), place, word, value, kind)
    for pattern, place, word, value, kind in (
        (r"match (?:ip|ipv6) address prefix-list (\S+)", "match", "prefix_list", str, "prefix_lists"),
        (r"match (?:ip|ipv6) next-hop prefix-list (\S+)", "match", "next_hop", str, "prefix_lists"),
        (r"match (?:large-)?community (\S+)(?: exact-match)?", "match", "community", str, "community_lists"),
        (r"match as-path (\S+)", "match", "as_path", str, "as_path_lists"),
        (r"match rpki (valid|invalid|notfound)", "match", "rpki", str, ""),
        (r"match local-preference (\d+)", "match", "local_preference", int, ""),
        (r"match metric (\d+)", "match", "med", int, ""),
        (r"match tag (\d+)", "match", "tag", int, ""),
        (r"match origin (\S+)", "match", "origin", str, ""),
        (r"match source-protocol (\S+)", "match", "protocol", str, ""),
        (r"set local-preference ([+-]?\d+)", "set", "local_preference", _change, ""),
        (r"set metric ([+-]?\d+)", "set", "med", _change, ""),
        (r"set as-path prepend ((?:\d+ ?)+)", "set", "prepend", _numbers, ""),
        (r"set as-path exclude ((?:\d+ ?)+)", "set", "exclude", _numbers, ""),
        (r"set (?:large-)?comm-list (\S+) delete", "set", "delete_communities", str, "community_lists"),
        (r"set community (none)", "set", "communities", str, ""),
        (r"set ip next-hop ([0-9.]+|peer-address|unchanged)", "set", "next_hop", str, ""),
        (r"set ipv6 next-hop global (\S+)", "set", "next_hop", str, ""),
        (r"set ipv6 next-hop (peer-address|prefer-global)", "set", "next_hop_v6", str, ""),
        (r"set src (\S+)", "set", "src", str, ""),
        (r"set weight (\d+)", "set", "weight", int, ""),
        (r"set tag (\d+)", "set", "tag", int, ""),
        (r"set origin (\S+)", "set", "origin", str, ""),
        (r"call (\S+)", "", "call", str, "route_maps"),
        (r"on-match (next)", "", "continue", str, ""),
        (r"on-match goto (\d+)", "", "continue", int, ""),
        (r"description (.+)", "", "description", str, ""),
    )
)  # fmt: skip
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
    return (object_of(outer) or "") if _OBJECTS.match(outer) else ""


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
        return self._prefix_list(key, line, mark) if " prefix-list " in line else self._list(key, line, mark)

    def _object(self, key: str, kind: str, mark: Mark, value: Any) -> FoundPolicy:
        name = key.split()[-1]
        return self.found.setdefault(key, FoundPolicy(key, mark, kind, name, value))

    def _prefix_list(self, key: str, line: str, mark: Mark) -> str:
        rules = self._object(key, "prefix_lists", mark, []).value
        found = _PREFIX_RULE.fullmatch(line)
        if found is None:
            return _NO_WORD
        text = f"seq {found['seq']} {found['action']} {found['prefix']}"
        rules.append(text + "".join(f" {word} {found[word]}" for word in ("ge", "le") if found[word]))
        return ""

    def _list(self, key: str, line: str, mark: Mark) -> str:
        found = _LIST_RULE.fullmatch(line)
        kind = "as_path_lists" if " as-path " in key else "community_lists"
        rules = self._object(key, kind, mark, []).value
        if found is None:
            return _NO_WORD
        rules.append(found["rule"])
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
        places = {
            "": entry,
            "match": entry["permit" if "permit" in entry else "deny"],
            "set": entry.setdefault("set", {}),
        }
        for pattern, place, word, value, kind in _LINES:
            if said := pattern.fullmatch(line):
                if word in places[place]:
                    return f"an entry has one {word}"
                places[place][word] = value(said[1])
                if line.endswith(" exact-match"):
                    places[place]["exact"] = True
                if kind:
                    found.uses.add((kind, said[1]))
                return ""
        return _take_communities(places["set"], line)

    def keep(self, key: str, line: str, path: tuple[str, ...]) -> bool:
        """Keep a line of an entry of a route map as it stands; False where it is of something else."""
        if not key.startswith("route-map ") or not path:
            return False
        self._entries[key][path[0]].setdefault("extra", []).append(line)
        return True

    def _profile(self, key: str, line: str, path: tuple[str, ...], mark: Mark) -> str:
        value = self._object(key, "bfd_profiles", mark, {}).value
        if len(path) < 2:
            return ""
        option, _, number = line.partition(" ")
        if option not in _BFD or not number.isdigit():
            return _NO_WORD
        value[_BFD[option]] = int(number)
        return ""

    def finish(self) -> Iterable[FoundPolicy]:
        """All of them, written as a person would: no numbers where they are the usual ones, `all` for no condition."""
        for each in self.found.values():
            if each.kind == "community_lists":
                each.value = _communities(each.key, each.value)
            elif each.kind in ("prefix_lists", "as_path_lists"):
                each.value = _without_numbers(each.value)
            elif each.kind == "route_maps":
                _tidy(each.value)
            yield each


def _take_communities(sets: dict[str, Any], line: str) -> str:
    found = _COMMUNITIES.fullmatch(line)
    if found is None or "none" in found["values"].split():
        return _NO_WORD
    option, other = ("add_communities", "communities") if found["more"] else ("communities", "add_communities")
    if other in sets or isinstance(sets.get(option), str):
        return "an entry either replaces communities or adds some"
    sets.setdefault(option, []).extend(found["values"].split())
    return ""


def _without_numbers(rules: list[str]) -> list[str]:
    numbers = [int(rule.split()[1]) for rule in rules]
    if numbers == [_STEP_LIST * (index + 1) for index in range(len(rules))]:
        return [rule.split(" ", 2)[2] for rule in rules]
    return rules


def _communities(key: str, written: list[str]) -> list[str] | dict[str, list[str]]:
    """A community list: the communities that it permits, where that is all, or entry by entry."""
    rules = _without_numbers(written)
    expanded, large = " expanded " in key, "large-" in key
    if not expanded and all(re.fullmatch(r"permit \S+", rule) for rule in rules):
        return [rule.split()[1] for rule in rules]
    return {("large" if large else "standard") if not expanded else "large_expanded" if large else "expanded": rules}


def _tidy(entries: list[dict[str, Any]]) -> None:
    usual = [entry["seq"] for entry in entries] == [_STEP_MAP * (index + 1) for index in range(len(entries))]
    for entry in entries:
        if usual:
            del entry["seq"]
        action = "permit" if "permit" in entry else "deny"
        entry[action] = entry[action] or "all"
        if not entry.get("set", True):
            del entry["set"]
