"""Bring hosts back to their snapshots and prove it: configuration equal, and up again what was up."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from nornir.core import Nornir
from nornir.core.task import Task

from routebook.checks import baseline
from routebook.checks.facts import Changed, Explanations
from routebook.checks.findings import Finding
from routebook.device.contract import (
    UNDOING,
    Beside,
    DriverError,
    Lock,
    Pending,
    Snapshot,
    SomebodyElseError,
    State,
    TransactionDriver,
    belongs,
)
from routebook.run.events import Event, Listener
from routebook.run.fan_out import OUT_OF_REACH, Answers, driver, on_drivers, on_hosts, reasons
from routebook.run.foreign_changes import in_short, on_the_way_back
from routebook.run.judge import CONTACT, ENGINE, Judging
from routebook.run.runbook import View
from routebook.run.watch import Watcher

GRACE = 45.0
"""Seconds to wait for a lost host beyond when its own timer fires, and for one that answers and fails to roll back."""

LOST = "lost: it did not answer again; look at it by its console"


@dataclass(slots=True)
class Restore:
    """Restores hosts to `snapshots`, by the device's own revert where it still knows the change."""

    nornir: Nornir
    run_id: str
    snapshots: Mapping[str, Snapshot]
    confirm_timeout: int
    listener: Listener
    beside: dict[str, Beside] = field(default_factory=dict)  # what others had changed where a push was undone

    def restore(self, hosts: Collection[str], confirmed: Collection[str]) -> dict[str, str]:
        """Bring `hosts` back; says what is wrong with those that are not.

        One of `confirmed` may have restarted since, and then have nothing to undo the change with.
        """
        answers = on_drivers(self.nornir, hosts, self._undo, reconnect=True)
        waiting = {host: error for host, error in answers.errors.items() if _may_end_well(error)}
        for host, error in answers.errors.items():
            self.listener(Event("roll back", str(error), host, failed=True))
        problems = reasons({host: error for host, error in answers.errors.items() if host not in waiting})
        self._note(answers.values)
        problems |= self._await(waiting, self._finish)
        different = self._differences(set(hosts) - problems.keys())
        forgotten = different.keys() & set(confirmed)
        problems |= {host: text for host, text in different.items() if host not in forgotten}
        problems |= self._from_here(forgotten)
        problems |= self._differences(forgotten - problems.keys())
        return problems

    def verify_up(self, hosts: Collection[str], before: Mapping[str, State], deadline: float) -> list[Finding]:
        """Wait until everything that was up on `hosts` is up again; findings on what is not after `deadline` seconds.

        `before` has their far ends too: a session comes back when both ends try again, and each may be waiting.
        """
        intents = {name: host.data["intent"] for name, host in self.nornir.inventory.hosts.items()}
        judging = Judging(intents, hosts, (_as_before,))

        def judge(seen: Answers[State], explanations: Explanations, *, final: bool) -> list[Finding]:
            return judging.judge(before, Changed(), seen, explanations, final=final)

        watched = {*hosts, *before}
        watcher = Watcher(
            self.nornir, watched, deadline, threading.Event(), since=time.monotonic(), patient=True, nudge=True
        )
        return watcher.watch(judge)

    def disarm(self, hosts: Collection[str]) -> dict[str, str]:
        """Take timers away from hosts on which nothing was pushed, and restore nothing; says where that fails."""
        answers = on_drivers(self.nornir, hosts, lambda device: device.disarm(), reconnect=True)
        waiting = {host: error for host, error in answers.errors.items() if _may_end_well(error)}
        problems = reasons({host: error for host, error in answers.errors.items() if host not in waiting})
        return problems | self._await(waiting, self._disarm)

    def _disarm(self, device: TransactionDriver) -> None:
        """Disarm a host that was lost: also where it restarted meanwhile, so that what undoes the change is gone."""
        pending = device.pending()
        if pending is not None and pending.phase != "confirmed" and belongs(pending.run_id, self.run_id):
            device.disarm()

    def findings(self) -> list[Finding]:
        """What others had changed on the hosts that were restored, and what has become of it."""
        return [on_the_way_back(host, beside) for host, beside in sorted(self.beside.items())]

    def _note(self, found: Mapping[str, Beside | None]) -> None:
        for host, beside in found.items():
            if beside is not None:
                self.beside[host] = beside
                fate = "kept" if beside.kept is not None else "discarded"
                lines = f"somebody else's lines were {fate}: {in_short(beside.diff)}"
                self.listener(Event("roll back", lines, host, failed=beside.kept is None))

    def _undo(self, device: TransactionDriver) -> Beside | None:
        """Undo what the run did, and nothing that another run has done there by now.

        One that was cut off while it was armed may have left something although nothing is pending.
        """
        pending = device.pending()
        if other := taken_by(self.run_id, pending, None):
            raise DriverError(f"run {other} has it by now; it is left as it is")
        if pending is None or pending.phase == "reverted" or belongs(pending.run_id, self.run_id):
            device.rollback()
            return device.beside
        return None

    def _finish(self, device: TransactionDriver) -> Beside | None:
        """Make sure that a host which was lost is back at its snapshot.

        One that undid the change by restarting may keep what it would have undone it with: this takes that away.
        """
        return self._undo(device) if device.pending() is not None else None

    def _from_here(self, hosts: Collection[str]) -> dict[str, str]:
        """Undo a change of which its device knows nothing any more: by a change of its own, back to the snapshot."""

        def step(task: Task) -> None:
            device, undo = driver(task), f"{self.run_id}{UNDOING}"
            if device.plan_restore(self.snapshots[task.host.name], device.snapshot()):
                device.arm(undo, self.confirm_timeout)
                device.push()
                device.activate()
                device.confirm()
                device.unlock(undo)

        return reasons(on_hosts(self.nornir, hosts, step).errors)

    def _await(
        self, errors: Mapping[str, Exception], finish: Callable[[TransactionDriver], Beside | None]
    ) -> dict[str, str]:
        """Wait for lost hosts to come back after their own timers have restored them, and for those that failed to roll
        back, as a daemon was not there, to do it after all.
        """
        for host, error in errors.items():
            if isinstance(error, OUT_OF_REACH):
                self.listener(Event("roll back", f"lost; its own timer fires within {self.confirm_timeout} s", host))
        begun = time.monotonic()
        end = begun + self.confirm_timeout + GRACE
        missing = set(errors)
        # Hosts that answer and fail: since when.
        failing = {host: begun for host, error in errors.items() if not isinstance(error, OUT_OF_REACH)}
        problems: dict[str, str] = {}
        wait = threading.Event()
        while missing and (now := time.monotonic()) < end:
            answers = on_drivers(self.nornir, missing, finish)
            self._note(answers.values)
            for host, error in answers.errors.items():
                if isinstance(error, OUT_OF_REACH):
                    failing.pop(host, None)
                elif not isinstance(error, DriverError) or time.monotonic() > failing.setdefault(host, now) + GRACE:
                    problems |= reasons({host: error})
            missing = answers.errors.keys() - problems.keys()
            if missing:
                wait.wait(1.0)
            errors = answers.errors
        for host in missing:
            error = errors[host]
            self.listener(Event("roll back", str(error), host, failed=True))
            problems[host] = LOST if isinstance(error, OUT_OF_REACH) else str(error)
        return problems

    def _differences(self, hosts: Collection[str]) -> dict[str, str]:
        answers = on_drivers(self.nornir, hosts, lambda device: device.snapshot(), reconnect=True)
        problems = {host: f"cannot be read after rolling back: {error}" for host, error in answers.errors.items()}
        for host, snapshot in answers.values.items():
            beside = self.beside.get(host)
            wanted = self.snapshots[host] if beside is None or beside.kept is None else beside.kept
            if wrong := differing(wanted, snapshot):
                problems[host] = f"after rolling back these differ from before: {', '.join(wrong)}"
        return problems


