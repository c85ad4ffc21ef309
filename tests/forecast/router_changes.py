"""Every change of a speaker's options, of what it aggregates, and of the ranges from which it takes sessions."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, ip_network
from typing import Any

from msgspec.structs import replace

from routebook.intent.model import ListenRange, SecretRef
from routebook.intent.speaker_model import Aggregate
from tests.forecast.changes import Change, Make
from tests.forecast.routers import (
    AS,
    EDGE,
    OUTSIDE,
    OUTSIDE_AS,
    SESSIONS,
    V4,
    V6,
    World,
    bgp,
    family,
    neighbor,
    on_neighbor,
    on_speaker,
)

_PUBLIC = 64500  # the AS of the confederation, as others see it

# States of an option: in words, and its value.
_OPTIONS: dict[str, tuple[tuple[str, Any], ...]] = {
    "log_neighbor_changes": (("on", True),),
    "deterministic_med": (("on", True),),
    "always_compare_med": (("on", True),),
    "compare_routerid": (("on", True),),
    "multipath_relax": (("on", True),),
    "ebgp_requires_policy": (("off", False),),
    "network_import_check": (("on", True),),
    "default_ipv4_unicast": (("on", True),),
    "default_local_preference": (("150", 150), ("200", 200)),
    "cluster_id": (("1.1.1.1", IPv4Address("1.1.1.1")), ("2.2.2.2", IPv4Address("2.2.2.2"))),
    "listen_limit": (("5", 5), ("50", 50)),
    "maximum_paths": (("of both", ((V4, 4), (V6, 4))), ("of IPv6", ((V6, 2),))),
    "maximum_paths_ibgp": (("of both", ((V4, 2), (V6, 2))), ("of IPv4", ((V4, 4),))),
}


def of_routers() -> Iterator[Change]:
    """Every change of a router's options, aggregates and ranges."""
    for option, found in _OPTIONS.items():
        yield _option(option, *((words, {option: value}) for words, value in found))
    timers = [(f"{keepalive} {3 * keepalive}", keepalive) for keepalive in (5, 10)]
    states = [(words, {"keepalive": found, "hold_time": 3 * found}) for words, found in timers]
    yield _option("keepalive hold_time", *states, name="timers")
    yield from _of_restarts()
    yield _confederation()
    for digit, prefix in (("4", "10.0.0.0/9"), ("6", "2001:db8::/33")):
        yield _aggregates(digit, Aggregate(prefix=ip_network(prefix)))
    for digit, prefix, other in (
        ("4", "10.77.0.0/16", "10.78.0.0/16"),
        ("6", "2001:db8:77::/48", "2001:db8:78::/48"),
    ):
        yield _ranges(digit, prefix, other)


def _option(option: str, *states: tuple[str, Mapping[str, Any]], name: str = "") -> Change:
    def make(values: Mapping[str, Any]) -> Make:
        return lambda world: _with(world, EDGE, values)

    return Change(
        "BGP",
        name or option,
        frozenset(f"BgpOptions.{each}" for each in option.split()) | {"BgpHost.options"},
        tuple((words, make(values)) for words, values in states),
        "; ".join(f"BGP {each}" for each in option.split()),
    )


def _with(world: World, host: str, values: Mapping[str, Any]) -> World:
    return on_speaker(world, host, options=replace(bgp(world[host]).options, **values))


def _of_restarts() -> Iterator[Change]:
    on = {"graceful_restart": True}
    yield _option("graceful_restart", ("on", on), ("off", {"graceful_restart": False}))
    yield _option("restart_time", ("60", {"restart_time": 60}), name="restart_time, as a helper")
    yield _option("stalepath_time", ("60", {"stalepath_time": 60}), name="stalepath_time, as a helper")
    for option in ("restart_time", "stalepath_time"):
        states = [(str(value), {**on, option: value}) for value in (60, 90)]
        yield _option(f"graceful_restart {option}", ("on", on), *states, name=f"{option}, restarting")


def _confederation() -> Change:
    """A confederation of one AS, of one with another, and of one with the AS outside, which then is a member, too."""
    slots = [f"{place.name} AS" for place in SESSIONS.values() if place.kind == "external"]
    return Change(
        "BGP",
        "confederation",
        frozenset({"BgpOptions.confederation_identifier", "BgpOptions.confederation_peers", "BgpHost.options"}),
        (
            ("of one", _member(())),
            ("with another", _member((64497,))),
            ("with the one outside", _member((64497, OUTSIDE_AS))),
            ("with one more", _member((64497, 64498, OUTSIDE_AS))),
        ),
        "; ".join(slots),
    )


def _member(peers: tuple[int, ...]) -> Make:
    def make(world: World) -> World:
        world = _with(world, EDGE, {"confederation_identifier": _PUBLIC, "confederation_peers": peers})
        if OUTSIDE_AS in peers:
            return _with(world, OUTSIDE, {"confederation_identifier": _PUBLIC, "confederation_peers": (AS,)})
        for place in SESSIONS.values():
            if place.far == OUTSIDE and neighbor(world, OUTSIDE, place.name) is not None:
                world = on_neighbor(world, OUTSIDE, place.name, remote_as=_PUBLIC)
        return world

    return make


def _all(digit: str) -> int | None:
    """How many of the states a family goes through: IPv6 has the first alone."""
    return 1 if digit == "6" else None


def _aggregates(digit: str, plain: Aggregate) -> Change:
    def make(found: Aggregate) -> Make:
        def with_it(world: World) -> World:
            others = [each for each in bgp(world[EDGE]).aggregates if str(each.prefix.version) != digit]
            return on_speaker(world, EDGE, aggregates=(*others, found))

        return with_it

    states = (
        ("one", plain),
        ("summary only", replace(plain, summary_only=True)),
        ("as set", replace(plain, as_set=True)),
        ("route map", replace(plain, route_map=f"RB-OTHER{digit}")),
        ("another prefix", replace(plain, prefix=next(plain.prefix.subnets()))),
    )
    return Change(
        f"BGP, IPv{digit}",
        "aggregates",
        frozenset({"BgpHost.aggregates", *(f"Aggregate.{field}" for field in Aggregate.__struct_fields__)}),
        tuple((words, make(found)) for words, found in states[: _all(digit)]),
        f"BGP aggregates {digit}",
    )


def _ranges(digit: str, prefix: str, other: str) -> Change:
    name = f"RB-LAN{digit}"

    def make(found: ListenRange) -> Make:
        def with_it(world: World) -> World:
            others = [each for each in bgp(world[EDGE]).listen if str(each.prefixes[0].version) != digit]
            return on_speaker(world, EDGE, listen=(*others, found))

        return with_it

    families = (family(V6 if digit == "6" else V4),)
    plain = ListenRange(name=name, prefixes=(ip_network(prefix),), remote_as="external", families=families)
    states = (
        ("one", plain),
        ("another AS", replace(plain, remote_as=OUTSIDE_AS + 5)),
        ("a prefix more", replace(plain, prefixes=(*plain.prefixes, ip_network(other)))),
        ("a password", replace(plain, password=SecretRef(env="first"))),
        ("a limit", replace(plain, families=(replace(families[0], max_prefix=5),))),
        ("another name", replace(plain, name=f"{name}-NEW")),
    )
    return Change(
        f"BGP, IPv{digit}",
        "listen",
        frozenset({"BgpHost.listen", *(f"ListenRange.{field}" for field in ListenRange.__struct_fields__)}),
        tuple((words, make(found)) for words, found in states[: _all(digit)]),
        f"BGP listen {digit}",
    )
