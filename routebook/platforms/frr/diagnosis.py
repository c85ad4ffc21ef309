"""Why a session does not come up, in bgpd's own words and the kernel's; and letting it try again.

No JSON of bgpd has the AS that a peer is really in. bgpd says it while it happens, at level debug: the exec
command `debug bgp neighbor-events` with a live view on the log (`terminal monitor`) shows it. Neither is
configuration; both are over after a few seconds.
"""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from shlex import quote

from msgspec.structs import replace

from routebook.device.causes import Cause, Reason, Saying, cause_of
from routebook.device.errors import DriverError
from routebook.platforms.frr.redaction import redact
from routebook.platforms.frr.refresh import retry_script
from routebook.platforms.frr.vtysh import NO_HISTORY
from routebook.platforms.linux import files
from routebook.transport.shell import Shell

WATCH_SECONDS = 3

# bgpd's words, and the kernel's of TCP MD5: its counters, and what it logs.
SAYINGS = (
    Saying(re.compile(r"remote AS is (?P<found_as>\d+), expected (?P<expected_as>\d+)"), Reason.PEER_AS),
    Saying(
        re.compile(
            r"sent to neighbor \S+ (?:(?:active|passive) )?2/2 \(.*\) [24] bytes "
            r"(?P<found_as>(?:[0-9a-fA-F]{2} ?){2,4})"
        ),
        Reason.PEER_AS,
        data=True,
    ),
    Saying(re.compile(r"sent to neighbor \S+ (?:(?:active|passive) )?2/2 "), Reason.AS_REFUSED),
    Saying(re.compile(r"received from neighbor \S+ (?:(?:active|passive) )?2/2 "), Reason.AS_REFUSED, from_peer=True),
    Saying(
        re.compile(
            r"TCPMD5(?:Failure|Unexpected|NotFound)\D*[1-9]"
            r"|MD5 Hash (?:\w+ )?(?:failed|mismatch|not found|not expected)",
            re.IGNORECASE,
        ),
        Reason.TCP_MD5,
    ),
)
_UP = re.compile(r"%ADJCHANGE: neighbor \S+ .*\bUp\b")  # what was said before is of an earlier life
_PROMPT = re.compile(r"^(?:.*?# )?(?:\x1b\[K|\r)*")
_COUNTERS = "TcpExtTCPMD5NotFound TcpExtTCPMD5Unexpected TcpExtTCPMD5Failure"
_LIMIT = 20


def explain(shell: Shell, peer: str, seconds: int) -> list[Cause]:
    """What bgpd says of a neighbor: in the last `seconds` seconds of its log, and in the next few, watched live.

    Leaves no trace in configuration or files.
    """
    pattern = quote(peer)
    script = f"""{NO_HISTORY}
{files.FUNCTIONS}
counters() {{ nstat -asz {_COUNTERS} 2>/dev/null | awk '/^TcpExt/ {{ print $1, $2 }}'; }}
logged() {{
    journalctl -q -t bgpd --since '-{int(seconds)}s' -o cat 2>/dev/null | grep -F -- {pattern}
    since=$(date -d '-{int(seconds)} seconds' '+%Y/%m/%d %H:%M:%S' 2>/dev/null) || return 0
    vtysh -c 'show running-config' | sed -n 's/^log file \\([^ ]*\\).*/\\1/p' | while read -r file; do
        (files_open "$file" && tail -n 2000 <&8) 2>/dev/null |
            awk -v since="$since" '($1 " " $2) >= since' | grep -F -- {pattern}
    done
}}
logged | tail -n {_LIMIT}
before=$(counters)
trace="debug bgp neighbor-events" untrace="no debug bgp neighbor-events"
if vtysh -c 'show debugging' 2>/dev/null | grep -q 'neighbor-events debugging is on'; then trace= untrace=; fi
{{
    printf '%s\\n' 'terminal monitor' "$trace"
    sleep {WATCH_SECONDS}
    printf '%s\\n' "$untrace" exit
}} | vtysh 2>&1 | tr -d '\\r' | grep -F -- {pattern}
[ -z "$untrace" ] || vtysh -c "$untrace" >/dev/null 2>&1  # should the view have ended too early
after=$(counters)
[ "$before" = "$after" ] || printf '%s\\n' "$before" "$after" | awk '
    {{ if ($1 in seen) {{ if ($2 > seen[$1]) print "kernel:", $1, $2 - seen[$1], "more in {WATCH_SECONDS} s" }}
       else seen[$1] = $2 }}'
:
"""
    result = shell.run(script, timeout=WATCH_SECONDS + 30)
    lines = [redact(_PROMPT.sub("", line).strip()) for line in result.stdout.splitlines()]
    lines = [line for line in lines if _concerns(line, peer)]
    last_up = max((number for number, line in enumerate(lines) if _UP.search(line)), default=-1)
    by_line = {_without_time(line): cause_of(line, SAYINGS) for line in lines[last_up + 1 :]}
    found = [replace(cause, of_all=line.startswith("kernel: ")) for line, cause in by_line.items() if cause is not None]
    return found[-_LIMIT:]


def retry_sessions(shell: Shell, names: Sequence[str]) -> None:
    """Clear the named neighbors if they wait in Idle, Connect, Active or OpenSent; they try again within a second.

    Established sessions, those shut down and those over their prefix limit are left alone.
    """
    if names:
        shell.run(f"{NO_HISTORY}\n{retry_script(tuple(names))}")


def clear_session(shell: Shell, peer: str) -> None:
    """Reset a session, whatever its state. Raises DriverError with what bgpd says against it.

    bgpd says nothing of what it has done, and names a neighbor that it does not know (bgp_vty.c: bgp_clear).
    """
    said = shell.run(f"{NO_HISTORY}\nvtysh -c {quote(f'clear bgp {ip_address(peer)}')}")
    words = (said.stdout + said.stderr).strip()
    if said.status or words:
        raise DriverError(f"bgpd does not clear {peer}: {words or said.status}")


def _concerns(line: str, peer: str) -> bool:
    """Whether the line is about this address, not about one that begins with it."""
    return line.startswith("kernel: ") or re.search(rf"(?<![\w.:]){re.escape(peer)}(?![\w.:]\w)", line) is not None


def _without_time(line: str) -> str:
    return re.sub(r"^\d{4}[-/]\d\d[-/]\d\d[T ][\d:.]+ ", "", line)
