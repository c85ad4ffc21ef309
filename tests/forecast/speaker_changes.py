"""Every change of what a router has beside its sessions: its speaker, its policies, its profiles and caches."""

from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

from msgspec.structs import replace

from routebook.intent.model import (
    PrefixRule,
    RouteMap,
    RouteMapRule,
    RpkiCache,
)
from routebook.intent.speaker_model import Redistribution
from tests.forecast.changes import Change, Make, of_families, of_sessions
from tests.forecast.policy_changes import of_rarer_policies
from tests.forecast.rarer_changes import of_rarer_options
from tests.forecast.router_changes import of_routers
from tests.forecast.routers import AS, EDGE, INSIDE, OUTSIDE, SESSIONS, V4, V6, World, bgp, on_host, on_speaker


def every() -> tuple[Change, ...]:
    """Every change of a router's options."""
    own = (*of_sessions(), *of_families(), *_of_speaker(), *_of_lists(), *_of_maps(), *_of_profiles(), *_of_caches())
    return (*own, *of_rarer_options(), *of_routers(), *of_rarer_policies())


def _speaker(option: str, *states: tuple[str, dict[str, Any]], fields: str = "", about: str = "BGP") -> Change:
    def make(values: dict[str, Any]) -> Make:
        return lambda world: on_speaker(world, EDGE, **values)

    return Change(
        about,
        option,
        frozenset(fields.split() or {f"BgpHost.{option}"}),
        tuple((words, make(values)) for words, values in states),
        f"{about} {option}",
    )


def _of_speaker() -> Iterator[Change]:
    yield _speaker("router_id", ("10.255.0.9", {"router_id": IPv4Address("10.255.0.9")}))
    yield _speaker("graceful_shutdown", ("on", {"graceful_shutdown": True}))
    yield Change(
        "BGP",
        "asn",
        frozenset({"BgpHost.asn"}),
        (("65552", _another_as),),
        "; ".join(f"{place.name} AS" for place in SESSIONS.values()),
    )
    for digit, more in (("4", "10.44.0.0/16"), ("6", "2001:db8:44::/48")):
        yield Change(
            f"BGP, IPv{digit}",
            "networks",
            frozenset({"BgpHost.networks"}),
            (("one more", _networks(digit, more)), ("none", _networks(digit))),
        )
    fields = "BgpHost.redistribute Redistribution.family Redistribution.source"
    for name in (V4, V6):
        source, metric = {"family": name, "source": "static"}, {"family": name, "source": "static", "metric": 20}
        mapped, connected = {**metric, "route_map": f"RB-OTHER{name[3]}"}, {"family": name, "source": "connected"}
        found: list[tuple[str, dict[str, Any]]] = [
            ("static", source),
            ("static, metric", metric),
            ("static, metric, route map", mapped),
            ("connected", connected),
        ]
        yield Change(
            f"BGP, {name}",
            "redistribute",
            frozenset({*fields.split(), "Redistribution.route_map", "Redistribution.metric"}),
            tuple((words, _redistributing(values)) for words, values in found),
        )


def _another_as(world: World) -> World:
    changed = on_speaker(world, EDGE, asn=AS + 2, neighbors=tuple(_from(each) for each in bgp(world[EDGE]).neighbors))
    for far in (INSIDE, OUTSIDE):
        ours = tuple(
            replace(each, remote_as=AS + 2 if each.remote_as == AS else each.remote_as)
            for each in bgp(world[far]).neighbors
        )
        changed = on_speaker(changed, far, neighbors=ours)
    return changed


def _from(found: Any) -> Any:
    return replace(found, local_as=AS + 2 if found.local_as == AS else found.local_as)


def _networks(digit: str, *more: str) -> Make:
    def make(world: World) -> World:
        others = [each for each in bgp(world[EDGE]).networks if str(each.version) != digit]
        same = [each for each in bgp(world[EDGE]).networks if str(each.version) == digit] if more else []
        return on_speaker(world, EDGE, networks=(*others, *same, *map(ip_network, more)))

    return make


def _redistributing(values: dict[str, Any]) -> Make:
    def make(world: World) -> World:
        rest = tuple(each for each in bgp(world[EDGE]).redistribute if each.family != values["family"])
        return on_speaker(world, EDGE, redistribute=(*rest, Redistribution(**values)))

    return make


