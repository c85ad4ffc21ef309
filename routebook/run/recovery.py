"""Bring what a run that died has left to a verified end, by what the journal and the devices still know of it.

The evidence is the journal's, or the devices' alone. From it comes a decision for each host: complete, undo, or leave
as it is. The ending is the same for all: hosts are confirmed or restored, their configuration is compared, sessions and
tunnels are watched until they are up, and locks and lease are released.

What a device says counts for itself alone. A wave is completed only where each of its devices says that it was decided;
one that says so of others moves nothing on them. No host is touched that the operator did not ask about, and none on
which another run may be at work.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from nornir.core import Nornir

from routebook.checks import bgp, tunnels
from routebook.checks.findings import Finding
from routebook.device.contract import TransactionDriver
from routebook.device.errors import DriverError, LostContactError
from routebook.device.values import Lock, Snapshot, State
from routebook.intent.model import HostIntent
from routebook.project.provenance import Provenance
from routebook.report.outcome import Outcome
from routebook.run.events import Event, Listener, unfailing
from routebook.run.fan_out import OUT_OF_REACH, on_drivers
from routebook.run.journal import ACTIONS, LOCKED, NOBODY, HostState, Journal, RunRecord
from routebook.run.judge import CONTACT
from routebook.run.leases import end
from routebook.run.locks import KEEPS, release
from routebook.run.restore import Restore, as_before, differing, taken_by, unproven, watched
from routebook.run.runbook import View
from routebook.run.scan import Left, Look, look

BY_INTENT = "by the intent: what was up before the run is not known here"


@dataclass(slots=True)
class Recovered:
    """How a dead run ended after all: its outcome, each host's state, and what is wrong where something is."""

    outcome: Outcome = Outcome.ROLLED_BACK
    hosts: dict[str, HostState] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


class Ending(Struct, frozen=True):
    """Brings the hosts of one dead run to their end. Times are in seconds.

    `recovered` is what has come of it, and `unfinished` are hosts that keep their lock and what undoes the change.
    """

    nornir: Nornir
    run_id: str
    leases: Path | None
    listener: Listener
    confirm_timeout: int
    deadline: float
    recovered: Recovered = msgspec.field(default_factory=Recovered)
    unfinished: set[str] = msgspec.field(default_factory=set)

    def complete(self, hosts: Collection[str], knowing: Collection[str]) -> Mapping[str, Exception]:
        """Confirm `hosts`. Those `knowing` the run do the rest of a confirmation that was cut off; their errors."""
        errors = on_drivers(self.nornir, knowing, lambda device: device.confirm(), reconnect=True).errors
        if not errors:
            self.recovered.hosts |= dict.fromkeys(hosts, HostState.CONFIRMED)
            self.recovered.outcome = Outcome.CONFIRMED
        return errors

    def undo(
        self,
        hosts: Collection[str],
        before: Mapping[str, Snapshot | str],
        confirmed: Collection[str] = (),
        compared: Collection[str] = (),
    ) -> None:
        """Restore `hosts` to what they were `before`; `compared` hosts are compared with that, and not touched."""
        restore = Restore(self.nornir, self.run_id, before, self.confirm_timeout, self.listener)
        problems = restore.restore(hosts, confirmed) | restore.differences(compared)
        self.unfinished.update(restore.unfinished - set(compared))
        self.recovered.hosts |= dict.fromkeys(hosts, HostState.ROLLED_BACK)
        self.recovered.messages |= problems
        self.recovered.findings += restore.findings()

    def leave(self, hosts: Collection[str], why: str) -> None:
        """Leave hosts as they are, and what undoes the run where it is."""
        self.recovered.messages |= dict.fromkeys(hosts, f"left as it is{why}")
        self.unfinished.update(hosts)

    def finish(self, before: Mapping[str, State], hosts: Collection[str], *, lock_matters: bool) -> Recovered:
        """Verify that sessions and tunnels are up, and release the locks on `hosts` and the lease.

        `before` is what was up before the run. Where `lock_matters`, a host that keeps its lock needs attention.
        """
        recovered = self.recovered
        self._verify(before)
        if self.leases is not None:
            end(self.leases, self.run_id)
        kept = release(self.nornir, hosts, self.run_id, given_up=recovered.messages)
        for host, error in kept.items():
            self.listener(Event("lock", f"{KEEPS}: {error}", host, failed=True))
            if lock_matters:
                recovered.messages[host] = f"{KEEPS}: {error}"
        recovered.hosts |= dict.fromkeys(recovered.messages, HostState.NEEDS_ATTENTION)
        ends = set(recovered.hosts.values())
        if recovered.messages:
            recovered.outcome = Outcome.NEEDS_ATTENTION
        elif ends:
            ends = {HostState.CONFIRMED if end is HostState.ACTED else end for end in ends}
            both = {HostState.CONFIRMED, HostState.ROLLED_BACK} <= ends
            one = Outcome.CONFIRMED if HostState.CONFIRMED in ends else Outcome.ROLLED_BACK
            recovered.outcome = Outcome.PARTIAL if both else one
        return recovered

    def _verify(self, before: Mapping[str, State]) -> None:
        recovered, inventory = self.recovered, self.nornir.inventory.hosts
        intents: dict[str, HostIntent] = {name: host.data["intent"] for name, host in inventory.items()}
        ended = {host: state for host, state in recovered.hosts.items() if host not in recovered.messages}
        known = {host for host, state in ended.items() if host in before and state is HostState.ROLLED_BACK}
        if known:
            then = {host: before[host] for host in known}
            found = watched(self.nornir, intents, known, (as_before,), then, self.deadline)
            recovered.messages |= unproven(found, known)
            recovered.findings += found
        if unknown := ended.keys() - known:
            found = watched(
                self.nornir, {host: intents[host] for host in unknown}, unknown, (_as_intended,), {}, self.deadline
            )
            for finding in found:
                if finding.check == CONTACT and finding.status == "failed":
                    recovered.messages[finding.host] = f"its state cannot be read: {'; '.join(finding.evidence)}"
            recovered.findings += [_not_judged(finding) for finding in found]


