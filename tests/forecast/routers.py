"""The intents of three routers: an edge, of which options change, a peer inside of its AS and one outside of it.

Each peer has two sessions with the edge, one over IPv4 and one over IPv6.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Literal

from msgspec.structs import replace

from routebook.intent.model import (
    BfdProfile,
    BgpHost,
    CommunityList,
    Family,
    HostIntent,
    IPAddress,
    Neighbor,
    NeighborFamily,
    PrefixList,
    PrefixRule,
    RouteMap,
    RouteMapRule,
    RpkiCache,
)

EDGE, INSIDE, OUTSIDE = "edge", "inside", "outside"
AS, OUTSIDE_AS = 65550, 64496
V4: Family = "ipv4-unicast"
V6: Family = "ipv6-unicast"

World = Mapping[str, HostIntent]
"""Every router's intent, by its name."""


@dataclass(frozen=True, slots=True)
class SessionPlace:
    """Where a session runs. `spare` are addresses of the two ends that only a change of addresses uses."""

    name: str
    far: str
    kind: Literal["internal", "external"]
    local: IPAddress
    remote: IPAddress
    spare: tuple[IPAddress, IPAddress]
    families: tuple[Family, ...]


def _place(name: str, far: str, network: str, families: tuple[Family, ...]) -> SessionPlace:
    base = ip_address(network)
    kind: Literal["internal", "external"] = "internal" if far == INSIDE else "external"
    return SessionPlace(name, far, kind, base + 1, base + 2, (base + 5, base + 6), families)


SESSIONS = {
    place.name: place
    for place in (
        _place("internal IPv4", INSIDE, "10.0.1.0", (V4, V6)),
        _place("internal IPv6", INSIDE, "2001:db8:1::", (V4, V6)),
        _place("external IPv4", OUTSIDE, "10.0.2.0", (V4,)),
        _place("external IPv6", OUTSIDE, "2001:db8:2::", (V6,)),
    )
}
LENGTH = {4: 24, 6: 64}  # of the two links' prefixes

_NETWORKS = {
    EDGE: ("10.3.0.0/16", "10.4.0.0/16", "2001:db8:8e20::/48", "2001:db8:8e21::/48"),
    INSIDE: ("10.5.0.0/16", "10.6.0.0/16", "2001:db8:5::/48", "2001:db8:6::/48"),
    OUTSIDE: ("198.51.100.0/25", "203.0.113.0/24", "2001:db8:c::/48", "2001:db8:d::/48"),
}


