"""Every change of a tunnel's options, at one end or at both, as the option needs it."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from routebook.intent.model import IpsecProposal, SecretRef, TunnelChild
from routebook.platforms.strongswan.names import StrongSwanEnd
from tests.forecast.changes import Change, Make
from tests.forecast.gateways import (
    ESP,
    IKE,
    LEFT,
    OTHER,
    RIGHT,
    TUNNELS,
    Gateways,
    TunnelPlace,
    on_both,
    on_end,
    without,
)


def every_of_tunnels() -> tuple[Change, ...]:
    """Every change of a tunnel's options."""
    return tuple(change for place in TUNNELS.values() for change in _of(place))


def _of(place: TunnelPlace) -> Iterator[Change]:
    yield _both(place, "name", ("another", {"name": f"{place.name}-b"}))
    yield _both(place, "psk", ("second", {"psk": SecretRef(env="second")}), ("third", {"psk": SecretRef(env="third")}))
    yield from _of_proposals(place)
    yield _both(place, "mark", ("7", {"mark": 7}), ("8", {"mark": 8}), slot="key")
    yield _both(place, "if_id", ("7", {"if_id": 7}), ("8", {"if_id": 8}), slot="key")
    for host in (LEFT, RIGHT):
        for option, values in (("ike_rekey", (7200, 3000)), ("child_rekey", (1800, 900)), ("dpd_delay", (5, 20))):
            yield Change(
                f"{place.name}, {host}",
                option,
                frozenset({f"Tunnel.{option}"}),
                tuple((f"{value} s", _one(place, host, **{option: value})) for value in values),
                f"{place.name} {host} {option}",
            )
        yield from _of_the_end(place, host)
        yield Change(
            f"{place.name}, {host}",
            "address",
            frozenset({"Tunnel.local_address", "Tunnel.remote_address"}),
            (("another", _mirrored(place, host, "address", place.spare[(LEFT, RIGHT).index(host)])),),
            f"{place.name} {host} address",
        )
        theirs = place.outer[(RIGHT, LEFT).index(host)]
        places = [("one of two", (str(theirs), "2001:db8:ffff::1"))] + ([("anywhere", ())] if host == RIGHT else [])
        yield Change(
            f"{place.name}, {host}",
            "where the other end is",
            frozenset({"Tunnel.remote_names"}),
            tuple((words, _one(place, host, remote_address=None, remote_names=names)) for words, names in places),
            f"{place.name} {OTHER[host]} address",
        )
        named = f"{host}.example.net"
        yield Change(
            f"{place.name}, {host}",
            "id",
            frozenset({"Tunnel.local_id", "Tunnel.remote_id"}),
            (("a name", _mirrored(place, host, "id", named)),),
            f"{place.name} {host} id",
        )
        side = (LEFT, RIGHT).index(host)
        (narrow, *_) = place.inner[side].subnets()
        yield Change(
            f"{place.name}, {host}",
            "selectors",
            frozenset({"Tunnel.local_selectors", "Tunnel.remote_selectors"}),
            (
                ("narrower", _mirrored(place, host, "selectors", (narrow,))),
                ("one more", _mirrored(place, host, "selectors", (place.inner[side], place.more[side]))),
            ),
            f"{place.name} {host} selectors",
        )
    yield Change(
        place.name,
        "children",
        frozenset({"Tunnel.children", *(f"TunnelChild.{field}" for field in TunnelChild.__struct_fields__)}),
        (
            ("two", _children(place, 2)),
            ("two others by the same names", _children(place, 2, crossed=True)),
            ("one, by another name", _children(place, 1)),
        ),
        f"{place.name} children",
    )
    # Who starts knows where the other end is.
    slot = f"{place.name} initiator; {place.name} {LEFT} address"
    yield Change(place.name, "initiator", frozenset({"Tunnel.initiator"}), (("the other end", _turned(place)),), slot)
    yield Change(
        place.name,
        "tunnel",
        frozenset({"HostIntent.tunnels"}),
        (("taken away", lambda world: without(world, place.name)),),
        "whole",
    )


