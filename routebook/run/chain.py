"""A chain of actions: each is a run of its own in the journal, under its hosts' locks, and has no way back."""

import time
from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace
from nornir.core.task import Task

from routebook.checks.findings import Finding, definite
from routebook.device.errors import DriverError
from routebook.device.values import State
from routebook.errors import InterruptedRunError, RefusedError
from routebook.report.model import HostResult, RunResult
from routebook.report.outcome import Outcome
from routebook.run.commands import Approve
from routebook.run.events import Event, unfailing
from routebook.run.fan_out import on_hosts, reasons
from routebook.run.forward import untouched
from routebook.run.journal import LOCKED, HostState
from routebook.run.leases import LeaseFile
from routebook.run.ledger import Ledger
from routebook.run.locks import KEEPS, Locks
from routebook.run.parameters import Value, values
from routebook.run.restore import watched
from routebook.run.runbook import Act, Done, Runbook, Target, View
from routebook.run.running import Running
from routebook.run.watch import read_states
from routebook.run.workspace import open_journal

NO_WAY_BACK = "from here no automatic way back"
_SLACK = 60.0


class Step(Struct, frozen=True):
    """One action of a chain with its parameters. `words` say which, and what it does."""

    act: Act
    target: Target
    values: Mapping[str, Value]
    words: str


def plan(running: Running, runbook: Runbook, given: tuple[str, ...]) -> RunResult:
    """What the chain would do. No device is contacted."""
    started = time.time()
    steps = _steps(running, runbook, given)
    hosts = {host: _shown(HostState.PLANNED, steps, host) for step in steps for host in step.target.arguments}
    notes = tuple(f"{step.words}: {NO_WAY_BACK}" for step in steps)
    return RunResult("", runbook.name, Outcome.PLANNED, started, time.time(), hosts, notes=notes)


def run(running: Running, runbook: Runbook, given: tuple[str, ...], approve: Approve) -> RunResult:
    """Ask, then do one step after the other until one fails. Staleness is no question: an action needs no plan."""
    steps = _steps(running, runbook, given)
    planned = plan(running, runbook, given)
    if not approve(planned.hosts, planned.notes):
        return replace(planned, outcome=Outcome.REFUSED, message="not approved; nothing was changed")
    findings: tuple[Finding, ...] = ()
    hosts: dict[str, HostResult] = {}
    done: list[str] = []
    for step in steps:
        result = _act(running, runbook.name, step)
        hosts |= result.hosts
        findings += result.findings
        if result.outcome is not Outcome.CONFIRMED:
            break
        done.append(step.words)
    outcome, message = result.outcome, result.message
    if done and outcome is Outcome.REFUSED:
        outcome = Outcome.PARTIAL
    if done and outcome is not Outcome.CONFIRMED:
        message = f"{message}; done before, and stays: {', '.join(done)}"
    return replace(
        result,
        outcome=outcome,
        started=planned.started,
        hosts=hosts,
        findings=findings,
        message=message,
        notes=planned.notes,
    )


def _steps(running: Running, runbook: Runbook, given: tuple[str, ...]) -> list[Step]:
    intents = running.workspace.intents
    chosen = values(runbook.parameters, given, intents)
    steps = []
    for number, act in enumerate(runbook.steps, 1):
        target = act.target(intents, chosen)
        if not target.arguments:
            raise RefusedError(f"step {number} of {runbook.name} has no host to act on; nothing was changed")
        if beyond := sorted(target.arguments.keys() - set(running.workspace.hosts)):
            raise RefusedError(f"{runbook.name} acts on {', '.join(beyond)}, which --limit leaves out")
        words = f"step {number} of {len(runbook.steps)}: {act.says.format(**chosen)}"
        steps.append(Step(act, target, chosen, f"{words} on {', '.join(sorted(target.arguments))}"))
    return steps


def _shown(state: HostState, steps: list[Step], host: str, message: str = "") -> HostResult:
    commands = tuple(step.words for step in steps if host in step.target.arguments)
    effects = tuple(effect for step in steps for effect in step.target.effects.get(host, ()))
    return HostResult(state, changed=True, commands=commands, effects=effects, message=message)