def _as_intended(view: View) -> list[Finding]:
    """Whether sessions and tunnels are up. How they are is not asked: the intent may be newer."""
    return [
        finding
        for check in (bgp.check, tunnels.check)
        for finding in check(view.intents, {}, view.now, view.changed, view.explanations, view.final)
        if finding.check in ("bgp.session", "tunnel.ike", "tunnel.child")
    ]


def _not_judged(finding: Finding) -> Finding:
    """A finding against the intent, which may be newer than what a run was rolled back to, fails nothing."""
    if finding.check == CONTACT or finding.status != "failed":
        return finding
    return replace(finding, status="warning", cause=f"{finding.cause or 'not as intended'} ({BY_INTENT})")


def recover(
    nornir: Nornir,
    journal: Journal,
    run: RunRecord,
    *,
    leases: Path,
    listener: Listener,
    confirm_timeout: int,
    deadline: float,
    by: Provenance = NOBODY,
) -> Recovered:
    """Find out on every host how far `run` had come, then complete it if only its last entry is missing, or undo it.

    Nothing is undone where every changed host is confirmed already, and no wave that was to be kept. Safe to run
    again after it was killed itself; two at once exclude each other.
    """
    ending = Ending(nornir, run.id, leases, unfailing(listener), confirm_timeout, deadline)
    recovered = ending.recovered
    journal.adopt(run.id)
    changed = [host for host, state in sorted(run.hosts.items()) if state in LOCKED - ACTIONS - {HostState.KEPT}]
    snapshots = {host: snapshot for host in changed if (snapshot := journal.snapshot(run.id, host)) is not None}
    found = on_drivers(nornir, snapshots, lambda device: (device.pending(), device.snapshot(), _holder(device))).values
    for host, (pending, _, holder) in found.items():
        if other := taken_by(run.id, pending, holder):
            recovered.messages[host] = (
                f"left as it is: run {other} has it by now; look whether it still has what run {run.id} changed"
            )
    ours = [host for host in changed if host not in recovered.messages]
    asked_to_confirm = journal.ever(run.id, HostState.CONFIRMING)
    confirmed = {
        host: pending
        for host, (pending, now, _) in found.items()
        if host in asked_to_confirm.intersection(ours)
        and (pending is None or pending.phase == "confirmed")
        and differing(snapshots[host], now)
    }
    knowing = [host for host, pending in confirmed.items() if pending is not None]
    decided = confirmed.keys() == set(ours) and not journal.ever(run.id, HostState.ROLLING_BACK)
    if decided and not ending.complete(confirmed, knowing):
        for host in confirmed:
            journal.store_made(run.id, host, found[host][1])
    else:
        journal.record(run.id, ours, HostState.ROLLING_BACK, "recovering")
        ending.undo(ours, snapshots, asked_to_confirm.intersection(ours))
    kept = [host for host, state in run.hosts.items() if state is HostState.KEPT]
    recovered.hosts |= dict.fromkeys(kept, HostState.CONFIRMED)
    acted = [host for host, state in run.hosts.items() if state in ACTIONS]
    recovered.hosts |= dict.fromkeys(acted, HostState.ACTED)
    before = {host: then for host in ours if (then := journal.state(run.id, host)) is not None}
    ending.finish(before, run.hosts, lock_matters=False)
    for host, state in recovered.hosts.items():
        journal.record(run.id, [host], state, recovered.messages.get(host, "recovered"))
    who = "".join(f"; {name} {text}" for name, text in by.facts() if name in ("by", "job", "reason"))
    journal.finish(run.id, recovered.outcome, f"recovered after its process had died{who}")
    return recovered


