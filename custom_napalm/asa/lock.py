"""The lock on an ASA: a file on flash for each run that wants it; the one that finds itself alone has it.

Flash has no operation that takes a file only if there is none, so a run stores its own file and looks again: of two
that come at the same time at most one goes on. A unit in multiple context mode has no flash to offer and no lock.
"""

import time
from collections.abc import Iterable

from custom_napalm import records
from custom_napalm.asa.deadman import PREFIX, confirmed, name_of, remove
from custom_napalm.asa.flash import Flash
from custom_napalm.contract import Lock, LockedError, belongs
from custom_napalm.strict_json import CutOffError

_SUFFIX = ".lck"


def take(flash: Flash, lock: Lock) -> None:
    """Take the lock, or renew it. Raises LockedError while another run has it.

    What other runs have left that are confirmed and have no lock is deleted.
    """
    if flash.session.options.context:
        return
    own = name_of(lock.run_id)
    names = flash.names()
    _refuse_others(flash, names, own)
    left = {run for run in confirmed(names) if not belongs(run, own)}
    remove(flash, names, lambda run: run in left)
    flash.store(f"{own}{_SUFFIX}", lock.text())
    try:
        _refuse_others(flash, flash.names(), own)
    except LockedError:
        flash.delete(f"{own}{_SUFFIX}")
        raise


def release(flash: Flash, run_id: str) -> None:
    """Delete the undo of the run where it is confirmed, then give its lock back; one of another run stays."""
    if flash.session.options.context:
        return
    own = name_of(run_id)
    names = flash.names()
    done = {run for run in confirmed(names) if belongs(run, own)}
    remove(flash, names, lambda run: run in done)
    if f"{own}{_SUFFIX}" in names:
        flash.delete(f"{own}{_SUFFIX}")


def refuse_locked(flash: Flash, run_id: str) -> None:
    """Raise LockedError while a run has the lock that a change is not part of."""
    if flash.session.options.context:
        return
    for name in _locks(flash.names()):
        if not belongs(name_of(run_id), name.removesuffix(_SUFFIX)):
            raise LockedError(flash.session.host, _parsed(flash, name))


def read(flash: Flash) -> Lock | None:
    """Who has the lock."""
    if flash.session.options.context:
        return None
    name = next(iter(_locks(flash.names())), None)
    return _parsed(flash, name) if name else None


def _locks(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(PREFIX) and name.endswith(_SUFFIX)]


def _refuse_others(flash: Flash, names: Iterable[str], own: str) -> None:
    for name in _locks(names):
        if name != f"{own}{_SUFFIX}":
            raise LockedError(flash.session.host, _parsed(flash, name))


def _parsed(flash: Flash, name: str) -> Lock:
    """A lock. One that is there in part is being written, or its run ended while it wrote it: it may be alive."""
    host, place = flash.session.host, flash.path(name)
    try:
        try:
            lock = records.read_lock(flash.read(name))
        except CutOffError:
            now = time.time()
            run = records.run_of(name.removeprefix(PREFIX).removesuffix(_SUFFIX))
            return Lock(run, "somebody who is just taking it", now, now + 600)
        if f"{name_of(lock.run_id)}{_SUFFIX}" != name:
            raise ValueError("it is another run's than its name says")
    except ValueError as error:
        remedy = f"If no run is at work on {host}, delete it there: delete /noconfirm {place}"
        raise records.refusal(host, place, error, remedy) from error
    return lock
