"""Finish runs of which nothing is known here but what the devices keep: the run's id, its timer, its lock, its undo."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from nornir.core import Nornir

from custom_napalm.contract import Lock, Pending, TransactionDriver
from routebook.journal import HostState
from routebook.recovery import Recovered
from routebook.saving import moment
from routebook.steps import on_drivers, told

UNDOING = "-undo"
"""What the id of a change ends in that undoes a run's."""


@dataclass(slots=True)
class Left:
    """What a run left on devices: a pending change (None where there is only the lock), and its newest lock."""

    run_id: str
    hosts: dict[str, Pending | None] = field(default_factory=dict)
    lock: Lock | None = None

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
            if lock is not None and lock.run_id == run_id and (left.lock is None or lock.expires > left.lock.expires):
                left.lock = lock
    return found, told(outcome.errors)


def finish(nornir: Nornir, left: Left) -> Recovered:
    """Undo a run on every host where it is pending, or confirm it where it was decided; then release its locks.

    Its last step is to confirm, after all checks have passed on all hosts and the locks say so: then hosts that are
    confirmed already cannot be undone from here, and the others follow them. A host whose timer was faster is told.
    """
    decided = left.lock is not None and left.lock.decided
    pending = {host: change for host, change in left.hosts.items() if change is not None}
    forward = {host for host, change in pending.items() if decided and change.run_id == left.run_id}

    def step(device: TransactionDriver) -> None:
        device.confirm()

    confirmed = on_drivers(nornir, [host for host in forward if pending[host].phase == "armed"], step)
    undone = on_drivers(nornir, pending.keys() - forward, lambda device: device.rollback(), reconnect=True)
    messages = told(confirmed.errors | undone.errors)
    messages |= {
        host: f"the device is {change.phase}: {change.detail}".rstrip(": ")
        for host, change in pending.items()
        if host in forward and change.phase != "armed"
    }
    states = dict.fromkeys(confirmed.values, HostState.CONFIRMED)
    states |= dict.fromkeys(undone.values, HostState.ROLLED_BACK)
    states |= dict.fromkeys(messages, HostState.NEEDS_ATTENTION)
    messages |= _reverted(nornir, left) if decided else {}
    states |= dict.fromkeys(messages, HostState.NEEDS_ATTENTION)
    released = on_drivers(nornir, left.hosts, lambda device: device.unlock(left.run_id), reconnect=True)
    messages |= {host: f"keeps the run's lock: {text}" for host, text in told(released.errors).items()}
    outcome = "needs_attention" if messages else "confirmed" if decided else "rolled_back"
    return Recovered(outcome, states, messages)


def _reverted(nornir: Nornir, left: Left) -> Mapping[str, str]:
    """Hosts whose own timer undid a run that others have confirmed."""
    outcome = on_drivers(nornir, left.hosts, lambda device: device.pending(), reconnect=True)
    return {
        host: "its own timer has undone the run that other hosts have confirmed; run the runbook again"
        for host, change in outcome.values.items()
        if change is not None and change.phase == "reverted" and change.run_id == left.run_id
    }
