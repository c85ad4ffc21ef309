"""Bring the hosts of a run that died to a verified end, with what the journal and the devices still know."""

from dataclasses import dataclass, field
from pathlib import Path

from nornir.core import Nornir

from routebook.checks.findings import Finding
from routebook.device.contract import DriverError, Lock, LostContactError, TransactionDriver
from routebook.project.provenance import Provenance
from routebook.report.outcome import Outcome
from routebook.run.events import Event, Listener, unfailing
from routebook.run.fan_out import on_drivers
from routebook.run.journal import LOCKED, NOBODY, HostState, Journal, RunRecord
from routebook.run.leases import end
from routebook.run.locks import KEEPS, release
from routebook.run.restore import Restore, differing, taken_by, unproven


@dataclass(slots=True)
class Recovered:
    """How a dead run ended after all: its outcome, each host's state, and what is wrong where something is."""

    outcome: Outcome
    hosts: dict[str, HostState]
    messages: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def recover(
    nornir: Nornir,
    journal: Journal,
    run: RunRecord,
    *,
    leases: Path,
    listener: Listener,
    confirm_timeout: int,
    deadline: int,
    by: Provenance = NOBODY,
) -> Recovered:
    """Find out on every host how far `run` had come, then complete it if only its last entry is missing, or undo it.

    Nothing is undone where every changed host is confirmed already, and no wave that was to be kept. Safe to run
    again after it was killed itself; two at once exclude each other.
    """
    listener = unfailing(listener)
    journal.adopt(run.id)
    suspects = sorted(host for host, state in run.hosts.items() if state in LOCKED - {HostState.KEPT})
    snapshots = {host: snapshot for host in suspects if (snapshot := journal.snapshot(run.id, host)) is not None}
    outcome = on_drivers(nornir, snapshots, lambda device: (device.pending(), device.snapshot(), _holder(device)))
    others = {
        host: other
        for host, (pending, _, holder) in outcome.values.items()
        if (other := taken_by(run.id, pending, holder))
    }
    problems = {
        host: f"left as it is: run {other} has it by now; look whether it still has what run {run.id} changed"
        for host, other in others.items()
    }
    suspects = [host for host in suspects if host not in others]
    asked_to_confirm = journal.ever(run.id, HostState.CONFIRMING)
    confirmed = {
        host
        for host, (pending, found, _) in outcome.values.items()
        if host not in others
        and (pending is None or pending.phase == "confirmed")
        and differing(snapshots[host], found)
        and host in asked_to_confirm
    }
    if confirmed == set(suspects) and not journal.ever(run.id, HostState.ROLLING_BACK):
        known = [host for host in confirmed if outcome.values[host][0] is not None]
        # One that died between stopping the timer and saving does the rest.
        if not on_drivers(nornir, known, lambda device: device.confirm()).errors:
            for host in confirmed:
                journal.store_made(run.id, host, outcome.values[host][1])
            hosts = dict.fromkeys(confirmed, HostState.CONFIRMED) | dict.fromkeys(others, HostState.NEEDS_ATTENTION)
            recovered = Recovered(Outcome.NEEDS_ATTENTION if others else Outcome.CONFIRMED, hosts, problems)
            return _finish(nornir, journal, run, leases, recovered, listener, by)
    journal.record(run.id, suspects, HostState.ROLLING_BACK, "recovering")
    restore = Restore(nornir, run.id, snapshots, confirm_timeout, listener)
    problems |= restore.restore(suspects, asked_to_confirm & set(suspects))
    before = {
        host: state for host in suspects if host not in problems and (state := journal.state(run.id, host)) is not None
    }
    whole = [host for host in suspects if host not in problems]
    findings = restore.verify_up(whole, before, deadline)
    problems |= unproven(findings, whole)
    findings += restore.findings()
    hosts = dict.fromkeys(suspects, HostState.ROLLED_BACK) | dict.fromkeys(problems, HostState.NEEDS_ATTENTION)
    kept = [host for host, state in run.hosts.items() if state is HostState.KEPT]
    hosts |= dict.fromkeys(kept, HostState.CONFIRMED)
    ended = Outcome.NEEDS_ATTENTION if problems else Outcome.PARTIAL if kept else Outcome.ROLLED_BACK
    return _finish(nornir, journal, run, leases, Recovered(ended, hosts, problems, findings), listener, by)


def _holder(device: TransactionDriver) -> Lock | None:
    """Who has the lock; nobody where it cannot be read as one, as then it says nothing."""
    try:
        return device.locked()
    except LostContactError:
        raise
    except DriverError:
        return None


def _finish(
    nornir: Nornir,
    journal: Journal,
    run: RunRecord,
    leases: Path,
    recovered: Recovered,
    listener: Listener,
    by: Provenance,
) -> Recovered:
    end(leases, run.id)
    for host, error in release(nornir, run.hosts.keys(), run.id, given_up=recovered.messages).items():
        listener(Event("lock", f"{KEEPS}: {error}", host, failed=True))
    for host, state in recovered.hosts.items():
        journal.record(run.id, [host], state, recovered.messages.get(host, "recovered"))
    told = "".join(f"; {name} {said}" for name, said in by.told() if name in ("by", "job", "reason"))
    journal.finish(run.id, recovered.outcome, f"recovered after its process had died{told}")
    return recovered
