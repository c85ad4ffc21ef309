"""What `cli` runs: commands that only read. Configuration goes through candidates, never through here."""

import re
import shlex

from routebook.device.errors import CommandRefusedError
from routebook.transport.shell import Shell

_SWANCTL = re.compile(
    r"swanctl --(list-(sas|conns|certs|pols|pools|algs)|stats|version|counters)"
    r"( --(raw|pretty|noblock)| --ike [\w.:-]+)*"
)
_BGPCTL = re.compile(r"bgpctl( -[jn])* (show|network show)( [\w.:/-]+)*")
_OTHERS = re.compile(
    r"uptime|uname -a|hostname|date|df -h|ifconfig( -a| [\w.]+)?|netstat -[rnf46 inet]+|cat /etc/version"
    r"|pfctl -s ?(rules|nat|states|info|Interfaces|si|sr|ss|sn)"
)
_SHOW = re.compile(r"(show|sh) [^\n\r\x00?]*")

ALLOWED = "`bgpctl show …`, `swanctl --list-…`, `show …` of FRR, `ifconfig`, `netstat -rn`, `pfctl -s …`, `uptime`"


def run(shell: Shell, command: str) -> str:
    """What a reading command prints. Raises CommandRefusedError for one that is not allowed, or fails."""
    words = re.sub(" +", " ", command.strip(" "))
    if _SHOW.fullmatch(words):
        # vtysh takes it as one argument, so nothing in it can be more than a command of FRR's.
        script = f"VTYSH_HISTFILE=/dev/null /usr/local/bin/vtysh -c {shlex.quote(words)}"
    elif any(pattern.fullmatch(words) for pattern in (_SWANCTL, _BGPCTL, _OTHERS)):
        script = words
    else:
        raise CommandRefusedError(f"{command!r} is not one of the commands that only read: {ALLOWED}")
    result = shell.run(script)
    if result.status:
        said = (result.stderr.strip() or result.stdout.strip()).splitlines()
        raise CommandRefusedError(f"{command!r} failed: {said[-1] if said else f'exit status {result.status}'}")
    return result.stdout
