"""Bring hosts back to their snapshots and prove it: configuration equal, and up again what was up."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from nornir.core import Nornir
from nornir.core.task import Task

from routebook.checks import baseline
from routebook.checks.findings import Finding
from routebook.device.contract import TransactionDriver
from routebook.device.errors import DriverError, SomebodyElseError
from routebook.device.values import UNDOING, ForeignChange, Lock, Pending, Snapshot, State, belongs
from routebook.intent.model import HostIntent
from routebook.run.events import Event, Listener
from routebook.run.fan_out import OUT_OF_REACH, driver, on_drivers, on_hosts, reasons
from routebook.run.foreign_changes import found_at_rollback, in_short
from routebook.run.judge import CONTACT, ENGINE, Judging
from routebook.run.runbook import Check, View
from routebook.run.watch import Watcher

GRACE = 45.0
"""Seconds to wait for a lost host beyond when its own timer fires, and for one that answers and fails to roll back."""

LOST = "lost: it did not answer again; look at it by its console"

NOTHING_TO_UNDO_WITH = (
    "it is not at its old configuration, as others are, and has nothing to undo the run with: run it again"
)


class TakenOverError(DriverError):
    """Another run works on the device by now."""


@dataclass(slots=True)
class Restore:
    """Restores hosts to what they were `before`, by the device's own revert where it still knows the change.

    Of a host whose snapshot is not known here, `before` has the fingerprint, or nothing. `foreign_changes` is what
    others had changed where a push was undone, and `unfinished` are hosts that may still need what undoes the change.
    """

    nornir: Nornir
    run_id: str
    before: Mapping[str, Snapshot | str]
    confirm_timeout: int
    listener: Listener
    foreign_changes: dict[str, ForeignChange] = field(default_factory=dict)
    unfinished: set[str] = field(default_factory=set)

    def restore(self, hosts: Collection[str], confirmed: Collection[str] = ()) -> dict[str, str]:
        """Bring `hosts` back; says what is wrong with those that are not.

        One of `confirmed` may have restarted since, and then have nothing to undo the change with.
        """
        answers = on_drivers(self.nornir, hosts, self._undo, reconnect=True)
        for host, error in answers.errors.items():
            self.listener(Event("roll back", str(error), host, failed=True))
        self._note(answers.values)
        problems = self._again(answers.errors, self._finish)
        self.unfinished |= problems.keys()
        different = self.differences(set(hosts) - problems.keys())
        forgotten = {host for host in different.keys() & set(confirmed) if isinstance(self.before[host], Snapshot)}
        problems |= {host: text for host, text in different.items() if host not in forgotten}
        problems |= self._from_here(forgotten)
        return problems | self.differences(forgotten - problems.keys())

    def differences(self, hosts: Collection[str]) -> dict[str, str]:
        """What is not as before on those of `hosts` of which that is known; also that one cannot be read."""
        known = set(hosts) & self.before.keys()
        answers = on_drivers(self.nornir, known, lambda device: device.snapshot(), reconnect=True)
        self.unfinished |= answers.errors.keys()
        problems = {host: f"cannot be read after rolling back: {error}" for host, error in answers.errors.items()}
        for host, snapshot in answers.values.items():
            change, wanted = self.foreign_changes.get(host), self.before[host]
            if change is not None and change.kept is not None:
                wanted = change.kept
            if isinstance(wanted, str):
                if wanted != snapshot.fingerprint:
                    problems[host] = NOTHING_TO_UNDO_WITH
            elif wrong := differing(wanted, snapshot):
                problems[host] = f"after rolling back these differ from before: {', '.join(wrong)}"
        return problems

    def disarm(self, hosts: Collection[str]) -> dict[str, str]:
        """Take timers away from hosts on which nothing was pushed, and restore nothing; says where that fails."""
        answers = on_drivers(self.nornir, hosts, lambda device: device.disarm(), reconnect=True)
        return self._again(answers.errors, self._disarm)

    def findings(self) -> list[Finding]:
        """What others had changed on the hosts that were restored, and what has become of it."""
        return [found_at_rollback(host, change) for host, change in sorted(self.foreign_changes.items())]

    def _disarm(self, device: TransactionDriver) -> None:
        """Disarm a host that was lost: also where it has restarted, so that what undoes the change is gone."""
        pending = device.pending()
        if pending is not None and pending.phase != "confirmed" and belongs(pending.run_id, self.run_id):
            device.disarm()

    def _note(self, found: Mapping[str, ForeignChange | None]) -> None:
        for host, change in found.items():
            if change is not None:
                self.foreign_changes[host] = change
                fate = "kept" if change.kept is not None else "discarded"
                lines = f"somebody else's lines were {fate}: {in_short(change.diff)}"
                self.listener(Event("roll back", lines, host, failed=change.kept is None))

    def _undo(self, device: TransactionDriver) -> ForeignChange | None:
        """Undo what the run did, and nothing that another run has done there by now.

        One that was cut off while it was armed may have left something although nothing is pending. An undo of ours
        that is confirmed has brought the host back already: undoing that would bring the change back.
        """
        pending = device.pending()
        if other := taken_by(self.run_id, pending, None):
            raise TakenOverError(f"run {other} has it by now; it is left as it is")
        if pending is None or pending.phase == "reverted" or pending.run_id == self.run_id or pending.unconfirmed:
            device.rollback()
            return device.foreign_change
        return None

    def _finish(self, device: TransactionDriver) -> ForeignChange | None:
        """Make sure that a host which was lost is back at its snapshot.

        One that undid the change by restarting may keep what it would have undone it with: this takes that away.
        """
        return self._undo(device) if device.pending() is not None else None

    def _from_here(self, hosts: Collection[str]) -> dict[str, str]:
        """Undo a change of which its device knows nothing any more: by a change of its own, back to the snapshot."""

        def step(task: Task) -> None:
            device, undo, before = driver(task), f"{self.run_id}{UNDOING}", self.before[task.host.name]
            if isinstance(before, Snapshot) and device.plan_restore(before, device.snapshot()):
                device.arm(undo, self.confirm_timeout)
                device.push()
                device.activate()
                device.confirm()
                device.unlock(undo)

        return reasons(on_hosts(self.nornir, hosts, step).errors)

    def _again(
        self, errors: Mapping[str, Exception], finish: Callable[[TransactionDriver], ForeignChange | None]
    ) -> dict[str, str]:
        """Wait for lost hosts to come back after their own timers have restored them, and for those that failed to roll
        back, as a daemon was not there, to do it after all.
        """
        for host, error in errors.items():
            if isinstance(error, OUT_OF_REACH):
                self.listener(Event("roll back", f"lost; its own timer fires within {self.confirm_timeout} s", host))
        begun = time.monotonic()
        end = begun + self.confirm_timeout + GRACE
        problems = reasons({host: error for host, error in errors.items() if not _may_end_well(error)})
        missing = errors.keys() - problems.keys()
        # Hosts that answer and fail: since when.
        failing = {host: begun for host in missing if not isinstance(errors[host], OUT_OF_REACH)}
        wait = threading.Event()
        while missing and (now := time.monotonic()) < end:
            answers = on_drivers(self.nornir, missing, finish)
            self._note(answers.values)
            for host, error in answers.errors.items():
                if isinstance(error, OUT_OF_REACH):
                    failing.pop(host, None)
                elif not _may_end_well(error) or time.monotonic() > failing.setdefault(host, now) + GRACE:
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


def watched(
    nornir: Nornir,
    intents: Mapping[str, HostIntent],
    hosts: Collection[str],
    checks: Collection[Check],
    before: Mapping[str, State],
    deadline: float,
) -> list[Finding]:
    """What `checks` say of `hosts` once all is well, or after `deadline` seconds. Devices are asked to try again.

    `before` may have far ends too: a session comes back when both ends try again, and each may be waiting. Without a
    state that may come back, a failure that waiting cannot mend ends it early.
    """
    since, never = time.monotonic(), threading.Event()
    watcher = Watcher(nornir, {*hosts, *before}, deadline, never, since, patient=bool(before), nudge=True)
    return watcher.watch(Judging(intents, hosts, checks).since(before))


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


def as_before(view: View) -> list[Finding]:
    """The check that everything that was up is up again."""
    return baseline.check(view.before, view.now, view.explanations, final=view.final)


def taken_by(run_id: str, pending: Pending | None, holder: Lock | None) -> str:
    """The other run that has a device by now, as it says of itself; empty if none has."""
    if pending is not None and pending.unconfirmed and not belongs(pending.run_id, run_id):
        return pending.run_id
    return holder.run_id if holder is not None and holder.run_id != run_id else ""


def _may_end_well(error: Exception) -> bool:
    """Whether to try again: a device that is somebody else, or has another run, will not become the right one."""
    return isinstance(error, DriverError) and not isinstance(error, SomebodyElseError | TakenOverError)
