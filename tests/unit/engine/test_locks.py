"""Two runs that share a host exclude each other between machines, and a dry run does not even look."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from routebook.device.errors import DriverError, LostContactError
from routebook.device.values import Lock
from routebook.run import commands
from tests.unit.engine.world import World

ALL = ("ch-edge1", "ch-edge2", "no-edge1", "no-edge2")
OTHERS = Lock("20260101-000000-abcdef", "somebody@elsewhere (process 1)", time.time(), time.time() + 600)
SILENT = LostContactError("ch-edge2 does not answer")


def fail() -> None:
    raise DriverError("no")


@pytest.fixture(autouse=True)
def a_change(world: World) -> None:
    world.wanted = {"no-edge1": "new\n", "ch-edge2": "new\n"}


def test_every_host_of_a_run_is_locked_before_any_is_armed_and_released_at_its_end(world: World) -> None:
    assert world.run().outcome == "confirmed"
    order = [step for step, _ in world.steps("lock", "arm")]
    assert order[:6] == ["lock"] * 4 + ["arm"] * 2
    assert all(device.lock is None for device in world.devices.values())


@pytest.mark.parametrize("host", ALL)
def test_a_run_is_refused_while_another_machine_works_on_one_of_its_hosts(world: World, host: str) -> None:
    world[host].lock = OTHERS
    result = world.run()
    assert (result.outcome, result.exit_code, world.steps("arm", "push")) == ("refused", 1, [])
    assert f"{OTHERS.run_id} of somebody@elsewhere" in result.hosts[host].message
    assert [device.lock for name, device in world.devices.items() if name != host] == [None] * 3
    assert world[host].lock == OTHERS


def test_a_lock_whose_time_is_over_is_not_taken_by_a_run(world: World) -> None:
    world["no-edge1"].lock = Lock(OTHERS.run_id, OTHERS.holder, 0, 1)
    result = world.run()
    assert result.outcome == "refused"
    assert "routebook recover --scan" in result.hosts["no-edge1"].message


def test_dry_runs_and_runs_that_send_nothing_take_none(world: World) -> None:
    world["no-edge1"].lock = OTHERS
    assert commands.plan(world.running(), world.runbook()).outcome == "planned"
    world.wanted = {}
    assert world.run().outcome == "unchanged"
    assert world.steps("lock", "unlock") == []


@pytest.mark.parametrize("step", ["arm", "push", "confirm"])
def test_they_are_released_after_a_failure_too(world: World, step: str) -> None:
    world["ch-edge2"].fails[step] = fail
    world.run()
    assert all(device.lock is None for device in world.devices.values())


def test_a_host_that_restarts_at_the_end_is_asked_again_for_its_lock(world: World) -> None:
    world["ch-edge2"].fails["unlock"] = world.raising(SILENT, times=3)
    assert world.run().outcome == "confirmed"
    assert all(device.lock is None for device in world.devices.values())


def test_one_that_does_not_come_back_keeps_it_and_the_run_says_so(world: World) -> None:
    world["ch-edge2"].fails["unlock"] = world.raising(SILENT, times=100, seconds=10)
    assert world.run().outcome == "confirmed"
    assert [name for name, device in world.devices.items() if device.lock] == ["ch-edge2"]
    assert "ch-edge2 keeps the run's lock, until `routebook recover --scan`: ch-edge2 does not" in world.told()


def test_they_last_as_long_as_the_timers_are_extended(world: World) -> None:
    def slow() -> None:
        world.now += 31.0

    world["no-edge1"].fails["activate"] = slow
    world.run(confirm_timeout=60)
    assert len(world.steps("lock")) > 2 * len(ALL)  # taken, renewed with the timers, and decided


def test_the_decision_to_confirm_is_on_every_host_before_the_first_is_confirmed(world: World) -> None:
    seen: list[object] = []

    def look() -> None:
        seen.extend(device.lock and device.lock.decided for device in world.devices.values())

    world["no-edge1"].fails["confirm"] = look
    world.run()
    assert seen == [({"no-edge1": "old", "ch-edge2": "old"},)] * 4


def test_two_projects_with_the_same_devices_do_not_meet(world: World, tmp_path: Path) -> None:
    """Between planning and arming nothing else would keep them apart."""
    shutil.copytree(world.project, tmp_path / "elsewhere", ignore=shutil.ignore_patterns(".routebook"))
    elsewhere = replace(world, project=tmp_path / "elsewhere")
    outcomes: list[str] = []

    def second() -> None:
        if not outcomes:
            outcomes.append("")
            outcomes[0] = elsewhere.run().outcome

    world["no-edge1"].fails["arm"] = second
    assert world.run().outcome == "confirmed"
    assert outcomes == ["refused"]
