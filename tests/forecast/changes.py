"""A change of one option, as the states that it goes through, and what every change of a router's options is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from msgspec.structs import replace

from routebook.intent.model import Family, Neighbor, SecretRef
from tests.forecast.routers import EDGE, OUTSIDE_AS, SESSIONS, V4, V6, SessionPlace, World, family, neighbor
from tests.forecast.routers import on_family as _family
from tests.forecast.routers import on_neighbor as _neighbor

Make: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One option's states after the one that a world begins with: in words, and what makes each of a world.

    `fields` are those of the intent's models, as "Model.field". Two changes with a common word of `slots`, between
    semicolons, exclude each other, and one of the slot `whole` excludes all that is about the same session.
    """

    about: str
    option: str
    fields: frozenset[str]
    states: tuple[tuple[str, Make], ...]
    slots: str = ""

    @property
    def name(self) -> str:
        """What changes, of what."""
        return f"{self.about}: {self.option}"

    def excludes(self, other: "Change") -> bool:
        """Whether the two cannot be made at once, or one leaves nothing of what the other changes."""
        mine, others = (frozenset(each.slots.split("; ")) - {""} for each in (self, other))
        if "whole" in mine | others and (self.about.startswith(other.about) or other.about.startswith(self.about)):
            return True
        return self.name == other.name or bool(mine & others)


def _ends(place: SessionPlace, near: dict[str, Any], far: dict[str, Any]) -> Make:
    def make(world: World) -> World:
        changed = _neighbor(world, EDGE, place.name, **near)
        return _neighbor(changed, place.far, place.name, **far) if far else changed

    return make


def of_session(place: SessionPlace, option: str, *states: tuple[Any, ...], model: str = "", slot: str = "") -> Change:
    """A change of a session, by its states: in words, what changes at the edge and, if it has to, at the other end."""
    return Change(
        place.name,
        option,
        frozenset(f"Neighbor.{field}" for field in (model or option).split()),
        tuple((words, _ends(place, near, far[0] if far else {})) for words, near, *far in states),
        f"{place.name} {slot or option}",
    )


def of_sessions() -> Iterator[Change]:
    """Every change of an option of a session without a family."""
    for place in SESSIONS.values():
        yield from _of_any(place)
        if place.kind == "external":
            yield from _of_external(place)


def _of_any(place: SessionPlace) -> Iterator[Change]:
    first, second = (SecretRef(env=word) for word in ("first", "second"))
    six = place.local.version == 6
    yield of_session(place, "description", ("other text", {"description": "other text"}))
    yield of_session(
        place,
        "password",
        ("first", {"password": first}, {"password": first}),
        ("second", {"password": second}, {"password": second}),
    )
    yield of_session(
        place,
        "timers",
        ("5 15", {"keepalive": 5, "hold_time": 15}),
        model="keepalive hold_time",
    )
    yield of_session(place, "connect_retry", ("default", {"connect_retry": None}))
    profiles = ("RB-SLOW", "", None) if six else ("", "RB-FAST", "RB-SLOW")
    words = {None: "off", "": "on, no profile"}
    yield of_session(
        place,
        "bfd",
        *((words.get(each, str(each)), {"bfd": each}, {"bfd": None if each is None else ""}) for each in profiles),
    )
    yield of_session(place, "passive", ("on", {"passive": True}))
    yield of_session(place, "shutdown", ("on", {"shutdown": True}))
    spare = {"update_source": True, "local_address": place.spare[0]}
    yield of_session(
        place,
        "update_source",
        ("on", {"update_source": True}),
        ("another address", spare, {"address": place.spare[0]}),
        model="update_source local_address",
        slot="addresses",
    )
    yield of_session(
        place,
        "address",
        (
            "another address",
            {"address": place.spare[1]},
            {"update_source": True, "local_address": place.spare[1]},
        ),
        slot="addresses",
    )
    yield Change(
        place.name,
        "neighbor",
        frozenset({"BgpHost.neighbors"}),
        (("taken away", _without(place)),),
        "whole",
    )
    own: Family = V6 if six else V4
    other: Family = V4 if six else V6
    first_state = ("one", (own,)) if place.kind == "internal" else ("both", (V4, V6))
    yield Change(
        place.name,
        "families",
        frozenset({"Neighbor.families", "NeighborFamily.family"}),
        tuple((words, _carrying(place, names)) for words, names in (first_state, ("the other", (other,)))),
        f"{place.name} families",
    )


