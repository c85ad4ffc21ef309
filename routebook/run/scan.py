"""Finish runs of which nothing is known here but what the devices keep: the run's id, its timer, its lock, its undo.

A device is believed about itself alone. A wave is completed only where each of its devices says that it was decided;
one that says so of others moves nothing on them. No host is touched that the operator did not ask about, and none on
which another run may be at work.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from nornir.core import Nornir

from routebook.device.contract import UNDOING, Lock, Pending, TransactionDriver, belongs
from routebook.report.outcome import Outcome
from routebook.run.fan_out import OUT_OF_REACH, on_drivers, reasons
from routebook.run.journal import HostState
from routebook.run.leases import Lease
from routebook.run.locks import KEEPS, release
from routebook.run.recovery import Recovered
from routebook.run.saved_plan import moment

Wave = frozenset[tuple[str, str]]
"""The hosts of a wave that was decided, each with the fingerprint of its configuration before the change."""


@dataclass(slots=True)
class Left:
    """What a run left on devices: its change (None where there is only the lock), and its lock where there is one.

    `asked` are all hosts that may be asked about it.
    """

    run_id: str
    asked: frozenset[str] = frozenset()
    hosts: dict[str, Pending | None] = field(default_factory=dict)
    locks: dict[str, Lock] = field(default_factory=dict)

    @property
    def until(self) -> float:
        """Until when its process may be at work as far as any of its devices says, in seconds since the epoch.

        A lock that is renewed on one of them counts for all, and so does a timer that still runs: whoever is alive
        extends it.
        """
        now = time.time()
        timers = [now + change.remaining for change in self.hosts.values() if change and change.phase == "armed"]
        return max([lock.expires for lock in self.locks.values()] + timers, default=0.0)

    @property
    def may_be_alive(self) -> bool:
        """Whether its process may still be at work, as far as its devices say."""
        return self.until > time.time()

    @property
    def refusal(self) -> str:
        """Why it is left alone while it may be alive."""
        holders = sorted({f" of {lock.holder}" for lock in self.locks.values()}) or [""]
        return (
            f"run {self.run_id}{' or'.join(holders)} may be at work on {', '.join(sorted(self.hosts))} until "
            f"{moment(self.until)}; if its process is gone: routebook recover --scan --dead {self.run_id}"
        )

    def waves(self) -> set[Wave]:
        """The waves that were decided, as anybody says; who is in one by its own word, `_own` tells."""
        return {frozenset(wave.items()) for lock in self.locks.values() for wave in lock.decided}


def scan(nornir: Nornir, hosts: Collection[str]) -> tuple[dict[str, Left], dict[str, str]]:
    """The unfinished runs on the devices, and why hosts could not be asked."""
    outcome = on_drivers(nornir, hosts, _look, reads=True)
    found: dict[str, Left] = {}
    for host, (pending, lock) in sorted(outcome.values.items()):
        live = pending if pending is not None and pending.phase != "reverted" else None
        for run_id in dict.fromkeys([*([live.run_id] if live else []), *([lock.run_id] if lock else [])]):
            run = run_id.removesuffix(UNDOING)
            left = found.setdefault(run, Left(run, frozenset(hosts)))
            left.hosts[host] = live if live is not None and live.run_id == run_id else left.hosts.get(host)
            if lock is not None and lock.run_id == run:
                left.locks[host] = lock
    return found, reasons(outcome.errors)


def _look(device: TransactionDriver) -> tuple[Pending | None, Lock | None]:
    return device.pending(), device.locked()


def at_work(
    found: Mapping[str, Left], here: Mapping[str, Collection[str]], leases: Collection[Lease], dead: Collection[str]
) -> dict[str, str]:
    """The runs, of those that were found, whose processes may be alive, and what to say of each.

    `here` are the runs of this machine that are alive, with their hosts, whatever anybody says of them. `dead` are
    those whose process is gone, as the operator says.
    """
    leased = {lease.run_id: lease for lease in leases}
    alive = {}
    for run_id, left in found.items():
        lease = leased.get(run_id)
        if run_id in here:
            alive[run_id] = f"run {run_id} is at work on this machine"
        elif run_id in dead:
            continue
        elif left.may_be_alive:
            alive[run_id] = left.refusal
        elif lease is not None:
            alive[run_id] = (
                f"run {run_id} of {lease.holder} has a lease on this machine until {moment(lease.until)}; if its "
                f"process is gone: routebook recover --scan --dead {run_id}"
            )
    return alive


def busy(
    found: Mapping[str, Left], run_id: str, here: Mapping[str, Collection[str]], alive: Collection[str]
) -> dict[str, str]:
    """The hosts on which another run than this one may be at work, and which one."""
    others = {host: other for other, hosts in here.items() if other != run_id for host in hosts}
    others |= {host: other for other in alive if other != run_id for host in found[other].hosts}
    return others


def finish(nornir: Nornir, left: Left, gone: Collection[str] = (), taken: Mapping[str, str] | None = None) -> Recovered:
    """Bring the hosts of a run to one end, wave by wave where they were decided one by one; then release its locks.

    What was not decided is undone. A wave that was is completed, or, where a host of it is back at its old
    configuration already (its timer was faster, or it restarted), undone as a whole. Nobody waits for hosts that are
    `gone` for good. A host that is `taken` by another run is left alone, and so is the wave that it belongs to.
    """
    taken = taken or {}
    recovered = Recovered(Outcome.ROLLED_BACK, {})
    if moved := _renewed(nornir, left, gone):
        recovered.messages = moved
        recovered.outcome = Outcome.NEEDS_ATTENTION
        recovered.hosts = dict.fromkeys(moved, HostState.NEEDS_ATTENTION)
        return recovered
    waiting: set[str] = set()
    waves = left.waves() or _without_locks(left)
    mine: set[str] = set()
    for wave in sorted(waves, key=sorted):
        there = {host: before for host, before in wave if host not in gone}
        mine |= _own(left, there)
        waiting |= _finish_wave(nornir, left, there, taken, recovered)
    rest = left.hosts.keys() - mine - waiting
    waiting |= rest & taken.keys()
    recovered.messages |= {host: _taken(taken[host]) for host in sorted(rest & taken.keys())}
    undone = on_drivers(nornir, rest - taken.keys(), lambda device: _undo(device, left.run_id), reconnect=True)
    waiting |= undone.errors.keys()
    recovered.messages |= reasons(undone.errors)
    recovered.hosts |= {host: HostState.ROLLED_BACK for host, done in undone.values.items() if done}
    recovered.hosts |= dict.fromkeys(recovered.messages, HostState.NEEDS_ATTENTION)
    over = left.hosts.keys() - waiting  # the others keep what they will be undone with
    kept = release(nornir, over, left.run_id, given_up=recovered.messages)
    recovered.messages |= {host: f"{KEEPS}: {text}" for host, text in reasons(kept).items()}
    ends = set(recovered.hosts.values())
    if recovered.messages:
        recovered.outcome = Outcome.NEEDS_ATTENTION
    elif HostState.CONFIRMED in ends or (recovered.outcome is Outcome.CONFIRMED and not ends):
        recovered.outcome = Outcome.PARTIAL if HostState.ROLLED_BACK in ends else Outcome.CONFIRMED
    else:
        recovered.outcome = Outcome.ROLLED_BACK
    return recovered


def _renewed(nornir: Nornir, left: Left, gone: Collection[str]) -> dict[str, str]:
    """Look once more: a lock that has been renewed since, or a timer that was extended, is a process at work."""
    asked = left.hosts.keys() - set(gone)
    moved: dict[str, str] = {}
    for host, (pending, lock) in on_drivers(nornir, asked, _look, reconnect=True).values.items():
        was, then = left.hosts[host], left.locks.get(host)
        renewed = lock is not None and lock.run_id == left.run_id and (then is None or lock.expires > then.expires)
        extended = (
            pending is not None and was is not None and pending.phase == was.phase == "armed"
            and pending.run_id == was.run_id and pending.remaining > was.remaining + 1
        )  # fmt: skip
        if renewed or extended:
            moved[host] = (
                f"the run is at work: its {'lock was renewed' if renewed else 'timer was extended'} a moment ago; "
                "nothing was changed"
            )
    return moved


def _own(left: Left, wave: Mapping[str, str]) -> set[str]:
    """The hosts of a wave that are in it by their own word: their lock says so, or has been lost or not been told.

    One that is in another wave by its own word is not.
    """
    items = frozenset(wave.items())
    own = set()
    for host in left.hosts.keys() & wave.keys():
        lock, change = left.locks.get(host), left.hosts[host]
        said = next((each for each in lock.decided if host in each), None) if lock is not None else None
        if said is not None:
            by_its_word = items <= said.items()
        else:
            by_its_word = change is not None and (lock is None or change.phase == "confirmed")
        own |= {host} if by_its_word else set()
    return own


def _taken(other: str) -> str:
    return f"left as it is: run {other} may be at work on it"


def _without_locks(left: Left) -> set[Wave]:
    """A run without any lock is over where nothing of it is unconfirmed: only its undo is left."""
    phases = {change.phase for change in left.hosts.values() if change is not None}
    return {frozenset(dict.fromkeys(left.hosts, "").items())} if not left.locks and phases == {"confirmed"} else set()


def _finish_wave(
    nornir: Nornir, left: Left, before: Mapping[str, str], taken: Mapping[str, str], recovered: Recovered
) -> set[str]:
    """Bring all hosts of a wave to the new configuration, or all to the old one. Gives those that have to wait.

    `before` are its hosts with their fingerprints before the change. Only those that are in it by their own word are
    touched; the others are read.
    """
    own = _own(left, before)
    if beyond := before.keys() - left.asked:
        return _wait(own, f"{_names(beyond)} of the same wave is not among the hosts to recover", recovered)
    if blocked := own & taken.keys():
        return _wait(own, f"run {taken[min(blocked)]} may be at work on {_names(blocked)}", recovered)
    outcome = on_drivers(nornir, before, lambda device: (*_look(device), device.snapshot().fingerprint), reconnect=True)
    if silent := before.keys() - outcome.values.keys():
        return _wait(own, _silent(silent), recovered)
    kept, over = set(), set()  # hosts with the new configuration: that know the run, and that have let go of it
    for host, (pending, lock, now) in outcome.values.items():
        if pending is not None and pending.run_id == left.run_id:
            decided = host in own and lock is not None and lock.run_id == left.run_id
            if host in own and (pending.phase == "confirmed" or (pending.phase == "armed" and decided)):
                kept.add(host)
        elif (host in own or host not in left.hosts) and now != before[host]:
            over.add(host)
    if kept | over == before.keys():
        errors = on_drivers(nornir, kept, lambda device: device.confirm(), reconnect=True).errors
        if lost := {host for host, error in errors.items() if isinstance(error, OUT_OF_REACH)}:
            return _wait(own, _silent(lost), recovered)
        if not errors:
            recovered.hosts |= dict.fromkeys(own, HostState.CONFIRMED)
            recovered.outcome = Outcome.CONFIRMED  # also where all of them have let go of it, and only locks are left
            return set()
    # What others of it still hold is undone by their own word, after this.
    seen = {host: old for host, old in before.items() if host in own or host not in left.hosts.keys() | taken.keys()}
    return _undo_wave(nornir, left.run_id, own, seen, recovered)


def _undo(device: TransactionDriver, run_id: str) -> bool:
    """Undo the run's change, or what was to undo it and is not confirmed. False if there is neither.

    One that the device has undone by itself is rolled back too: it may have left something for us to take away.
    """
    pending = device.pending()
    if pending is None or not belongs(pending.run_id, run_id):
        return False
    if pending.run_id == run_id or pending.phase != "confirmed":
        device.rollback()
    return True


def _undo_wave(
    nornir: Nornir, run_id: str, own: Collection[str], before: Mapping[str, str], recovered: Recovered
) -> set[str]:
    outcome = on_drivers(nornir, own, lambda device: _undo(device, run_id), reconnect=True)
    answering = before.keys() - outcome.errors.keys()
    read = on_drivers(nornir, answering, lambda device: device.snapshot().fingerprint, reconnect=True)
    recovered.hosts |= dict.fromkeys(own, HostState.ROLLED_BACK)
    recovered.messages |= reasons(outcome.errors | read.errors)
    recovered.messages |= {
        host: "it is not at its old configuration, as others are, and has nothing to undo the run with: run it again"
        for host, now in read.values.items()
        if now != before[host]
    }
    return outcome.errors.keys() | (read.errors.keys() & set(own))


def _wait(own: Collection[str], why: str, recovered: Recovered) -> set[str]:
    """Leave a wave as it is, and its undo where it is, until all of its hosts can be asked."""
    recovered.messages |= dict.fromkeys(own, f"left as it is, as {why}")
    return set(own)


def _names(hosts: Collection[str]) -> str:
    return ", ".join(sorted(hosts))


def _silent(hosts: Collection[str]) -> str:
    return (
        f"{_names(hosts)} does not answer: run `routebook recover --scan` again when it does, or with --gone if it "
        "never will"
    )
