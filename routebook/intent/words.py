"""Words of policy and of sessions that not every platform has: a host is refused what it could not render."""

from msgspec.structs import fields

from routebook.intent.extra import OWN
from routebook.intent.extra_checks import check_part
from routebook.intent.model import CommunityList, RouteMapRule
from routebook.intent.node import Node
from routebook.intent.policy import Needed, numbered
from routebook.intent.problem import Mark, Problems
from routebook.intent.read import Declared

# Fields of an entry of a route map that every platform with BGP has, as far as its own rules let it.
_EVERYWHERE = frozenset(
    {
        *("seq", "action", "match_prefix_list", "match_community", "match_rpki", "set_local_preference", "set_med"),
        *("set_communities", "set_large_communities", "set_communities_additive", "set_prepend"),
    }
)


def check_policy_words(node: Node, needed: Needed, declared: Declared, problems: Problems) -> None:
    """Report the policy objects of a host that its platform cannot have."""
    if node.can is None:
        return
    for route_map in needed.route_maps if node.can.every_word else ():
        for entry in declared.route_maps[route_map.name]:
            check_part(node, entry, entry.extra, {OWN: "route map"}, problems)
    if node.can.every_word:
        return
    for listed in () if node.can.has_word("rules") else needed.community_lists:
        _check_list(node, listed, declared.policy.mark("community_lists", listed.name), problems)
    for route_map in needed.route_maps:
        marks = {
            seq: entry.mark() for entry, seq in numbered(declared.route_maps[route_map.name], Mark("", 1), Problems())
        }
        for rule in route_map.rules:
            if words := [_word(each) for each in _more(rule) if not node.can.has_word(each)]:
                problems.error(
                    marks[rule.seq],
                    f"{route_map.name}, entry {rule.seq}, is needed on {node.name}, which is {node.kind} and has no "
                    f"{', no '.join(words)} here",
                    "give that host a route map without",
                )


def _check_list(node: Node, listed: CommunityList, mark: Mark, problems: Problems) -> None:
    if listed.rules:
        problems.error(
            mark,
            f"{listed.name} is needed on {node.name}, which is {node.kind}: its community lists name communities that "
            "are permitted",
            "write them as a plain list",
        )


def _more(rule: RouteMapRule) -> list[str]:
    """The fields of an entry that are not everywhere, as far as it has them."""
    told = [each for each in fields(RouteMapRule) if each.name not in _EVERYWHERE]
    return [each.name for each in told if getattr(rule, each.name) != each.default]


def _word(field: str) -> str:
    return "continue" if field == "on_match" else field.removeprefix("match_").removeprefix("set_").removesuffix("_by")
