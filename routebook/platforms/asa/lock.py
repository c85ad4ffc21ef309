"""The lock on an ASA: a file on flash for each run that wants it; the one that finds itself alone has it.

Flash has no operation that takes a file only if there is none, so a run stores its own file and looks again: of two
that come at the same time at most one goes on. A unit in multiple context mode has no flash to offer and no lock.
"""

import time
from collections.abc import Iterable

from routebook.device import records
from routebook.device.errors import LockedError
from routebook.device.strict_json import CutOffError
from routebook.device.values import Lock, belongs
from routebook.platforms.asa.deadman import LOCK, PREFIX, RunFile, confirmed, name_of, new_file, remove, run_files
from routebook.platforms.asa.flash import Flash


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
    mine = [file for file in run_files(names, LOCK) if file.name == own]
    file = mine[0] if mine else new_file(own, LOCK)
    flash.store(file.file, lock.text(), replace=bool(mine))
    try:
        _refuse_others(flash, flash.names(), own)
    except LockedError:
        flash.delete(file.file)
        raise


def release(flash: Flash, run_id: str) -> None:
    """Delete the undo of the run where it is confirmed, then give its lock back; one of another run stays."""
    if flash.session.options.context:
        return
    own = name_of(run_id)
    names = flash.names()
    done = {run for run in confirmed(names) if belongs(run, own)}
    remove(flash, names, lambda run: run in done)
    for file in run_files(names, LOCK):
        if file.name == own:
            flash.delete(file.file)


def refuse_locked(flash: Flash, run_id: str) -> None:
    """Raise LockedError while a run has the lock that a change is not part of."""
    if flash.session.options.context:
        return
    for file in run_files(flash.names(), LOCK):
        if not belongs(name_of(run_id), file.name):
            raise LockedError(flash.session.host, _parsed(flash, file))


def read(flash: Flash) -> Lock | None:
    """Who has the lock."""
    if flash.session.options.context:
        return None
    file = next(iter(run_files(flash.names(), LOCK)), None)
    return _parsed(flash, file) if file else None


def _refuse_others(flash: Flash, names: Iterable[str], own: str) -> None:
    for file in run_files(names, LOCK):
        if file.name != own:
            raise LockedError(flash.session.host, _parsed(flash, file))


def _parsed(flash: Flash, file: RunFile) -> Lock:
    """A lock. One that is there in part is being written, or its run ended while it wrote it: it may be alive."""
    host, place = flash.session.host, flash.path(file.file)
    try:
        try:
            lock = records.read_lock(flash.read(file.file))
        except CutOffError:
            now = time.time()
            run = records.run_of(file.name.removeprefix(PREFIX))
            return Lock(run, "somebody who is just taking it", now, now + 600)
        if name_of(lock.run_id) != file.name:
            raise ValueError("it is another run's than its name says")
    except ValueError as error:
        remedy = f"If no run is at work on {host}, delete it there: delete /noconfirm {place}"
        raise records.refusal(host, place, error, remedy) from error
    return lock
