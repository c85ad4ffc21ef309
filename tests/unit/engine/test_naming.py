"""Tunnels have the intent's names for checks and reports, and the device's names for the device."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from msgspec import structs

from routebook.checks import tunnels
from routebook.checks.facts import Changed
from routebook.checks.findings import definite
from routebook.checks.names import device_name, named_effects, named_state, named_states
from routebook.device.state import ChildSa, IkeSa
from routebook.device.values import Effect, State
from routebook.intent.model import HostIntent, Tunnel
from routebook.platforms.asa.names import AsaEnd
from routebook.run import commands
from tests.networks.observed import TUNNEL, healthy, ike_of, intents, only, troubles, tunnel, with_ike
from tests.unit.engine.world import World

ASA = "198.51.100.11"
PEER = "198.51.100.31"


def asa_end(peer: str, nameif: str, mode: str, number: int) -> AsaEnd:
    """What an ASA calls the end of a tunnel."""
    return AsaEnd(
        connection=peer,
        child=nameif if mode == "route" else f"MAP {number}",
        pairs_apart=mode == "policy",
        outside="outside",
        number=number,
        nameif=nameif,
        crypto_map="MAP",
    )


def asa_tunnel(name: str, local: str = ASA, peer: str = PEER, **options: Any) -> Tunnel:
    mode = options.pop("mode", "route")
    fields = {
        "name": name,
        "mode": mode,
        "local_address": ip_address(local),
        "remote_address": ip_address(peer),
        "device": asa_end(peer, f"{name}-if", mode, options.pop("number", 1)),
    }
    return tunnel("no", **fields | options)


def asa_sa(end: Tunnel, *children: str, **changes: Any) -> IkeSa:
    """The tunnel's SAs as an ASA shows them."""
    sa = ike_of(end)
    shown = tuple(replace(sa.children[0], name=name) for name in children or end.child_names)
    return replace(sa, **{"name": str(end.remote_address), "children": shown} | changes)


def names(state: State) -> list[tuple[str, list[str]]]:
    return [(sa.name, [child.name for child in sa.children]) for sa in state.ike or ()]


def named(*sas: IkeSa, ends: tuple[Tunnel, ...]) -> list[tuple[str, list[str]]]:
    return names(named_state(ends, State(bgp=(), ike=sas)))


def test_an_asas_tunnel_gets_its_name_and_its_child_too() -> None:
    for end in (asa_tunnel("t"), asa_tunnel("t", mode="policy", number=4711)):
        assert named(asa_sa(end), ends=(end,)) == [("t", ["t"])]
    assert asa_tunnel("t", mode="policy", number=4711).child_names == {"MAP 4711"}


def test_two_tunnels_to_one_peer_are_told_apart_by_the_address_they_come_from() -> None:
    ends = (asa_tunnel("wan1"), asa_tunnel("wan2", local="203.0.113.11"))
    first, second = (asa_sa(end) for end in ends)
    assert named(second, first, ends=ends) == [("wan2", ["wan2"]), ("wan1", ["wan1"])]
    bare = replace(second, children=())
    assert named(bare, first, ends=ends) == [("wan2", []), ("wan1", ["wan1"])]
    assert named(first, ends=ends[1:]) == [(PEER, ["wan1-if"])], "nobody's SA keeps its name"


def test_two_crypto_map_entries_with_one_peer_share_an_ike_sa() -> None:
    ends = (asa_tunnel("one", mode="policy", number=1), asa_tunnel("two", mode="policy", number=2))
    both = asa_sa(ends[0], "MAP 1", "MAP 2")
    assert named(both, ends=ends) == [("one", ["one"]), ("two", ["two"])]
    assert named(asa_sa(ends[0], "MAP 1", "MAP 3"), ends=ends) == [("one", ["one", "MAP 3"])]


def test_what_the_intent_does_not_have_keeps_the_devices_name() -> None:
    end = asa_tunnel("t")
    stranger = asa_sa(end, name="198.51.100.99")
    assert named(stranger, ends=(end,)) == [("198.51.100.99", ["t-if"])]
    assert named(ike_of(tunnel("no")), ends=(tunnel("no"),)) == [(TUNNEL, [TUNNEL])]
    moved = replace(ike_of(tunnel("no")), local_address=ip_address("10.0.0.5"))
    assert named(moved, ends=(tunnel("no"),)) == [(TUNNEL, [TUNNEL])], "behind NAT the name is enough"


@pytest.mark.parametrize(
    ("subject", "kind", "wanted"),
    [
        (PEER, "tunnel-rekey", {"wan1", "wan2"}),
        ("wan2-if", "tunnel-new", {"wan2"}),
        (PEER, "tunnel-removed", {PEER}),
        ("10.255.200.20", "session-reset", {"10.255.200.20"}),
    ],
)
def test_a_forecast_tells_of_every_tunnel_that_it_hits(subject: str, kind: Any, wanted: set[str]) -> None:
    ends = (asa_tunnel("wan1"), asa_tunnel("wan2", local="203.0.113.11"))
    found = named_effects(ends, [Effect(kind, subject, "why")])
    assert {(effect.kind, effect.subject) for effect in found} == {(kind, name) for name in wanted}


