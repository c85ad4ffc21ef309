"""Prefix lists, community lists, route maps and BFD profiles: what is written, and what one host needs of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from msgspec import Struct

from routebook.intent.extra import extra_lines
from routebook.intent.fields import large
from routebook.intent.list_model import AsPathList
from routebook.intent.lists import as_path_list, community_list, prefix_list, prefix_rule
from routebook.intent.model import (
    BfdProfile,
    CommunityList,
    Neighbor,
    NeighborFamily,
    PrefixList,
    RouteMap,
    RouteMapRule,
)
from routebook.intent.policy_schema import MatchInput, RouteMapEntryInput
from routebook.intent.problem import Mark, Problems, nearest
from routebook.intent.read import Declared

_T = TypeVar("_T")
_STEP_MAP = 10


@dataclass(slots=True)
class Policies:
    """Every policy object by name. `names` also has those that are invalid, which has been reported."""

    prefix_lists: dict[str, PrefixList] = field(default_factory=dict)
    community_lists: dict[str, CommunityList] = field(default_factory=dict)
    as_path_lists: dict[str, AsPathList] = field(default_factory=dict)
    route_maps: dict[str, RouteMap] = field(default_factory=dict)
    bfd_profiles: dict[str, BfdProfile] = field(default_factory=dict)
    names: dict[str, frozenset[str]] = field(default_factory=dict)

    def with_called(self, names: Iterable[str]) -> list[str]:
        """The names of route maps, and of those that they call, each once."""
        found: dict[str, None] = {}
        waiting = list(names)
        while waiting:
            name = waiting.pop(0)
            if name not in found:
                found[name] = None
                rules = self.route_maps[name].rules if name in self.route_maps else ()
                waiting += [rule.call for rule in rules if rule.call]
        return list(found)

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
            prefix_rule(rule, index, written.mark("prefix_lists", name, index), problems)
            for index, rule in enumerate(rules)
        ]
        if listed := prefix_list(name, [r for r in parsed if r], written.mark("prefix_lists", name), problems):
            found.prefix_lists[name] = listed
    for name, communities in written.community_lists.items():
        if of_communities := community_list(name, communities, written.mark("community_lists", name), problems):
            found.community_lists[name] = of_communities
    for name, paths in written.as_path_lists.items():
        if of_paths := as_path_list(name, paths, written.mark("as_path_lists", name), problems):
            found.as_path_lists[name] = of_paths
    for name, profile in written.bfd_profiles.items():
        found.bfd_profiles[name] = BfdProfile(name=name, **profile.given())
    for name, entries in declared.route_maps.items():
        mark = written.mark("route_maps", name)
        rules_of_map = [
            rule for entry in numbered(entries, mark, problems) if (rule := _entry(*entry, found, problems))
        ]
        if not entries:
            problems.error(mark, f"route map {name!r} is empty and would discard every route", "add an entry")
        elif len(rules_of_map) == len(entries):
            found.route_maps[name] = RouteMap(name=name, rules=tuple(rules_of_map))
    _check_calls(declared, found, problems)
    return found


def numbered(
    entries: Iterable[RouteMapEntryInput], mark: Mark, problems: Problems
) -> list[tuple[RouteMapEntryInput, int]]:
    """The entries of a route map with their numbers, in order; a number that is there twice is reported."""
    found = [(entry, entry.seq or (index + 1) * _STEP_MAP) for index, entry in enumerate(entries)]
    if len({seq for _, seq in found}) < len(found):
        problems.error(mark, "a route map has a sequence number twice", "number all of its entries, or none")
    return sorted(found, key=lambda item: item[1])


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
    known = _references_known(entry, match, found, problems)
    sets = entry.set_
    if action == "deny" and (sets.given() or entry.call or entry.continue_):
        problems.error(
            entry.mark(), "what is denied cannot be changed, and goes no further", "remove `set` and the like"
        )
    if sets.communities and sets.add_communities:
        problems.error(
            entry.mark("set"), "communities replaces and add_communities adds", "use one of them in an entry"
        )
    if match.exact and match.community is None:
        problems.error(match.mark("exact"), "exact is of a community list", "write community: …, or remove it")
    if isinstance(entry.continue_, int) and entry.continue_ <= seq:
        problems.error(entry.mark("continue"), f"entry {seq} goes on with {entry.continue_}", "name a later entry")
    return _resolved(entry, seq, action, match) if known else None


def _references_known(entry: RouteMapEntryInput, match: MatchInput, found: Policies, problems: Problems) -> bool:
    """Whether all that an entry names is there; reported when not."""
    references = (
        ("prefix_lists", match, "prefix_list", match.prefix_list),
        ("prefix_lists", match, "next_hop", match.next_hop),
        ("community_lists", match, "community", match.community),
        ("as_path_lists", match, "as_path", match.as_path),
        ("community_lists", entry.set_, "delete_communities", entry.set_.delete_communities),
        ("route_maps", entry, "call", entry.call),
    )
    given = [each for each in references if each[3] is not None]
    known = [found.known(kind, str(name), owner.mark(key), problems) for kind, owner, key, name in given]
    return all(known)


def _resolved(
    entry: RouteMapEntryInput, seq: int, action: Literal["permit", "deny"], match: MatchInput
) -> RouteMapRule:
    sets = entry.set_
    communities = (sets.communities if sets.communities != "none" else ()) or sets.add_communities
    (preference, preference_by), (med, med_by) = _absolute(sets.local_preference), _absolute(sets.med)
    return RouteMapRule(
        seq=seq,
        action=action,
        description=entry.description or "",
        match_prefix_list=match.prefix_list,
        match_community=match.community,
        match_exact=match.exact,
        match_rpki=match.rpki,
        match_as_path=match.as_path,
        match_next_hop=match.next_hop,
        match_local_preference=match.local_preference,
        match_med=match.med,
        match_tag=match.tag,
        match_origin=match.origin or "",
        match_protocol=match.protocol or "",
        set_local_preference=preference,
        set_local_preference_by=preference_by,
        set_med=med,
        set_med_by=med_by,
        set_communities=tuple(c for c in communities if not large(c)),
        set_large_communities=tuple(c for c in communities if large(c)),
        set_communities_additive=bool(sets.add_communities),
        set_communities_none=sets.communities == "none",
        delete_communities=sets.delete_communities,
        set_prepend=sets.prepend,
        set_exclude=sets.exclude,
        set_next_hop=sets.next_hop,
        set_next_hop_v6=sets.next_hop_v6 or "",
        set_src=sets.src,
        set_weight=sets.weight,
        set_tag=sets.tag,
        set_origin=sets.origin or "",
        extra=extra_lines(entry.extra),
        call=entry.call,
        on_match=entry.continue_,
    )


def _absolute(value: int | str | None) -> tuple[int | None, int | None]:
    """A number that is set, and one that is added."""
    return (None, int(value)) if isinstance(value, str) else (value, None)


def _check_calls(declared: Declared, found: Policies, problems: Problems) -> None:
    for name in found.route_maps:
        calls = [rule.call for rule in found.route_maps[name].rules if rule.call]
        if name in found.with_called(calls):
            problems.error(declared.policy.mark("route_maps", name), f"{name} calls itself", "break the circle")


class Needed(Struct, frozen=True):
    """The policy objects that a host's sessions refer to, directly or through a route map."""

    prefix_lists: tuple[PrefixList, ...]
    community_lists: tuple[CommunityList, ...]
    as_path_lists: tuple[AsPathList, ...]
    route_maps: tuple[RouteMap, ...]
    bfd_profiles: tuple[BfdProfile, ...]


