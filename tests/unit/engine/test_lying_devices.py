"""Devices lie about locks, decisions and pending changes: whatever they say moves nothing on any other device."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from routebook.cli.group import cli
from routebook.device.errors import DriverError
from routebook.device.values import Lock, Pending
from routebook.project.state_folder import state_folder
from routebook.run.journal import HostState
from routebook.run.workspace import open_journal
from tests.unit.engine.test_own_death import KilledError, confirming_died, dead, die, killed_at, recovered, whole
from tests.unit.engine.world import World

HOSTS = ("ch-edge1", "no-edge1")
OTHER = "20260101-000000-abcdef"
TOUCHING = ("rollback", "confirm", "unlock", "arm", "push", "lock", "extend")


def recover(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--project", str(project), "recover", *arguments])


@pytest.fixture
def elsewhere(world: World, tmp_path: Path) -> Path:
    """The project on a machine that has nothing but the inventory."""
    shutil.copytree(world.project, tmp_path / "elsewhere", ignore=shutil.ignore_patterns(".routebook"))
    return tmp_path / "elsewhere"


def lock(run_id: str, *decided: dict[str, str], expires: float = 2.0) -> Lock:
    return Lock(run_id, "somebody@elsewhere", 1.0, expires, decided)


LIES: dict[str, Callable[[str], tuple[Lock | None, Pending | None]]] = {
    "an old lock of another run that has decided on it": lambda _: (lock(OTHER, {"no-edge1": "x"}), None),
    "an old lock of that run that has decided on it": lambda run: (lock(run, {"no-edge1": "x"}), None),
    "one that has decided on both": lambda run: (lock(run, {"no-edge1": "x", "no-edge2": "y"}), None),
    "one with the fingerprint that it had": lambda run: (lock(run, {"no-edge1": "old", "no-edge2": "y"}), None),
    "one with the fingerprint that it has": lambda run: (lock(run, {"no-edge1": "new", "no-edge2": "old"}), None),
    "that run's change, confirmed": lambda run: (None, Pending(run, "confirmed", 0)),
    "that run's change, failed": lambda run: (lock(run, {"no-edge1": "x"}), Pending(run, "failed", 0)),
    "that run's change, its timer over": lambda run: (lock(run, {"no-edge1": "x"}), Pending(run, "armed", 0)),
    "what undoes that run": lambda run: (lock(run), Pending(f"{run}-undo", "armed", 0)),
    "the beginning of the run's id": lambda run: (lock(run[:8], {"no-edge1": "x"}), Pending(run[:15], "armed", 0)),
    "another run that has decided on both": lambda _: (
        lock(OTHER, {"no-edge1": "old", "no-edge2": "old"}), Pending(OTHER, "armed", 0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("limit", ["no-edge2", ""])
@pytest.mark.parametrize("where", ["here", "elsewhere"])
@pytest.mark.parametrize("lie", LIES)
def test_a_device_that_no_run_works_on_moves_nothing_on_one_that_a_run_works_on(
    world: World, elsewhere: Path, lie: str, where: str, limit: str
) -> None:
    said: list[Result] = []

    def meanwhile() -> None:
        if said:
            return
        held = world["no-edge1"].lock
        assert held is not None
        world["no-edge2"].lock, world["no-edge2"].pending = LIES[lie](held.run_id)
        world["no-edge2"].undo = world["no-edge2"].running
        begun = len(world.log)
        said.append(recover({"here": world.project, "elsewhere": elsewhere}[where], "--scan", "--limit", limit))
        assert [step for step in world.log[begun:] if step[0] in TOUCHING and step[1] != "no-edge2"] == []
        if limit:
            assert {host for _, host in world.log[begun:]} == {"no-edge2"}

    world.wanted = {"no-edge1": "new\n"}
    world["no-edge1"].fails["activate"] = meanwhile
    assert world.run("no-edge1").outcome == "confirmed"
    assert (world["no-edge1"].running, world["no-edge1"].lock) == ("new\n", None)
    assert said[0].exit_code in (0, 1, 4), said[0].output
    assert said[0].exception is None or isinstance(said[0].exception, SystemExit)


class TestOfOneRun:
    def test_one_that_has_not_decided_is_not_confirmed_by_anothers_word(
        self, world: World, monkeypatch: pytest.MonkeyPatch, elsewhere: Path
    ) -> None:
        killed_at(world, "no-edge1", "activate", monkeypatch)
        liar = world["ch-edge1"]
        assert liar.lock is not None
        liar.lock = replace(liar.lock, decided=({"ch-edge1": "old", "no-edge1": "old"},))
        world.log.clear()
        ended = recover(elsewhere, "--scan", "--dead", liar.lock.run_id)
        assert ended.exit_code == 0, ended.output
        assert world.steps("confirm") == []
        whole(world)
        assert world["no-edge1"].running == "old\n"

    def test_one_that_takes_its_decision_back_takes_its_wave_back(
        self, world: World, monkeypatch: pytest.MonkeyPatch, elsewhere: Path
    ) -> None:
        confirming_died(world, monkeypatch)
        liar = world["ch-edge1"]
        assert liar.lock is not None
        liar.lock = replace(liar.lock, decided=())
        ended = recover(elsewhere, "--scan", "--dead", liar.lock.run_id)
        assert ended.exit_code == 0, ended.output
        whole(world)
        assert world["no-edge1"].running == "old\n"

    @pytest.mark.parametrize("third", [{"ch-edge1": "old", "no-edge1": "old", "ch-edge2": "old"}, {"ch-edge1": "old"}])
    def test_two_that_name_different_waves_are_both_undone(
        self, world: World, monkeypatch: pytest.MonkeyPatch, elsewhere: Path, third: dict[str, str]
    ) -> None:
        confirming_died(world, monkeypatch)
        liar = world["ch-edge1"]
        assert liar.lock is not None
        liar.lock = replace(liar.lock, decided=(third,))
        recover(elsewhere, "--scan", "--dead", liar.lock.run_id)
        assert world["no-edge1"].running == "old\n"
        assert ("rollback", "ch-edge2") not in world.log
        assert world["no-edge1"].lock is None

    def test_that_its_lock_is_over_is_not_believed_of_the_others(
        self, world: World, monkeypatch: pytest.MonkeyPatch, elsewhere: Path
    ) -> None:
        killed_at(world, "no-edge1", "activate", monkeypatch)
        liar = world["ch-edge1"]
        assert liar.lock is not None
        liar.lock = replace(liar.lock, taken=1.0, expires=2.0)
        world.log.clear()
        ended = recover(elsewhere, "--scan")
        assert ended.exit_code == 1
        assert f"--dead {liar.lock.run_id}" in ended.output
        assert world.steps(*TOUCHING) == []

    def test_while_a_timer_runs_its_run_may_be_alive_whatever_its_lock_says(
        self, world: World, monkeypatch: pytest.MonkeyPatch, elsewhere: Path
    ) -> None:
        killed_at(world, "no-edge1", "activate", monkeypatch)
        for device in world.devices.values():
            assert device.lock is not None
            device.lock = replace(device.lock, taken=1.0, expires=2.0)
        world.log.clear()
        assert recover(elsewhere, "--scan").exit_code == 1
        assert world.steps(*TOUCHING) == []
        for device in world.devices.values():
            device.fire()
        assert recover(elsewhere, "--scan").exit_code == 0
        whole(world)

    @pytest.mark.parametrize("sign", ["lock", "timer"])
    def test_one_that_is_renewed_under_our_eyes_is_alive_even_if_it_is_said_to_be_dead(
        self, world: World, monkeypatch: pytest.MonkeyPatch, elsewhere: Path, sign: str
    ) -> None:
        killed_at(world, "no-edge1", "activate", monkeypatch)
        device = world["no-edge1"]
        seen: list[int] = []

        def renew() -> None:
            seen.append(1)
            if len(seen) < 2:
                return
            assert device.lock is not None and device.pending is not None
            if sign == "lock":
                device.lock = replace(device.lock, expires=device.lock.expires + len(seen))
            else:
                device.pending = replace(device.pending, remaining=device.pending.remaining + 60)

        assert device.lock is not None
        device.fails["pending"] = renew
        world.log.clear()
        ended = recover(elsewhere, "--scan", "--dead", device.lock.run_id)
        assert ended.exit_code == 4
        assert "at work" in ended.output
        assert world.steps(*TOUCHING) == []

    def test_a_wave_is_left_as_it_is_while_limit_leaves_out_some_of_it(
        self, world: World, monkeypatch: pytest.MonkeyPatch, elsewhere: Path
    ) -> None:
        confirming_died(world, monkeypatch)
        held = world["no-edge1"].lock
        assert held is not None
        ended = recover(elsewhere, "--scan", "--dead", held.run_id, "--limit", "no-edge1")
        assert ended.exit_code == 4
        assert "ch-edge1 of the same wave is not among the hosts to recover" in ended.output
        assert world["no-edge1"].lock == held
        assert recover(elsewhere, "--scan", "--dead", held.run_id).exit_code == 0
        whole(world)


def test_a_dead_run_leaves_alone_what_another_run_is_at_work_on(
    world: World, monkeypatch: pytest.MonkeyPatch, elsewhere: Path
) -> None:
    killed_at(world, "no-edge1", "activate", monkeypatch)
    held = world["no-edge1"].lock
    assert held is not None
    world["no-edge1"].lock = lock(OTHER, expires=time.time() + 600)
    world.log.clear()
    ended = recover(elsewhere, "--scan", "--dead", held.run_id)
    assert ended.exit_code == 4
    assert f"run {OTHER} may be at work on it" in ended.output
    assert [step for step in world.log if step[0] in TOUCHING and step[1] == "no-edge1"] == []
    assert world["ch-edge1"].running == "old\n"


def test_a_host_with_a_lock_that_is_none_is_its_own_error_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, elsewhere: Path
) -> None:
    killed_at(world, "no-edge1", "activate", monkeypatch)
    held = world["no-edge1"].lock
    assert held is not None

    def refuse() -> None:
        raise DriverError("ch-edge2: /run/routebook/lock is not what a run leaves there: `expires` is not a time")

    world["ch-edge2"].fails["locked"] = refuse
    ended = recover(elsewhere, "--scan", "--dead", held.run_id)
    assert ended.exit_code == 4
    assert "ch-edge2 could not be asked: ch-edge2: /run/routebook/lock is not" in ended.output
    assert [world[host].running for host in HOSTS] == ["old\n", "old\n"]
    assert world["no-edge1"].lock is None


class TestFromTheJournal:
    def test_a_dead_run_is_left_alone_while_limit_leaves_out_some_of_it(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        killed_at(world, "no-edge1", "activate", monkeypatch)
        world.log.clear()
        ended = recover(world.project, "--scan", "--limit", "no-edge1")
        assert ended.exit_code == 1
        assert "ch-edge1, ch-edge2, no-edge2 too, which --limit leaves out" in ended.output
        assert world.steps(*TOUCHING) == []
        assert recover(world.project).exit_code == 0
        whole(world)

    @pytest.mark.parametrize("sign", ["lock", "change"])
    def test_what_another_run_is_at_work_on_by_now_is_not_touched(
        self, world: World, monkeypatch: pytest.MonkeyPatch, sign: str
    ) -> None:
        """Another machine has said that this run is dead, and works there now."""
        killed_at(world, "no-edge1", "activate", monkeypatch)
        device = world["no-edge1"]
        device.fire()
        device.lock = lock(OTHER, expires=time.time() + 600) if sign == "lock" else None
        device.undo, device.running, device.pending = device.running, "theirs\n", Pending(OTHER, "armed", 60)
        world.log.clear()
        (ended,) = recovered(world)
        assert ended.hosts == {"ch-edge1": HostState.ROLLED_BACK, "no-edge1": HostState.NEEDS_ATTENTION}
        assert OTHER in ended.messages["no-edge1"]
        assert [step for step in world.log if step[0] in {*TOUCHING} - {"unlock"} and step[1] == "no-edge1"] == []
        assert (device.running, device.pending) == ("theirs\n", Pending(OTHER, "armed", 60))
        with open_journal(state_folder(world.project)) as journal:
            assert journal.unfinished() == []

    def test_a_run_that_lost_a_host_does_not_undo_what_another_one_does_there_by_now(self, world: World) -> None:
        device = world["no-edge1"]

        def taken_over() -> None:
            device.fire()
            device.lock = lock(OTHER, expires=time.time() + 600)
            device.undo, device.running, device.pending = device.running, "theirs\n", Pending(OTHER, "armed", 60)
            device.fails.clear()
            raise DriverError("no-edge1 failed")

        world.wanted = dict.fromkeys(HOSTS, "new\n")
        device.fails["activate"] = taken_over
        result = world.run()
        assert (result.outcome, result.exit_code) == ("needs_attention", 4)
        assert (device.running, device.pending) == ("theirs\n", Pending(OTHER, "armed", 60))
        assert OTHER in result.hosts["no-edge1"].message
        assert world["ch-edge1"].running == "old\n"


def test_a_killed_run_of_this_machine_is_not_finished_by_half(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.wanted = dict.fromkeys(HOSTS, "new\n")
    for host in HOSTS:
        world[host].fails["activate"] = die
    with pytest.raises(KilledError):
        world.run()
    dead(world, monkeypatch)
    held = world["no-edge1"].lock
    assert held is not None
    world.log.clear()
    assert recover(world.project, "--scan", "--limit", "no-edge1", "--dead", held.run_id).exit_code == 1
    assert world.steps(*TOUCHING) == []