def networks(name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """What a router originates."""
    return tuple(ip_network(text) for text in _NETWORKS[name])


def family(name: Family, **options: Any) -> NeighborFamily:
    """A family with the edge's policies for it."""
    digit = name[3]
    policies = {"route_map_in": f"RB-IN{digit}", "route_map_out": f"RB-OUT{digit}"}
    return NeighborFamily(family=name, **{**policies, **options})


def _at_edge(place: SessionPlace) -> Neighbor:
    lists: dict[Family, dict[str, str]] = {
        each: {"prefix_list_in": f"RB-P{each[3]}", "prefix_list_out": f"RB-Q{each[3]}"} for each in (V4, V6)
    }
    external, six = place.kind == "external", place.local.version == 6
    return Neighbor(
        session=place.name,
        peer=place.far,
        peer_host=place.far,
        address=place.remote,
        local_address=place.local,
        update_source=False,
        local_as=AS,
        remote_as=OUTSIDE_AS if external else AS,
        description=place.far,
        families=tuple(
            family(each, **(lists[each] if external else {}), max_prefix=1000 if external else None)
            for each in place.families
        ),
        connect_retry=1,
        bfd="RB-FAST" if six else None,
    )


def _at_far(place: SessionPlace) -> Neighbor:
    external = place.kind == "external"
    return Neighbor(
        session=place.name,
        peer=EDGE,
        peer_host=EDGE,
        address=place.local,
        local_address=place.remote,
        update_source=False,
        local_as=OUTSIDE_AS if external else AS,
        remote_as=AS,
        description=EDGE,
        families=tuple(
            NeighborFamily(family=each, route_map_in="RB-ANY", route_map_out="RB-ANY") for each in place.families
        ),
        connect_retry=1,
        bfd="" if place.local.version == 6 else None,
    )


def _list(name: str, *rules: tuple[str, int]) -> PrefixList:
    found = tuple(
        PrefixRule(seq=5 * number, action="permit", prefix=ip_network(prefix), le=le)
        for number, (prefix, le) in enumerate(rules, 1)
    )
    return PrefixList(name=name, family="ipv4" if found[0].prefix.version == 4 else "ipv6", rules=found)


def _maps(digit: str) -> tuple[RouteMap, ...]:
    return (
        RouteMap(
            name=f"RB-IN{digit}",
            rules=(
                RouteMapRule(seq=10, action="deny", match_community="RB-BAD"),
                RouteMapRule(seq=20, action="permit", match_prefix_list=f"RB-L{digit}"),
            ),
        ),
        RouteMap(
            name=f"RB-OUT{digit}", rules=(RouteMapRule(seq=20, action="permit", match_prefix_list=f"RB-L{digit}"),)
        ),
        RouteMap(
            name=f"RB-OTHER{digit}", rules=(RouteMapRule(seq=10, action="permit", match_prefix_list=f"RB-Q{digit}"),)
        ),
    )


def _edge() -> HostIntent:
    return HostIntent(
        name=EDGE,
        site="here",
        platform="frr",
        bgp=BgpHost(
            asn=AS,
            router_id=IPv4Address("10.255.0.1"),
            neighbors=tuple(_at_edge(place) for place in SESSIONS.values()),
            networks=networks(EDGE),
        ),
        prefix_lists=(
            *(_list(name, ("0.0.0.0/0", 32)) for name in ("RB-L4", "RB-P4")),
            _list("RB-Q4", ("10.0.0.0/8", 32), ("198.51.100.0/24", 32)),
            *(_list(name, ("::/0", 128)) for name in ("RB-L6", "RB-P6")),
            _list("RB-Q6", ("2001:db8:8000::/33", 128), ("2001:db8:c::/48", 128)),
        ),
        community_lists=(
            CommunityList(name="RB-BAD", permit=("65000:666",)),
            CommunityList(name="RB-LARGE", permit=("65550:1:1",), large=True),
        ),
        route_maps=(*_maps("4"), *_maps("6")),
        bfd_profiles=(BfdProfile(name="RB-FAST", transmit_interval=200), BfdProfile(name="RB-SLOW")),
        rpki_caches=(RpkiCache(host=ip_address("192.0.2.77"), port=3323, preference=1),),
    )


def _far(name: str, asn: int, router_id: str) -> HostIntent:
    return HostIntent(
        name=name,
        site=name,
        platform="frr",
        bgp=BgpHost(
            asn=asn,
            router_id=IPv4Address(router_id),
            neighbors=tuple(_at_far(place) for place in SESSIONS.values() if place.far == name),
            networks=networks(name),
        ),
        prefix_lists=tuple(_list(f"RB-ONE{each.version}", (str(each), each.prefixlen)) for each in networks(name)[::2]),
        route_maps=(
            RouteMap(
                name="RB-ANY",
                rules=(
                    *(
                        RouteMapRule(
                            seq=each,
                            action="permit",
                            match_prefix_list=f"RB-ONE{each}",
                            set_communities=("65000:777",),
                            set_large_communities=("65550:1:1",),
                        )
                        for each in (4, 6)
                    ),
                    RouteMapRule(seq=10, action="permit"),
                ),
            ),
        ),
    )


@lru_cache(maxsize=1)
def start() -> World:
    """The three routers before any change."""
    return {
        EDGE: _edge(),
        INSIDE: _far(INSIDE, AS, "10.255.0.2"),
        OUTSIDE: _far(OUTSIDE, OUTSIDE_AS, "10.255.0.3"),
    }


def bgp(intent: HostIntent) -> BgpHost:
    """The speaker of a router."""
    assert intent.bgp is not None
    return intent.bgp


def on_host(world: World, host: str, **values: Any) -> World:
    """The world with other values of a router's intent."""
    return {**world, host: replace(world[host], **values)}


def on_speaker(world: World, host: str, **values: Any) -> World:
    """The world with other values of a router's BGP."""
    return on_host(world, host, bgp=replace(bgp(world[host]), **values))


def on_neighbor(world: World, host: str, session: str, **values: Any) -> World:
    """The world with other values of a session at one end."""
    changed = tuple(replace(each, **values) if each.session == session else each for each in bgp(world[host]).neighbors)
    return on_speaker(world, host, neighbors=changed)


def neighbor(world: World, host: str, session: str) -> Neighbor | None:
    """A session as one end has it; None where it has been taken away."""
    return next((each for each in bgp(world[host]).neighbors if each.session == session), None)


def on_family(world: World, session: str, name: Family, **values: Any) -> World:
    """The world with other values of a family of a session at the edge, where the session is there."""
    found = neighbor(world, EDGE, session)
    if found is None:
        return world
    changed = tuple(replace(each, **values) if each.family == name else each for each in found.families)
    return on_neighbor(world, EDGE, session, families=changed)


_ELSEWHERE = ", other address"


def session_of(address: str) -> str:
    """The session that an address of a peer belongs to, by name; at its spare address it is another one."""
    found = ip_address(address)
    place = next(place for place in SESSIONS.values() if found in (place.remote, place.spare[1]))
    return place.name if found == place.remote else f"{place.name}{_ELSEWHERE}"


def address_of(session: str) -> str:
    """The address of a peer by the name that `session_of` gives."""
    place = SESSIONS[session.removesuffix(_ELSEWHERE)]
    return str(place.spare[1] if session.endswith(_ELSEWHERE) else place.remote)