def test_a_device_is_asked_by_its_own_name() -> None:
    ends = (asa_tunnel("wan1"), tunnel("no"))
    assert device_name(ends, "wan1") == PEER
    assert device_name(ends, TUNNEL) == TUNNEL
    assert device_name(ends, "2001:db8::1") == "2001:db8::1"


def mixed() -> tuple[dict[str, HostIntent], dict[str, State]]:
    """The small network with an ASA in place of no-edge1, as its devices show it when all is well."""
    wanted = intents()
    end = tunnel("no")
    end = structs.replace(end, device=asa_end(str(end.remote_address), "to-ch", end.mode, 4))
    wanted["no-edge1"] = structs.replace(wanted["no-edge1"], tunnels=(end,))
    now = healthy()
    now["no-edge1"] = replace(now["no-edge1"], ike=(asa_sa(end, "MAP 4"),))
    return wanted, now


def test_a_tunnel_between_an_asa_and_another_passes_and_one_that_is_wrong_does_not() -> None:
    wanted, now = mixed()

    def look(changed: Changed = Changed(), **asa: Any) -> list[Any]:  # noqa: B008  frozen
        shown = named_states(wanted, with_ike(now, "no-edge1", **asa) if asa else now)
        return tunnels.check(wanted, {}, shown, changed, {})

    assert troubles(look()) == []
    assert only(look(), "no-edge1", "tunnel.spi").status == "ok"
    assert only(look(children=()), "no-edge1", "tunnel.child").status == "pending"
    assert definite(look(state="CONNECTING")) == "pending"
    old = Changed(tunnels=frozenset({TUNNEL}), seconds_since_push={"no-edge1": 12.0})
    assert only(look(old), "no-edge1", "tunnel.age").status == "pending"


def pairs(wanted: dict[str, HostIntent], now: dict[str, State], *pairs: tuple[str, str]) -> dict[str, State]:
    """The ASA with a child for each of these pairs of selectors."""
    (end,) = wanted["no-edge1"].tunnels
    sa = asa_sa(end)
    children: list[ChildSa] = []
    for number, (local, remote) in enumerate(pairs, 1):
        child = replace(sa.children[0], spi_in=f"{number:08x}", local_selectors=(local,), remote_selectors=(remote,))
        children.append(child)
    state = replace(now["no-edge1"], ike=(replace(sa, children=tuple(children)),))
    return named_states(wanted, {"no-edge1": state})


def test_a_crypto_map_has_a_child_for_each_pair_and_the_others_wait_for_traffic() -> None:
    wanted, now = mixed()
    (end,) = wanted["no-edge1"].tunnels
    every = [
        (str(local), str(remote))
        for local in end.local_selectors
        for remote in end.remote_selectors
        if local.version == remote.version
    ]
    only_asa = {"no-edge1": wanted["no-edge1"]}
    everything = tunnels.check(only_asa, {}, pairs(wanted, now, *every), Changed(), {})
    assert troubles(everything) == []
    first = tunnels.check(only_asa, {}, pairs(wanted, now, every[0]), Changed(), {})
    assert only(first, "no-edge1", "tunnel.selectors").status == "warning"
    wrong = tunnels.check(only_asa, {}, pairs(wanted, now, every[0], ("10.9.0.0/16", "10.8.0.0/16")), Changed(), {})
    assert only(wrong, "no-edge1", "tunnel.selectors").status == "pending"
    twice = tunnels.check(only_asa, {}, pairs(wanted, now, every[0], every[0]), Changed(), {})
    assert only(twice, "no-edge1", "tunnel.duplicate").status == "warning"


def test_a_forecast_says_who_is_at_the_other_end_and_what_is_foreign(world: World) -> None:
    world.wanted = {"no-edge1": "new\n"}
    world.effects = {
        "no-edge1": (
            Effect("session-reset", "10.255.4.1", "password changes"),
            Effect("session-removed", "10.255.4.2", "neighbor removed"),
            Effect("session-reset", "203.0.113.77", "bgp router-id changes"),
            Effect("tunnel-rekey", "by-hand", "its proposal changes"),
            Effect("note", "rpki", "caches"),
        )
    }
    found = commands.plan(world.running(), world.runbook()).hosts["no-edge1"].effects
    assert [(effect.subject, effect.peer, effect.foreign) for effect in found] == [
        ("10.255.4.1", "ch-edge1", False),
        ("10.255.4.2", "ch-edge2", False),
        ("203.0.113.77", "", True),
        ("by-hand", "", True),
        ("rpki", "", False),
    ]
