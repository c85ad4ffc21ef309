"""Ending a tunnel's SAs and starting it anew, by whatever swanctl there is."""

from collections.abc import Sequence
from shlex import quote

from routebook.device.errors import DriverError
from routebook.transport.shell import Shell

_TIMEOUT = 90  # seconds, of all of it
_NO_DAEMON = 70
# An IKE SA that the other end does not answer for is ended all the same (`--force`, since 5.8.0). What the other end
# still has of it goes with the new one's INITIAL_CONTACT (RFC 7296, section 2.4; `unique` of a connection).
_RESTART = """
swanctl() {{ {swanctl} "$@"; }}
swanctl --stats >/dev/null 2>&1 || exit {no_daemon}
for number in $(swanctl --list-sas --ike {connection} | sed -n 's/^[^ ].*: #\\([0-9][0-9]*\\), .*/\\1/p'); do
    swanctl --terminate --ike-id "$number" --force --timeout 3 >/dev/null 2>&1
done
children={children}
[ -n "$children" ] || children=$(swanctl --list-conns | awk -v connection={connection} '
    /^[^ ]/ {{ ours = index($0, connection ": ") == 1; next }}
    ours && /^  [^ ]+: (TUNNEL|TRANSPORT|BEET), / {{ sub(":$", "", $1); print $1 }}')
for child in $children; do
    swanctl --initiate --ike {connection} --child "$child" --timeout 10 >/dev/null 2>&1
done
exit 0
"""


def restart_tunnel(shell: Shell, connection: str, children: Sequence[str], swanctl: str = "command swanctl") -> None:
    """End every IKE SA of a connection, then initiate its children: all that it has where none are named.

    Raises DriverError where charon does not answer.

    Whether they come up is for whoever looks afterwards: the other end may be the one that has to start.
    """
    script = _RESTART.format(
        swanctl=swanctl, no_daemon=_NO_DAEMON, connection=quote(connection), children=quote(" ".join(children))
    )
    result = shell.run(script, timeout=_TIMEOUT)
    if result.status == _NO_DAEMON:
        raise DriverError("charon does not answer: is strongSwan running? Nothing was changed")
    if result.status:
        raise DriverError(f"{connection} was not restarted: exit status {result.status}", changed=True)
