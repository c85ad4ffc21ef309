"""Carries out plan, drift, run and rollback, each ending in one result."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from routebook.checks.facts import Changed
from routebook.checks.roots import folded
from routebook.device.plan import Plan
from routebook.errors import InterruptedRunError, RefusedError
from routebook.project.pins import pin
from routebook.redaction.gate import clean
from routebook.report.model import HostResult, RunResult, cleaned_hosts
from routebook.report.outcome import Outcome
from routebook.run import baseline
from routebook.run.drift import compare, drift_findings, rendering
from routebook.run.events import Event, Timings, unfailing
from routebook.run.fan_out import identity_of, reasons
from routebook.run.forecast import Forecast, Hears, forecast
from routebook.run.inputs import Inputs
from routebook.run.journal import LOCKED, HostState, Journal, JournalError
from routebook.run.leases import LeaseFile
from routebook.run.ledger import Ledger
from routebook.run.planning import Goal, make_plan, to_candidate
from routebook.run.preparation import look, prepare
from routebook.run.runbook import Runbook
from routebook.run.running import Running
from routebook.run.saved_plan import SavedPlan, stale
from routebook.run.transaction import carry_out
from routebook.run.waves import arrange, check_spec
from routebook.run.workspace import open_journal
from routebook.safety.accepted import Guard, notes, refusal
from routebook.safety.announcing import Hearing
from routebook.safety.impact import impacts
from routebook.safety.management_path import descriptions, management_paths
from routebook.safety.redundancy import budget

Approve = Callable[[Mapping[str, HostResult], Sequence[str]], bool]
"""Decides whether a plan is carried out, given what is shown of its hosts and the notes on it as a whole."""
Keep = Callable[[Plan, Mapping[str, HostResult], Sequence[str], Sequence[Guard]], None]
"""Saves a plan with what is shown of it: of its hosts, of it as a whole, and of that what stands in its way."""


def plan(running: Running, runbook: Runbook, keep: Keep | None = None) -> RunResult:
    """What the runbook would do. Devices are only read, and the journal is not touched."""
    check_spec(running.options.waves, running.workspace.intents)
    timings = Timings()
    started = time.time()
    with timings.phase("plan"):
        running.listener(Event("plan", f"reading {len(running.workspace.hosts)} hosts"))
        plan = make_plan(running.workspace.nornir, running.workspace.hosts, _goal(runbook))
    outcome = Outcome.REFUSED if plan.errors else Outcome.PLANNED if plan.changed else Outcome.UNCHANGED
    intents = running.workspace.intents
    paths = descriptions(management_paths(plan, intents), impacts(plan, intents), intents)
    ahead = forecast(running, plan, _goal(runbook), removing=runbook.removes)
    states = dict.fromkeys(running.workspace.hosts, HostState.PLANNED)
    hosts = host_results(plan, states, reasons(plan.errors), paths, ahead.heard, ahead.warnings)
    said = arrange(running.options.waves, budget(plan, intents)).lines() + notes(ahead.guards, running.options.accept)
    if keep is not None and not plan.errors:
        keep(plan, cleaned_hosts(hosts), [clean(each) for each in said], ahead.guards)
    return RunResult("", runbook.name, outcome, started, time.time(), hosts, (), timings.seconds, notes=said)


def drift(running: Running) -> RunResult:
    """Whether the hosts are configured as intended, in every section. Devices are only read."""
    timings = Timings()
    started = time.time()
    with timings.phase("config"):
        running.listener(Event("drift", f"reading {len(running.workspace.hosts)} hosts"))
        plan = compare(running.workspace.nornir, running.workspace.hosts, rendering(()))
    if running.stop.is_set():
        raise InterruptedRunError("interrupted; nothing was changed")
    hosts = host_results(plan, dict.fromkeys(running.workspace.hosts, HostState.PLANNED), reasons(plan.errors), {})
    outcome = Outcome.REFUSED if plan.errors else Outcome.DRIFTED if plan.changed else Outcome.AS_INTENDED
    message = "not every host could be compared" if plan.errors else ""
    findings = tuple(drift_findings(plan))
    return RunResult("", "drift", outcome, started, time.time(), hosts, findings, timings.seconds, message)


def run(
    running: Running,
    runbook: Runbook,
    goal: Goal | None,
    approve: Approve,
    reviewed: SavedPlan | None = None,
    *,
    nothing: str = "",
    asks: bool = False,
    hears: Hears | None = None,
) -> RunResult:
    """Carry out the runbook as a transaction, towards `goal` where that is not the runbook's own candidate.

    With a plan that was `reviewed`, exactly that or nothing. `nothing` is the message if nothing is to be sent.
    With `asks`, `approve` shows the plan to a person, who accepts by it what only asks. `hears` is what others hear
    after a plan whose goal is not the intent.
    """
    check_spec(running.options.waves, running.workspace.intents)
    started = time.time()
    known = baseline.read(running.workspace.state.baseline)
    with open_journal(running.workspace.state) as journal:
        if reviewed is not None:
            _refuse_stale(running, reviewed, journal)
        run_id = journal.begin(runbook.name, running.workspace.hosts, running.by)
        inputs = Inputs(
            nornir=running.workspace.nornir,
            intents=running.workspace.intents,
            hosts=running.workspace.hosts,
            observed=running.workspace.observed,
            run_id=run_id,
            runbook=runbook.name,
            goal=goal or _goal(runbook),
            judging=running.judging(runbook, known.normal()),
            listener=unfailing(running.listener),
            options=running.options,
            prefixes=running.workspace.prefixes,
            stop=running.stop,
        )
        ledger = Ledger(journal, run_id)
        try:
            ahead = partial(_ahead, running, runbook, inputs, hears)
            outcome = _outcome(running, inputs, ledger, approve, reviewed, ahead, asks=asks)
        except BaseException:
            # A run that may have left something on a device stays unfinished, for `recover` to look at.
            if not ledger.in_state(*LOCKED):
                journal.finish(run_id, Outcome.REFUSED)
                journal.discard_secrets(run_id)
            raise
        message = ledger.message or (nothing if outcome is Outcome.UNCHANGED else "")
        try:
            ledger.catch_up()
            journal.finish(run_id, outcome, message)
            if outcome in (Outcome.REFUSED, Outcome.UNCHANGED):
                journal.discard_secrets(run_id)
        except JournalError as error:
            ledger.unwritten = str(error)
    ledger.findings += known.findings()
    learned = _learn(running, known, ledger)
    unwritten = ledger.unwritten and f"{ledger.unwritten}: run `routebook recover` when it can"
    prepared = ledger.prepared
    return RunResult(
        run_id=run_id,
        runbook=runbook.name,
        outcome=outcome,
        started=started,
        finished=time.time(),
        hosts=host_results(
            prepared.plan, ledger.states, ledger.messages, prepared.descriptions(), prepared.heard, prepared.warnings
        ),
        findings=tuple(folded(ledger.findings, running.workspace.judged, Changed.by(prepared.plan.effects()))),
        timings=ledger.timings.seconds,
        message="; ".join(filter(None, (message, unwritten, _pin(running, ledger.states), learned))),
        notes=prepared.notes(running.options.accept),
        by=running.by,
    )


def _ahead(running: Running, runbook: Runbook, inputs: Inputs, hears: Hears | None, plan: Plan) -> Forecast:
    return forecast(running, plan, inputs.goal, removing=runbook.removes, hears=hears)


def _pin(running: Running, states: Mapping[str, HostState]) -> str:
    """Remember who the devices are that are confirmed; why that was not possible."""
    hosts = running.workspace.nornir.inventory.hosts
    confirmed = {
        name: identity
        for name, state in states.items()
        if state is HostState.CONFIRMED and (identity := identity_of(hosts[name])) is not None
    }
    try:
        if confirmed:
            pin(running.workspace.state.identities, confirmed)
    except RefusedError as error:
        return f"who the devices are was not written down: {error}"
    return ""


def _learn(running: Running, known: baseline.Baseline, ledger: Ledger) -> str:
    """Take what is there after a run for normal if it was confirmed; why that was not possible."""
    intents = running.workspace.intents
    if ledger.in_state(HostState.CONFIRMED) and ledger.now:
        known.confirmed(intents, *(baseline.named(intents, states) for states in (ledger.prepared.before, ledger.now)))
        settled = ledger.in_state(HostState.CONFIRMED, HostState.UNCHANGED)
        known.know(settled, ledger.findings)
        known.know_beside({host: each for host, each in ledger.prepared.plan.hosts.items() if host in settled})
    elif restored := ledger.in_state(HostState.ROLLED_BACK):
        known.reset(intents, restored)
    else:
        return ""
    try:
        known.write()
    except RefusedError as error:
        return f"what is normal now was not written down: {error}"
    return ""


def _refuse_stale(running: Running, reviewed: SavedPlan, journal: Journal) -> None:
    """Raises RefusedError for what can be known of a saved plan without asking any device."""
    reviewed.refuse_if_over(time.time())
    reviewed.refuse_others(running.options)
    journal.refuse_used(reviewed.id)
    if changed := reviewed.changed_sources(running.workspace.project):
        raise RefusedError(stale(changed))


def _outcome(
    running: Running,
    inputs: Inputs,
    ledger: Ledger,
    approve: Approve,
    reviewed: SavedPlan | None,
    ahead: Callable[[Plan], Forecast],
    *,
    asks: bool,
) -> Outcome:
    """Prepare, forecast what is `ahead`, ask, carry out."""
    if not prepare(inputs, ledger):
        ledger.message = "not every host could be planned; nothing was changed"
        return Outcome.REFUSED
    prepared = ledger.prepared
    if reviewed is not None and (changed := reviewed.changed_hosts(prepared.plan)):
        ledger.messages |= changed
        ledger.message = stale([f"{host}: {what}" for host, what in changed.items()])
        return Outcome.REFUSED
    if not prepared.plan.changed:
        look(inputs, ledger)
        return Outcome.UNCHANGED
    expected = ahead(prepared.plan)
    guards, accepted = expected.guards, running.options.accept
    ledger.prepared = replace(prepared, heard=expected.heard, warnings=expected.warnings)
    seen = reviewed.shows if reviewed is not None else lambda _: False
    if refused := refusal(guards, accepted, shown=asks, reviewed=seen):
        ledger.message = f"{refused}; nothing was changed"
        return Outcome.REFUSED
    ledger.prepared = prepared = replace(ledger.prepared, guards=guards)
    shown = host_results(prepared.plan, ledger.states, {}, prepared.descriptions(), prepared.heard, prepared.warnings)
    if not approve(shown, prepared.notes(accepted)):
        ledger.message = "not approved; nothing was changed"
        return Outcome.REFUSED
    # What the plan itself forecast, and somebody accepted, is no failure afterwards.
    words = accepted | {guard.word for guard in guards}
    inputs = replace(inputs, judging=replace(inputs.judging, accept=words))
    if reviewed is not None:
        ledger.journal.use_plan(reviewed.id, inputs.run_id)
    return carry_out(inputs, ledger, LeaseFile(running.workspace.state.leases))


def host_results(
    plan: Plan,
    states: Mapping[str, HostState],
    messages: Mapping[str, str],
    paths: Mapping[str, str],
    heard: Iterable[Hearing] = (),
    warnings: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, HostResult]:
    """What became, or would become, of each host. `paths` describes how each is reached, `heard` what others hear.

    `warnings` are those that are no driver's.
    """
    results = {}
    heard = list(heard)
    for host, state in sorted(states.items()):
        planned = plan.hosts.get(host)
        message = messages.get(host, "")
        if planned is None:
            results[host] = HostResult(state, message=message)
            continue
        change = planned.change
        results[host] = HostResult(
            state=state,
            changed=bool(change),
            diff=change.diff,
            commands=change.commands,
            undo=change.undo,
            effects=(*change.effects, *(effect for each in heard if each.host == host for effect in each.effects())),
            warnings=(*change.warnings, *(warnings or {}).get(host, ())),
            old_secrets=change.old_secrets,
            message=message,
            way=paths.get(host, ""),
        )
    return results


def _goal(runbook: Runbook) -> Goal:
    if runbook.render is None:
        raise RefusedError(f"runbook {runbook.name!r} changes nothing; use `routebook verify {runbook.name}`")
    return to_candidate(runbook.render)
