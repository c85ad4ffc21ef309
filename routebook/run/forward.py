"""Forward: lock and arm every host of a run, then push, activate, check and confirm it wave by wave."""

import time
from collections.abc import Callable, Collection, Mapping

from msgspec import Struct

from routebook.checks.facts import Changed, as_before
from routebook.checks.findings import Finding, definite
from routebook.checks.roots import counted, folded, hosts_of_roots
from routebook.device.contract import TransactionDriver
from routebook.device.errors import DriverError, LostContactError
from routebook.device.values import State
from routebook.run.dead_man import DeadManTimers
from routebook.run.fan_out import Answers, on_drivers
from routebook.run.foreign_changes import moved_since
from routebook.run.inputs import Inputs, Prepared
from routebook.run.journal import HostState
from routebook.run.judge import contact
from routebook.run.leases import LeaseFile
from routebook.run.ledger import Ledger
from routebook.run.locks import Locks
from routebook.run.redundancy_probe import unsafe
from routebook.run.rollback import Rollback
from routebook.run.watch import Watcher
from routebook.run.wave_judge import WaveJudge


class Forward(Struct, frozen=True):
    """Brings one run forward. Each step gives a reason for going back, or nothing."""

    inputs: Inputs
    prepared: Prepared
    ledger: Ledger
    timers: DeadManTimers
    locks: Locks
    lease: LeaseFile
    rollback: Rollback

    def go(self) -> str:
        """From the lock to the confirmation of every host."""
        plan, waves = self.prepared.plan, self.prepared.waves.waves
        changed = self.ledger.active(plan.changed)
        self.timers.make_room({host: plan.seconds[host] for host in changed if host in plan.seconds})
        # Not before: whoever says no to the plan leaves no configuration, with its secrets, behind.
        for host in changed:
            self.ledger.journal.store_snapshot(self.inputs.run_id, host, plan.hosts[host].snapshot)
        reason = self._lock(changed) or self._arm(changed)
        for number, wave in enumerate(waves, 1):
            if reason := reason or self._wave(number, wave):
                return reason
            if self.inputs.options.keep_waves or number == len(waves):
                reason = self._confirm(HostState.KEPT if number < len(waves) else HostState.CONFIRMED)
        return reason

    def _lock(self, changed: Collection[str]) -> str:
        """Lock every host of the run, changed or not: no run of another machine works on it at the same time."""
        self.ledger.enter(changed, HostState.ARMING)
        hosts = self.ledger.active(self.prepared.plan.hosts)
        self.inputs.report("lock", f"{len(hosts)} hosts")
        errors = self.locks.take(hosts, 2.0 * self.timers.seconds + self.inputs.options.deadline)
        if not errors:
            impacts = [impact for impact in self.prepared.impacts if impact.host in changed]
            self.lease.take(self.inputs.run_id, self.inputs.runbook, changed, impacts, self.timers.seconds)
            return ""
        self.ledger.enter(changed, HostState.SNAPSHOTTED)
        for host, error in errors.items():
            self.ledger.messages[host] = str(error)
            self.inputs.report("lock", str(error), host, failed=True)
        return f"{', '.join(sorted(errors))} cannot be locked"

    def _arm(self, hosts: Collection[str]) -> str:
        return self._everywhere("arm", hosts, HostState.ARMING, HostState.ARMED, self.timers.arm)

    def _wave(self, number: int, wave: Collection[str]) -> str:
        reason = unsafe(self.inputs, self.ledger, wave) if number > 1 else ""
        if reason := reason or self._moved(self.ledger.active(wave)):
            return reason
        for phase, entering in (("push", HostState.PUSHING), ("activate", HostState.PUSHED)):
            hosts = self.ledger.active(wave)
            if hosts and (reason := self._everywhere(phase, hosts, entering, HostState.PUSHED)):
                return reason
        return self._check(number) if self.ledger.active(wave) else ""

    def _moved(self, hosts: Collection[str]) -> str:
        """Somebody may have typed on the devices since they were armed: compare once more, right before the push."""
        if self.inputs.stop.is_set():
            return "interrupted"
        self.timers.keep()
        errors, typed = moved_since(self.inputs.nornir, hosts, self.prepared.plan.hosts)
        self.ledger.findings += typed
        return f"{', '.join(sorted(errors))} cannot be pushed" if self._too_many_failed(errors, "push") else ""

    def _everywhere(
        self,
        phase: str,
        hosts: Collection[str],
        entering: HostState,
        reached: HostState,
        step: Callable[[Collection[str]], Answers[None]] | None = None,
    ) -> str:
        """One step on all of `hosts`, in the journal before it is made and after it."""
        inputs, ledger = self.inputs, self.ledger
        if inputs.stop.is_set():
            return "interrupted"
        self.timers.keep()
        if phase == "push":
            ledger.pushed |= dict.fromkeys(hosts, time.monotonic())
        elif phase == "activate":
            ledger.activated_at = time.monotonic()
        with ledger.timings.phase(phase):
            ledger.enter(hosts, entering)
            inputs.report(phase, f"on {len(hosts)} host{'s' * (len(hosts) != 1)}{self.prepared.waves.which(hosts)}")
            answers = step(hosts) if step else on_drivers(inputs.nornir, hosts, _STEPS[phase])
            if phase == "activate":
                # The checks decide whether a host that cut itself off comes back.
                lost = {host for host, error in answers.errors.items() if isinstance(error, LostContactError)}
                for host in self.prepared.cut_off & lost:
                    del answers.errors[host]
            ledger.enter(answers.values, reached)
            for host in answers.values:
                inputs.report(phase, reached, host)
        # A host that refused to be armed was not touched; one that was lost in the middle may be armed.
        unarmed = [host for host, error in answers.errors.items() if phase == "arm" and untouched(error)]
        ledger.enter(unarmed, HostState.SNAPSHOTTED)
        over = self._too_many_failed(answers.errors, phase)
        self.timers.gone(unarmed)
        return f"{phase} failed on {', '.join(sorted(answers.errors))}" if over else ""

    def _confirm(self, reached: HostState) -> str:
        """Confirm what was pushed, what is reached through other hosts before these."""
        states = self.ledger.states
        hosts = [host for host in self.ledger.active(self.ledger.pushed) if states[host] is HostState.CHECKED]
        self.locks.decide({host: self.prepared.plan.hosts[host].change.fingerprint for host in hosts})
        for layer in self.prepared.layers(hosts):
            active = self.ledger.active(layer)
            reason = self._everywhere("confirm", active, HostState.CONFIRMING, HostState.CONFIRMED) if active else ""
            if reason:
                return reason
        done = [host for host in hosts if states[host] is HostState.CONFIRMED]
        self.timers.gone(done)
        if reached is not HostState.CONFIRMED:
            self.ledger.enter(done, reached)
        return ""

    def _check(self, number: int) -> str:
        """Watch until the checks of all that was pushed so far have passed; a reason for going back otherwise."""
        inputs, prepared, ledger = self.inputs, self.prepared, self.ledger
        checked = {host for host, state in ledger.states.items() if state is not HostState.PUSHED}
        while True:
            pushed = {host: at for host, at in ledger.pushed.items() if host not in ledger.lost}
            takes = max((prepared.plan.hosts[host].change.takes for host in pushed if host not in checked), default=0.0)
            waiting = ledger.active([host for wave in prepared.waves.waves[number:] for host in wave])
            judge = WaveJudge(inputs.intents, prepared.plan, prepared.before, waiting, frozenset(ledger.lost))
            watcher = Watcher(
                inputs.nornir,
                prepared.before.keys(),
                inputs.options.deadline,
                inputs.stop,
                since=ledger.activated_at,
                not_before=ledger.activated_at + takes,
                nudge=True,
                prefixes=inputs.prefixes,
                judged=inputs.observed,
                at_each_look=self.timers.keep,
            )
            with ledger.timings.phase("post-checks"):
                inputs.report("post-checks", f"watching for at most {inputs.options.deadline} s")
                found = watcher.watch(judge.judge(inputs.judging, pushed))
                ledger.now = watcher.now
                found += self._packets(watcher.now) if definite(found) == "passed" else []
                ledger.findings = found + contact(Answers({}, dict(prepared.silent)), ())
            if inputs.stop.is_set():
                return "interrupted"
            failed = [finding for finding in ledger.findings if finding.status == "failed"]
            if not failed and definite(ledger.findings) == "passed":
                break
            found = folded(failed, inputs.judging.intents, Changed.by(prepared.plan.effects()))
            reason, culprits = counted(found), hosts_of_roots(found)
            if not culprits or culprits - pushed.keys() or ledger.lose(inputs, culprits):
                return reason
            self._undo_lost()
        ledger.enter([host for host in pushed if ledger.states[host] is HostState.PUSHED], HostState.CHECKED)
        self.timers.keep()
        return ""

    def _packets(self, now: Mapping[str, State]) -> list[Finding]:
        """Whether packets arrive, now that sessions are up. What did not before, and is not changed, is excused."""
        inputs, prepared = self.inputs, self.prepared
        packets = inputs.packets(self.ledger.active(inputs.hosts))
        changed = Changed.by(prepared.plan.effects()).tunnels
        return [
            as_before(finding)
            if finding.status == "failed" and finding.subject in prepared.stuck - changed
            else finding
            for finding in packets.findings(now, inputs.options.deadline / 2)
        ]

    def _too_many_failed(self, errors: Mapping[str, Exception], phase: str) -> bool:
        """Whether more failed than the run may lose. Otherwise it goes on without these, which are undone."""
        if self.ledger.too_many_failed(self.inputs, errors, phase):
            return True
        self._undo_lost()
        return False

    def _undo_lost(self) -> None:
        self.rollback.undo(self.ledger.lost.intersection(self.ledger.to_undo()))


_STEPS: Mapping[str, Callable[[TransactionDriver], None]] = {
    "push": lambda device: device.push(),
    "activate": lambda device: device.activate(),
    "confirm": lambda device: device.confirm(),
}


def untouched(error: Exception) -> bool:
    """Whether a device that answered with this error is certainly as it was."""
    return isinstance(error, DriverError) and not isinstance(error, LostContactError) and not error.changed
