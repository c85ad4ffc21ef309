"""What is alive does not go from a device unless somebody accepts that: sessions, tunnels, originated prefixes."""

import dataclasses
from ipaddress import ip_address

from msgspec.structs import replace

from routebook.device.candidate import Candidate
from routebook.device.plan import HostPlan, Plan
from routebook.device.values import Change, Effect, EffectKind, Snapshot
from routebook.safety.accepted import notes, refusal
from routebook.safety.removal import removals, removes
from tests.networks.observed import (
    NO3,
    TRANSIT_ADDRESS,
    TUNNEL,
    Intents,
    States,
    down,
    healthy,
    intents,
    without_tunnel,
)

OURS = "2001:db8:8e20::/48"
HOST = "no-edge1"


def planned(*effects: tuple[EffectKind, str], host: str = HOST) -> Plan:
    peers = {TRANSIT_ADDRESS: "transit-no", NO3: "no-edge3"}
    made = tuple(Effect(kind, subject, "", peers.get(subject, "")) for kind, subject in effects)
    return Plan({host: HostPlan(Snapshot({}), Change("", ("x",), (), made, ""), Candidate(()))})


def without(peer: str) -> Intents:
    wanted = intents()
    host = wanted[HOST]
    assert host.bgp is not None
    kept = tuple(each for each in host.bgp.neighbors if each.peer != peer)
    return wanted | {HOST: replace(host, bgp=replace(host.bgp, neighbors=kept), tunnels=())}


def with_others(count: int) -> States:
    """The network, whose edge has so many sessions more that are up."""
    states = healthy()
    one = (states[HOST].bgp or ())[0]
    more = tuple(dataclasses.replace(one, peer=ip_address(f"10.9.0.{n}")) for n in range(count))
    states[HOST] = dataclasses.replace(states[HOST], bgp=(*(states[HOST].bgp or ()), *more))
    return states


def told(plan: Plan, states: States, wanted: Intents | None = None) -> list[str]:
    found = removals(plan, wanted or without("transit-no"), states)
    assert all(guard.word == "removal" and guard.asks for guard in found)
    return [guard.text for guard in found]


SESSION = planned(("session-removed", TRANSIT_ADDRESS))


def test_a_live_session_is_named_and_what_to_write() -> None:
    found = removals(SESSION, without("transit-no"), with_others(5))
    assert refusal(found, (), shown=False) == (
        f"no-edge1 would lose the live session with transit-no ({TRANSIT_ADDRESS}), which is no longer in the inventory"
        " (to do it all the same: --accept removal)"
    )
    assert refusal(found, ("removal",), shown=False) == ""
    assert refusal(found, (), shown=True) == ""


def test_one_that_is_down_goes_without_a_word() -> None:
    assert told(SESSION, down(with_others(5), HOST, TRANSIT_ADDRESS)) == []
    assert removes(SESSION)


def test_one_of_a_host_that_was_not_read_counts_as_alive() -> None:
    assert len(told(SESSION, {})) == 1


def test_more_than_a_third_of_a_hosts_sessions_is_said_apart_and_first() -> None:
    plan = planned(("session-removed", TRANSIT_ADDRESS), ("prefix-removed", OURS))
    of_two, originated = told(plan, healthy())
    assert of_two == f"no-edge1 would lose 1 of its 2 live sessions: transit-no ({TRANSIT_ADDRESS})"
    assert originated == f"no-edge1 would no longer originate {OURS}, which is no longer in the inventory"
    (of_three,) = told(SESSION, with_others(1))
    assert of_three.startswith("no-edge1 would lose the live session")


def test_a_third_on_a_later_host_stands_first() -> None:
    plan = Plan(
        {"ch-edge1": planned(("prefix-removed", OURS)).hosts[HOST], HOST: SESSION.hosts[HOST]},
    )
    assert [text.split()[0] for text in told(plan, healthy())] == [HOST, "ch-edge1"]


def test_a_tunnel_that_is_up_and_one_that_is_not() -> None:
    plan = planned(("tunnel-removed", TUNNEL))
    assert told(plan, healthy()) == [
        f"no-edge1 would lose the tunnel {TUNNEL}, which is up and is no longer in the inventory"
    ]
    assert told(plan, without_tunnel(healthy())) == []


def test_what_the_runbook_takes_away_although_it_is_in_the_inventory() -> None:
    assert told(planned(("tunnel-removed", TUNNEL)), healthy(), intents()) == [
        f"no-edge1 would lose the tunnel {TUNNEL}, which is up"
    ]
    assert told(SESSION, with_others(5), intents()) == [
        f"no-edge1 would lose the live session with transit-no ({TRANSIT_ADDRESS})"
    ]


def test_what_comes_again_in_the_same_change_does_not_go() -> None:
    plan = planned(("prefix-removed", OURS), ("prefix-new", OURS))
    assert told(plan, healthy()) == []
    assert not removes(plan)


def test_what_was_accepted_is_said_to_be_in_the_one_list() -> None:
    found = removals(SESSION, without("transit-no"), with_others(5))
    (open_,), (accepted,) = notes(found, ()), notes(found, ("removal",))
    assert open_.startswith("danger: ")
    assert open_.endswith("--accept removal)")
    assert accepted.startswith("accepted (removal): no-edge1 would lose")
