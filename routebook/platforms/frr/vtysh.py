"""Reading from FRR and asking it to check: one round trip each, no trace on the host.

Exit codes of vtysh are not enough (8.4.4): with bgpd gone `show running-config` simply lacks BGP, and
`vtysh -f` of a `router bgp` exits 0.
"""

import re
import shlex
from collections.abc import Mapping

from msgspec import Struct, field

from routebook.device.errors import CandidateError, DriverError
from routebook.platforms.frr.redaction import SECRET, redact, secrets
from routebook.platforms.linux import files
from routebook.transport.shell import Result, Shell

FOLDER = "/etc/frr"
FRR_CONF = f"{FOLDER}/frr.conf"

_ATTRIBUTES = re.compile(r"[0-7]{3,4} [\w.$-]+ [\w.$-]+(?: -> [^\x00-\x1f\x7f]+)?")
BOOT_FILE = re.compile(rf"{FOLDER}/(?!vtysh\.)[a-z0-9]+\.conf")
"""What FRR can boot with: frr.conf, or a daemon's own file."""

# Nothing that FRR prints begins with this.
_CUT = "\x1d"

# vtysh -c appends its commands to ~/.history_frr, which would be a trace.
NO_HISTORY = "export VTYSH_HISTFILE=/dev/null"

_NOT_READ = 66
_READ = f"""{NO_HISTORY}
{files.FUNCTIONS}
vtysh -c 'show daemons' -c 'show running-config' || exit $?
printf '{_CUT}'
sed -n 's/^\\([a-z0-9]*\\)=yes.*/\\1/p' /etc/frr/daemons 2>/dev/null
printf '{_CUT}'
grep -c '^no service integrated-vtysh-config' /etc/frr/vtysh.conf 2>/dev/null
printf '{_CUT}'
boots={FRR_CONF}
[ -e $boots ] || [ -L $boots ] ||
    boots=$(vtysh -c 'show daemons' | tr ' ' '\\n' | sed -n 's|^[a-z0-9][a-z0-9]*$|{FOLDER}/&.conf|p')
for boot in $boots; do
    [ -e "$boot" ] || [ -L "$boot" ] || continue
    (files_open "$boot" && printf '%s{_CUT}%s{_CUT}' "$boot" "$files_attributes" && cat <&8) || exit {_NOT_READ}
    printf '{_CUT}'
done
"""

_COMPLAINT = re.compile(
    r"^line (?P<number>\d+): (?P<what>.*?\[\d+\][^:]*|[^:]*):\s*(?:line: )?(?P<line>.*)$", re.MULTILINE
)


class Reading(Struct, frozen=True):
    """What a host says of FRR: connected daemons, running configuration, and the files it boots with.

    Those are frr.conf or, where there is none, a file for each daemon. `integrated` is what vtysh.conf says of `write`.
    """

    daemons: frozenset[str]
    running: str
    boot: Mapping[str, str] = field(default_factory=dict)  # path to text
    attributes: Mapping[str, str] = field(default_factory=dict)  # path to "MODE OWNER GROUP", " -> LINK" for a link
    integrated: bool = True


class Complaint(Struct, frozen=True):
    """A line that FRR did not take, without secrets, and FRR's own words."""

    line: str
    words: str


def read(shell: Shell) -> Reading:
    """Read the configuration. Raises DriverError when FRR, or a daemon that should run, does not answer."""
    result = shell.run(_READ, asked="`show running-config`")
    if result.status == _NOT_READ:
        raise DriverError(f"what FRR boots with is not read: {result.stderr.strip()}; nothing was changed")
    if result.status != 0:
        raise DriverError(_unavailable(result))
    parts = result.stdout.split(_CUT)
    found = parts[3:-1]
    paths, attributes, texts = found[0::3], found[1::3], found[2::3]
    if len(parts) < 4 or len(found) % 3:
        raise DriverError("the answer to `show running-config` is cut off; nothing was changed")
    if not all(map(BOOT_FILE.fullmatch, paths)) or not all(map(_ATTRIBUTES.fullmatch, attributes)):
        raise DriverError(f"files of {FOLDER} are listed in a form that is not known; nothing was changed")
    daemons, _, running = parts[0].partition("\n")
    connected, enabled = frozenset(daemons.split()), set(parts[1].split())
    if absent := sorted(enabled - connected):
        raise DriverError(
            f"{', '.join(absent)} does not answer although /etc/frr/daemons enables it; "
            "nothing was changed. `systemctl status frr` on the host says more."
        )
    integrated = parts[2].strip() in ("", "0")
    return Reading(
        connected,
        running,
        dict(zip(paths, texts, strict=True)),
        dict(zip(paths, attributes, strict=True)),
        integrated,
    )


def read_running(shell: Shell, copy: str) -> str:
    """The exact text of the running configuration, of which a file on the host gets a copy."""
    result = shell.run(
        f"{NO_HISTORY}; umask 077; vtysh -c 'show running-config' >{copy}; frr_status=$?; cat {copy}; exit $frr_status"
    )
    if result.status != 0:
        raise DriverError(_unavailable(result), changed=True)
    return result.stdout


def check(shell: Shell, text: str) -> None:
    """Ask FRR's parser for configuration text, through a pipe. Raises CandidateError with the offending line.

    What only a daemon can know (an unknown neighbor, a malformed community) passes here.
    """
    result = shell.run(f"printf '%s\\n' {shlex.quote(text)} | vtysh -C -f /dev/stdin")
    if result.status == 0:
        return
    found = complaints(result, text)
    if not found:
        raise DriverError(f"vtysh could not check the candidate: {redact(result.stderr.strip())}; nothing was changed")
    first = found[0]
    more = f" (and {len(found) - 1} more lines)" if len(found) > 1 else ""
    raise CandidateError(f"FRR refuses `{first.line}`: {first.words}{more}; nothing was changed", line=first.line)


def complaints(result: Result, text: str) -> list[Complaint]:
    """The lines of a loaded `text` that FRR complained of; what it says of a line is on standard output."""
    hidden = secrets(text)
    reasons = [line[1:].strip() for line in result.stdout.splitlines() if line.startswith("% ") and "XFRR_" not in line]
    found = []
    for match in _COMPLAINT.finditer(result.stderr):
        what = match["what"].removeprefix("% ")
        if "Failure to communicate" in what and reasons:
            what = reasons.pop(0)
        words = re.sub(r"\[\d+\]", "", what).strip()
        if "rpki" in match["line"] and "Unknown command" in words:
            words += " (bgpd knows RPKI only with the option `-M rpki` in /etc/frr/daemons)"
        found.append(Complaint(_hide(redact(match["line"].strip()), hidden), _hide(words, hidden)))
    return found


def _hide(text: str, hidden: frozenset[str]) -> str:
    """A secret in words that redaction does not know, for example in a truncated echo of a line."""
    for secret in hidden:
        if len(secret) > 3:
            text = text.replace(secret, SECRET)
    return text


def _unavailable(result: Result) -> str:
    if result.status == 127:
        return "FRR is not installed: there is no vtysh; nothing was changed"
    words = " ".join(f"{result.stdout} {result.stderr}".split()) or f"exit status {result.status}"
    return f"FRR does not answer: {redact(words)}; nothing was changed by this"
