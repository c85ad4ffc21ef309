"""Finish runs of which nothing is known here but what the devices keep: the run's id, its timer, its lock, its undo."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from nornir.core import Nornir

from custom_napalm.contract import UNDOING, Lock, Pending, TransactionDriver, belongs
from routebook.journal import HostState
from routebook.locking import KEEPS, release
from routebook.recovery import Recovered
from routebook.saving import moment
from routebook.steps import OUT_OF_REACH, on_drivers, told


@dataclass(slots=True)
class Left:
    """What a run left on devices: its change (None where there is only the lock), and its newest lock.

    `decided` are the waves whose checks had all passed: their hosts, with the fingerprint of each before the change.
    """

    run_id: str
    hosts: dict[str, Pending | None] = field(default_factory=dict)
    lock: Lock | None = None
    decided: tuple[Mapping[str, str], ...] = ()

    @property
    def may_be_alive(self) -> bool:
        """Whether its process may still be at work, as far as its lock says."""
        return self.lock is not None and self.lock.expires > time.time()

    @property
    def refusal(self) -> str:
        """Why it is left alone."""
        lock = self.lock
        assert lock is not None  # noqa: S101  only then it may be alive
        return (
            f"run {self.run_id} of {lock.holder} may be at work on {', '.join(sorted(self.hosts))} until "
            f"{moment(lock.expires)}; if its process is gone: routebook recover --scan --dead {self.run_id}"
        )


def scan(nornir: Nornir, hosts: Collection[str]) -> tuple[dict[str, Left], dict[str, str]]:
    """The unfinished runs on the devices, and why hosts could not be asked."""

    def look(device: TransactionDriver) -> tuple[Pending | None, Lock | None]:
        return device.pending(), device.locked()

    outcome = on_drivers(nornir, hosts, look)
    found: dict[str, Left] = {}
    for host, (pending, lock) in sorted(outcome.values.items()):
        live = pending if pending is not None and pending.phase != "reverted" else None
        for run_id in dict.fromkeys([*([live.run_id] if live else []), *([lock.run_id] if lock else [])]):
            left = found.setdefault(run_id.removesuffix(UNDOING), Left(run_id.removesuffix(UNDOING)))
            left.hosts[host] = live if live is not None and live.run_id == run_id else left.hosts.get(host)
            if lock is not None and lock.run_id == run_id:
                left.lock = lock if left.lock is None or lock.expires > left.lock.expires else left.lock
                left.decided = max(left.decided, lock.decided, key=len)  # waves are only ever added
    return found, told(outcome.errors)


def finish(nornir: Nornir, left: Left, gone: Collection[str] = ()) -> Recovered:
    """Bring the hosts of a run to one end, wave by wave where they were decided one by one; then release its locks.

    What was not decided is undone. A wave that was is completed, or, where a host of it is back at its old
    configuration already (its timer was faster, or it restarted), undone as a whole. Nobody waits for hosts that are
    `gone` for good.
    """
    recovered = Recovered("", {})
    waiting: set[str] = set()
    decided = left.decided or _without_locks(left)
    for wave in decided:
        there = {host: before for host, before in wave.items() if host not in gone}
        waiting |= _finish_wave(nornir, left.run_id, there, recovered)
    rest = left.hosts.keys() - {host for wave in decided for host in wave}
    undone = on_drivers(nornir, rest, lambda device: _undo(device, left.run_id), reconnect=True)
    waiting |= undone.errors.keys()
    recovered.messages |= told(undone.errors)
    recovered.hosts |= {host: HostState.ROLLED_BACK for host, done in undone.values.items() if done}
    recovered.hosts |= dict.fromkeys(recovered.messages, HostState.NEEDS_ATTENTION)
    over = left.hosts.keys() - waiting  # the others keep what they will be undone with
    kept = release(nornir, over, left.run_id, given_up=recovered.messages)
    recovered.messages |= {host: f"{KEEPS}: {text}" for host, text in told(kept).items()}
    ends = set(recovered.hosts.values())
    if recovered.messages:
        recovered.outcome = "needs_attention"
    elif HostState.CONFIRMED in ends:
        recovered.outcome = "partial" if HostState.ROLLED_BACK in ends else "confirmed"
    else:
        recovered.outcome = "rolled_back"
    return recovered


def _without_locks(left: Left) -> tuple[Mapping[str, str], ...]:
    """A run without any lock is over where nothing of it is unconfirmed: only its undo is left."""
    phases = {change.phase for change in left.hosts.values() if change is not None}
    return (dict.fromkeys(left.hosts, ""),) if left.lock is None and phases == {"confirmed"} else ()


def _finish_wave(nornir: Nornir, run_id: str, before: Mapping[str, str], recovered: Recovered) -> set[str]:
    """Bring all hosts of a wave to the new configuration, or all to the old one. Gives those that have to wait.

    `before` are its hosts with their fingerprints before the change.
    """
    outcome = on_drivers(
        nornir, before, lambda device: (device.pending(), device.snapshot().fingerprint), reconnect=True
    )
    silent = set(before) - outcome.values.keys()
    if silent:
        return _wait(silent, before, recovered)
    kept, over = set(), set()  # hosts with the new configuration: that know the run, and that have let go of it
    for host, (pending, now) in outcome.values.items():
        if pending is not None and pending.run_id == run_id and pending.phase in ("armed", "confirmed"):
            kept.add(host)
        elif pending is None and now != before[host]:
            over.add(host)
    if kept | over == before.keys():
        errors = on_drivers(nornir, kept, lambda device: device.confirm(), reconnect=True).errors
        lost = {host for host, error in errors.items() if isinstance(error, OUT_OF_REACH)}
        if lost:
            return _wait(lost, before, recovered)
        if not errors:
            recovered.hosts |= dict.fromkeys(before, HostState.CONFIRMED)
            return set()
    return _undo_wave(nornir, run_id, before, recovered)


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


def _undo_wave(nornir: Nornir, run_id: str, before: Mapping[str, str], recovered: Recovered) -> set[str]:
    outcome = on_drivers(nornir, before, lambda device: _undo(device, run_id), reconnect=True)
    read = on_drivers(nornir, outcome.values, lambda device: device.snapshot().fingerprint, reconnect=True)
    recovered.hosts |= dict.fromkeys(before, HostState.ROLLED_BACK)
    recovered.messages |= told(outcome.errors | read.errors)
    recovered.messages |= {
        host: "it is not at its old configuration, as others are, and has nothing to undo the run with: run it again"
        for host, now in read.values.items()
        if now != before[host]
    }
    return outcome.errors.keys() | read.errors.keys()


def _wait(silent: Collection[str], wave: Collection[str], recovered: Recovered) -> set[str]:
    """Leave a wave as it is, and its undo where it is, until all of its hosts can be asked."""
    names = ", ".join(sorted(silent))
    recovered.messages |= dict.fromkeys(
        wave,
        f"left as it is, as {names} does not answer: run `routebook recover --scan` again when it does, or with --gone "
        "if it never will",
    )
    return set(wave)
