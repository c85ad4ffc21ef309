"""Which commands of a Linux host only read. `cli` of the drivers and `routebook exec` run these and no others.

Each program's arguments are listed, not what is refused of them: `ip link s` is `set` (matches() in iproute2, the first
in ip/iplink.c that begins so), `ss -K` closes sockets (ss(8)), `hostname X` and `date X` set, `swanctl --counters
--reset` resets, `ip xfrm state` prints keys unless it ends in `nokeys` (ip-xfrm(8)).
"""

import re
import shlex
from collections.abc import Sequence

from routebook.device.command_line import CommandLine, Typed, one_line
from routebook.device.errors import CommandRefusedError
from routebook.platforms.frr import redaction as frr_redaction
from routebook.platforms.frr import typed as frr
from routebook.platforms.strongswan import redaction as strongswan_redaction
from routebook.transport import simple_command
from routebook.transport.shell import Shell

_SWANCTL = re.compile(
    r"swanctl --(list-(sas|conns|certs|pols|pools|algs|authorities)|stats|version|counters)"
    r"( --(raw|pretty|noblock)| --ike [\w.:@-]+)*"
)
_IP = re.compile(
    r"ip( -(4|6|j|p|d|s|br|brief|json|details|stats))* "
    r"((addr|address|link|route|neigh|neighbor|rule|tunnel|vrf|nexthop)"
    r"( show( [\w.:/@-]+)*| list( [\w.:/@-]+)*| get [0-9A-Fa-f.:]+)?"
    r"|xfrm policy( show| list)?|xfrm state (show|list) nokeys)"
)
_OTHERS = frozenset(
    {
        "uptime", "uname -a", "uname -n", "uname -r", "hostname", "hostname -f", "date", "date -u", "df -h", "free -m",
        "cat /etc/os-release", "cat /etc/debian_version", "cat /proc/loadavg", "cat /proc/meminfo", "cat /proc/net/dev",
        "cat /proc/net/xfrm_stat", "ss -tn", "ss -ltn", "ss -uln", "nft list ruleset", "nft list tables",
    }
)  # fmt: skip
_PING = re.compile(r"ping( -[46n])* -c ([1-9]|1\d|20)( -W [1-9])?( -I [\w.:-]+)? [\w.:%-]+")
_SYSCTL = re.compile(r"sysctl( -n)? \w[\w./-]*")
_ROOTS = frozenset({"vtysh", "swanctl", "nft"})
_FRR_CHANGES = frozenset({"clear"})  # FRR's words that `exec --write` takes as they are

ALLOWED = (
    "`show …` of FRR, `swanctl --list-…`, `--stats`, `--version` and `--counters`, `ip … show`, `ping -c N`, "
    "`sysctl NAME`, and " + ", ".join(f"`{command}`" for command in sorted(_OTHERS))
)


def reading(command: str) -> tuple[str, ...]:
    """The words of a command that only reads, without sudo. Raises CommandRefusedError.

    A `show …` is FRR's, and becomes vtysh's.
    """
    if frr.begins(command):
        return ("vtysh", "-c", frr.checked(command))
    words = simple_command.without_sudo(simple_command.split(command))
    if words[0] == "vtysh":
        return ("vtysh", *frr.arguments(words[1:]))
    text = " ".join(words)
    patterns = (_SWANCTL, _IP, _PING, _SYSCTL)
    if any(" " in word for word in words) or not (
        text in _OTHERS or any(pattern.fullmatch(text) for pattern in patterns)
    ):
        raise CommandRefusedError(f"is not one of the commands that only read: {ALLOWED}")
    return words


def read(command: str, sudo: bool) -> Typed:
    """What `exec` sends for a command that only reads."""
    words = reading(command)
    meant = " ".join(words[2:]) if words[:2] == ("vtysh", "-c") and len(words) == 3 else shlex.join(words)
    if words[0] == "vtysh":
        words = ("vtysh", *frr.OPTIONS, *words[1:])
    asked = sudo and (words[0] in _ROOTS or command.strip(" ").startswith("sudo "))
    return Typed(meant, simple_command.line_of(("sudo", "-n", *words) if asked else words))


def change(command: str, sudo: bool) -> Typed:
    """What `exec --write` sends: the line as it is, for a shell; FRR's `clear …` for vtysh."""
    text = one_line(command)
    if text.partition(" ")[0] in _FRR_CHANGES:
        words: tuple[str, ...] = ("vtysh", *frr.OPTIONS, "-c", text)
        return Typed(text, simple_command.line_of(("sudo", "-n", *words) if sudo else words))
    try:
        return read(command, sudo)
    except CommandRefusedError:
        return Typed(text, simple_command.line_of_script(text))


def redact(text: str) -> str:
    """An answer without passwords and keys, whichever daemon's configuration it is."""
    return strongswan_redaction.redact(frr_redaction.redact(text))


COMMAND_LINE = CommandLine(
    reads=read,
    changes=change,
    connection="routebook.transport.exec_channel:ExecChannel",
    redact=redact,
    templates="linux",
)


def run(shell: Shell, command: str) -> str:
    """What a reading command prints. Raises CommandRefusedError for one that is not allowed, or fails."""
    words = _allowed(command)
    script = shlex.join(words)
    if words[0] == "vtysh":
        script = f"VTYSH_HISTFILE=/dev/null {script}"  # or it writes ~/.history_frr
    result = shell.run(script)
    if result.status == 127:
        raise CommandRefusedError(f"{command!r}: {'FRR' if words[0] == 'vtysh' else words[0]} is not installed")
    if result.status or frr.failed(result.stdout):
        said = (result.stderr.strip() or result.stdout.strip()).splitlines()
        raise CommandRefusedError(f"{command!r} failed: {said[-1] if said else f'exit status {result.status}'}")
    return result.stdout


def _allowed(command: str) -> Sequence[str]:
    try:
        return reading(command)
    except CommandRefusedError as error:
        raise CommandRefusedError(f"{command!r} {error}") from error