def differing(wanted: Snapshot, found: Snapshot) -> list[str]:
    """The parts that are not those of `wanted`: their text or attributes, or where texts say nothing, their meaning."""
    if not wanted.exact and wanted.fingerprint == found.fingerprint:
        return []
    names = wanted.parts.keys() | found.parts.keys()
    return sorted(
        name
        for name in names
        if wanted.parts.get(name) != found.parts.get(name) or wanted.attributes.get(name) != found.attributes.get(name)
    )


def unproven(findings: Iterable[Finding], hosts: Collection[str]) -> dict[str, str]:
    """What is wrong with each of `hosts` that is at its snapshot, but of which that does not prove enough."""
    found: dict[str, str] = {}
    for finding in findings:
        if finding.status != "failed":
            continue
        reason = "not everything that was up is up again"
        if finding.check == CONTACT:
            reason = f"its state cannot be read: {'; '.join(finding.evidence).removeprefix(f'{finding.host}: ')}"
        for host in hosts if finding.host == ENGINE else {finding.host} & set(hosts):
            found.setdefault(host, f"the configuration is as before, but {reason}")
    return found


def _as_before(view: View) -> list[Finding]:
    return baseline.check(view.before, view.now, view.explanations, final=view.final)


def taken_by(run_id: str, pending: Pending | None, holder: Lock | None) -> str:
    """The other run that has a device by now, as it says of itself; empty if none has."""
    if pending is not None and pending.unconfirmed and not belongs(pending.run_id, run_id):
        return pending.run_id
    return holder.run_id if holder is not None and holder.run_id != run_id else ""


def _may_end_well(error: Exception) -> bool:
    """Whether to try again: a device that is somebody else will not become the right one."""
    return isinstance(error, DriverError) and not isinstance(error, SomebodyElseError)