def _of_the_end(place: TunnelPlace, host: str) -> Iterator[Change]:
    """What only strongSwan knows of an end; the left one starts the tunnel by itself."""
    starts = host == LEFT
    for option, values in (
        ("start_action", ("trap", "none" if starts else "start")),
        ("close_action", ("trap", "none" if starts else "start")),
        ("dpd_action", ("trap", "clear" if starts else "restart")),
        ("updown", ("/bin/true",)),
        ("keyingtries", (5,)),
        ("mobike", (True,)),
        ("encap", (True,)),
        ("accept_ikev1", (True,)),
        ("accept_any_id", (True,)),
        ("reauth_time", (7200,)),
    ):
        yield Change(
            f"{place.name}, {host}",
            option,
            frozenset({"Tunnel.device"}),
            tuple((str(value), _one(place, host, device=_own(place.name, {option: value}))) for value in values),
            f"{place.name} {host} device",
        )


def _own(name: str, said: Mapping[str, Any]) -> StrongSwanEnd:
    return StrongSwanEnd(connection=name, child=name, **said)


def _children(place: TunnelPlace, number: int, *, crossed: bool = False) -> Make:
    """Children of their own names, one for the inner network and one for more; what is local to one end is remote."""
    near, far = zip(place.inner, place.more, strict=True)
    sides = [(near[each], far[1 - each if crossed else each]) for each in range(number)]

    def make(world: Gateways) -> Gateways:
        for side, host in enumerate((LEFT, RIGHT)):
            children = tuple(
                TunnelChild(
                    name=f"{place.name}-{index}", local_selectors=(pair[side],), remote_selectors=(pair[1 - side],)
                )
                for index, pair in enumerate(sides)
            )
            world = on_end(world, host, place.name, children=children)
        return world

    return make


def _of_proposals(place: TunnelPlace) -> Iterator[Change]:
    both = frozenset({"IpsecProposal.encryption", "IpsecProposal.integrity"})
    cbc, esp = IKE[1], IpsecProposal(encryption="aes256", integrity="sha256", dh_group="modp2048")
    for option, first, states in (
        (
            "ike_proposals",
            IKE[0],
            (
                (both, "encryption", (("aes128gcm16", {"encryption": "aes128gcm16"}), ("with integrity", cbc))),
                (both, "integrity", (("sha256", cbc), ("sha512", replace(cbc, integrity="sha512")))),
                ({"IpsecProposal.prf"}, "prf", (("prfsha384", {"prf": "prfsha384"}),)),
                ({"IpsecProposal.dh_group"}, "dh_group", (("curve25519", {"dh_group": "curve25519"}),)),
            ),
        ),
        (
            "esp_proposals",
            ESP[0],
            (
                (both, "encryption", (("aes128gcm16", {"encryption": "aes128gcm16"}), ("with integrity", esp))),
                (both, "integrity", (("sha256", esp), ("sha384", replace(esp, integrity="sha384")))),
                ({"IpsecProposal.dh_group"}, "dh_group", (("curve25519", {"dh_group": "curve25519"}),)),
            ),
        ),
    ):
        for fields, part, found in states:
            made = tuple(
                (words, {option: (replace(first, **value) if isinstance(value, dict) else value,)})
                for words, value in found
            )
            yield _both(place, f"{part} of {option}", *made, fields={f"Tunnel.{option}", *fields}, slot=option)
        more = (first, IpsecProposal(encryption="aes128gcm16", prf=first.prf, dh_group="modp3072"))
        yield _both(place, option, ("one more", {option: more}), ("the other first", {option: more[::-1]}), slot=option)


def _both(
    place: TunnelPlace,
    option: str,
    *states: tuple[str, dict[str, Any]],
    fields: set[str] | frozenset[str] = frozenset(),
    slot: str = "",
) -> Change:
    def make(values: dict[str, Any]) -> Make:
        return lambda world: on_both(world, place.name, **values)

    return Change(
        place.name,
        option,
        frozenset(fields or {f"Tunnel.{option}"}),
        tuple((words, make(values)) for words, values in states),
        f"{place.name} {slot or option}",
    )


def _one(place: TunnelPlace, host: str, **values: Any) -> Make:
    return lambda world: on_end(world, host, place.name, **values)


def _mirrored(place: TunnelPlace, host: str, what: str, value: Any) -> Make:
    """What is local to one end is remote to the other."""

    def make(world: Gateways) -> Gateways:
        near = on_end(world, host, place.name, **{f"local_{what}": value})
        return on_end(near, OTHER[host], place.name, **{f"remote_{what}": value})

    return make


def _turned(place: TunnelPlace) -> Make:
    return lambda world: on_end(on_end(world, LEFT, place.name, initiator=False), RIGHT, place.name, initiator=True)