def _holder(device: TransactionDriver) -> Lock | None:
    """Who has the lock; nobody where it cannot be read as one, as then it says nothing."""
    try:
        return device.locked()
    except LostContactError:
        raise
    except DriverError:
        return None


def finish(
    nornir: Nornir,
    left: Left,
    gone: Collection[str] = (),
    taken: Mapping[str, str] | None = None,
    *,
    leases: Path | None = None,
    listener: Listener = lambda _: None,
    confirm_timeout: int = 120,
    deadline: float = 0.0,
) -> Recovered:
    """Bring the hosts of a run to one end, by what its devices say, wave by wave where they were decided one by one.

    What was not decided is undone. A wave that was is completed, or, where a host of it is back at its old
    configuration already (its timer was faster, or it restarted), undone as a whole. Nobody waits for hosts that are
    `gone` for good. A host that is `taken` by another run is left alone, and so is the wave that it belongs to.
    """
    taken = taken or {}
    ending = Ending(nornir, left.run_id, leases, unfailing(listener), confirm_timeout, deadline)
    waves = [{host: old for host, old in wave if host not in gone} for wave in sorted(left.waves(), key=sorted)]
    asked = left.hosts.keys() | (left.asked & {host for wave in waves for host in wave})
    answers = on_drivers(nornir, asked - set(gone), look, reconnect=True)
    looks = answers.values
    if moved := left.moved(looks):
        ending.recovered.messages |= moved
        ending.recovered.hosts |= dict.fromkeys(moved, HostState.NEEDS_ATTENTION)
        ending.recovered.outcome = Outcome.NEEDS_ATTENTION
        return ending.recovered
    rest = set(left.hosts)
    for wave in waves:
        own = left.own(wave)
        rest -= own
        _finish_wave(ending, left, own, wave, looks, taken)
    for host in sorted(rest & taken.keys()):
        ending.leave([host], f": run {taken[host]} may be at work on it")
    for host in sorted(rest & answers.errors.keys() - taken.keys()):
        ending.leave([host], f": {answers.errors[host]}")
    ending.undo({host for host in rest - taken.keys() if host in looks and looks[host].holds(left.run_id)}, {})
    return ending.finish({}, left.hosts.keys() - ending.unfinished, lock_matters=True)


def _finish_wave(
    ending: Ending,
    left: Left,
    own: Collection[str],
    before: Mapping[str, str],
    looks: Mapping[str, Look],
    taken: Mapping[str, str],
) -> None:
    """Bring all hosts of a wave to the new configuration, or all to the old one, or leave them all as they are.

    `before` are its hosts with their fingerprints before the change. Only its `own`, which are in it by their own word,
    are touched; the others are read.
    """
    if why := _not_now(left, own, before, looks, taken):
        ending.leave(own, why)
        return
    knowing, over = set(), set()  # hosts with the new configuration: that know the run, and that have let go of it
    for host in before:
        seen = looks[host]
        if seen.pending is not None and seen.pending.run_id == left.run_id:
            decided = seen.lock is not None and seen.lock.run_id == left.run_id
            if host in own and (seen.pending.phase == "confirmed" or (seen.pending.phase == "armed" and decided)):
                knowing.add(host)
        elif (host in own or host not in left.hosts) and seen.fingerprint != before[host]:
            over.add(host)
    if knowing | over == before.keys():
        errors = ending.complete(own, knowing)
        if lost := {host for host, error in errors.items() if isinstance(error, OUT_OF_REACH)}:
            ending.leave(own, _silent(lost))
        if lost or not errors:
            return
    # What others of it still hold is undone by their own word, after this.
    others = before.keys() - own - left.hosts.keys() - taken.keys()
    holding = {host for host in own if looks[host].holds(left.run_id)}
    ending.undo(holding, {host: old for host, old in before.items() if old}, compared={*others, *own} - holding)
    ending.recovered.hosts |= dict.fromkeys(own, HostState.ROLLED_BACK)


def _not_now(
    left: Left, own: Collection[str], before: Mapping[str, str], looks: Mapping[str, Look], taken: Mapping[str, str]
) -> str:
    """Why a wave cannot come to its end now."""
    if beyond := before.keys() - left.asked:
        return f", as {_names(beyond)} of the same wave is not among the hosts to recover"
    if blocked := taken.keys() & set(own):
        return f", as run {taken[min(blocked)]} may be at work on {_names(blocked)}"
    if silent := before.keys() - looks.keys():
        return _silent(silent)
    return ""


def _names(hosts: Collection[str]) -> str:
    return ", ".join(sorted(hosts))


def _silent(hosts: Collection[str]) -> str:
    return (
        f", as {_names(hosts)} does not answer: run `routebook recover --scan` again when it does, or with --gone if "
        "it never will"
    )
