"""Which commands of a pfSense only read. `cli` of the driver and `routebook exec` run these and no others.

FreeBSD's manual pages: `ifconfig NAME WORD` sets, `pfctl` flushes with -F and kills with -k, `route` reads with `get`
alone.
"""

import re
import shlex

from routebook.device.command_line import CommandLine, Typed, one_line
from routebook.device.errors import CommandRefusedError
from routebook.platforms.frr import redaction as frr_redaction
from routebook.platforms.frr import typed as frr
from routebook.platforms.pfsense.redaction import redact as redact_xml
from routebook.platforms.strongswan import redaction as strongswan_redaction
from routebook.transport import simple_command
from routebook.transport.shell import Shell

VTYSH = "/usr/local/bin/vtysh"
_PATTERNS = (
    re.compile(
        r"swanctl --(list-(sas|conns|certs|pols|pools|algs)|stats|version|counters)"
        r"( --(raw|pretty|noblock)| --ike [\w.:-]+)*"
    ),
    re.compile(r"bgpctl( -[jn])* (show|network show)( [\w.:/-]+)*"),
    re.compile(
        r"uptime|uname -[anr]|hostname|date|df -h|ifconfig( -a| [\w.]+)?|netstat -[rnf46 inet]+|cat /etc/version"
        r"|pfctl -s ?(rules|nat|states|info|Interfaces|si|sr|ss|sn)|arp -an|ndp -an"
    ),
    re.compile(r"route -n get [\w.:/-]+"),
    re.compile(r"ping( -n)? -c ([1-9]|1\d|20) [\w.:%-]+"),
)
_ROOTS = frozenset({VTYSH, "swanctl", "bgpctl", "pfctl"})

ALLOWED = (
    "`bgpctl show …`, `swanctl --list-…`, `show …` of FRR, `ifconfig`, `netstat -rn`, `pfctl -s …`, `route -n get …`, "
    "`arp -an`, `ping -c N`, `uptime`"
)


def reading(command: str) -> tuple[str, ...]:
    """The words of a command that only reads, without sudo. Raises CommandRefusedError. A `show …` is FRR's."""
    if frr.begins(command):
        return (VTYSH, "-c", frr.checked(command))
    words = simple_command.without_sudo(simple_command.split(command))
    if words[0] in ("vtysh", VTYSH):
        return (VTYSH, *frr.arguments(words[1:]))
    text = " ".join(words)
    if any(" " in word for word in words) or not any(pattern.fullmatch(text) for pattern in _PATTERNS):
        raise CommandRefusedError(f"is not one of the commands that only read: {ALLOWED}")
    return words


def read(command: str, sudo: bool) -> Typed:
    """What `exec` sends for a command that only reads."""
    words = reading(command)
    meant = words[2] if words[:2] == (VTYSH, "-c") and len(words) == 3 else shlex.join(words)
    if words[0] == VTYSH:
        words = (VTYSH, *frr.OPTIONS, *words[1:])
    asked = sudo and (words[0] in _ROOTS or command.strip(" ").startswith("sudo "))
    return Typed(meant, simple_command.line_of(("sudo", "-n", *words) if asked else words))


def change(command: str, sudo: bool) -> Typed:
    """What `exec --write` sends: the line as it is, for a shell."""
    text = one_line(command)
    try:
        return read(command, sudo)
    except CommandRefusedError:
        return Typed(text, simple_command.line_of_script(text))


def redact(text: str) -> str:
    """An answer without passwords and keys, whichever daemon's configuration it is."""
    return redact_xml(strongswan_redaction.redact(frr_redaction.redact(text)))


COMMAND_LINE = CommandLine(
    reads=read,
    changes=change,
    connection="routebook.transport.exec_channel:ExecChannel",
    redact=redact,
    templates="pfsense",
    superusers=frozenset({"root", "admin"}),  # both have the user ID 0
)


def run(shell: Shell, command: str) -> str:
    """What a reading command prints. Raises CommandRefusedError for one that is not allowed, or fails."""
    try:
        words = reading(command)
    except CommandRefusedError as error:
        raise CommandRefusedError(f"{command!r} {error}") from error
    script = shlex.join(words)
    result = shell.run(f"VTYSH_HISTFILE=/dev/null {script}" if words[0] == VTYSH else script)
    if result.status:
        said = (result.stderr.strip() or result.stdout.strip()).splitlines()
        raise CommandRefusedError(f"{command!r} failed: {said[-1] if said else f'exit status {result.status}'}")
    return result.stdout
