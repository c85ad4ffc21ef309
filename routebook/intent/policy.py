"""Prefix lists, community lists, route maps and BFD profiles: what is written, and what one host needs of it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

from routebook.intent.fields import large, network
from routebook.intent.model import (
    BfdProfile,
    CommunityList,
    Neighbor,
    PrefixList,
    PrefixRule,
    RouteMap,
    RouteMapRule,
)
from routebook.intent.node import Node
from routebook.intent.problem import Mark, Problems, nearest
from routebook.intent.read import Declared
from routebook.intent.schema import MatchInput, RouteMapEntryInput

_RULE = re.compile(r"(?:seq (\d+) )?(permit|deny) (\S+)(?: ge (\d+))?(?: le (\d+))?")
_RULE_FORM = "write `permit PREFIX [ge LENGTH] [le LENGTH]`, or deny; `any4` and `any6` are prefixes too"
_STEP_LIST, _STEP_MAP = 5, 10


@dataclass(slots=True)
class Policies:
    """Every policy object by name. `names` also has those that are invalid, which has been reported."""

    prefix_lists: dict[str, PrefixList] = field(default_factory=dict)
    community_lists: dict[str, CommunityList] = field(default_factory=dict)
    route_maps: dict[str, RouteMap] = field(default_factory=dict)
    bfd_profiles: dict[str, BfdProfile] = field(default_factory=dict)
    names: dict[str, frozenset[str]] = field(default_factory=dict)

    def known(self, kind: str, name: str, mark: Mark, problems: Problems) -> bool:
        """Whether there is an object of that kind and name; reported when not."""
        names = self.names.get(kind, frozenset())
        if name not in names:
            what = kind.replace("_", " ").removesuffix("s")
            problems.error(mark, f"unknown {what} {name!r}", nearest(name, names))
        return name in names


def resolve_policies(declared: Declared, problems: Problems) -> Policies:
    """Work out every policy object; what does not fit together is reported."""
    found = Policies(names=declared.policy_names)
    written = declared.policy
    for name, rules in written.prefix_lists.items():
        parsed = [
            _rule(rule, index, written.mark("prefix_lists", name, index), problems) for index, rule in enumerate(rules)
        ]
        if prefix_list := _prefix_list(name, [r for r in parsed if r], written.mark("prefix_lists", name), problems):
            found.prefix_lists[name] = prefix_list
    for name, communities in written.community_lists.items():
        mark = written.mark("community_lists", name)
        if not communities:
            problems.error(mark, f"community list {name!r} is empty", "list what it permits, or remove it")
        elif len({large(community) for community in communities}) > 1:
            problems.error(
                mark, f"community list {name!r} mixes standard and large communities", "make two lists of it"
            )
        else:
            found.community_lists[name] = CommunityList(name=name, permit=communities, large=large(communities[0]))
    for name, profile in written.bfd_profiles.items():
        found.bfd_profiles[name] = BfdProfile(name=name, **profile.given())
    for name, entries in declared.route_maps.items():
        mark = written.mark("route_maps", name)
        rules_of_map = [
            rule for entry in _numbered(entries, mark, problems) if (rule := _entry(*entry, found, problems))
        ]
        if not entries:
            problems.error(mark, f"route map {name!r} is empty and would discard every route", "add an entry")
        elif len(rules_of_map) == len(entries):
            found.route_maps[name] = RouteMap(name=name, rules=tuple(rules_of_map))
    return found


def _rule(written: object, index: int, mark: Mark, problems: Problems) -> PrefixRule | None:
    found = _RULE.fullmatch(" ".join(written.split())) if isinstance(written, str) else None
    if found is None:
        problems.error(mark, f"{written!r} is no rule of a prefix list", _RULE_FORM)
        return None
    seq, action, text, ge, le = found.groups()
    if text in ("any4", "any6"):
        text, le = ("0.0.0.0/0", le or "32") if text == "any4" else ("::/0", le or "128")
    try:
        prefix = network(text)
    except ValueError as error:
        problems.error(mark, str(error), "correct the prefix")
        return None
    low, high = int(ge) if ge else None, int(le) if le else None
    # length < ge <= le <= maximum; ge alone goes up to the maximum, le alone begins at the length
    if not prefix.prefixlen <= (low or prefix.prefixlen) <= (high or prefix.max_prefixlen) <= prefix.max_prefixlen:
        problems.error(
            mark,
            f"{written!r} matches nothing",
            f"lengths rise: {prefix.prefixlen} <= ge <= le <= {prefix.max_prefixlen}",
        )
        return None
    return PrefixRule(
        seq=int(seq) if seq else (index + 1) * _STEP_LIST,
        action="permit" if action == "permit" else "deny",
        prefix=prefix,
        ge=low,
        le=high,
    )


def _prefix_list(name: str, rules: list[PrefixRule], mark: Mark, problems: Problems) -> PrefixList | None:
    if not rules:
        problems.error(mark, f"prefix list {name!r} is empty: it would be taken for `permit any`", "add a rule")
        return None
    versions = {rule.prefix.version for rule in rules}
    if len(versions) > 1:
        problems.error(mark, f"prefix list {name!r} mixes IPv4 and IPv6", "make two lists of it")
        return None
    if len({rule.seq for rule in rules}) < len(rules):
        problems.error(mark, f"prefix list {name!r} has a sequence number twice", "number all of its rules, or none")
        return None
    return PrefixList(
        name=name, family="ipv4" if versions == {4} else "ipv6", rules=tuple(sorted(rules, key=lambda r: r.seq))
    )


def _numbered(
    entries: Iterable[RouteMapEntryInput], mark: Mark, problems: Problems
) -> list[tuple[RouteMapEntryInput, int]]:
    numbered = [(entry, entry.seq or (index + 1) * _STEP_MAP) for index, entry in enumerate(entries)]
    if len({seq for _, seq in numbered}) < len(numbered):
        problems.error(mark, "a route map has a sequence number twice", "number all of its entries, or none")
    return sorted(numbered, key=lambda item: item[1])


def _entry(entry: RouteMapEntryInput, seq: int, found: Policies, problems: Problems) -> RouteMapRule | None:
    if (entry.permit is None) == (entry.deny is None):
        problems.error(
            entry.mark(), "an entry of a route map needs either permit or deny", "write permit: all, for example"
        )
        return None
    action: Literal["permit", "deny"] = "deny" if entry.permit is None else "permit"
    match = entry.deny if entry.permit is None else entry.permit
    if match is None or isinstance(match, str):
        match = MatchInput()
    elif not match.given():
        problems.error(entry.mark(action), f"{action} says no condition", f"write {action}: all if that is meant")
    known = True
    if match.prefix_list is not None:
        known &= found.known("prefix_lists", match.prefix_list, match.mark("prefix_list"), problems)
    if match.community is not None:
        known &= found.known("community_lists", match.community, match.mark("community"), problems)
    sets = entry.set_
    if action == "deny" and sets.given():
        problems.error(entry.mark("set"), "what is denied cannot be changed", "remove `set`")
    if sets.communities and sets.add_communities:
        problems.error(
            entry.mark("set"), "communities replaces and add_communities adds", "use one of them in an entry"
        )
    if not known:
        return None
    communities = sets.communities or sets.add_communities
    return RouteMapRule(
        seq=seq,
        action=action,
        match_prefix_list=match.prefix_list,
        match_community=match.community,
        match_rpki=match.rpki,
        set_local_preference=sets.local_preference,
        set_med=sets.med,
        set_communities=tuple(c for c in communities if not large(c)),
        set_large_communities=tuple(c for c in communities if large(c)),
        set_communities_additive=bool(sets.add_communities),
        set_prepend=sets.prepend,
    )


class Needed(Struct, frozen=True):
    """The policy objects that a host's sessions refer to, directly or through a route map."""

    prefix_lists: tuple[PrefixList, ...]
    community_lists: tuple[CommunityList, ...]
    route_maps: tuple[RouteMap, ...]
    bfd_profiles: tuple[BfdProfile, ...]


