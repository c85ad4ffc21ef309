"""The transaction over all hosts of a run: arm, push and check everywhere, then confirm or roll back everywhere."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from nornir.core import Nornir

from custom_napalm.contract import DriverError, LostContactError, State, TransactionDriver
from routebook.events import Event, Listener, Timings
from routebook.findings import Finding, definite
from routebook.journal import ON_DEVICE, HostState, Journal
from routebook.planning import Goal, Plan, make_plan
from routebook.restoring import Restorer
from routebook.steps import on_drivers, told
from routebook.watching import Judge, Watcher, read_states

JudgeMaker = Callable[[Mapping[str, State], Plan, Mapping[str, float]], Judge]
"""Makes a judge from the states before, the plan, and when (on this machine's monotonic clock) each host was pushed."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is carried out. Both times are in seconds."""

    confirm_timeout: int = 120
    deadline: int = 60


@dataclass(slots=True)
class Transaction:
    """One run on `hosts`. `observed` are these and the far ends of their sessions and tunnels, which are only read."""

    nornir: Nornir
    hosts: Collection[str]
    observed: Collection[str]
    journal: Journal
    run_id: str
    goal: Goal
    judge: JudgeMaker
    listener: Listener
    options: Options = field(default_factory=Options)
    stop: threading.Event = field(default_factory=threading.Event)
    timings: Timings = field(default_factory=Timings)
    states: dict[str, HostState] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    plan: Plan = field(default_factory=lambda: Plan({}, {}))
    before: dict[str, State] = field(default_factory=dict)
    message: str = ""
    pushed_at: float = 0.0  # when the push began, on this machine's monotonic clock
    activated_at: float = 0.0  # when every host had the change and began to use it, on the same clock
    fires_at: float = 0.0  # when the first of the devices' timers fires, on the same clock

    def prepare(self) -> bool:
        """Connect, snapshot and plan. Nothing is changed; False if a host cannot take part, which ends the run."""
        self.states = dict.fromkeys(self.hosts, HostState.PLANNED)
        with self.timings.phase("plan"):
            self._tell("plan", f"reading {len(self.hosts)} hosts")
            self.plan = make_plan(self.nornir, self.hosts, self.goal)
        for host, planned in self.plan.hosts.items():
            self.journal.store_snapshot(self.run_id, host, planned.snapshot)
        self._enter(self.plan.hosts, HostState.SNAPSHOTTED)
        self._enter([host for host, planned in self.plan.hosts.items() if not planned.change], HostState.UNCHANGED)
        return not self._failed(self.plan.errors, "plan")

    def look(self) -> list[Finding]:
        """Read every host once and judge; for a run that has nothing to send, and for pre-checks."""
        with self.timings.phase("pre-checks"):
            self.before = read_states(self.nornir, self.observed).values
            # There is no change to compare with: everything intended must be good.
            self.findings = self.judge({}, self.plan, {})(self.before, {}, final=True)
        return self.findings

    def carry_out(self) -> str:
        """Arm, push, check, and confirm or roll back. Returns the outcome."""
        with self.timings.phase("pre-checks"):
            outcome = read_states(self.nornir, self.observed)
        self.before = outcome.values
        if self._failed({host: error for host, error in outcome.errors.items() if host in self.hosts}, "pre-checks"):
            return self._refused("not every host tells its state; nothing was changed")
        for host, state in self.before.items():
            self.journal.store_state(self.run_id, host, state)
        if self.stop.is_set():
            return self._refused("interrupted before anything was changed")
        try:
            reason = self._try()
        except Exception as error:
            # Whatever it was, devices hold a change that nobody will confirm: undo it, then let it surface.
            self._roll_back(f"{type(error).__name__} in Routebook itself")
            raise
        if not reason:
            return "confirmed"
        ended = self._roll_back(reason)
        if ended == "rolled_back" and not self.pushed_at:
            return self._refused(f"{reason}; nothing was changed")
        return ended

    def _try(self) -> str:
        """Go forward; the reason for going back, or nothing when every host is confirmed."""
        changed = self.plan.changed
        self.fires_at = time.monotonic() + self.options.confirm_timeout
        steps: list[tuple[str, HostState, HostState, Callable[[TransactionDriver], None]]] = [
            ("arm", HostState.ARMING, HostState.ARMED, self._arm),
            ("push", HostState.PUSHING, HostState.PUSHED, lambda device: device.push()),
            ("activate", HostState.PUSHED, HostState.PUSHED, lambda device: device.activate()),
        ]
        for phase, entering, reached, step in steps:
            if reason := self._everywhere(phase, changed, entering, reached, step):
                return reason
        if reason := self._check(changed):
            return reason
        if reason := self._everywhere(
            "confirm", changed, HostState.CONFIRMING, HostState.CONFIRMED, lambda device: device.confirm()
        ):
            return reason
        return ""

    def _arm(self, device: TransactionDriver) -> None:
        device.arm(self.run_id, self.options.confirm_timeout)

    def _everywhere(
        self,
        phase: str,
        hosts: Collection[str],
        entering: HostState,
        reached: HostState,
        step: Callable[[TransactionDriver], None],
    ) -> str:
        if self.stop.is_set():
            return "interrupted"
        if phase == "push":
            self.pushed_at = time.monotonic()
        elif phase == "activate":
            self.activated_at = time.monotonic()
        with self.timings.phase(phase):
            self._enter(hosts, entering)
            self._tell(phase, f"on {len(hosts)} host{'s' * (len(hosts) != 1)}")
            outcome = on_drivers(self.nornir, hosts, step)
            self._enter(outcome.values, reached)
            for host in outcome.values:
                self._tell(phase, reached, host)
        if not self._failed(outcome.errors, phase):
            return ""
        if phase == "arm":
            # A host that refused to be armed was not touched; one that was lost meanwhile may be armed.
            self._enter([host for host, error in outcome.errors.items() if untouched(error)], HostState.SNAPSHOTTED)
        return f"{phase} failed on {', '.join(sorted(outcome.errors))}"

    def _check(self, changed: Collection[str]) -> str:
        watcher = Watcher(
            self.nornir, self.before.keys(), self.options.deadline, self.stop, since=self.activated_at, nudge=True
        )
        watcher.tick = lambda: self._keep_armed(changed)
        with self.timings.phase("post-checks"):
            self._tell("post-checks", f"watching for at most {self.options.deadline} s")
            self.findings = watcher.watch(self.judge(self.before, self.plan, dict.fromkeys(changed, self.pushed_at)))
        if self.stop.is_set():
            return "interrupted"
        failed = [finding for finding in self.findings if finding.status == "failed"]
        if failed or definite(self.findings) != "passed":
            return "a check failed" if len(failed) == 1 else f"{len(failed)} checks failed"
        self._enter(changed, HostState.CHECKED)
        self._keep_armed(changed)
        return ""

    def _keep_armed(self, hosts: Collection[str]) -> None:
        """Extend timers that would fire while the checks legitimately run. A host that is lost keeps its timer."""
        seconds = self.options.confirm_timeout
        if self.fires_at - time.monotonic() < seconds / 2:
            self.fires_at = time.monotonic() + seconds
            on_drivers(self.nornir, hosts, lambda device: device.extend(seconds))

    def _roll_back(self, reason: str) -> str:
        touched = sorted(host for host, state in self.states.items() if state in {*ON_DEVICE, HostState.CONFIRMED})
        self.message = reason
        self._tell("roll back", f"{reason}: rolling back {', '.join(touched)}")
        with self.timings.phase("roll back"):
            confirmed = {host for host in touched if self.states[host] is HostState.CONFIRMED}
            self._enter(touched, HostState.ROLLING_BACK)
            restorer = Restorer(
                nornir=self.nornir,
                run_id=self.run_id,
                snapshots={host: self.plan.hosts[host].snapshot for host in touched},
                confirm_timeout=self.options.confirm_timeout,
                listener=self.listener,
            )
            problems = restorer.restore(touched, confirmed)
            whole = [host for host in touched if host not in problems]
            before = {host: state for host, state in self.before.items() if host not in problems}
            restored = restorer.verify_up(whole, before, self.options.deadline)
        self.findings += restored
        lame = {finding.host for finding in restored if finding.status == "failed"} & set(whole)
        self._enter([host for host in whole if host not in lame], HostState.ROLLED_BACK)
        for host in lame:
            problems[host] = "the configuration is as before, but not everything that was up is up again"
        self._enter(problems, HostState.NEEDS_ATTENTION)
        self.messages |= problems
        return "needs_attention" if problems else "rolled_back"

    def _refused(self, reason: str) -> str:
        self.message = reason
        return "refused"

    def _failed(self, errors: Mapping[str, Exception], phase: str) -> bool:
        for host, message in told(errors).items():
            self.messages[host] = message
            self._tell(phase, message, host, failed=True)
        return bool(errors)

    def _enter(self, hosts: Iterable[str], state: HostState) -> None:
        entering = sorted(hosts)
        if entering:
            self.journal.record(self.run_id, entering, state)
            self.states |= dict.fromkeys(entering, state)

    def _tell(self, phase: str, message: str, host: str = "", *, failed: bool = False) -> None:
        self.listener(Event(phase, message, host, failed))


def untouched(error: Exception) -> bool:
    """Whether a device that answered with this error is certainly as it was."""
    return isinstance(error, DriverError) and not isinstance(error, LostContactError) and not error.changed
