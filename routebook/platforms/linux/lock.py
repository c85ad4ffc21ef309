"""The lock on a Linux host: one file beside the runs' folders, in memory, so that a reboot releases it."""

import base64

from routebook.device import records
from routebook.device.errors import DriverError, LockedError
from routebook.device.values import Lock
from routebook.platforms.linux import device_scripts as scripts
from routebook.transport.shell import Shell


def take(shell: Shell, host: str, lock: Lock) -> None:
    """Take the lock, or renew it. Raises LockedError while another run has it."""
    # The first line is the run's id, for the shell; the second the whole, for us.
    encoded = base64.encodebytes(f"{lock.run_id}\n{lock.text()}\n".encode()).decode()
    result = shell.run(scripts.take_lock(lock.run_id, encoded))
    if result.status == scripts.LOCKED:
        raise LockedError(host, parsed(host, result.stdout))
    if result.status:
        said = result.stderr.strip() or f"exit status {result.status}"
        raise DriverError(f"{host} cannot be locked in {scripts.ROOT}: {said}; nothing was changed")


def release(shell: Shell, host: str, run_id: str) -> None:
    """Let go of what undoes the run, then give its lock back; one of another run stays."""
    result = shell.run(scripts.release_lock(run_id))
    if result.status:
        raise DriverError(f"{host}: the lock of run {run_id} cannot be released: exit status {result.status}")


def read(shell: Shell, host: str) -> Lock | None:
    """Who has the lock."""
    result = shell.run(scripts.READ_LOCK)
    if result.status:
        raise DriverError(f"{host}: its lock cannot be read: {result.stderr.strip()}; nothing was changed")
    said = result.stdout
    return parsed(host, said) if said.strip() else None


def parsed(host: str, text: str) -> Lock:
    """The lock in the file that `take` wrote."""
    first, _, rest = text.partition("\n")
    try:
        lock = records.read_lock(rest)
        if lock.run_id != first:
            raise ValueError("its two lines name two runs")
    except ValueError as error:
        place = f"{scripts.ROOT}/lock"
        remedy = f"If no run is at work on {host}, delete it there: rm {place}"
        raise records.refusal(host, place, error, remedy) from error
    return lock
