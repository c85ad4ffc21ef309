"""The way to each host and back: told in the plan, and not cut without consent and a timer on the device."""

import pytest

from routebook.device.errors import LostContactError
from routebook.device.values import Effect, Reached
from routebook.run import commands
from routebook.run.inputs import layers
from routebook.run.planning import make_plan, to_candidate
from routebook.safety.management_path import distances, management_paths
from tests.unit.engine.test_waves import FIRST, up
from tests.unit.engine.world import World

OPERATOR = "192.0.2.1"
INSIDE = "10.3.0.99"  # an operator at the site "no", to whom hosts at "ch" are behind the tunnels
REKEY = (Effect("tunnel-rekey", FIRST, "another key"),)
THROUGH_THE_FIRST = Reached((), "10.255.200.21", "10.255.200.20", "wan0", "10.255.200.20", "static")
ACCEPTED = frozenset({"own-path", "no-redundancy"})


@pytest.fixture(autouse=True)
def a_change(world: World) -> None:
    world.wanted = {"ch-edge1": "new\n"}
    world.effects = {"ch-edge1": REKEY}


def told(world: World) -> str:
    return commands.plan(world.running(), world.runbook()).hosts["ch-edge1"].way


def test_a_host_on_a_connected_network_is_not_touched(world: World) -> None:
    world["ch-edge1"].reached = Reached((), "192.0.2.41", OPERATOR, "mgmt0", "", "kernel")
    assert told(world) == (
        "reached at 192.0.2.41, answers 192.0.2.1 through mgmt0, connected; the change does not touch that"
    )
    assert world.run().outcome == "confirmed"


def test_a_tunnel_on_the_way_that_is_touched_is_named(world: World) -> None:
    world["ch-edge1"].reached = THROUGH_THE_FIRST
    assert told(world).endswith(f"; the change touches that: tunnel {FIRST}")


def test_a_change_that_cuts_its_own_way_back_is_refused_before_anything_is_armed(world: World) -> None:
    world["ch-edge1"].reached = THROUGH_THE_FIRST
    result = world.run()
    assert (result.outcome, world.steps("arm")) == ("refused", [])
    assert f"ch-edge1 is reached through tunnel {FIRST}" in result.message
    assert "--accept own-path" in result.message


def test_it_is_made_when_that_is_accepted_and_contact_may_be_lost_for_a_moment(world: World) -> None:
    world["ch-edge1"].reached = THROUGH_THE_FIRST

    def lose() -> None:
        raise LostContactError("ch-edge1 does not answer")

    world["ch-edge1"].fails["activate"] = lose
    assert world.run(accept=ACCEPTED).outcome == "confirmed"
    assert world["ch-edge1"].saved == "new\n"


def test_it_is_refused_all_the_same_where_the_device_has_no_timer(world: World) -> None:
    world["ch-edge1"].reached = Reached(
        (), "10.255.200.21", "10.255.200.20", "x", "10.255.200.20", "static", timer=False
    )
    result = world.run(accept=ACCEPTED)
    assert result.outcome == "refused"
    assert "no timer" in result.message


def test_with_a_second_tunnel_that_can_carry_it_the_way_is_touched_and_not_cut(world: World) -> None:
    world["ch-edge1"].reached = Reached((), "10.4.0.1", INSIDE, "wan0", "198.51.100.31", "static")
    assert "or no-edge2--ch-edge2; the change touches that" in told(world)
    assert world.run().outcome == "confirmed"


def test_a_way_back_that_bgp_brings_is_cut_with_the_session(world: World) -> None:
    world["ch-edge1"].reached = Reached((), "10.255.4.1", "203.0.113.9", "wan0", "10.255.3.1", "bgp")
    world.effects = {"ch-edge1": (Effect("session-reset", "10.255.3.1", "another password"),)}
    result = world.run()
    assert result.outcome == "refused"
    assert "the session with 10.255.3.1, which brings the route back" in result.message


def test_a_jump_host_that_is_cut_off_takes_those_behind_it_along(world: World) -> None:
    world.wanted = {"ch-edge1": "new\n", "ch-edge2": "new\n"}
    world["ch-edge1"].reached = THROUGH_THE_FIRST
    world["ch-edge2"].reached = Reached(("192.0.2.41",), "10.4.0.2", "10.4.0.1", "lan0", "", "kernel")
    result = world.run()
    assert result.outcome == "refused"
    assert "ch-edge2 is reached through tunnel" in result.message


def test_what_is_behind_other_hosts_is_confirmed_before_them(world: World) -> None:
    world.effects = {}
    world.wanted = dict.fromkeys(world.devices, "new\n")
    for device in world.devices.values():
        device.state = up()
    world["no-edge1"].reached = Reached((), "192.0.2.31", OPERATOR, "mgmt0", "", "kernel")
    world["ch-edge1"].reached = THROUGH_THE_FIRST
    world["ch-edge2"].reached = Reached(("192.0.2.41",), "10.4.0.2", "10.4.0.1", "lan0", "", "kernel")
    workspace = world.workspace()
    book = world.runbook()
    assert book.render is not None
    plan = make_plan(workspace.nornir, workspace.hosts, to_candidate(book.render))
    found = distances(management_paths(plan, workspace.intents), workspace.intents)
    assert layers(workspace.hosts, found) == [["ch-edge2"], ["ch-edge1"], ["no-edge1", "no-edge2"]]
    assert world.run().outcome == "confirmed"
    order = [host for _, host in world.steps("confirm")]
    assert order[:2] == ["ch-edge2", "ch-edge1"]
