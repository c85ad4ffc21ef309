"""Carry out plan, run, verify, rollback and recover on a workspace, each ending in one result."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from routebook.checks.findings import definite
from routebook.device.plan import Plan
from routebook.errors import InterruptedRunError, RefusedError
from routebook.project.pins import pin
from routebook.project.provenance import Provenance
from routebook.report.model import HostResult, RunResult, cleaned_hosts
from routebook.report.outcome import Outcome
from routebook.run.drift import compare, compared, drift, rendering
from routebook.run.events import Event, Listener, Timings, unfailing
from routebook.run.fan_out import identity_of, reasons
from routebook.run.inputs import Inputs
from routebook.run.journal import LOCKED, HostState, Journal, JournalError
from routebook.run.judge import Judging
from routebook.run.leases import LeaseFile
from routebook.run.ledger import Ledger
from routebook.run.options import Options
from routebook.run.planning import Goal, make_plan, to_candidate
from routebook.run.preparation import look, prepare
from routebook.run.runbook import Check, Runbook
from routebook.run.saved_plan import SavedPlan, stale
from routebook.run.transaction import carry_out
from routebook.run.watch import Watcher
from routebook.run.waves import arrange, check_spec
from routebook.run.workspace import Workspace, open_journal
from routebook.safety.accepted import HA_SYNC, ONE_END
from routebook.safety.impact import impacts
from routebook.safety.management_path import descriptions, management_paths
from routebook.safety.mates import synchronised
from routebook.safety.one_end import far_ends, one_ended
from routebook.safety.redundancy import budget

LOG_HISTORY = 600.0
"""How far back, in seconds, `verify` looks in the devices' logs for causes."""

Approve = Callable[[Mapping[str, HostResult], Sequence[str]], bool]
"""Decides whether a plan is carried out, given what is shown of its hosts and the notes on it as a whole."""
Keep = Callable[[Plan, Mapping[str, HostResult]], None]
"""Saves a plan with what is shown of it."""