def _act(running: Running, name: str, step: Step) -> RunResult:
    """One action: journal, lock, read, do, check."""
    started = time.time()
    hosts = sorted(step.target.arguments)
    with open_journal(running.workspace.state) as journal:
        ledger = Ledger(journal, journal.begin(name, hosts, running.by))
        try:
            outcome = _under_lock(running, name, step, ledger)
        except BaseException:
            if not ledger.in_state(*LOCKED):
                journal.finish(ledger.run_id, Outcome.REFUSED)
            raise
        journal.finish(ledger.run_id, outcome, ledger.message)
    return RunResult(
        run_id=ledger.run_id,
        runbook=name,
        outcome=outcome,
        started=started,
        finished=time.time(),
        hosts={
            host: _shown(ledger.states.get(host, HostState.PLANNED), [step], host, ledger.messages.get(host, ""))
            for host in hosts
        },
        findings=tuple(ledger.findings),
        timings=ledger.timings.seconds,
        message=ledger.message,
        by=running.by,
    )


def _under_lock(running: Running, name: str, step: Step, ledger: Ledger) -> Outcome:
    workspace, hosts = running.workspace, sorted(step.target.arguments)
    locks = Locks(workspace.nornir, ledger.run_id)
    lease = LeaseFile(workspace.state.leases)
    lasts = step.act.patience + _SLACK
    with ledger.timings.phase("pre-checks"):
        seen = read_states(workspace.nornir, step.target.observed | set(hosts))
    if silent := seen.errors.keys() & set(hosts):
        ledger.messages |= reasons(seen.errors)
        ledger.message = f"the state of {', '.join(sorted(silent))} cannot be read; nothing was changed"
        return Outcome.REFUSED
    if running.stop.is_set():
        raise InterruptedRunError("interrupted; nothing was changed")
    # Before the lock: a run that dies now has nothing on a device but that, which `recover` gives back.
    ledger.enter(hosts, HostState.ACTING)
    if errors := locks.take(hosts, lasts):
        ledger.messages |= reasons(errors)
        ledger.message = f"{', '.join(sorted(errors))} cannot be locked; nothing was changed"
        ledger.enter(hosts, HostState.UNCHANGED)
        return Outcome.REFUSED
    try:
        lease.take(ledger.run_id, name, hosts, (), lasts)
        if running.stop.is_set():
            ledger.message = "interrupted; nothing was changed"
            ledger.enter(hosts, HostState.UNCHANGED)
            return Outcome.REFUSED
        return _do(running, step, ledger, seen.values)
    finally:
        lease.release()
        for host, error in locks.release().items():
            unfailing(running.listener)(Event("lock", f"{KEEPS}: {error}", host, failed=True))


def _do(running: Running, step: Step, ledger: Ledger, before: Mapping[str, State]) -> Outcome:
    workspace, hosts = running.workspace, sorted(step.target.arguments)

    def once(task: Task) -> None:
        step.act.task(task, **step.target.arguments[task.host.name])

    begun = time.monotonic()
    with ledger.timings.phase("act"):
        unfailing(running.listener)(Event("act", step.words))
        errors = on_hosts(workspace.nornir, hosts, once).errors
    done = [host for host in hosts if host not in errors]
    ledger.enter(done, HostState.ACTED)
    ledger.messages |= reasons(errors)
    refused = [host for host, error in errors.items() if isinstance(error, DriverError) and untouched(error)]
    ledger.enter(refused, HostState.UNCHANGED)
    if errors and len(refused) == len(hosts):
        ledger.message = f"{'; '.join(reasons(errors).values())}; nothing was changed"
        return Outcome.REFUSED
    with ledger.timings.phase("post-checks"):
        asked = tuple(_check(check, step, begun) for check in step.act.checks)
        observed = {*hosts, *(step.target.observed & before.keys())}
        ledger.findings = watched(workspace.nornir, workspace.judged, observed, asked, before, step.act.patience)
    failed = definite(ledger.findings) != "passed"
    begun_on = [host for host in hosts if host not in refused]
    ledger.enter([host for host in begun_on if failed or host in errors], HostState.NEEDS_ATTENTION)
    if errors or failed:
        ledger.message = f"{step.words}: done, and its checks have not passed; {NO_WAY_BACK}"
        return Outcome.NEEDS_ATTENTION
    return Outcome.CONFIRMED


def _check(check: Callable[[View, Done], list[Finding]], step: Step, begun: float) -> Callable[[View], list[Finding]]:
    def judge(view: View) -> list[Finding]:
        return check(view, Done(step.values, time.monotonic() - begun))

    return judge
