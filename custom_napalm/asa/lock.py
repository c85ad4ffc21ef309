"""The lock on an ASA: a file on flash for each run that wants it; the one that finds itself alone has it.

Flash has no operation that takes a file only if there is none, so a run stores its own file and looks again: of two
that come at the same time at most one goes on. A unit in multiple context mode has no flash to offer and no lock.
"""

import json
from dataclasses import asdict

from custom_napalm.asa.deadman import PREFIX, name_of
from custom_napalm.asa.flash import Flash
from custom_napalm.contract import DriverError, Lock, LockedError

_SUFFIX = ".lck"


def take(flash: Flash, lock: Lock) -> None:
    """Take the lock, or renew it. Raises LockedError while another run has it."""
    if flash.session.options.context:
        return
    own = f"{name_of(lock.run_id)}{_SUFFIX}"
    _refuse_others(flash, own)
    flash.store(own, json.dumps(asdict(lock)))
    try:
        _refuse_others(flash, own)
    except LockedError:
        flash.delete(own)
        raise


def release(flash: Flash, run_id: str) -> None:
    """Give the lock back; one of another run stays."""
    own = f"{name_of(run_id)}{_SUFFIX}"
    if not flash.session.options.context and own in flash.names():
        flash.delete(own)


def read(flash: Flash) -> Lock | None:
    """Who has the lock."""
    if flash.session.options.context:
        return None
    name = next(iter(_locks(flash)), None)
    return _parsed(flash, name) if name else None


def _locks(flash: Flash) -> list[str]:
    return [name for name in flash.names() if name.startswith(PREFIX) and name.endswith(_SUFFIX)]


def _refuse_others(flash: Flash, own: str) -> None:
    for name in _locks(flash):
        if name != own:
            raise LockedError(flash.session.host, _parsed(flash, name))


def _parsed(flash: Flash, name: str) -> Lock:
    try:
        return Lock(**json.loads(flash.read(name)))
    except (ValueError, TypeError) as error:
        raise DriverError(
            f"{flash.session.host}: {flash.path(name)} is not what a run leaves there: {error}"
        ) from error
