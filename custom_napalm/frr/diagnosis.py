"""Why a session does not come up, in bgpd's own words and the kernel's; and letting it try again.

No JSON of bgpd tells the AS that a peer really has. bgpd says it while it happens, at level debug: the exec
command `debug bgp neighbor-events` with a live view on the log (`terminal monitor`) shows it. Neither is
configuration; both are over after a few seconds.
"""

import re
from collections.abc import Sequence
from shlex import quote

from custom_napalm.frr.redaction import redact
from custom_napalm.frr.refresh import retry_script
from custom_napalm.frr.vtysh import NO_HISTORY
from custom_napalm.linux.shell import Shell

WATCH_SECONDS = 3

# What of a neighbor's events says why: not the steps of the state machine.
_TELLING = re.compile(
    r"bad OPEN|NOTIFICATION|Maximum|prefix|rejected|refused|unreachable|not found|[Nn]exthop|No route|no path"
    r"|unsupported|[Cc]apabilit|hold timer|Hold Timer|BFD|\[Error\]|[Pp]assword|MD5|ttl|hop"
)
_NOISE = re.compile(
    r"went from|hostname cap|\[FSM\]|sending OPEN|fsm_change_status|OPEN has .* length|rcvd OPEN w/|optional parameter"
)
_PROMPT = re.compile(r"^(?:.*?# )?(?:\x1b\[K|\r)*")
_COUNTERS = "TcpExtTCPMD5NotFound TcpExtTCPMD5Unexpected TcpExtTCPMD5Failure"
_LIMIT = 20


def explain(shell: Shell, peer: str, seconds: int) -> list[str]:
    """Lines about a neighbor: of the last `seconds` seconds of bgpd's log, and of the next few, watched live.

    Leaves no trace in configuration or files.
    """
    pattern = quote(peer)
    script = f"""{NO_HISTORY}
counters() {{ nstat -asz {_COUNTERS} 2>/dev/null | awk '/^TcpExt/ {{ print $1, $2 }}'; }}
logged() {{
    journalctl -q -t bgpd --since '-{int(seconds)}s' -o cat 2>/dev/null | grep -F -- {pattern}
    since=$(date -d '-{int(seconds)} seconds' '+%Y/%m/%d %H:%M:%S' 2>/dev/null) || return 0
    vtysh -c 'show running-config' | sed -n 's/^log file \\([^ ]*\\).*/\\1/p' | while read -r file; do
        tail -n 2000 "$file" 2>/dev/null | awk -v since="$since" '($1 " " $2) >= since' | grep -F -- {pattern}
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
    telling = [
        line for line in lines if line.startswith("kernel: ") or (_TELLING.search(line) and not _NOISE.search(line))
    ]
    return list({_without_time(line): line for line in telling if _concerns(line, peer)}.values())[-_LIMIT:]


def retry_sessions(shell: Shell, names: Sequence[str]) -> None:
    """Clear the named neighbors if they wait in Idle, Connect, Active or OpenSent; they try again within a second.

    Established sessions, those shut down and those over their prefix limit are left alone.
    """
    if names:
        shell.run(f"{NO_HISTORY}\n{retry_script(tuple(names))}")


def _concerns(line: str, peer: str) -> bool:
    """Whether the line is about this address, not about one that begins with it."""
    return line.startswith("kernel: ") or re.search(rf"(?<![\w.:]){re.escape(peer)}(?![\w.:]\w)", line) is not None


def _without_time(line: str) -> str:
    return re.sub(r"^\d{4}[-/]\d\d[-/]\d\d[T ][\d:.]+ ", "", line)
