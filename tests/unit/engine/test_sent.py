"""What external sessions send is asked of a host at once, and of no session that sends more than can be listed."""

import dataclasses
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest
from msgspec import structs

from routebook.device.errors import DriverError
from routebook.device.reader import Outbound
from routebook.device.state import BgpSession, BgpState, FamilyState, IPNetwork
from routebook.device.values import State
from routebook.intent.model import PrefixList, PrefixRule
from routebook.run.fan_out import Answers
from routebook.run.sent import list_sent
from tests.unit.engine.world import MemoryDriver, World

HOST = "no-edge1"
V4, V6 = "ipv4-unicast", "ipv6-unicast"
ONE = (ip_network("2001:db8::/32"),)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[Outbound]]:
    """What devices were asked for; each answers that it sends one prefix."""
    found: list[Sequence[Outbound]] = []

    def advertised(_: MemoryDriver, wanted: Sequence[Outbound]) -> dict[Outbound, tuple[IPNetwork, ...]]:
        found.append(tuple(wanted))
        return {each: ONE for each in wanted if each[0] != "192.0.2.66"}

    monkeypatch.setattr(MemoryDriver, "advertised", advertised)
    return found


def listed(world: World, sessions: dict[str, dict[str, int | None]]) -> dict[tuple[str, str], object]:
    up = tuple(
        BgpSession(
            ip_address(peer), BgpState.ESTABLISHED, 64496, 65550,
            families=tuple(FamilyState(name, 0, sent) for name, sent in families.items()),
        )
        for peer, families in sessions.items()
    )  # fmt: skip
    seen = Answers({HOST: State(up, ())}, {})
    state = list_sent(world.workspace().nornir, seen, {HOST: set(sessions)}).values[HOST]
    return {(str(s.peer), family.name): family.advertised for s in state.bgp or () for family in s.families}


def test_all_of_a_host_are_asked_for_at_once(world: World, asked: list[Sequence[Outbound]]) -> None:
    found = listed(world, {"192.0.2.1": {V4: 1, V6: 1}, "192.0.2.2": {V4: 7}})
    assert asked == [(("192.0.2.1", V4), ("192.0.2.1", V6), ("192.0.2.2", V4))]
    assert set(found.values()) == {ONE}


def test_what_sends_nothing_or_too_much_or_is_not_counted_is_not_asked_for(
    world: World, asked: list[Sequence[Outbound]]
) -> None:
    found = listed(world, {"192.0.2.1": {V4: 0, V6: 20_000}, "192.0.2.2": {V4: None}})
    assert asked == []
    assert found == {("192.0.2.1", V4): (), ("192.0.2.1", V6): None, ("192.0.2.2", V4): None}


def test_one_answer_has_no_more_than_so_many(world: World, asked: list[Sequence[Outbound]]) -> None:
    listed(world, {f"192.0.2.{n}": {V4: 900} for n in range(1, 9)})
    assert [len(batch) for batch in asked] == [5, 3]


def test_one_that_is_not_shown_takes_nothing_from_the_others(world: World, asked: list[Sequence[Outbound]]) -> None:
    found = listed(world, {"192.0.2.66": {V4: 1}, "192.0.2.2": {V4: 1}})
    assert len(asked) == 1
    assert found == {("192.0.2.66", V4): None, ("192.0.2.2", V4): ONE}


def test_a_device_that_fails_is_as_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise DriverError("no")

    monkeypatch.setattr(MemoryDriver, "advertised", fails)
    assert listed(world, {"192.0.2.2": {V4: 1}}) == {("192.0.2.2", V4): None}


def test_other_states_stay_as_they_are(world: World, asked: list[Sequence[Outbound]]) -> None:
    session = BgpSession(ip_address("192.0.2.2"), BgpState.ACTIVE, 64496, 65550)
    inside = dataclasses.replace(session, peer=ip_address("192.0.2.3"), state=BgpState.ESTABLISHED, remote_as=65550)
    seen = Answers({HOST: State((session, inside), ())}, {})
    assert list_sent(world.workspace().nornir, seen, {HOST: {"192.0.2.2", "192.0.2.3"}}) == seen
    assert asked == []


@pytest.mark.parametrize(("only", "listed_to"), [({"ch-edge1"}, {"192.0.2.2"}), ({HOST}, {"192.0.2.2", "192.0.2.3"})])
def test_of_the_sessions_of_others_only_those_that_end_at_a_chosen_host_are_listed(
    world: World, asked: list[Sequence[Outbound]], only: set[str], listed_to: set[str]
) -> None:
    nornir = world.workspace().nornir
    data = nornir.inventory.hosts[HOST].data
    rule = PrefixRule(seq=5, action="permit", prefix=ip_network("10.3.0.0/16"))
    own = PrefixList(name="OWN", family="ipv4", rules=(rule,))
    [there] = data["intent"].neighbors
    families = tuple(structs.replace(each, prefix_list_out="OWN") for each in there.families)
    neighbors = [
        structs.replace(there, address=ip_address(peer), peer_host=host, remote_as=64496, families=families)
        for peer, host in (("192.0.2.2", "ch-edge1"), ("192.0.2.3", None))
    ]
    data["intent"] = structs.replace(
        data["intent"], bgp=structs.replace(data["intent"].bgp, neighbors=tuple(neighbors)), prefix_lists=(own,)
    )
    up = tuple(
        BgpSession(each.address, BgpState.ESTABLISHED, 64496, 65550, families=(FamilyState(V4, 0, 1),))
        for each in neighbors
    )
    list_sent(nornir, Answers({HOST: State(up, ())}, {}), only=only)
    assert {peer for batch in asked for peer, _ in batch} == listed_to
