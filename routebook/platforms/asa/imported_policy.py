"""Reads an ASA's prefix lists, community lists, AS path lists and route maps into the inventory's words."""

import re
from collections.abc import Callable, Iterable
from ipaddress import ip_network
from typing import Any

from routebook.importing.found import FoundPolicy
from routebook.intent.problem import Mark
from routebook.platforms.asa.config.tree import Node

NO_WORD = "the inventory has no word for this"
_KINDS = {
    "prefix-list": "prefix_lists", "ipv6": "prefix_lists", "community-list": "community_lists",
    "as-path": "as_path_lists", "route-map": "route_maps",
}  # fmt: skip
_PREFIX_RULE = re.compile(
    r"(?:ipv6 )?prefix-list \S+ seq (?P<seq>\d+) (?P<action>permit|deny) (?P<prefix>\S+)"
    r"(?: ge (?P<ge>\d+))?(?: le (?P<le>\d+))?"
)
_LIST_RULE = re.compile(
    r"(?:community-list (?P<kind>standard|expanded)|as-path access-list) \S+ (?P<action>permit|deny) (?P<text>.+)"
)
_STEP_LIST, _STEP_MAP = 5, 10


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split()]


# What is below an entry: the pattern, the word of `permit` or `deny`, or of `set`, its value, and the policy it names.
_LINES: tuple[tuple[re.Pattern[str], str, str, Callable[[str], Any], str], ...] = tuple(
    (re.compile(pattern), place, word, value, kind)
    for pattern, place, word, value, kind in (
        (r"match (?:ip|ipv6) address prefix-list (\S+)", "match", "prefix_list", str, "prefix_lists"),
        (r"match ip next-hop prefix-list (\S+)", "match", "next_hop", str, "prefix_lists"),
        (r"match community (\S+)(?: exact-match)?", "match", "community", str, "community_lists"),
        (r"match as-path (\S+)", "match", "as_path", str, "as_path_lists"),
        (r"match metric (\d+)", "match", "med", int, ""),
        (r"match tag (\d+)", "match", "tag", int, ""),
        (r"set local-preference (\d+)", "set", "local_preference", int, ""),
        (r"set metric (\d+)", "set", "med", int, ""),
        (r"set weight (\d+)", "set", "weight", int, ""),
        (r"set origin (igp|incomplete)", "set", "origin", str, ""),
        (r"set as-path prepend ((?:\d+ ?)+)", "set", "prepend", _numbers, ""),
    )
)
_COMMUNITIES = re.compile(r"set community (?P<values>\S+(?: \S+)*?)(?P<more> additive)?")
_COMMUNITY = re.compile(r"\d+:\d+|internet|local-AS|no-advertise|no-export")


def is_policy(key: tuple[str, ...]) -> bool:
    """Whether an object is one of these."""
    return len(key) > 1 and key[0] in _KINDS and (key[0] != "ipv6" or key[1] == "prefix-list")


class Policies:
    """The policy objects of an ASA, line by line. `plain` says that communities are shown as two numbers."""

    def __init__(self, *, plain: bool) -> None:
        self.found: dict[str, FoundPolicy] = {}
        self._plain = plain

    def take(self, key: str, node: Node, outer: str, mark: Mark) -> str:
        """Take a line of an object. Why the inventory has no word for it, or nothing."""
        kind, name = _KINDS[key.split()[0]], key.split()[-1]
        found = self.found.setdefault(key, FoundPolicy(key, mark, kind, name, []))
        line = node.line
        if kind == "route_maps":
            return self._in_entry(found, line) if outer else _entry(found, line)
        if kind == "prefix_lists":
            return _prefix(found, line)
        rule = _LIST_RULE.fullmatch(line)
        if rule is None:
            return NO_WORD
        texts = rule["text"].split()
        if rule["kind"] == "standard" and not (self._plain and all(map(_COMMUNITY.fullmatch, texts))):
            return "`bgp-community new-format` shows communities as two numbers, and is not there"
        if found.value and found.value[0].split()[0] != rule["action"]:
            return "its entries have no numbers, so that permit and deny cannot be told apart by their order"
        found.value.append(f"{rule['action']} {rule['text']}")
        return ""

    def _in_entry(self, found: FoundPolicy, line: str) -> str:
        if not found.value:
            return NO_WORD
        entry = found.value[-1]
        places = {"match": entry["permit" if "permit" in entry else "deny"], "set": entry.setdefault("set", {})}
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
        said = _COMMUNITIES.fullmatch(line)
        if said is None or {"communities", "add_communities"} & places["set"].keys():
            return NO_WORD
        values = said["values"].split()
        if not (self._plain and all(map(_COMMUNITY.fullmatch, values))):
            return "`bgp-community new-format` shows communities as two numbers, and is not there"
        places["set"]["add_communities" if said["more"] else "communities"] = values
        return ""

    def finish(self) -> Iterable[FoundPolicy]:
        """All of them, written as a person would: no numbers where they are the usual ones, `all` for no condition."""
        for each in self.found.values():
            if each.kind == "community_lists":
                each.value = _communities(each.key, each.value)
            elif each.kind == "prefix_lists":
                each.value = _without_numbers(each.value)
            elif each.kind == "route_maps":
                _tidy(each.value)
            yield each


def _entry(found: FoundPolicy, line: str) -> str:
    said = re.fullmatch(r"route-map \S+ (permit|deny) (\d+)", line)
    if said is None:
        return NO_WORD
    found.value.append({"seq": int(said[2]), said[1]: {}})
    return ""


def _prefix(found: FoundPolicy, line: str) -> str:
    rule = _PREFIX_RULE.fullmatch(line)
    if rule is None:
        return NO_WORD
    try:
        ip_network(rule["prefix"])
    except ValueError:
        return NO_WORD
    text = f"seq {rule['seq']} {rule['action']} {rule['prefix']}"
    found.value.append(text + "".join(f" {word} {rule[word]}" for word in ("ge", "le") if rule[word]))
    return ""


def _without_numbers(rules: list[str]) -> list[str]:
    numbers = [int(rule.split()[1]) for rule in rules]
    if numbers == [_STEP_LIST * (index + 1) for index in range(len(rules))]:
        return [rule.split(" ", 2)[2] for rule in rules]
    return rules


def _communities(key: str, rules: list[str]) -> list[str] | dict[str, list[str]]:
    """A community list: the communities that it permits, where that is all, or entry by entry."""
    if " standard " in key and all(re.fullmatch(r"permit \S+", rule) for rule in rules):
        return [rule.split()[1] for rule in rules]
    return {key.split()[1]: rules}


def _tidy(entries: list[dict[str, Any]]) -> None:
    usual = [entry["seq"] for entry in entries] == [_STEP_MAP * (index + 1) for index in range(len(entries))]
    for entry in entries:
        if usual:
            del entry["seq"]
        action = "permit" if "permit" in entry else "deny"
        entry[action] = entry[action] or "all"
        if not entry.get("set", True):
            del entry["set"]
