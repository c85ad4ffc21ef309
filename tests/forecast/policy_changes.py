"""Every change of what fewer networks say in a route map, and of lists that are made of expressions."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from msgspec.structs import replace

from routebook.intent.list_model import AsPathList, ListRule
from routebook.intent.model import CommunityList, RouteMap, RouteMapRule
from tests.forecast.changes import Change, Make
from tests.forecast.rarer_changes import ANY_PATH, NO_PATH, with_paths
from tests.forecast.routers import EDGE, OUTSIDE_AS, World, on_host

# Each way of matching or setting, with its states; {} is the digit of the family.
_ENTRIES: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "description": (("one", {"description": "one"}),),
    "match_exact": (
        ("of RB-LARGE", {"match_community": "RB-LARGE", "match_exact": True}),
        ("of RB-LARGE and others", {"match_community": "RB-LARGE"}),
    ),
    "match_next_hop": (("RB-Q", {"match_next_hop": "RB-Q{}"}),),
    "match_local_preference": (("200", {"match_local_preference": 200}),),
    "match_med": (("20", {"match_med": 20}),),
    "match_tag": (("7", {"match_tag": 7}),),
    "match_origin": (("incomplete", {"match_origin": "incomplete"}),),
    "match_protocol": (("static", {"match_protocol": "static"}),),
    "set_local_preference_by": (
        ("+10", {"set_local_preference_by": 10}),
        ("-10", {"set_local_preference_by": -10}),
    ),
    "set_med_by": (("+10", {"set_med_by": 10}),),
    "set_communities_none": (("on", {"set_communities_none": True}),),
    "delete_communities": (
        ("RB-BAD", {"delete_communities": "RB-BAD"}),
        ("RB-LARGE", {"delete_communities": "RB-LARGE"}),
    ),
    "set_exclude": (("one", {"set_exclude": (OUTSIDE_AS,)}),),
    "set_weight": (("10", {"set_weight": 10}),),
    "set_tag": (("7", {"set_tag": 7}),),
    "set_origin": (("incomplete", {"set_origin": "incomplete"}),),
    "call": (("RB-OTHER", {"call": "RB-OTHER{}"}),),
}
_SLOTS = {
    "match_exact": "match_community",
    "set_local_preference_by": "set_local_preference",
    "set_med_by": "set_med",
    "set_communities_none": "set_communities",
}
# Of a next hop and a source there is one for each family.
_BY_FAMILY: dict[str, dict[str, tuple[tuple[str, dict[str, Any]], ...]]] = {
    "4": {
        "set_next_hop": (
            ("an address", {"set_next_hop": ip_address("10.0.9.9")}),
            ("peer-address", {"set_next_hop": "peer-address"}),
            ("unchanged", {"set_next_hop": "unchanged"}),
        ),
        "set_src": (("an address", {"set_src": ip_address("10.255.0.1")}),),
    },
    "6": {
        "set_next_hop": (("an address", {"set_next_hop": ip_address("2001:db8:99::9")}),),
        "set_next_hop_v6": (
            ("peer-address", {"set_next_hop_v6": "peer-address"}),
            ("prefer-global", {"set_next_hop_v6": "prefer-global"}),
        ),
        "set_src": (("an address", {"set_src": ip_address("2001:db8:1::1")}),),
    },
}
MAPS = ("RB-IN4", "RB-OUT6")


def of_rarer_policies() -> Iterator[Change]:
    """Every change of these: of a map for what comes in of IPv4, and of one for what goes out of IPv6."""
    for name in MAPS:
        digit = name[-1]
        for option, states in {**_ENTRIES, **_BY_FAMILY[digit]}.items():
            yield _entry(name, option, *((words, _of(digit, values)) for words, values in states))
        states = tuple((each.name, {"match_as_path": each.name}) for each in (ANY_PATH, NO_PATH))
        yield _entry(name, "match_as_path", *states, lists=(ANY_PATH, NO_PATH))
        yield Change(
            name,
            "on_match of a route map",
            frozenset({"RouteMapRule.on_match"}),
            (("next", _going_on(name, "next")), ("50", _going_on(name, 50))),
            f"{name} seq; {name} on_match",
        )
    yield _of_paths()
    yield from _of_communities()


def _of(digit: str, values: dict[str, Any]) -> dict[str, Any]:
    return {field: value.format(digit) if isinstance(value, str) else value for field, value in values.items()}


def _entry(name: str, option: str, *states: tuple[str, dict[str, Any]], lists: tuple[AsPathList, ...] = ()) -> Change:
    def make(values: dict[str, Any]) -> Make:
        def with_it(world: World) -> World:
            found = with_paths(world, *lists)
            return _on_map(found, name, lambda rules: (*rules[:-1], replace(rules[-1], **values)))

        return with_it

    return Change(
        name,
        f"{option} of a route map",
        frozenset({f"RouteMapRule.{option}"}),
        tuple((words, make(values)) for words, values in states),
        f"{name} {_SLOTS.get(option, option)}",
    )


def _on_map(world: World, name: str, edit: Any) -> World:
    maps = world[EDGE].route_maps
    return on_host(
        world,
        EDGE,
        route_maps=tuple(RouteMap(name=name, rules=edit(each.rules)) if each.name == name else each for each in maps),
    )


def _going_on(name: str, where: Any) -> Make:
    """What matches the last entry goes on with another one, which denies what it matches."""
    more = RouteMapRule(seq=50, action="deny", match_prefix_list=f"RB-Q{name[-1]}")

    def make(world: World) -> World:
        return _on_map(world, name, lambda rules: (*rules[:-1], replace(rules[-1], on_match=where), more))

    return make


def _paths(name: str, *rules: ListRule) -> Make:
    """A list by which the map for what comes in selects."""

    def make(world: World) -> World:
        found = with_paths(world, AsPathList(name=name, rules=rules))
        return _on_map(found, MAPS[0], lambda old: (*old[:-1], replace(old[-1], match_as_path=name)))

    return make


def _of_paths() -> Change:
    first = ListRule(seq=5, action="permit", text=f"^{OUTSIDE_AS}_")
    inside = ListRule(seq=10, action="permit", text="^$")
    states = {
        "one": _paths("RB-PATHS", first),
        "an entry more": _paths("RB-PATHS", first, inside),
        "another seq": _paths("RB-PATHS", replace(first, seq=7), inside),
        "deny": _paths("RB-PATHS", replace(first, seq=7, action="deny"), inside),
        "another text": _paths("RB-PATHS", replace(first, seq=7, action="deny", text="_64999_"), inside),
        "another name": _paths("RB-OTHER-PATHS", first, inside),
    }
    fields = (f"ListRule.{field}" for field in ListRule.__struct_fields__)
    return Change(
        "RB-PATHS",
        "AS path list",
        frozenset({"AsPathList.name", "AsPathList.rules", "HostIntent.as_path_lists", *fields}),
        tuple(states.items()),
        f"{MAPS[0]} match_as_path",
    )


def _of_communities() -> Iterator[Change]:
    """Lists entry by entry, and lists of expressions, of either kind."""
    for name, bad, other in (("RB-BAD", "65000:666", "65000:777"), ("RB-LARGE", "65550:1:1", "65550:1:2")):
        large = name == "RB-LARGE"
        deny = ListRule(seq=5, action="deny", text=other)
        permit = ListRule(seq=10, action="permit", text=bad)

        def listed(*rules: ListRule, expanded: bool = False, name: str = name, large: bool = large) -> Make:
            found = CommunityList(name=name, large=large, rules=rules, expanded=expanded)

            def make(world: World) -> World:
                lists = world[EDGE].community_lists
                return on_host(
                    world, EDGE, community_lists=tuple(found if each.name == name else each for each in lists)
                )

            return make

        expression = replace(permit, text=f"^{other.rpartition(':')[0]}:.*$")
        yield Change(
            name,
            "rules of a community list",
            frozenset({"CommunityList.rules", "CommunityList.expanded"}),
            (
                ("one denies", listed(deny, permit)),
                ("expressions", listed(deny, expression, expanded=True)),
                ("an expression", listed(expression, expanded=True)),
            ),
            f"{name} entries",
        )
