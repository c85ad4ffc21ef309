"""The transaction over all hosts of a run: arm all, then push and check wave by wave, confirm or roll back."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from nornir.core import Nornir

from routebook.checks.findings import Finding, definite
from routebook.checks.names import named_states
from routebook.device.contract import DriverError, LostContactError, State, TransactionDriver
from routebook.device.plan import Plan
from routebook.errors import RefusedError
from routebook.intent.model import HostIntent
from routebook.run.dead_man import Timers, layers
from routebook.run.events import Event, Listener, Timings
from routebook.run.fan_out import Outcome, on_drivers, told
from routebook.run.foreign_changes import moved_since
from routebook.run.journal import ON_DEVICE, HostState, Journal, JournalError
from routebook.run.judge import contact
from routebook.run.leases import LeaseFile
from routebook.run.ledger import Books
from routebook.run.locks import KEEPS, Locks
from routebook.run.options import Options
from routebook.run.planning import Goal, make_plan
from routebook.run.redundancy_probe import exhausted
from routebook.run.rollback import Restorer, unproven
from routebook.run.watch import Judge, Watcher, read_states
from routebook.run.wave_judge import Expecting
from routebook.run.waves import Waves, arrange
from routebook.safety.accepted import NO_REDUNDANCY, OWN_PATH
from routebook.safety.impact import impacts
from routebook.safety.management_path import ManagementPath, dangers, descriptions, distances, management_paths, refusal
from routebook.safety.redundancy import Budget, budget

JudgeMaker = Callable[[Mapping[str, State], Plan, Mapping[str, float]], Judge]
"""Makes a judge from the states before, the plan, and when (on this machine's monotonic clock) each host was pushed."""


@dataclass(slots=True)
class Transaction:
    """One run on `hosts`. `observed` are these and the far ends of their sessions and tunnels, which are only read."""

    nornir: Nornir
    intents: Mapping[str, HostIntent]
    hosts: Collection[str]
    observed: Collection[str]
    journal: Journal
    run_id: str
    runbook: str
    lease: LeaseFile
    goal: Goal
    judge: JudgeMaker
    listener: Listener
    options: Options = field(default_factory=Options)
    stop: threading.Event = field(default_factory=threading.Event)
    timings: Timings = field(default_factory=Timings)
    messages: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    plan: Plan = field(default_factory=Plan)
    waves: Waves = field(default_factory=lambda: Waves(()))
    before: dict[str, State] = field(default_factory=dict)
    unseen: dict[str, Exception] = field(default_factory=dict)  # far ends that did not answer before the change
    message: str = ""
    failed: set[str] = field(default_factory=set)  # hosts that failed, which are counted
    lost: set[str] = field(default_factory=set)  # these, and the hosts that cannot be changed without them
    cut: set[str] = field(default_factory=set)  # hosts that the change cuts off for a while, which was accepted
    pushed: dict[str, float] = field(default_factory=dict)  # when, on this machine's monotonic clock
    activated_at: float = 0.0  # when the latest wave had the change and began to use it, on the same clock
    books: Books = field(init=False)
    timers: Timers = field(init=False)
    locks: Locks = field(init=False)
    paths: dict[str, ManagementPath] = field(default_factory=dict)  # by which each changed host is reached
    _budget: Budget = field(init=False)

    def __post_init__(self) -> None:
        self.books = Books(self.journal, self.run_id)
        self.timers = Timers(self.nornir, self.run_id, self.options.confirm_timeout, self.listener)
        self.locks = Locks(self.nornir, self.run_id)
        self.timers.also = self._renew

    @property
    def states(self) -> Mapping[str, HostState]:
        """How far each host has come."""
        return self.books.states

    def prepare(self) -> bool:
        """Connect, snapshot and plan. Nothing is changed; False if too many hosts cannot take part: the run ends."""
        self.books.states = dict.fromkeys(self.hosts, HostState.PLANNED)
        with self.timings.phase("plan"):
            self._tell("plan", f"reading {len(self.hosts)} hosts")
            self.plan = make_plan(self.nornir, self.hosts, self.goal)
        self.books.enter(self.plan.hosts, HostState.SNAPSHOTTED)
        self.books.enter([host for host, planned in self.plan.hosts.items() if not planned.change], HostState.UNCHANGED)
        if self._failed(self.plan.errors, "plan"):
            return False
        self._budget = budget(self.plan, self.intents)
        self.waves = arrange(self.options.waves, self._budget)
        self.paths = management_paths(self.plan, self.intents)
        return True

    def said(self) -> dict[str, str]:
        """How each changed host is reached, and what the plan does to that."""
        return descriptions(self.paths, impacts(self.plan, self.intents), self.intents)

    def look(self) -> list[Finding]:
        """Read every host once and judge; for a run that has nothing to send, and for pre-checks."""
        with self.timings.phase("pre-checks"):
            seen = read_states(self.nornir, self.observed)
            self.before = seen.values
            # There is no change to compare with: everything intended must be good.
            self.findings = self.judge({}, self.plan, {})(seen, {}, final=True)
        return self.findings

    def carry_out(self) -> str:
        """Arm, push and check wave by wave, and confirm or roll back. Returns the outcome."""
        with self.timings.phase("pre-checks"):
            outcome = read_states(self.nornir, self.observed)
            self.before = outcome.values
            silent = {host: error for host, error in outcome.errors.items() if host in self.hosts}
            if self._failed(silent, "pre-checks"):
                return self._refused("not every host tells its state; nothing was changed")
            self.unseen = {host: error for host, error in outcome.errors.items() if host not in silent}
            for host, state in self.before.items():
                self.journal.store_state(self.run_id, host, state)
            self._budget = replace(self._budget, before=named_states(self.intents, self.before))
            self.waves = arrange(self.options.waves, self._budget)
            conflict = self._unless_accepted("; ".join(self.waves.conflicts))
            reason = conflict or self._cut_off() or self._unsafe(self.waves.waves[0])
        if reason:
            return self._refused(f"{reason}; nothing was changed")
        if self.stop.is_set():
            return self._refused("interrupted before anything was changed")
        try:
            reason = self._try()
        except RefusedError as error:  # the journal or the lease cannot be written
            reason = str(error)
        except Exception as error:
            # Whatever it was, devices hold a change that nobody will confirm: undo it, then let it surface.
            self._roll_back(f"{type(error).__name__} in Routebook itself")
            self._unlock()
            raise
        ended = self._ended(reason)
        self._keep_made()
        self._unlock()
        return ended

    def _keep_made(self) -> None:
        """Keep what the run made of its hosts, by which `rollback` tells its own change from later ones.

        While their locks are held. A host that cannot be read now is confirmed all the same.
        """
        confirmed = [host for host, state in self.states.items() if state is HostState.CONFIRMED]
        outcome = on_drivers(self.nornir, confirmed, lambda device: device.snapshot(), reconnect=True)
        problems = {host: str(error) for host, error in outcome.errors.items()}
        for host, snapshot in outcome.values.items():
            try:
                self.journal.store_made(self.run_id, host, snapshot)
            except JournalError as error:
                problems[host] = str(error)
        for host, problem in sorted(problems.items()):
            self._tell("confirm", f"confirmed, but `rollback` cannot take it back: {problem}", host, failed=True)

    def _renew(self) -> None:
        self.locks.renew()
        self.lease.renew()

    def _unlock(self) -> None:
        self.lease.release()
        given_up = [host for host, state in self.states.items() if state is HostState.NEEDS_ATTENTION]
        for host, error in self.locks.release(given_up).items():
            self._tell("lock", f"{KEEPS}: {error}", host, failed=True)

    def _ended(self, reason: str) -> str:
        if reason:
            self._roll_back(reason)
            self.books.going_back = True
        kept = [host for host, state in self.states.items() if state is HostState.KEPT]
        self.books.enter(kept, HostState.CONFIRMED)
        if HostState.NEEDS_ATTENTION in self.states.values():
            return "needs_attention"
        if not reason and not self.lost:
            return "confirmed"
        if HostState.CONFIRMED in self.states.values():
            return "partial"
        if not self.pushed:
            return self._refused(f"{reason or self.message}; nothing was changed")
        return "rolled_back"

    def _unsafe(self, wave: Collection[str]) -> str:
        """Why a wave may not be touched now: what would carry its traffic meanwhile does not."""
        return self._unless_accepted(exhausted(self.nornir, self._budget, self._active(wave)))

    def _cut_off(self) -> str:
        """Why the change may not be made, as it cuts the way by which a host is reached."""
        risks = [
            risk for wave in self.waves.waves for risk in dangers(self.paths, self._budget.impacts, self.intents, wave)
        ]
        self.cut = {risk.host for risk in risks if risk.cut}
        return refusal(risks, accepted=OWN_PATH in self.options.accept)

    def _unless_accepted(self, danger: str) -> str:
        if danger and NO_REDUNDANCY in self.options.accept:
            self._tell("waves", f"accepted: {danger}")
            return ""
        return f"{danger} (to do it all the same: --accept {NO_REDUNDANCY})" if danger else ""

    def _try(self) -> str:
        """Go forward; the reason for going back, or nothing when every host is confirmed."""
        changed = self._active(self.plan.changed)
        self.timers.make_room({host: self.plan.seconds[host] for host in changed if host in self.plan.seconds})
        self.locks.seconds = 2.0 * self.timers.seconds + self.options.deadline
        # Not before: whoever says no to the plan leaves no configuration, with its secrets, behind.
        for host in changed:
            self.journal.store_snapshot(self.run_id, host, self.plan.hosts[host].snapshot)
        reason = self._lock(changed) or self._everywhere("arm", changed, HostState.ARMING, HostState.ARMED)
        for number, wave in enumerate(self.waves.waves, 1):
            reason = reason or self._wave(number, wave)
            if reason:
                break
            if self.options.keep_waves or number == len(self.waves.waves):
                reason = self._confirm(HostState.KEPT if number < len(self.waves.waves) else HostState.CONFIRMED)
        return reason

    def _lock(self, changed: Collection[str]) -> str:
        """Lock every host of the run, changed or not, so that no run of another machine works on it meanwhile."""
        self.books.enter(changed, HostState.ARMING)
        hosts = self._active(self.plan.hosts)
        self._tell("lock", f"{len(hosts)} hosts")
        errors = self.locks.take(hosts)
        if not errors:
            impacts = [impact for impact in self._budget.impacts if impact.host in changed]
            self.lease.take(self.run_id, self.runbook, changed, impacts, self.timers.seconds)
            return ""
        self.books.enter(changed, HostState.SNAPSHOTTED)
        for host, error in errors.items():
            self.messages[host] = str(error)
            self._tell("lock", str(error), host, failed=True)
        return f"{', '.join(sorted(errors))} cannot be locked"

    def _wave(self, number: int, wave: Collection[str]) -> str:
        reason = self._unsafe(wave) if number > 1 else ""
        if reason := reason or self._stale(self._active(wave)):
            return reason
        for phase, entering in (("push", HostState.PUSHING), ("activate", HostState.PUSHED)):
            hosts = self._active(wave)
            if hosts and (reason := self._everywhere(phase, hosts, entering, HostState.PUSHED)):
                return reason
        return self._check(number) if self._active(wave) else ""

    def _stale(self, hosts: Collection[str]) -> str:
        """Somebody may have typed on the devices since they were armed: compare once more, right before the push."""
        if self.stop.is_set():
            return "interrupted"
        self.timers.keep()
        errors, typed = moved_since(self.nornir, hosts, self.plan.hosts)
        self.findings += typed
        return f"{', '.join(sorted(errors))} cannot be pushed" if self._failed(errors, "push") else ""

    def _everywhere(self, phase: str, hosts: Collection[str], entering: HostState, reached: HostState) -> str:
        if self.stop.is_set():
            return "interrupted"
        self.timers.keep()
        if phase == "push":
            self.pushed |= dict.fromkeys(hosts, time.monotonic())
        elif phase == "activate":
            self.activated_at = time.monotonic()
        with self.timings.phase(phase):
            self.books.enter(hosts, entering)
            self._tell(phase, f"on {len(hosts)} host{'s' * (len(hosts) != 1)}{self._which(hosts)}")
            outcome = self.timers.arm(hosts) if phase == "arm" else on_drivers(self.nornir, hosts, _STEPS[phase])
            if phase == "activate":
                # The checks tell whether a host that cut itself off comes back.
                for host in self.cut & {h for h, e in outcome.errors.items() if isinstance(e, LostContactError)}:
                    del outcome.errors[host]
            self.books.enter(outcome.values, reached)
            for host in outcome.values:
                self._tell(phase, reached, host)
        if phase == "arm":
            # A host that refused to be armed was not touched; one that was lost meanwhile may be armed.
            self.books.enter(
                [host for host, error in outcome.errors.items() if untouched(error)], HostState.SNAPSHOTTED
            )
        over = self._failed(outcome.errors, phase)
        self.timers.gone(host for host, error in outcome.errors.items() if phase == "arm" and untouched(error))
        return f"{phase} failed on {', '.join(sorted(outcome.errors))}" if over else ""

    def _which(self, hosts: Collection[str]) -> str:
        waves = self.waves.waves
        number = next((n for n, wave in enumerate(waves, 1) if set(hosts) <= set(wave)), 0)
        return f", wave {number} of {len(waves)}" if number and len(waves) > 1 else ""

    def _confirm(self, reached: HostState) -> str:
        """Confirm what was pushed, what is reached through other hosts before these."""
        hosts = [host for host in self._active(self.pushed) if self.states[host] is HostState.CHECKED]
        self.locks.decide({host: self.plan.hosts[host].change.fingerprint for host in hosts})
        for layer in layers(hosts, distances(self.paths, self.intents)):
            active = self._active(layer)
            reason = self._everywhere("confirm", active, HostState.CONFIRMING, HostState.CONFIRMED) if active else ""
            if reason:
                return reason
        done = [host for host in hosts if self.states[host] is HostState.CONFIRMED]
        self.timers.gone(done)
        if reached is not HostState.CONFIRMED:
            self.books.enter(done, reached)
        return ""

    def _check(self, number: int) -> str:
        """Watch until the checks of all that was pushed so far have passed; a reason for going back otherwise."""
        while True:
            pushed = {host: at for host, at in self.pushed.items() if host not in self.lost}
            waiting = self._active([host for wave in self.waves.waves[number:] for host in wave])
            expecting = Expecting(self.intents, self.plan, self.before, waiting, frozenset(self.lost))
            judge = expecting.judge(self.judge, pushed)
            watcher = Watcher(
                self.nornir, self.before.keys(), self.options.deadline, self.stop, since=self.activated_at, nudge=True
            )
            watcher.tick = self.timers.keep
            with self.timings.phase("post-checks"):
                self._tell("post-checks", f"watching for at most {self.options.deadline} s")
                self.findings = watcher.watch(judge) + contact(Outcome({}, self.unseen), ())
            if self.stop.is_set():
                return "interrupted"
            failed = [finding for finding in self.findings if finding.status == "failed"]
            if not failed and definite(self.findings) == "passed":
                break
            reason = "a check failed" if len(failed) == 1 else f"{len(failed)} checks failed"
            culprits = {finding.host for finding in failed}
            if not culprits or culprits - pushed.keys() or self._lose(culprits):
                return reason
        self.books.enter([host for host in pushed if self.states[host] is HostState.PUSHED], HostState.CHECKED)
        self.timers.keep()
        return ""

    def _active(self, hosts: Iterable[str]) -> list[str]:
        return sorted(host for host in hosts if host not in self.lost)

    def _failed(self, errors: Mapping[str, Exception], phase: str) -> bool:
        """Take note of what failed; True when that is more than the run may lose."""
        for host, message in told(errors).items():
            self.messages[host] = message
            self._tell(phase, message, host, failed=True)
        return bool(errors) and self._lose(errors)

    def _lose(self, hosts: Collection[str]) -> bool:
        """Go on without these hosts, or tell that these are too many to go on."""
        self.failed |= set(hosts)
        far = {impact.host for impact in impacts(self.plan, self.intents) if impact.far in hosts}
        lost = self.waves.partners({*hosts, *(far if not self.waves.groups else ())})
        if len(self.failed) > self.options.max_failed or set(self.plan.changed) <= self.lost | lost:
            return True
        new = lost - self.lost
        self.lost |= new
        touched = [host for host in new if self.states[host] in {*ON_DEVICE, HostState.CONFIRMED}]
        reason = f"{len(self.failed)} of at most {self.options.max_failed} hosts failed, {', '.join(sorted(hosts))}"
        self._tell("go on", f"without {', '.join(sorted(new))}: {reason}")
        self.message = f"{reason}; without {', '.join(sorted(self.lost))}"
        if touched:
            self._undo(touched)
        return False

    def _roll_back(self, reason: str) -> None:
        touched = [host for host, state in self.states.items() if state in {*ON_DEVICE, HostState.CONFIRMED}]
        self.message = reason
        if touched:
            self._undo(touched)

    def _undo(self, hosts: Collection[str]) -> None:
        """Bring hosts back to their snapshots, and those that are not there to somebody's attention."""
        self.books.going_back = True
        touched = sorted(hosts)
        unpushed = [host for host in touched if host not in self.pushed]
        if pushed := [host for host in touched if host in self.pushed]:
            self._tell("roll back", f"{self.message}: rolling back {', '.join(pushed)}")
        if unpushed:
            self._tell("disarm", f"{self.message}: nothing was pushed on {', '.join(unpushed)}")
        problems: dict[str, str] = {}
        with self.timings.phase("roll back"):
            confirmed = {host for host in touched if self.states[host] in (HostState.CONFIRMING, HostState.CONFIRMED)}
            self.books.enter(touched, HostState.ROLLING_BACK)
            restorer = Restorer(
                nornir=self.nornir,
                run_id=self.run_id,
                snapshots={host: self.plan.hosts[host].snapshot for host in touched},
                confirm_timeout=self.timers.seconds,
                listener=self.listener,
            )
            problems |= restorer.disarm(unpushed)
            for layer in layers(pushed, distances(self.paths, self.intents)):
                problems |= restorer.restore(layer, confirmed & set(layer))
            self.timers.gone(touched)
            whole = [host for host in touched if host not in problems]
            before = {host: state for host, state in self.before.items() if host not in problems}
            back = [host for host in pushed if host not in problems]
            restored = restorer.verify_up(back, before, self.options.deadline) if back else []
        self.findings += [*restored, *restorer.findings()]
        lame = unproven(restored, back)
        self.books.enter([host for host in whole if host not in lame], HostState.ROLLED_BACK)
        problems |= lame
        self.books.enter(problems, HostState.NEEDS_ATTENTION)
        self.messages |= problems
        self.books.going_back = False

    def _refused(self, reason: str) -> str:
        self.message = reason
        return "refused"

    def _tell(self, phase: str, message: str, host: str = "", *, failed: bool = False) -> None:
        self.listener(Event(phase, message, host, failed))


_STEPS: Mapping[str, Callable[[TransactionDriver], None]] = {
    "push": lambda device: device.push(),
    "activate": lambda device: device.activate(),
    "confirm": lambda device: device.confirm(),
}


def untouched(error: Exception) -> bool:
    """Whether a device that answered with this error is certainly as it was."""
    return isinstance(error, DriverError) and not isinstance(error, LostContactError) and not error.changed
