"""A run that takes away what is alive begins only when that was accepted; all that stands in its way is in one list."""

from collections.abc import Sequence
from ipaddress import ip_address

import pytest
from msgspec.structs import replace

from routebook.device.state import BgpSession, BgpState
from routebook.device.values import Effect, State
from routebook.run import commands
from tests.unit.engine.test_reach import THROUGH_THE_FIRST
from tests.unit.engine.test_rollback_of_a_run import rollback
from tests.unit.engine.test_waves import FIRST, up
from tests.unit.engine.world import OTHER_SECRET, SECRET, World

HOST, PEER = "no-edge1", "192.0.2.200"
REMOVAL = Effect("session-removed", PEER, "gone")


def session(state: BgpState) -> State:
    return State((BgpSession(ip_address(PEER), state, 65551, 65550),), ())


@pytest.fixture(autouse=True)
def going(world: World) -> None:
    """The inventory has lost a session that is up on the device."""
    world.wanted = {HOST: "new\n"}
    world.effects = {HOST: (REMOVAL,)}
    world[HOST].state = session(BgpState.ESTABLISHED)


def test_it_is_refused_and_nothing_was_locked_or_armed(world: World) -> None:
    result = world.run()
    assert (result.outcome, result.exit_code) == ("refused", 1)
    assert f"{HOST} would lose 1 of its 1 live sessions: {PEER}" in result.message
    assert "--accept removal" in result.message
    assert world.steps("lock", "arm", "push") == []


def test_the_word_accepts_it_and_the_result_says_so(world: World) -> None:
    result = world.run(accept=frozenset({"removal", "collapse"}))
    assert world.steps("push") == [("push", HOST)]
    assert [note for note in result.notes if note.startswith("accepted (removal): ")]


def test_whoever_was_shown_it_has_accepted_it(world: World) -> None:
    seen: list[str] = []
    running = world.running()

    def approve(_: object, notes: Sequence[str]) -> bool:
        seen.extend(notes)
        return True

    commands.run(running, world.runbook(), None, approve, asks=True)
    assert seen[0].startswith(f"danger: {HOST} would lose")
    assert world.steps("push") == [("push", HOST)]


def test_a_session_that_is_down_goes_and_is_listed(world: World) -> None:
    world[HOST].state = session(BgpState.ACTIVE)
    result = world.run()
    assert world.steps("push") == [("push", HOST)]
    assert REMOVAL.subject in [effect.subject for effect in result.hosts[HOST].effects]


def test_a_runbook_whose_purpose_it_is_does_not_ask(world: World) -> None:
    world.run(book=world.runbook(removes=True), accept=frozenset({"collapse"}))
    assert world.steps("push") == [("push", HOST)]


def test_a_rollback_has_it_as_its_purpose(world: World) -> None:
    world.effects = {HOST: (Effect("session-new", PEER, "added"),)}
    world[HOST].state = State((), ())
    first = world.run().run_id
    world[HOST].state = session(BgpState.ESTABLISHED)
    world.effects = {HOST: (REMOVAL,)}
    world[HOST].fails["activate"] = lambda: setattr(world[HOST], "state", State((), ()))
    assert rollback(world, first).outcome == "confirmed"
    assert world[HOST].running == "old\n"


class TestOneList:
    """Each word is in the list of the plan as soon as it can be known."""

    def notes(self, world: World) -> list[str]:
        return [n for n in commands.plan(world.running(), world.runbook()).notes if n.startswith("danger: ")]

    def test_the_way_back(self, world: World) -> None:
        world.wanted = {"ch-edge1": "new\n"}
        world.effects = {"ch-edge1": (Effect("tunnel-rekey", FIRST, "another key"),)}
        world["ch-edge1"].reached = THROUGH_THE_FIRST
        (found,) = self.notes(world)
        assert "cuts its own way back" in found
        assert "--accept own-path" in found
        world["ch-edge1"].reached = replace(THROUGH_THE_FIRST, timer=False)
        (found,) = self.notes(world)
        assert "no timer of its own" in found
        assert "--accept" not in found

    def test_redundancy_by_what_is_up(self, world: World) -> None:
        second = "no-edge2--ch-edge2"
        world.wanted = dict.fromkeys(world.devices, "new\n")
        world.effects = {
            host: (Effect("tunnel-rekey", FIRST, "x"), Effect("tunnel-rekey", second, "x")) for host in world.devices
        }
        assert self.notes(world) == []
        for host in ("no-edge1", "ch-edge1"):
            world[host].state = up(FIRST)
        for host in ("no-edge2", "ch-edge2"):
            world[host].state = up(second)
        found = self.notes(world)
        assert [note for note in found if "each other's redundancy" in note and "--accept no-redundancy" in note]
        assert "--accept no-redundancy" in world.run().message

    def test_an_old_secret_of_a_rollback_is_asked_for_with_the_others(self, world: World) -> None:
        world.effects = {}
        world[HOST].running = world[HOST].saved = f"key {SECRET}\n"
        world.wanted = {HOST: f"key {OTHER_SECRET}\n"}
        first = world.run().run_id
        message = rollback(world, first).message
        assert "old secrets would come back" in message
        assert "--accept old-secret" in message
        assert rollback(world, first, accept=("old-secret",)).outcome == "confirmed"