def _of_external(place: SessionPlace) -> Iterator[Change]:
    yield of_session(place, "ebgp_multihop", ("2", {"ebgp_multihop": 2}), ("3", {"ebgp_multihop": 3}), slot="hops")
    yield of_session(
        place,
        "ttl_security_hops",
        ("1", {"ttl_security_hops": 1}, {"ttl_security_hops": 1}),
        ("2", {"ttl_security_hops": 2}, {"ttl_security_hops": 1}),
        slot="hops",
    )
    yield of_session(place, "local_as", ("65551", {"local_as": 65551}, {"remote_as": 65551}), slot="AS")
    yield of_session(
        place,
        "remote_as",
        ("another", {"remote_as": OUTSIDE_AS + 1}, {"local_as": OUTSIDE_AS + 1}),
        slot="AS",
    )


def _without(place: SessionPlace) -> Make:
    def make(world: World) -> World:
        speaker = world[EDGE].bgp
        assert speaker is not None
        left = tuple(each for each in speaker.neighbors if each.session != place.name)
        return {**world, EDGE: replace(world[EDGE], bgp=replace(speaker, neighbors=left))}

    return make


def _carrying(place: SessionPlace, names: tuple[Family, ...]) -> Make:
    """The session with these families at both ends: those that it has stay as they are."""

    def end(found: Neighbor, edge: bool) -> Neighbor:
        has = {each.family: each for each in found.families}
        plain = {} if edge else {"route_map_in": "RB-ANY", "route_map_out": "RB-ANY"}
        return replace(found, families=tuple(has.get(each) or family(each, **plain) for each in names))

    def make(world: World) -> World:
        for host in (EDGE, place.far):
            if (found := neighbor(world, host, place.name)) is not None:
                world = _neighbor(world, host, place.name, families=end(found, host == EDGE).families)
        return world

    return make


def of_families() -> Iterator[Change]:
    """Every change of an option of a session's family."""
    for place in SESSIONS.values():
        external, six = place.kind == "external", place.local.version == 6
        for name in place.families if not (six and not external) else (V6,):
            digit = name[3]
            none = () if external else (None,)
            listed, out = ("RB-Q", "RB-P") if external else ("RB-P", "RB-Q")
            yield _of_family(place, name, "route_map_in", f"RB-OTHER{digit}", *none)
            yield _of_family(place, name, "route_map_out", f"RB-OTHER{digit}", *none)
            yield _of_family(place, name, "prefix_list_in", f"{listed}{digit}")
            yield _of_family(place, name, "prefix_list_out", f"{out}{digit}")
            yield _of_family(place, name, "max_prefix", 500, 1)
            yield _of_family(place, name, "next_hop_self", True)
            yield _of_family(place, name, "addpath_tx_all", True)
            yield _of_family(place, name, "soft_reconfiguration", True)
            if not external:
                yield _of_family(place, name, "route_reflector_client", True)


def _of_family(place: SessionPlace, name: Family, option: str, *values: Any) -> Change:
    about = f"{place.name}, {name}"

    def make(value: Any) -> Make:
        return lambda world: _family(world, place.name, name, **{option: value})

    return Change(
        about,
        option,
        frozenset({f"NeighborFamily.{option}"}),
        tuple((_word(value), make(value)) for value in values),
        # Only an internal session has clients, and it is internal by its AS.
        f"{about} {option}" + (f"; {place.name} AS; {about} client" if option == "route_reflector_client" else ""),
    )


def _word(value: str | int | None) -> str:
    if value is None:
        return "none"
    return "on" if value is True else str(value)
