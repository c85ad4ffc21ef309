"""What dead runs have left on the devices, as these say: the run's id, its timer, its lock; and who may be alive."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from msgspec import Struct
from nornir.core import Nornir

from routebook.device.contract import TransactionDriver
from routebook.device.values import UNDOING, Lock, Pending, belongs
from routebook.run.fan_out import on_drivers, reasons
from routebook.run.leases import Lease
from routebook.run.saved_plan import moment

Wave = frozenset[tuple[str, str]]
"""The hosts of a wave that was decided, each with the fingerprint of its configuration before the change."""


class Look(Struct, frozen=True):
    """What a device says of itself: the change that waits there, its lock, and the fingerprint of what it has now."""

    pending: Pending | None
    lock: Lock | None
    fingerprint: str

    def holds(self, run_id: str) -> bool:
        """Whether it still has something of the run to undo."""
        return self.pending is not None and belongs(self.pending.run_id, run_id)


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
        """The waves that were decided, as anybody says; `own` gives the hosts that are in one by their own word.

        A run without any lock is over where nothing of it is unconfirmed: only its undo is left.
        """
        phases = {change.phase for change in self.hosts.values() if change is not None}
        if not self.locks and phases == {"confirmed"}:
            return {frozenset(dict.fromkeys(self.hosts, "").items())}
        return {frozenset(wave.items()) for lock in self.locks.values() for wave in lock.decided}

    def own(self, wave: Mapping[str, str]) -> set[str]:
        """The hosts of a wave that are in it by their own word: their lock says so, or is lost or does not say.

        One that is in another wave by its own word is not.
        """
        own = set()
        for host in self.hosts.keys() & wave.keys():
            lock, change = self.locks.get(host), self.hosts[host]
            decided = next((each for each in lock.decided if host in each), None) if lock is not None else None
            if decided is not None:
                by_its_word = wave.items() <= decided.items()
            else:
                by_its_word = change is not None and (lock is None or change.phase == "confirmed")
            own |= {host} if by_its_word else set()
        return own

    def moved(self, looks: Mapping[str, Look]) -> dict[str, str]:
        """The hosts whose lock was renewed, or whose timer was extended, since the scan: a process is at work."""
        moved: dict[str, str] = {}
        for host in looks.keys() & self.hosts.keys():
            seen, was, then = looks[host], self.hosts[host], self.locks.get(host)
            lock, pending = seen.lock, seen.pending
            renewed = lock is not None and lock.run_id == self.run_id and (then is None or lock.expires > then.expires)
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


def scan(nornir: Nornir, hosts: Collection[str]) -> tuple[dict[str, Left], dict[str, str]]:
    """The unfinished runs on the devices, and why hosts could not be asked."""
    answers = on_drivers(nornir, hosts, lambda device: (device.pending(), device.locked()), reads=True)
    found: dict[str, Left] = {}
    for host, (pending, lock) in sorted(answers.values.items()):
        live = pending if pending is not None and pending.phase != "reverted" else None
        for run_id in dict.fromkeys([*([live.run_id] if live else []), *([lock.run_id] if lock else [])]):
            run = run_id.removesuffix(UNDOING)
            left = found.setdefault(run, Left(run, frozenset(hosts)))
            left.hosts[host] = live if live is not None and live.run_id == run_id else left.hosts.get(host)
            if lock is not None and lock.run_id == run:
                left.locks[host] = lock
    return found, reasons(answers.errors)


def look(device: TransactionDriver) -> Look:
    """What a device says of itself now."""
    return Look(device.pending(), device.locked(), device.snapshot().fingerprint)


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
