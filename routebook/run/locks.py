"""The locks on all devices of a run: who works there, until when; between machines what the journal is on one."""

import getpass
import os
import socket
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace
from nornir.core import Nornir

from routebook.device.errors import LockedError
from routebook.device.values import Lock
from routebook.errors import RefusedError
from routebook.run.fan_out import OUT_OF_REACH, on_drivers
from routebook.run.saved_plan import moment

PATIENCE = 45.0
"""Seconds for which a host that is lost at a run's end is asked to release its lock."""

KEEPS = "keeps the run's lock, until `routebook recover --scan`"
"""For one that does not answer even then."""


def holder() -> str:
    """Who this is, for whoever finds the lock: user, machine and process."""
    name = f"{getpass.getuser()}@{socket.gethostname()}"
    return f"{''.join(filter(str.isprintable, name))[:200]} (process {os.getpid()})"


@dataclass(slots=True)
class Locks:
    """The locks of one run. Each is good for `seconds` from when it was last renewed."""

    nornir: Nornir
    run_id: str
    seconds: float = 0.0
    held: set[str] = field(default_factory=set)
    _lock: Lock | None = None

    def take(self, hosts: Collection[str], seconds: float) -> dict[str, Exception]:
        """Lock all of `hosts` or none, for `seconds` from each renewal; the errors of those that refuse."""
        self.seconds, now = seconds, time.time()
        lock = Lock(self.run_id, holder(), now, now + self.seconds)
        self._lock = lock
        self.held = set(hosts)  # one that was lost in the middle may have it
        errors = on_drivers(self.nornir, hosts, lambda device: device.lock(lock)).errors
        if errors:
            self.release(given_up=hosts)
        return {host: _advised(error) for host, error in errors.items()}

    def decide(self, before: Mapping[str, str]) -> None:
        """Say in every lock that a wave's checks have passed: its hosts, with their fingerprints before the change."""
        if self._lock is not None and before:
            self._lock = replace(self._lock, decided=(*self._lock.decided, before))
            self.renew()

    def renew(self) -> None:
        """Let the locks last `seconds` from now. A lost host keeps what it has."""
        if self._lock is not None and self.held:
            lock = replace(self._lock, expires=time.time() + self.seconds)
            self._lock = lock
            on_drivers(self.nornir, self.held, lambda device: device.lock(lock))

    def release(self, given_up: Collection[str] = ()) -> Mapping[str, Exception]:
        """Give the locks back, and with them what undoes the run; the errors of hosts that could not be asked."""
        errors = release(self.nornir, self.held, self.run_id, given_up)
        self.held = set(errors)
        return errors


def release(
    nornir: Nornir, hosts: Collection[str], run_id: str, given_up: Collection[str] = ()
) -> dict[str, Exception]:
    """Take a run's locks off `hosts`; the errors of those that could not be asked.

    One that is lost is asked again for `PATIENCE` unless it is `given_up`: a device that restarts may keep its lock.
    """
    end = time.monotonic() + PATIENCE
    wait = threading.Event()
    errors: dict[str, Exception] = {}
    asked = set(hosts)
    while asked:
        outcome = on_drivers(nornir, asked, lambda device: device.unlock(run_id), reconnect=True)
        errors = {host: error for host, error in errors.items() if host not in outcome.values} | outcome.errors
        lost = {host for host, error in outcome.errors.items() if isinstance(error, OUT_OF_REACH)}
        asked = lost.difference(given_up) if time.monotonic() < end else set()
        if asked:
            wait.wait(1.0)
    return errors


def _advised(error: Exception) -> Exception:
    """A lock's refusal with what to do about it."""
    if not isinstance(error, LockedError):
        return error
    lock = error.lock
    since = f"{error} Locked since {moment(lock.taken)}"
    if lock.expires < time.time():
        return RefusedError(f"{since}; its time was over at {moment(lock.expires)}: use `routebook recover --scan`")
    return RefusedError(f"{since}; if its process is gone, use `routebook recover` where it ran")
