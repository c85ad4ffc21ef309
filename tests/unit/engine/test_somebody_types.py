"""Somebody else types on a device while a run is at work there: noticed before the push, named, kept if possible."""

from functools import partial

import pytest

from routebook.device.errors import LostContactError
from routebook.device.values import Pending
from routebook.report.model import RunResult
from routebook.run.foreign_changes import CHECK
from tests.unit.engine.test_own_death import KilledError, dead, die, recovered
from tests.unit.engine.world import SECRET, World

NEW = {"ch-edge1": "new\n", "no-edge1": "new\n"}


def named(result: RunResult) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.host, each.status, each.evidence) for each in result.findings if each.check == CHECK]


class TestBetweenArmingAndPushing:
    @pytest.fixture(autouse=True)
    def typed(self, world: World) -> None:
        """Once both are armed, somebody types on one of them."""
        world.wanted = NEW
        armed: list[str] = []

        def arm(host: str) -> None:
            armed.append(host)
            world[host].fails.pop("arm")

        def snapshot() -> None:
            if sorted(armed) == sorted(NEW) and "typed" not in world["no-edge1"].running:
                world["no-edge1"].running += f"typed\nalso {SECRET}\n"

        for host in NEW:
            world[host].fails["arm"] = partial(arm, host)
        world["no-edge1"].fails["snapshot"] = snapshot

    def test_nothing_is_pushed_anywhere_and_what_was_typed_stays(self, world: World) -> None:
        result = world.run()
        assert (result.outcome, result.exit_code) == ("refused", 1)
        assert world.steps("push", "rollback") == []
        assert world["no-edge1"].running == f"old\ntyped\nalso {SECRET}\n"
        assert world["ch-edge1"].running == "old\n"
        for device in world.devices.values():
            assert (device.pending, device.lock) == (None, None)

    def test_it_is_named_by_host_and_line_without_secrets(self, world: World) -> None:
        result = world.run()
        lines = ("no-edge1: +typed", "no-edge1: +also <secret>")
        assert named(result) == [("no-edge1", "failed", lines)]
        assert "since it was armed: +typed; +also <secret>; nothing was pushed" in result.hosts["no-edge1"].message
        assert "+typed" in world.told()
        assert SECRET not in world.told()

    def test_the_others_go_on_where_one_may_fail(self, world: World) -> None:
        result = world.run(max_failed=1)
        assert result.outcome == "partial"
        assert world["ch-edge1"].running == "new\n"
        assert world["no-edge1"].running.startswith("old\ntyped")
        assert ("rollback", "no-edge1") not in world.log

    def test_a_host_that_is_lost_then_is_asked_again_and_nothing_is_restored(self, world: World) -> None:
        lost = LostContactError("no-edge1 does not answer")
        world["no-edge1"].fails["disarm"] = world.raising(lost, times=3)
        assert world.run().outcome == "refused"
        assert world["no-edge1"].running.startswith("old\ntyped")
        assert world["no-edge1"].pending is None

    def test_a_host_that_restarted_meanwhile_keeps_nothing_that_would_undo_it(self, world: World) -> None:
        device = world["no-edge1"]
        lost = world.raising(LostContactError("no-edge1 does not answer"), times=3)

        def restarts() -> None:
            device.fire()
            lost()

        device.fails["disarm"] = restarts
        assert world.run().outcome == "refused"
        assert device.pending is None

    def test_a_later_wave_that_finds_it_takes_the_earlier_back_and_disarms_itself(self, world: World) -> None:
        result = world.run(waves="canary:ch-edge1")
        assert (result.outcome, result.exit_code) == ("rolled_back", 3)
        assert world.steps("push", "rollback") == [("push", "ch-edge1"), ("rollback", "ch-edge1")]
        assert world["no-edge1"].running.startswith("old\ntyped")


class TestAfterThePush:
    @pytest.fixture(autouse=True)
    def typed(self, world: World) -> None:
        world.wanted = NEW
        world.failing = lambda view: ["ch-edge1"] if view.changed.seconds_since_push else []

        def type_meanwhile() -> None:
            world["no-edge1"].running += "typed\n"
            world["no-edge1"].fails.pop("activate")

        world["no-edge1"].fails["activate"] = type_meanwhile

    def test_what_rolling_back_discards_is_named_and_its_finding_fails(self, world: World) -> None:
        result = world.run()
        assert (result.outcome, result.exit_code) == ("rolled_back", 3)
        assert named(result) == [("no-edge1", "failed", ("no-edge1: +typed",))]
        assert "somebody else's lines were discarded: +typed" in world.told()
        assert world["no-edge1"].running == "old\n"

    def test_what_is_kept_is_named_too_and_the_host_is_rolled_back(self, world: World) -> None:
        world["no-edge1"].keeps = True
        result = world.run()
        assert (result.outcome, result.exit_code) == ("rolled_back", 3)
        assert result.hosts["no-edge1"].state == "rolled_back"
        assert named(result) == [("no-edge1", "warning", ("no-edge1: +typed",))]
        assert world["no-edge1"].running == "old\ntyped\n"

    def test_a_device_that_keeps_less_than_it_says_needs_attention(self, world: World) -> None:
        world["no-edge1"].keeps = True

        def loses() -> None:
            if world["no-edge1"].running == "old\ntyped\n" and world["no-edge1"].pending is None and again:
                world["no-edge1"].running = "something else\n"
            again.append(1)

        again: list[int] = []
        world["no-edge1"].fails["snapshot"] = lambda: loses() if world["no-edge1"].running.endswith("typed\n") else None
        result = world.run()
        assert result.outcome == "needs_attention"

    @pytest.mark.parametrize("keeps", [True, False])
    def test_recover_names_it_too(self, world: World, monkeypatch: pytest.MonkeyPatch, keeps: bool) -> None:
        world["no-edge1"].keeps = keeps
        type_then = world["no-edge1"].fails["activate"]

        def type_and_die() -> None:
            type_then()
            die()

        world["no-edge1"].fails["activate"] = type_and_die
        with pytest.raises(KilledError):
            world.run()
        dead(world, monkeypatch)
        (ended,) = recovered(world)
        assert ended.outcome == "rolled_back"
        assert [each.evidence for each in ended.findings if each.check == CHECK] == [("no-edge1: +typed",)]


def test_a_host_that_was_armed_alone_is_disarmed_and_not_restored(world: World) -> None:
    world.wanted = NEW

    def fail() -> None:
        raise LostContactError("ch-edge1 does not answer")

    world["ch-edge1"].fails["arm"] = fail
    assert world.run().outcome == "refused"
    assert ("disarm", "no-edge1") in world.log
    assert world.steps("rollback") == []
    assert world["no-edge1"].pending is None


def test_a_timer_that_was_faster_is_no_reason_to_restore(world: World) -> None:
    world.wanted = NEW

    def fire_and_fail() -> None:
        world["no-edge1"].pending = Pending("x", "reverted", 0)
        raise LostContactError("ch-edge1 does not answer")

    world["ch-edge1"].fails["arm"] = fire_and_fail
    assert world.run().outcome == "refused"
    assert world["no-edge1"].running == "old\n"
