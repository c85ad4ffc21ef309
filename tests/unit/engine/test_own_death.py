"""Routebook dies, at any step: every device ends at its old or at its new configuration, and the books agree."""

import itertools
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from routebook.device.errors import LostContactError
from routebook.device.values import Pending
from routebook.errors import RefusedError
from routebook.project.state_folder import state_folder
from routebook.run import commands
from routebook.run.events import Event
from routebook.run.journal import HostState, Journal, JournalError
from routebook.run.recovery import Recovered, finish, recover
from routebook.run.scan import scan
from routebook.run.workspace import open_journal
from tests.unit.engine.world import Device, World

HOSTS = ("ch-edge1", "no-edge1")
STEPS = ("lock", "arm", "push", "activate", "confirm", "unlock")
PROCESSES = itertools.count()
ENDS = ({"old\n"}, {"new\n"})


class KilledError(BaseException):
    """SIGKILL, as far as the engine can tell: nothing after it is carried out."""


def die() -> None:
    raise KilledError


def dead(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is gone: its entry in the journal is that of a dead one."""
    process = f"process {next(PROCESSES)}"
    monkeypatch.setattr("routebook.run.journal._process_start", lambda _: process)
    for device in world.devices.values():
        device.fails.clear()


def killed_at(world: World, host: str, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.wanted = dict.fromkeys(HOSTS, "new\n")
    world[host].fails[step] = die
    with pytest.raises(KilledError):
        world.run()
    dead(world, monkeypatch)


def recovered(world: World) -> list[Recovered]:
    workspace = world.workspace()
    with open_journal(state_folder(world.project)) as journal:
        return [
            recover(
                workspace.nornir,
                journal,
                run,
                leases=state_folder(world.project).leases,
                listener=world.events.append,
                confirm_timeout=10,
                deadline=1,
            )
            for run in journal.unfinished()
        ]


def confirming_died(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """All checks have passed, every lock says so, and no host is confirmed yet."""
    world.wanted = dict.fromkeys(HOSTS, "new\n")
    for host in HOSTS:
        world[host].fails["confirm"] = die
    with pytest.raises(KilledError):
        world.run()
    dead(world, monkeypatch)


def confirmed(device: Device) -> None:
    """The device was confirmed."""
    assert device.pending is not None
    device.pending, device.saved = Pending(device.pending.run_id, "confirmed", 0), device.running


def restarted_after(device: Device) -> None:
    """The device was confirmed and restarted, which takes away what would undo the change."""
    confirmed(device)
    device.reboot()


ENDINGS: dict[str, Callable[[Device], None]] = {
    "armed": lambda _: None,
    "confirmed": confirmed,
    "its timer fired": Device.fire,
    "restarted before it was confirmed": Device.reboot,
    "restarted after it was confirmed": restarted_after,
}
OLD = {"its timer fired", "restarted before it was confirmed"}
FORGOTTEN = {"restarted after it was confirmed"}


def scanned(world: World, *gone: str) -> list[Recovered]:
    """What `recover --scan` does on a machine that knows nothing of the run."""
    workspace = world.workspace()
    found, _ = scan(workspace.nornir, [host for host in workspace.hosts if host not in gone])
    return [finish(workspace.nornir, left, gone) for left in found.values()]


def texts(world: World) -> set[str]:
    return {world[host].running for host in HOSTS}


def whole(world: World) -> None:
    """All at the old or all at the new configuration, with nothing left on any device."""
    assert texts(world) in ENDS
    assert {world[host].saved for host in HOSTS} == texts(world)
    for device in world.devices.values():
        assert device.pending is None or device.pending.phase == "reverted", device.pending
        assert device.lock is None


def test_recover_tells_which_host_keeps_its_lock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    killed_at(world, "no-edge1", "push", monkeypatch)
    lost = LostContactError("no-edge1 does not answer")
    world["no-edge1"].fails["unlock"] = world.raising(lost, times=100, seconds=60)
    assert [each.outcome for each in recovered(world)] == ["rolled_back"]
    assert "no-edge1 keeps the run's lock, until `routebook recover --scan`: no-edge1 does not" in world.told()


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_and_recovered(world: World, monkeypatch: pytest.MonkeyPatch, host: str, step: str) -> None:
    killed_at(world, host, step, monkeypatch)
    recovered(world)
    whole(world)
    assert list(state_folder(world.project).leases.glob("*")) == []
    with open_journal(state_folder(world.project)) as journal:
        assert journal.unfinished() == []
    assert world.run().outcome in ("confirmed", "unchanged")


@pytest.mark.parametrize("step", STEPS[1:5])
def test_killed_and_the_timers_fire_before_anybody_recovers(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    killed_at(world, "no-edge1", step, monkeypatch)
    for device in world.devices.values():
        device.fire()
    recovered(world)
    whole(world)


@pytest.mark.parametrize("first", ["push", "confirm"])
@pytest.mark.parametrize("second", ["pending", "snapshot", "rollback", "arm", "push", "confirm", "unlock"])
def test_recover_is_killed_too_and_run_again(
    world: World, monkeypatch: pytest.MonkeyPatch, first: str, second: str
) -> None:
    killed_at(world, "no-edge1", first, monkeypatch)
    if first == "confirm":
        world["no-edge1"].fire()  # so that ch-edge1, which may be confirmed, has to be undone
    for host in HOSTS:
        world[host].fails[second] = die
    try:
        recovered(world)
    except KilledError:
        dead(world, monkeypatch)
    for device in world.devices.values():
        device.fails.clear()
    recovered(world)
    whole(world)


def test_an_undo_that_is_confirmed_is_not_undone_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first recovery died between the last step of its undo and giving the lock back."""
    killed_at(world, "no-edge1", "push", monkeypatch)
    device = world["no-edge1"]
    assert device.pending is not None
    device.pending, device.undo = Pending(f"{device.pending.run_id}-undo", "confirmed", 0), "new\n"
    world.log.clear()
    assert [each.outcome for each in recovered(world)] == ["rolled_back"]
    assert ("rollback", "no-edge1") not in world.log
    whole(world)


def test_two_recovers_at_once_exclude_each_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    killed_at(world, "no-edge1", "push", monkeypatch)
    with open_journal(state_folder(world.project)) as journal:
        (run,) = journal.unfinished()
        journal.adopt(run.id)
        with pytest.raises(RefusedError, match="another process"):
            journal.adopt(run.id)


class TestFromAnotherMachine:
    @pytest.mark.parametrize("step", STEPS)
    def test_nothing_but_the_devices_is_needed(self, world: World, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
        killed_at(world, "no-edge1", step, monkeypatch)
        workspace = world.workspace()
        found, silent = scan(workspace.nornir, workspace.hosts)
        assert silent == {}
        for left in found.values():
            assert left.may_be_alive
            assert finish(workspace.nornir, left).outcome in ("confirmed", "rolled_back")
        whole(world)
        assert scan(workspace.nornir, workspace.hosts) == ({}, {})

    @pytest.mark.parametrize("scanner", ["lives", "dies"])
    @pytest.mark.parametrize(("one", "other"), list(itertools.product(ENDINGS, repeat=2)))
    def test_every_mixture_of_ends_becomes_one(
        self, world: World, monkeypatch: pytest.MonkeyPatch, one: str, other: str, scanner: str
    ) -> None:
        """Its checks had passed, and each host has come to another end by itself."""
        confirming_died(world, monkeypatch)
        for host, ending in zip(HOSTS, (one, other), strict=True):
            ENDINGS[ending](world[host])
        old, forgotten = {one, other} & OLD, {one, other} & FORGOTTEN
        if scanner == "dies":
            world[HOSTS[1]].fails |= dict.fromkeys(("confirm", "rollback", "unlock"), die)
            with suppress(KilledError):
                scanned(world)
            dead(world, monkeypatch)
        ends = scanned(world)
        if old and forgotten:
            assert scanner == "dies" or {end.outcome for end in ends} == {"needs_attention"}
        else:
            whole(world)
            assert texts(world) == ({"old\n"} if old else {"new\n"})
            assert {end.outcome for end in ends} <= {"rolled_back" if old else "confirmed"}
        assert scanned(world) == []

    def test_while_a_host_does_not_answer_nothing_that_undoes_the_others_is_given_up(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        confirming_died(world, monkeypatch)
        confirmed(world[HOSTS[0]])
        world[HOSTS[1]].reachable = False
        (ended,) = scanned(world)
        assert ended.outcome == "needs_attention"
        assert f"{HOSTS[1]} does not answer" in ended.messages[HOSTS[0]]
        world[HOSTS[1]].fire()
        world[HOSTS[1]].reachable = True
        (ended,) = scanned(world)
        assert ended.outcome == "rolled_back"
        whole(world)

    @pytest.mark.parametrize("back", ["armed", "confirmed", "its timer fired"])
    def test_a_host_that_is_gone_for_good_holds_nobody_up(
        self, world: World, monkeypatch: pytest.MonkeyPatch, back: str
    ) -> None:
        confirming_died(world, monkeypatch)
        here, gone = (world[host] for host in HOSTS)
        confirmed(here)
        gone.reachable = False
        assert [ended.outcome for ended in scanned(world, gone.name)] == ["confirmed"]
        assert (here.running, here.lock, here.pending) == ("new\n", None, None)
        # And should it come back after all:
        gone.reachable = True
        ENDINGS[back](gone)
        (ended,) = scanned(world)
        if back == "its timer fired":
            assert "run it again" in ended.messages[here.name]
            assert gone.lock is None
        else:
            assert ended.outcome == "confirmed"
            whole(world)

    def test_waves_that_were_to_be_kept_are_kept(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        world.wanted = dict.fromkeys(HOSTS, "new\n")
        world["no-edge1"].fails["activate"] = die
        with pytest.raises(KilledError):
            world.run(waves="canary:ch-edge1", keep_waves=True)
        dead(world, monkeypatch)
        (ended,) = scanned(world)
        assert ended.outcome == "partial"
        assert [world[host].running for host in HOSTS] == ["new\n", "old\n"]
        assert world["ch-edge1"].pending is None
        assert scanned(world) == []

    @pytest.mark.parametrize("end", ["undone", "completed"])
    def test_what_the_intent_wants_and_is_not_up_is_said_and_fails_nothing(
        self, world: World, monkeypatch: pytest.MonkeyPatch, end: str
    ) -> None:
        """What was up before the run is not known there, and the intent may be newer than what is restored."""
        confirming_died(world, monkeypatch)
        if end == "undone":
            world[HOSTS[0]].fire()
        (ended,) = scanned(world)
        assert ended.outcome == ("rolled_back" if end == "undone" else "confirmed")
        told = {finding.host: finding for finding in ended.findings if finding.check == "tunnel.ike"}
        assert set(told) == set(HOSTS)
        for finding in told.values():
            assert finding.status == "warning"
            assert "what was up before the run is not known here" in finding.cause

    def test_a_host_that_is_lost_after_its_end_needs_attention(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        killed_at(world, "no-edge1", "activate", monkeypatch)
        lost = LostContactError("no-edge1 does not answer")
        world["no-edge1"].fails["state"] = world.raising(lost, times=100)
        (ended,) = scanned(world)
        assert ended.outcome == "needs_attention"
        assert "its state cannot be read" in ended.messages["no-edge1"]
        assert ended.hosts["ch-edge1"] is HostState.ROLLED_BACK
        whole(world)

    def test_what_a_confirmed_run_without_any_lock_has_left_is_taken_away(self, world: World) -> None:
        world["ch-edge1"].pending = Pending("napalm-x", "confirmed", 0)
        assert [ended.outcome for ended in scanned(world)] == ["confirmed"]
        assert scanned(world) == []


class TestJournal:
    @pytest.mark.parametrize("writes", range(7))
    def test_a_full_disk_in_the_middle_takes_every_host_back(
        self, world: World, monkeypatch: pytest.MonkeyPatch, writes: int
    ) -> None:
        """Whatever the entry that cannot be written, and although the way back cannot be written either."""
        world.wanted = dict.fromkeys(HOSTS, "new\n")
        left = [writes]
        record: Callable[..., None] = Journal.record

        def full(self: Journal, run_id: str, hosts: Any, state: HostState, detail: str = "") -> None:
            if state not in (HostState.SNAPSHOTTED, HostState.UNCHANGED) and (left := count(hosts)) < 0:
                raise JournalError(f"cannot write the journal {self.path}: disk is full {left}")
            record(self, run_id, hosts, state, detail)

        def count(hosts: Any) -> int:
            del hosts
            left[0] -= 1
            return left[0]

        monkeypatch.setattr(Journal, "record", full)
        result = world.run()
        assert result.outcome in ("refused", "rolled_back", "confirmed")
        assert texts(world) == ({"new\n"} if result.outcome == "confirmed" else {"old\n"})
        monkeypatch.setattr(Journal, "record", record)
        dead(world, monkeypatch)
        recovered(world)
        whole(world)
        with open_journal(state_folder(world.project)) as journal:
            assert journal.unfinished() == []

    def test_what_it_could_not_be_told_on_the_way_back_it_is_told_at_the_end(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.wanted = dict.fromkeys(HOSTS, "new\n")
        record: Callable[..., None] = Journal.record
        full = [HostState.PUSHED, HostState.ROLLING_BACK, HostState.ROLLED_BACK]

        def now_and_then(self: Journal, run_id: str, hosts: Any, state: HostState, detail: str = "") -> None:
            if full[:1] == [state]:
                full.pop(0)
                raise JournalError(f"cannot write the journal {self.path}: disk is full")
            record(self, run_id, hosts, state, detail)

        monkeypatch.setattr(Journal, "record", now_and_then)
        result = world.run()
        assert (result.outcome, full) == ("rolled_back", [])
        with open_journal(state_folder(world.project)) as journal:
            told = journal.run(result.run_id).hosts
        assert {told[host] for host in HOSTS} == {HostState.ROLLED_BACK}

    def test_a_disk_without_room_is_told_by_sqlite_and_refused(self, world: World) -> None:
        with open_journal(state_folder(world.project)) as journal:
            pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
            journal._db.execute(f"PRAGMA max_page_count = {pages}")
            with pytest.raises(JournalError, match="full"):
                for _ in range(1000):
                    journal.begin("change", HOSTS)
                    journal._db.execute("UPDATE runs SET finished = 1")

    def test_a_disk_that_has_become_read_only_is_told(self, world: World) -> None:
        with open_journal(state_folder(world.project)) as journal:
            journal._db.execute("PRAGMA query_only = 1")
            with pytest.raises(JournalError, match="readonly"):
                journal.begin("change", HOSTS)


def test_a_lost_host_is_waited_for(world: World) -> None:
    world.wanted = dict.fromkeys(HOSTS, "new\n")

    def vanish() -> None:
        world["no-edge1"].fails["rollback"] = come_back
        raise LostContactError("no-edge1 does not answer")

    def come_back() -> None:
        world["no-edge1"].fails.clear()
        world["no-edge1"].fire()
        raise LostContactError("no-edge1 does not answer")

    world["no-edge1"].fails["activate"] = vanish
    assert world.run().outcome == "rolled_back"
    assert texts(world) == {"old\n"}


@pytest.mark.parametrize("step", ["plan", "arm", "push", "post-checks", "roll back"])
def test_nobody_who_reads_is_no_reason_to_leave_devices_in_between(world: World, step: str) -> None:
    world.wanted = dict.fromkeys(HOSTS, "new\n")
    world.failing = lambda view: [HOSTS[0]] if view.changed.seconds_since_push else []

    def listen(event: Event) -> None:
        if event.phase == step:
            raise BrokenPipeError

    running = world.running()
    running.listener = listen
    assert commands.run(running, world.runbook(), None, lambda *_: True).outcome == "rolled_back"
    whole(world)
