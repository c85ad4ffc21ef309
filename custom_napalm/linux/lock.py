"""The lock on a Linux host: one file beside the runs' folders, in memory, so that a reboot releases it."""

import base64
import json
from dataclasses import asdict
from shlex import quote

from custom_napalm.contract import DriverError, Lock, LockedError
from custom_napalm.linux import device_scripts as scripts
from custom_napalm.linux.shell import Shell

# The first line is the run's id, for the shell; the second the whole, for us. Under the lock of the folder itself,
# so that of two runs which come at the same time one is first.
_UNDER_FLOCK = f"""umask 077
root={scripts.ROOT}
run={{run}}
holder() {{{{ if [ -e "$root/lock" ]; then read -r holder <"$root/lock"; fi; }}}}
exec 9<"$root" && flock -w 20 9 || exit {scripts.BUSY}
holder
"""
_TAKE = f"""mkdir -p -m 0700 {scripts.ROOT} || exit {scripts.NO_ROOM}
{_UNDER_FLOCK}
if [ -n "$holder" ] && [ "$holder" != "$run" ]; then cat "$root/lock"; exit {scripts.LOCKED}; fi
base64 -d >"$root/lock.new" <<'END' && mv "$root/lock.new" "$root/lock" || exit {scripts.NO_ROOM}
{{text}}END
"""
_RELEASE = f"""[ -d {scripts.ROOT} ] || exit 0
{_UNDER_FLOCK}
[ "$holder" != "$run" ] || rm -f "$root/lock"
"""
_READ = f"cat {scripts.ROOT}/lock 2>/dev/null || true"


def take(shell: Shell, host: str, lock: Lock) -> None:
    """Take the lock, or renew it. Raises LockedError while another run has it."""
    text = f"{lock.run_id}\n{json.dumps(asdict(lock))}\n"
    encoded = base64.encodebytes(text.encode()).decode()
    result = shell.run(_TAKE.format(run=quote(lock.run_id), text=encoded))
    if result.status == scripts.LOCKED:
        raise LockedError(host, _parsed(host, result.stdout))
    if result.status:
        raise DriverError(
            f"{host} cannot be locked in {scripts.ROOT}: exit status {result.status}; nothing was changed"
        )


def release(shell: Shell, host: str, run_id: str) -> None:
    """Give the lock back; one of another run stays."""
    result = shell.run(_RELEASE.format(run=quote(run_id)))
    if result.status:
        raise DriverError(f"{host}: the lock of run {run_id} cannot be released: exit status {result.status}")


def read(shell: Shell, host: str) -> Lock | None:
    """Who has the lock."""
    said = shell.run(_READ).stdout
    return _parsed(host, said) if said.strip() else None


def _parsed(host: str, text: str) -> Lock:
    try:
        return Lock(**json.loads(text.partition("\n")[2]))
    except (ValueError, TypeError) as error:
        raise DriverError(f"{host}: {scripts.ROOT}/lock is not what a run leaves there: {error}") from error