def check_names(node: Node, needed: Needed, declared: Declared, problems: Problems) -> None:
    """Report the objects of a host that its platform would not know for ours, by their names."""
    prefix = node.can.policy_prefix if node.can is not None else ""
    for kind in ("prefix_lists", "community_lists", "route_maps", "bfd_profiles"):
        for each in getattr(needed, kind):
            if not each.name.startswith(prefix):
                problems.error(
                    declared.policy.mark(kind, each.name),
                    f"{each.name} is needed on {node.name}, which is {node.kind}: what is ours there begins with "
                    f"{prefix}",
                    f"rename it {prefix}{each.name}",
                )


def needed_by(neighbors: Iterable[Neighbor], policies: Policies, others: Iterable[str] = ()) -> Needed:
    """What must be on a host with these sessions and `others`, names of route maps, each kind sorted by name."""
    neighbors = list(neighbors)
    families = [family for neighbor in neighbors for family in neighbor.families]
    map_names = {name for f in families for name in (f.route_map_in, f.route_map_out) if name} | set(others)
    maps = [policies.route_maps[name] for name in sorted(map_names) if name in policies.route_maps]
    rules = [rule for route_map in maps for rule in route_map.rules]
    list_names = {name for f in families for name in (f.prefix_list_in, f.prefix_list_out) if name}
    list_names |= {rule.match_prefix_list for rule in rules if rule.match_prefix_list}
    community_names = {rule.match_community for rule in rules if rule.match_community}
    profile_names = {neighbor.bfd for neighbor in neighbors if neighbor.bfd}
    return Needed(
        prefix_lists=tuple(policies.prefix_lists[n] for n in sorted(list_names) if n in policies.prefix_lists),
        community_lists=tuple(
            policies.community_lists[n] for n in sorted(community_names) if n in policies.community_lists
        ),
        route_maps=tuple(maps),
        bfd_profiles=tuple(policies.bfd_profiles[n] for n in sorted(profile_names) if n in policies.bfd_profiles),
    )