def needed_by(
    neighbors: Iterable[Neighbor],
    policies: Policies,
    others: Iterable[str] = (),
    more: Iterable[NeighborFamily] = (),
) -> Needed:
    """What must be on a host with these sessions, each kind sorted by name.

    `others` are names of route maps, `more` families of what is no session.
    """
    neighbors = list(neighbors)
    families = [*more, *(family for neighbor in neighbors for family in neighbor.families)]
    map_names = {name for f in families for name in f.route_maps} | set(others)
    maps = [policies.route_maps[n] for n in sorted(policies.with_called(sorted(map_names))) if n in policies.route_maps]
    rules = [rule for route_map in maps for rule in route_map.rules]
    list_names = {name for f in families for name in (f.prefix_list_in, f.prefix_list_out)}
    list_names |= {name for rule in rules for name in (rule.match_prefix_list, rule.match_next_hop)}
    community_names = {name for rule in rules for name in (rule.match_community, rule.delete_communities)}
    path_names = {rule.match_as_path for rule in rules} | {n for f in families for n in f.as_path_lists}
    profile_names = {neighbor.bfd for neighbor in neighbors if neighbor.bfd}
    return Needed(
        prefix_lists=_those(list_names, policies.prefix_lists),
        community_lists=_those(community_names, policies.community_lists),
        as_path_lists=_those(path_names, policies.as_path_lists),
        route_maps=tuple(maps),
        bfd_profiles=_those(profile_names, policies.bfd_profiles),
    )


def _those(names: Iterable[str | None], known: Mapping[str, _T]) -> tuple[_T, ...]:
    return tuple(known[name] for name in sorted(name for name in names if name) if name in known)