@dataclass(slots=True)
class Running:
    """One command at work: what it works on, who listens, and what stops it."""

    workspace: Workspace
    listener: Listener
    stop: threading.Event = field(default_factory=threading.Event)
    options: Options = field(default_factory=Options)
    by: Provenance = field(default_factory=Provenance)

    def plan(self, runbook: Runbook, keep: Keep | None = None) -> RunResult:
        """What the runbook would do. Devices are only read, and the journal is not touched."""
        check_spec(self.options.waves, self.workspace.intents)
        timings = Timings()
        started = time.time()
        with timings.phase("plan"):
            self.listener(Event("plan", f"reading {len(self.workspace.hosts)} hosts"))
            plan = make_plan(self.workspace.nornir, self.workspace.hosts, _goal(runbook))
        outcome = Outcome.REFUSED if plan.errors else Outcome.PLANNED if plan.changed else Outcome.UNCHANGED
        intents = self.workspace.intents
        paths = descriptions(management_paths(plan, intents), impacts(plan, intents), intents)
        hosts = host_results(plan, dict.fromkeys(self.workspace.hosts, HostState.PLANNED), reasons(plan.errors), paths)
        if keep is not None and not plan.errors:
            keep(plan, cleaned_hosts(hosts))
        notes = arrange(self.options.waves, budget(plan, intents)).lines()
        notes += tuple(f"danger: {text}" for text in (*self._one_ended(plan, _goal(runbook)), *synchronised(plan)))
        return RunResult("", runbook.name, outcome, started, time.time(), hosts, (), timings.seconds, notes=notes)

    def verify(self, runbook: Runbook, wait: float, *, config: bool = True) -> RunResult:
        """Judge the network as it is, for at most `wait` seconds until it is as intended.

        With `config`, also whether the hosts that could be read are configured as intended.
        """
        timings = Timings()
        started = time.time()
        with timings.phase("verify"):
            self.listener(Event("verify", f"reading {len(self.workspace.observed)} hosts"))
            since = time.monotonic() - LOG_HISTORY
            watcher = Watcher(self.workspace.nornir, self.workspace.observed, wait, self.stop, since)
            findings = watcher.watch(self._judging(runbook.checks).since({}))
        render = compared(runbook) if config else None
        if render is not None and not self.stop.is_set():
            with timings.phase("config"):
                hosts = [host for host in self.workspace.hosts if host in watcher.now]
                self.listener(Event("verify", f"comparing the configuration of {len(hosts)} hosts"))
                findings += drift(compare(self.workspace.nornir, hosts, render))
        if self.stop.is_set():
            raise InterruptedRunError("interrupted; nothing was changed")
        outcome = Outcome.VERIFIED if definite(findings) == "passed" else Outcome.FAILED
        return RunResult("", runbook.name, outcome, started, time.time(), {}, tuple(findings), timings.seconds)

    def drift(self) -> RunResult:
        """Whether the hosts are configured as intended, in every section. Devices are only read."""
        timings = Timings()
        started = time.time()
        with timings.phase("config"):
            self.listener(Event("drift", f"reading {len(self.workspace.hosts)} hosts"))
            plan = compare(self.workspace.nornir, self.workspace.hosts, rendering(()))
        if self.stop.is_set():
            raise InterruptedRunError("interrupted; nothing was changed")
        hosts = host_results(plan, dict.fromkeys(self.workspace.hosts, HostState.PLANNED), reasons(plan.errors), {})
        outcome = Outcome.REFUSED if plan.errors else Outcome.DRIFTED if plan.changed else Outcome.AS_INTENDED
        message = "not every host could be compared" if plan.errors else ""
        findings = tuple(drift(plan))
        return RunResult("", "drift", outcome, started, time.time(), hosts, findings, timings.seconds, message)

    def run(
        self,
        runbook: Runbook,
        goal: Goal | None,
        approve: Approve,
        reviewed: SavedPlan | None = None,
        *,
        nothing: str = "",
    ) -> RunResult:
        """Carry out the runbook as a transaction, towards `goal` where that is not the runbook's own candidate.

        With a plan that was `reviewed`, exactly that or nothing. `nothing` is the message if nothing is to be sent.
        """
        check_spec(self.options.waves, self.workspace.intents)
        started = time.time()
        with open_journal(self.workspace.state) as journal:
            if reviewed is not None:
                self._refuse_stale(reviewed, journal)
            run_id = journal.begin(runbook.name, self.workspace.hosts, self.by)
            inputs = Inputs(
                nornir=self.workspace.nornir,
                intents=self.workspace.intents,
                hosts=self.workspace.hosts,
                observed=self.workspace.observed,
                run_id=run_id,
                runbook=runbook.name,
                goal=goal or _goal(runbook),
                judging=self._judging(runbook.checks),
                listener=unfailing(self.listener),
                options=self.options,
                stop=self.stop,
            )
            ledger = Ledger(journal, run_id)
            try:
                outcome = self._outcome(inputs, ledger, approve, reviewed, both_ends=goal is None)
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
        unwritten = ledger.unwritten and f"{ledger.unwritten}: run `routebook recover` when it can"
        prepared = ledger.prepared
        return RunResult(
            run_id=run_id,
            runbook=runbook.name,
            outcome=outcome,
            started=started,
            finished=time.time(),
            hosts=host_results(prepared.plan, ledger.states, ledger.messages, prepared.descriptions()),
            findings=tuple(ledger.findings),
            timings=ledger.timings.seconds,
            message="; ".join(filter(None, (message, unwritten, self._pin(ledger.states)))),
            notes=prepared.waves.lines(),
            by=self.by,
        )

    def _one_ended(self, plan: Plan, goal: Goal) -> list[str]:
        """What would go down as its other end is outside of the run. The far ends are read, and not changed."""
        intents, hosts = self.workspace.intents, self.workspace.hosts
        found = impacts(plan, intents)
        beyond = far_ends(found, hosts)
        return (
            one_ended(found, impacts(make_plan(self.workspace.nornir, beyond, goal), intents), hosts) if beyond else []
        )

    def _pin(self, states: Mapping[str, HostState]) -> str:
        """Remember who the devices are that are confirmed; why that was not possible."""
        hosts = self.workspace.nornir.inventory.hosts
        confirmed = {
            name: identity
            for name, state in states.items()
            if state is HostState.CONFIRMED and (identity := identity_of(hosts[name])) is not None
        }
        try:
            if confirmed:
                pin(self.workspace.state.identities, confirmed)
        except RefusedError as error:
            return f"who the devices are was not written down: {error}"
        return ""

    def _refuse_stale(self, reviewed: SavedPlan, journal: Journal) -> None:
        """Raises RefusedError for what can be known of a saved plan without asking any device."""
        reviewed.refuse_if_over(time.time())
        reviewed.refuse_others(self.options)
        journal.refuse_used(reviewed.id)
        if changed := reviewed.changed_sources(self.workspace.project):
            raise RefusedError(stale(changed))

    def _outcome(
        self, inputs: Inputs, ledger: Ledger, approve: Approve, reviewed: SavedPlan | None, *, both_ends: bool
    ) -> Outcome:
        """Prepare, ask, carry out. `both_ends`: refuse what would go down for want of its other end."""
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
        both_ends = both_ends and ONE_END not in self.options.accept
        if both_ends and (alone := self._one_ended(prepared.plan, inputs.goal)):
            ledger.message = f"{'; '.join(alone)}; nothing was changed"
            return Outcome.REFUSED
        if HA_SYNC not in self.options.accept and (sent := synchronised(prepared.plan)):
            ledger.message = f"{'; '.join(sent)}; nothing was changed"
            return Outcome.REFUSED
        shown = host_results(prepared.plan, ledger.states, {}, prepared.descriptions())
        if not approve(shown, prepared.waves.lines()):
            ledger.message = "not approved; nothing was changed"
            return Outcome.REFUSED
        if reviewed is not None:
            ledger.journal.use_plan(reviewed.id, inputs.run_id)
        return carry_out(inputs, ledger, LeaseFile(self.workspace.state.leases))

    def _judging(self, checks: Sequence[Check]) -> Judging:
        """What judges the run's hosts and the far ends of their sessions and tunnels."""
        return Judging(self.workspace.judged, self.workspace.hosts, checks, self.options.accept)


def host_results(
    plan: Plan, states: Mapping[str, HostState], messages: Mapping[str, str], paths: Mapping[str, str]
) -> dict[str, HostResult]:
    """What became, or would become, of each host. `paths` describes how each is reached."""
    results = {}
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
            effects=change.effects,
            warnings=change.warnings,
            old_secrets=change.old_secrets,
            message=message,
            way=paths.get(host, ""),
        )
    return results


def _goal(runbook: Runbook) -> Goal:
    if runbook.render is None:
        raise RefusedError(f"runbook {runbook.name!r} changes nothing; use `routebook verify {runbook.name}`")
    return to_candidate(runbook.render)