def _replaced(kind: str, name: str, edit: Callable[[Any], Any]) -> Make:
    """An object of a router by its name, edited."""

    def make(world: World) -> World:
        objects = getattr(world[EDGE], kind)
        return on_host(world, EDGE, **{kind: tuple(edit(each) if each.name == name else each for each in objects)})

    return make


def _rules(name: str, edit: Callable[[tuple[PrefixRule, ...]], tuple[PrefixRule, ...]]) -> Make:
    return _replaced("prefix_lists", name, lambda found: replace(found, rules=edit(found.rules)))


def _preceded_by(rule: PrefixRule) -> Callable[[tuple[PrefixRule, ...]], tuple[PrefixRule, ...]]:
    return lambda rules: (rule, *rules)


def _of_lists() -> Iterator[Change]:
    for digit, wide, part in (("4", "0.0.0.0/0", "10.0.0.0/8"), ("6", "::/0", "2001:db8:8000::/33")):
        longest = 32 if digit == "4" else 128
        for letter in ("L", "P", "Q"):  # named by a route map, by a session inbound, by a session outbound
            name = f"RB-{letter}{digit}"
            deny = PrefixRule(seq=3, action="deny", prefix=ip_network(part), le=longest)
            permit = PrefixRule(seq=90, action="permit", prefix=ip_network(wide), ge=8, le=longest)

            def first(**values: Any) -> Callable[[tuple[PrefixRule, ...]], tuple[PrefixRule, ...]]:
                return lambda rules: (replace(rules[0], **values), *rules[1:])

            states: dict[str, tuple[str, Make]] = {
                "rules": ("an entry more", _rules(name, _preceded_by(deny))),
                "seq": ("another", _rules(name, first(seq=4))),
                "action": ("deny", _rules(name, first(action="deny"))),
                "prefix": ("another", _rules(name, first(prefix=next(ip_network(part).subnets())))),
                "le": ("shorter", _rules(name, first(le=24 if digit == "4" else 48))),
                "ge": ("one", _rules(name, first(ge=17 if digit == "4" else 49))),
            }
            for option, state in states.items():
                if digit == "6" and option not in ("rules", "action"):
                    continue
                model = "PrefixList" if option == "rules" else "PrefixRule"
                yield Change(name, f"{option} of a prefix list", frozenset({f"{model}.{option}"}), (state,), name)
            other = f"{name}-NEW"
            yield Change(
                name,
                "name of a prefix list",
                frozenset({"PrefixList.name", "PrefixList.family", "HostIntent.prefix_lists"}),
                (("another", _renamed("prefix_lists", name, other, permit)),),
                name,
            )
    names = {"RB-BAD": "65000:777", "RB-LARGE": "65550:1:2"}
    for name, value in names.items():
        yield Change(
            name,
            "permit of a community list",
            frozenset({"CommunityList.permit"}),
            (
                ("one more", _replaced("community_lists", name, _permitting(value, more=True))),
                ("another", _replaced("community_lists", name, _permitting(value, more=False))),
            ),
            f"{name} entries",
        )
    yield Change(
        "RB-BAD",
        "name of a community list",
        frozenset({"CommunityList.name", "CommunityList.large", "HostIntent.community_lists"}),
        (("another, large", _large),),
    )


def _permitting(value: str, *, more: bool) -> Callable[[Any], Any]:
    return lambda found: replace(found, permit=(*(found.permit if more else ()), value))


def _renamed(kind: str, name: str, other: str, extra: PrefixRule) -> Make:
    """Everything that names an object names one of other contents in its place; the old one goes away."""

    def make(world: World) -> World:
        (old,) = (each for each in getattr(world[EDGE], kind) if each.name == name)
        fresh = replace(old, name=other, rules=(*old.rules, extra))
        rest = tuple(each for each in getattr(world[EDGE], kind) if each.name != name)
        world = on_host(world, EDGE, **{kind: (*rest, fresh)})
        return _naming(world, name, other)

    return make


_NAMES = ("match_prefix_list", "match_next_hop", "match_community", "delete_communities")  # of lists, in an entry


def _naming(world: World, name: str, other: str) -> World:
    def swap(model: Any, *fields: str) -> Any:
        return replace(model, **{field: other for field in fields if getattr(model, field) == name})

    neighbors = tuple(
        replace(
            each,
            families=tuple(
                swap(one, "prefix_list_in", "prefix_list_out", "route_map_in", "route_map_out") for one in each.families
            ),
        )
        for each in bgp(world[EDGE]).neighbors
    )
    maps = tuple(
        replace(each, rules=tuple(swap(one, *_NAMES) for one in each.rules)) for each in world[EDGE].route_maps
    )
    return on_host(on_speaker(world, EDGE, neighbors=neighbors), EDGE, route_maps=maps)


