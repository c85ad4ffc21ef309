"""The transaction over all hosts of a run: arm everywhere, push everywhere, check, then confirm or roll back everywhere."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from nornir.core import Nornir

from custom_napalm.contract import DriverError, State, TransactionDriver
from routebook.events import Event, Listener, Timings
from routebook.findings import Finding, Verdict, verdict
from routebook.journal import ON_DEVICE, HostState, Journal, Up
from routebook.planning import Goal, Plan, make_plan
from routebook.restoring import Restorer
from routebook.steps import on_drivers
from routebook.watching import Explanations, Judge, Watcher, read_states

MARGIN = 30
"""Seconds that must be left on the devices' timers when a run takes its next step."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is carried out. Both times are in seconds."""

    confirm_timeout: int = 120
    deadline: int = 60


@dataclass(slots=True)
class Transaction:
    """One run. `judge` is made from the state before and gives the findings on the state now."""

    nornir: Nornir
    hosts: Collection[str]
    journal: Journal
    run_id: str
    goal: Goal
    judge: Callable[[Mapping[str, State], Plan], Judge]
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
            self.before = read_states(self.nornir, self.hosts)
            self.findings = self.judge(self.before, self.plan)(self.before, {}, final=True)
        return self.findings

    def carry_out(self) -> str:
        """Arm, push, check, and confirm or roll back. Returns the outcome."""
        with self.timings.phase("pre-checks"):
            self.before = read_states(self.nornir, self.hosts)
        missing = sorted(set(self.hosts) - self.before.keys())
        if missing:
            return self._refused(f"the state of {', '.join(missing)} cannot be read; nothing was changed")
        for host, state in self.before.items():
            self.journal.store_up(self.run_id, host, up(state))
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
        if not any(state in ON_DEVICE for state in self.states.values()):
            return self._refused(reason)
        return self._roll_back(reason)

    def _try(self) -> str:
        """Go forward; the reason for going back, or nothing when every host is confirmed."""
        changed = self.plan.changed
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
        with self.timings.phase(phase):
            self._enter(hosts, entering)
            for host in hosts:
                self._tell(phase, "…", host)
            outcome = on_drivers(self.nornir, hosts, step)
            self._enter(outcome.values, reached)
            for host in outcome.values:
                self._tell(phase, reached, host)
        if not self._failed(outcome.errors, phase):
            return ""
        if phase == "arm":
            # What was not armed was not touched; what was armed is only a timer, and rolling back takes it away.
            self._enter(outcome.errors, HostState.SNAPSHOTTED)
        return f"{phase} failed on {', '.join(sorted(outcome.errors))}"

    def _check(self, changed: Collection[str]) -> str:
        watcher = Watcher(self.nornir, self.hosts, self.options.deadline, self.stop)
        watcher.tick = lambda: self._keep_armed(changed)
        with self.timings.phase("post-checks"):
            self._tell("post-checks", f"watching for at most {self.options.deadline} s")
            self.findings = watcher.watch(self.judge(self.before, self.plan))
        if self.stop.is_set():
            return "interrupted"
        failed = [finding for finding in self.findings if finding.status == "failed"]
        if failed or verdict(self.findings) is not Verdict.PASSED:
            return f"{len(failed)} checks failed"
        self._enter(changed, HostState.CHECKED)
        return ""

    def _keep_armed(self, hosts: Collection[str]) -> None:
        """Extend timers that would fire while the checks legitimately run. A host that is lost keeps its timer."""

        def extend(device: TransactionDriver) -> None:
            pending = device.pending()
            if pending is not None and pending.phase == "armed" and pending.remaining < MARGIN:
                device.extend(max(MARGIN * 2, self.options.confirm_timeout))

        on_drivers(self.nornir, hosts, extend)

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
            restored = restorer.verify_up({host: self.before[host] for host in whole}, self.options.deadline)
        self.findings += restored
        lame = {finding.host for finding in restored if finding.status == "failed"}
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
        for host, error in errors.items():
            self.messages[host] = str(error) if isinstance(error, DriverError) else f"{type(error).__name__}: {error}"
            self._tell(phase, self.messages[host], host, failed=True)
        return bool(errors)

    def _enter(self, hosts: Iterable[str], state: HostState) -> None:
        entering = sorted(hosts)
        if entering:
            self.journal.record(self.run_id, entering, state)
            self.states |= dict.fromkeys(entering, state)

    def _tell(self, phase: str, message: str, host: str = "", *, failed: bool = False) -> None:
        self.listener(Event(phase, message, host, failed))


def up(state: State) -> Up:
    """What is up in a host's state: peers of Established sessions, names of tunnels with an installed child."""
    return Up(
        tuple(str(session.peer) for session in state.bgp or () if session.established),
        tuple(sorted({sa.name for sa in state.ike or () if sa.up and any(child.up for child in sa.children)})),
    )
