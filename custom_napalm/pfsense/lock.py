"""The lock on a pfSense: one file in memory, so that a restart releases it.

FreeBSD has no flock(1); sh's noclobber makes a file only if there is none (POSIX, "Redirecting Output"), which is
enough for one of two runs to be first.
"""

import json
from dataclasses import asdict
from shlex import quote

from custom_napalm.contract import DriverError, Lock, LockedError
from custom_napalm.linux.shell import Shell

_FILE = "/var/run/routebook.lock"
_LOCKED = 77

_TAKE = f"""umask 077
file={_FILE}
run={{run}}
text() {{{{ cat <<'END'
{{text}}
END
}}}}
if (set -C; text >"$file") 2>/dev/null; then exit 0; fi
read -r holder <"$file"
[ "$holder" = "$run" ] || {{{{ cat "$file"; exit {_LOCKED}; }}}}
text >"$file.new" && mv "$file.new" "$file"
"""
_RELEASE = f"""[ -e {_FILE} ] || exit 0
read -r holder <{_FILE}
[ "$holder" != {{run}} ] || rm -f {_FILE}
"""


def take(shell: Shell, host: str, lock: Lock) -> None:
    """Take the lock, or renew it. Raises LockedError while another run has it."""
    result = shell.run(_TAKE.format(run=quote(lock.run_id), text=f"{lock.run_id}\n{json.dumps(asdict(lock))}"))
    if result.status == _LOCKED:
        raise LockedError(host, _parsed(host, result.stdout))
    if result.status:
        raise DriverError(f"{host}: {_FILE} cannot be written: exit status {result.status}; nothing was changed")


def release(shell: Shell, host: str, run_id: str) -> None:
    """Give the lock back; one of another run stays."""
    result = shell.run(_RELEASE.format(run=quote(run_id)))
    if result.status:
        raise DriverError(f"{host}: the lock of run {run_id} cannot be released: exit status {result.status}")


def read(shell: Shell, host: str) -> Lock | None:
    """Who has the lock."""
    said = shell.run(f"cat {_FILE} 2>/dev/null || true").stdout
    return _parsed(host, said) if said.strip() else None


def _parsed(host: str, text: str) -> Lock:
    try:
        return Lock(**json.loads(text.partition("\n")[2]))
    except (ValueError, TypeError) as error:
        raise DriverError(f"{host}: {_FILE} is not what a run leaves there: {error}") from error