def _large(world: World) -> World:
    lists = tuple(each for each in world[EDGE].community_lists if each.name != "RB-BAD")
    return _naming(on_host(world, EDGE, community_lists=lists), "RB-BAD", "RB-LARGE")


def _entry(name: str, **values: Any) -> Make:
    """The last entry of a route map with other values."""

    def edit(found: RouteMap) -> RouteMap:
        return replace(found, rules=(*found.rules[:-1], replace(found.rules[-1], **values)))

    return _replaced("route_maps", name, edit)


def _of_maps() -> Iterator[Change]:
    for name in ("RB-IN4", "RB-OUT4", "RB-IN6", "RB-OUT6"):
        digit = name[-1]
        states: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
            "seq": (("another", {"seq": 30}),),
            "action": (("deny", {"action": "deny"}),),
            "match_prefix_list": (
                ("another", {"match_prefix_list": f"RB-Q{digit}"}),
                ("none", {"match_prefix_list": None}),
            ),
            "match_community": (("RB-LARGE", {"match_community": "RB-LARGE"}),),
            "match_rpki": (("invalid", {"match_rpki": "invalid"}), ("notfound", {"match_rpki": "notfound"})),
            "set_local_preference": (("200", {"set_local_preference": 200}),),
            "set_med": (("20", {"set_med": 20}),),
            "set_communities": (
                ("one", {"set_communities": ("65000:1",)}),
                ("two", {"set_communities": ("65000:1", "65000:2")}),
            ),
            "set_large_communities": (("one", {"set_large_communities": ("65550:1:9",)}),),
            "set_communities_additive": (
                ("added", {"set_communities": ("65000:5",), "set_communities_additive": True}),
                ("instead", {"set_communities": ("65000:5",), "set_communities_additive": False}),
            ),
            "set_prepend": (("once", {"set_prepend": (AS,)}), ("twice", {"set_prepend": (AS, AS)})),
        }
        for option, found in states.items():
            if name in ("RB-OUT4", "RB-IN6") and option not in ("action", "match_prefix_list", "set_prepend"):
                continue
            slot = "set_communities" if option == "set_communities_additive" else option
            yield Change(
                name,
                f"{option} of a route map",
                frozenset({f"RouteMapRule.{option}"}),
                tuple((words, _entry(name, **values)) for words, values in found),
                f"{name} {slot}",
            )
        early = RouteMapRule(seq=1, action="deny", match_prefix_list=f"RB-Q{digit}")
        yield Change(
            name,
            "rules of a route map",
            frozenset({"RouteMap.rules", "RouteMap.name", "HostIntent.route_maps"}),
            (("an entry more", _replaced("route_maps", name, partial(_first, rule=early))),),
        )


def _first(found: RouteMap, rule: RouteMapRule) -> RouteMap:
    return replace(found, rules=(rule, *found.rules))


def _of_profiles() -> Iterator[Change]:
    values = {"detect_multiplier": (4,), "receive_interval": (200,), "transmit_interval": (250, None)}
    for option, states in values.items():
        yield Change(
            "RB-FAST",
            f"{option} of a BFD profile",
            frozenset({f"BfdProfile.{option}", "BfdProfile.name", "HostIntent.bfd_profiles"}),
            tuple((str(value), _replaced("bfd_profiles", "RB-FAST", _with({option: value}))) for value in states),
        )


def _with(values: dict[str, Any]) -> Callable[[Any], Any]:
    return lambda found: replace(found, **values)


def _of_caches() -> Iterator[Change]:
    def caches(*found: RpkiCache) -> Make:
        return lambda world: on_host(world, EDGE, rpki_caches=found)

    host = ip_address("192.0.2.77")
    first = RpkiCache(host=host, port=3323, preference=1)
    for option, state in {
        "host": ("another", (replace(first, host=host + 1),)),
        "port": ("another", (replace(first, port=3324),)),
        "preference": ("another", (replace(first, preference=2),)),
        "rpki_caches": ("none", ()),
    }.items():
        model = "HostIntent" if option == "rpki_caches" else "RpkiCache"
        words, wanted = state
        yield Change("RPKI", option, frozenset({f"{model}.{option}"}), ((words, caches(*wanted)),), "RPKI")
