"""Taking back what one earlier run changed, and nothing else: the runbook and the goal of `rollback RUN`."""

from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace
from nornir.core.task import Task

from routebook.checks import baseline
from routebook.checks.facts import Changed
from routebook.checks.findings import Finding
from routebook.checks.names import named_states
from routebook.device.contract import TransactionDriver
from routebook.device.errors import OverlapError
from routebook.device.merging import Overlap
from routebook.device.plan import HostPlan
from routebook.device.values import Change, Snapshot, State
from routebook.errors import RefusedError
from routebook.run.forecast import Hears
from routebook.run.journal import HostState, Journal, RunRecord
from routebook.run.planning import Goal
from routebook.run.runbook import Runbook, View
from routebook.safety.announcing import hearings_without

BY_HAND = "somebody by hand"


class Reverting(Struct, frozen=True):
    """What takes a run back: a runbook, its goal, the hosts that it changed, and what to say if nothing is left.

    `hears` is what others hear afterwards.
    """

    runbook: Runbook
    goal: Goal
    hosts: tuple[str, ...]
    nothing: str
    hears: Hears


class Step(Struct, frozen=True):
    """Somebody's change of a host: by whom, and its configuration before and after it."""

    by: str
    before: Snapshot
    after: Snapshot


def reverting(journal: Journal, run_id: str) -> Reverting:
    """What takes back the own change of a run that was confirmed. Raises RefusedError.

    Its check is that what it brings back is up again as it was before that run, and everything else as it is now: the
    intent, and later runs, may ask for something newer.
    """
    record = journal.run(run_id)
    hosts = tuple(sorted(host for host, state in record.hosts.items() if state is HostState.CONFIRMED))
    if refusal := _refusal(record, hosts):
        raise RefusedError(f"{refusal}. Nothing was changed.")
    then = {host: state for host in hosts if (state := journal.state(record.id, host)) is not None}

    def check(view: View) -> list[Finding]:
        old = named_states(view.intents, then)
        due = {
            host: due_state(old.get(host), state, host, view.changed)
            for host, state in view.before.items()
            if host in hosts
        }
        return baseline.check(due, view.now, view.explanations, final=view.final)

    return Reverting(
        Runbook(checks=(check,), standing=False, removes=True, name=f"rollback {record.id}"),
        to_reverted(journal, record, hosts),
        hosts,
        f"nothing of what run {record.id} changed is there any more",
        _hears(journal, record, then),
    )


def _hears(journal: Journal, record: RunRecord, before: Mapping[str, State]) -> Hears:
    """What others hear without the run: its own difference, between the states before it and before the next one."""
    after = {}
    for host in before:
        kept = (journal.state(run.id, host) for run in journal.later(record.id, host))
        if (state := next(filter(None, kept), None)) is not None:
            after[host] = state
    return partial(hearings_without, before, after)


def _refusal(record: RunRecord, hosts: Sequence[str]) -> str:
    run = f"run {record.id} ({record.runbook})"
    if record.alive:
        return f"{run} is still at work; Ctrl-C where it runs makes it take back what it has done"
    if record.outcome is None:
        return f"{run} died before its end: `routebook recover` brings it to one"
    if record.outcome in ("confirmed", "partial") and hosts:
        return ""
    if record.outcome == "needs_attention":
        return (
            f"{run} needs attention, and is not known to be in force or taken back on every host: "
            f"`routebook show {record.id}` says what is wrong where; put that right by hand, or by a new run"
        )
    if record.outcome == "rolled_back":
        return f"{run} was rolled back itself, so nothing of it is there"
    return f"{run} ended as {record.outcome}: it has changed nothing that could be taken back"


def due_state(then: State | None, now: State, host: str, changed: Changed) -> State:
    """What must be up: sessions and tunnels that the change touches as they were `then`, all others as they are now."""

    def of(peer: object) -> bool:
        return (host, str(peer)) in changed.sessions

    bgp = [session for session in now.bgp or () if not of(session.peer)]
    bgp += [session for session in (then.bgp if then else None) or () if of(session.peer)]
    ike = [sa for sa in now.ike or () if sa.name not in changed.tunnels]
    ike += [sa for sa in (then.ike if then else None) or () if sa.name in changed.tunnels]
    return State(tuple(bgp), tuple(ike))


def to_reverted(journal: Journal, record: RunRecord, hosts: Sequence[str]) -> Goal:
    """The goal: each host's configuration as it is now, without what the run changed there."""
    kept = {host: (journal.snapshot(record.id, host), journal.made(record.id, host)) for host in hosts}
    later = {host: _later(journal, record, host) for host in hosts}

    def goal(task: Task, device: TransactionDriver, snapshot: Snapshot) -> HostPlan:
        host = task.host.name
        before, made = kept[host]
        if before is None or made is None:
            what = "how it was before" if before is None else "what it made of it"
            raise RefusedError(
                f"run {record.id} kept no snapshot of {host} ({what}), so that its own change cannot be separated from "
                "later ones; nothing was changed. Change the inventory back and run it"
            )
        try:
            change = device.plan_revert(before, made, snapshot)
        except OverlapError as error:
            culprits = attributed(device, before, made, later[host], error)
            raise RefusedError(
                f"what run {record.id} changed on {host} has been changed again since, and taking it back would take "
                f"that away: {culprits}. Nothing was changed; take the later change back first, or change the inventory"
            ) from error
        return HostPlan(snapshot, replace(change, warnings=(*change.warnings, *_warnings(record.id, change))))

    return goal


def _warnings(run_id: str, change: Change) -> list[str]:
    return [f"an old secret comes back, that of before run {run_id}: {place}" for place in change.old_secrets]


def _later(journal: Journal, record: RunRecord, host: str) -> list[Step]:
    """What later runs did to a host, as far as the journal has kept it."""
    found = []
    for run in journal.later(record.id, host):
        before, made = journal.snapshot(run.id, host), journal.made(run.id, host)
        if before is not None and made is not None:
            found.append(Step(f"run {run.id} ({run.runbook})", before, made))
    return found


def attributed(
    device: TransactionDriver, before: Snapshot, made: Snapshot, steps: Sequence[Step], error: OverlapError
) -> str:
    """Who changed what is in the way: the later runs by their snapshots, and what none of them did was done by hand."""
    found: dict[str, list[str]] = {}
    known = [
        (step.by, _places(device, before, made, step.before), _places(device, before, made, step.after))
        for step in steps
    ]
    for overlap in error.overlaps:
        where = overlap.where
        culprits = [by for by, earlier, after in known if where in after and earlier.get(where) != after[where]]
        for by in culprits or [BY_HAND]:
            found.setdefault(by, []).append(str(overlap))
    return "; ".join(f"{by} changed {', '.join(places)}" for by, places in found.items())


def _places(device: TransactionDriver, before: Snapshot, made: Snapshot, at: Snapshot) -> dict[str, Overlap]:
    return {overlap.where: overlap for overlap in device.overlaps(before, made, at)}
