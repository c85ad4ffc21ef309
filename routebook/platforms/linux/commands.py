"""What `cli` runs: commands that only read. Configuration goes through candidates, never through here."""

import re
import shlex

from routebook.device.errors import CommandRefusedError
from routebook.transport.shell import Shell

_SWANCTL = re.compile(
    r"swanctl --(list-(sas|conns|certs|pols|pools|algs|authorities)|stats|version|counters)"
    r"( --(raw|pretty|noblock)| --ike [\w.:@-]+)*"
)
_IP = re.compile(
    r"ip( -(4|6|j|p|d|s|br|brief|json|details|stats))* (addr|address|link|route|neigh|neighbor|rule|tunnel|vrf|nexthop)"
    r"( show( [\w.:/@-]+)*| list( [\w.:/@-]+)*| get [0-9A-Fa-f.:]+)?"
)
_OTHERS = frozenset(
    {"uptime", "uname -a", "hostname", "date", "df -h", "free -m", "cat /etc/os-release", "ss -tn", "ss -ltn"}
)
_SHOW = re.compile(r"(show|sh) [^\n\r\x00?]*")

ALLOWED = "`show …` of FRR, `swanctl --list-…`, `--stats`, `--version` and `--counters`, `ip … show`, and " + ", ".join(
    f"`{command}`" for command in sorted(_OTHERS)
)


def run(shell: Shell, command: str) -> str:
    """What a reading command prints. Raises CommandRefusedError for one that is not allowed, or fails."""
    words = re.sub(" +", " ", command.strip(" "))
    if _SHOW.fullmatch(words):
        # vtysh takes it as one argument, so nothing in it can be more than a command of FRR's.
        script = f"VTYSH_HISTFILE=/dev/null vtysh -c {shlex.quote(words)}"  # or it writes ~/.history_frr
    elif words in _OTHERS or _SWANCTL.fullmatch(words) or _IP.fullmatch(words):
        script = words
    else:
        raise CommandRefusedError(f"{command!r} is not one of the commands that only read: {ALLOWED}")
    result = shell.run(script)
    if result.status == 127:
        raise CommandRefusedError(f"{command!r}: {words.split()[0] if script == words else 'FRR'} is not installed")
    refused = [line for line in result.stdout.splitlines() if line.startswith("% ")]
    if result.status or (refused and result.stdout.strip() == "\n".join(refused).strip()):
        said = (result.stderr.strip() or result.stdout.strip()).splitlines()
        raise CommandRefusedError(f"{command!r} failed: {said[-1] if said else f'exit status {result.status}'}")
    return result.stdout
