"""Every change of what fewer networks say of a session: its own AS, restarts, limits, default routes, private ASes.

The external session over IPv4 goes through all states of an option; others have it on and off, and all that depends on
the session's kind.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from routebook.intent.list_model import AsPathList, ListRule
from routebook.intent.model import Family
from tests.forecast.changes import Change, Make, of_session
from tests.forecast.routers import EDGE, SESSIONS, V4, V6, SessionPlace, World, on_family, on_host

ANY_PATH = AsPathList(name="RB-ANY-PATH", rules=(ListRule(seq=5, action="permit", text=".*"),))
NO_PATH = AsPathList(name="RB-NO-PATH", rules=(ListRule(seq=5, action="permit", text="_64999_"),))

# States of an option of a family: in words, and its values.
_States = tuple[tuple[str, dict[str, Any]], ...]
_EVERYWHERE: dict[str, _States] = {
    "as_path_list_in": tuple((each.name, {"as_path_list_in": each.name}) for each in (ANY_PATH, NO_PATH)),
    "as_path_list_out": tuple((each.name, {"as_path_list_out": each.name}) for each in (ANY_PATH, NO_PATH)),
    "max_prefix_threshold": (("50", {"max_prefix": 1000, "max_prefix_threshold": 50}),),
    "max_prefix_warning_only": (
        ("of 1000", {"max_prefix": 1000, "max_prefix_warning_only": True}),
        ("of 1", {"max_prefix": 1, "max_prefix_warning_only": True}),
        ("of 1, not only", {"max_prefix": 1}),
    ),
    "max_prefix_restart": (("5", {"max_prefix": 1000, "max_prefix_restart": 5}),),
    "max_prefix_out": (("100", {"max_prefix_out": 100}), ("1", {"max_prefix_out": 1})),
    "allowas_in": (
        ("default", {"allowas_in": ""}),
        ("2", {"allowas_in": "2"}),
        ("origin", {"allowas_in": "origin"}),
    ),
    "withheld_communities": (
        ("standard", {"withheld_communities": ("standard",)}),
        ("all", {"withheld_communities": ("standard", "extended", "large")}),
    ),
    "weight": (("10", {"weight": 10}), ("20", {"weight": 20})),
    "next_hop_self_force": (("on", {"next_hop_self": True, "next_hop_self_force": True}),),
    "route_server_client": (("on", {"route_server_client": True}),),
}
_OUTSIDE: dict[str, _States] = {
    "as_override": (("on", {"as_override": True}),),
    "remove_private_as": tuple(
        (each, {"remove_private_as": each}) for each in ("yes", "all", "replace", "all-replace")
    ),
}
# Two options in one line, or of which only one can be had.
_SLOTS = {
    **dict.fromkeys(("max_prefix_threshold", "max_prefix_warning_only", "max_prefix_restart"), "max_prefix"),
    "next_hop_self_force": "next_hop_self",
}
_BY_KIND = ("graceful_restart", "max_prefix_warning_only")


def of_rarer_options() -> Iterator[Change]:
    """Every change of an option of a session, or of one of its families, that fewer networks have."""
    for place in SESSIONS.values():
        six = place.local.version == 6
        found = [*_of_any(place), *_of_family(place, V6 if six else V4)]
        if place.kind == "external":
            found += _of_external(place)
        shorter = place is not SESSIONS["external IPv4"]
        yield from (
            replace(each, states=each.states[:1]) if shorter and (six or each.option not in _BY_KIND) else each
            for each in found
        )


def _of_any(place: SessionPlace) -> Iterator[Change]:
    yield of_session(place, "extended_nexthop", ("on", {"extended_nexthop": True}))
    modes = ("restart", "helper", "disable")
    yield of_session(place, "graceful_restart", *((mode, {"graceful_restart": mode}) for mode in modes))
    yield of_session(place, "remote_as_word", (place.kind, {"remote_as_word": place.kind}), slot="AS")
    by_name = {"update_source": True, "source_interface": "in0" if place.kind == "internal" else "out0"}
    yield of_session(place, "source_interface", ("by its name", by_name), slot="addresses")
    intervals = (("5", {"advertisement_interval": 5}), ("10", {"advertisement_interval": 10}))
    yield of_session(place, "advertisement_interval", *intervals)


def _of_external(place: SessionPlace) -> Iterator[Change]:
    roles = (("customer", {"local_role": "customer"}), ("peer", {"local_role": "peer"}))
    yield of_session(place, "local_role", *roles)
    own, followed = {"local_as": 65551}, {"remote_as": 65551}
    apart = {**own, "local_as_no_prepend": True}
    yield of_session(
        place,
        "local_as not prepended",
        ("no-prepend", apart, followed),
        ("no-prepend replace-as", {**apart, "local_as_replace_as": True}, followed),
        ("prepended", own, followed),
        model="local_as_no_prepend local_as_replace_as",
        slot="AS",
    )
    unchecked = {"disable_connected_check": True}
    yield of_session(place, "disable_connected_check", ("on", unchecked), slot="hops")


def _of_family(place: SessionPlace, name: Family) -> Iterator[Change]:
    default = f"RB-OTHER{name[3]}"
    found: dict[str, _States] = {
        **_EVERYWHERE,
        **(_OUTSIDE if place.kind == "external" else {}),
        "default_originate": (
            ("always", {"default_originate": ""}),
            (default, {"default_originate": default}),
        ),
    }
    about = f"{place.name}, {name}"
    for option, states in found.items():
        slots = [f"{about} {_SLOTS.get(option, option)}"]
        if option == "route_server_client":
            slots.append(f"{about} client")
        if option in _OUTSIDE:  # only an external session has it
            slots.append(f"{place.name} AS")
        yield Change(
            about,
            option,
            frozenset({f"NeighborFamily.{option}"}),
            tuple((words, _made(place, name, values)) for words, values in states),
            "; ".join(slots),
        )


def _made(place: SessionPlace, name: Family, values: dict[str, Any]) -> Make:
    lists = [each for each in (ANY_PATH, NO_PATH) if each.name in values.values()]
    return lambda world: on_family(with_paths(world, *lists), place.name, name, **values)


def with_paths(world: World, *lists: AsPathList) -> World:
    """The world in which the edge has these AS path lists, too."""
    others = tuple(each for each in world[EDGE].as_path_lists if each.name not in {one.name for one in lists})
    return on_host(world, EDGE, as_path_lists=(*others, *lists)) if lists else world
