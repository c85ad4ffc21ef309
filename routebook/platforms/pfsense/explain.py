"""Why a session or tunnel does not come up, from the system's own logs."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from routebook.device.causes import Cause, Reason, Saying, cause_of
from routebook.platforms.frr import diagnosis as frr_diagnosis
from routebook.platforms.strongswan.explain import causes
from routebook.transport.shell import Shell

# Plain text since 2.5; older lines are in rotated, packed files, and too old to matter here.
_LOGS = "/var/log/ipsec.log /var/log/routing.log /var/log/system.log"
_READ = f"""date '+%Y-%m-%dT%H:%M:%S'
for log in {_LOGS}; do
    [ -r "$log" ] && echo "== $log" && tail -n 3000 "$log"
done
:
"""
_STAMPS = (
    (re.compile(r"^(?:<\d+>1 )?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)"), "%Y-%m-%dT%H:%M:%S"),  # RFC 5424
    (re.compile(r"^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)"), "%b %d %H:%M:%S"),  # BSD
)
# bgpd of OpenBGPD (log_notification() in usr.sbin/bgpd/logmsg.c), and that of FRR.
_SAYINGS = (
    Saying(re.compile(r"peer sent wrong AS (?P<found_as>[\d.]+)"), Reason.PEER_AS),  # parse_open() in session.c
    Saying(re.compile(r"sending notification: error in OPEN message, AS unacceptable"), Reason.AS_REFUSED),
    Saying(re.compile(r"received notification: error in OPEN message, AS unacceptable"), Reason.AS_REFUSED, True),
    *frr_diagnosis.SAYINGS,
)
_MOST = 40
_UP = re.compile(r"state change \w+ -> Established|%ADJCHANGE: neighbor \S+ .*\bUp\b")


def tunnel(shell: Shell, connection: str, seconds: int) -> list[Cause]:
    """What charon's log says of a connection, as charon calls it."""
    return causes(_recent(shell, seconds), connection)


def session(shell: Shell, peer: str, seconds: int) -> list[Cause]:
    """What the BGP daemon's log says of a neighbor, without repetitions, the newest last."""
    concerned = re.compile(rf"(?<![\w.:]){re.escape(peer)}(?![\w.:]\w)")
    found: dict[str, Cause] = {}
    for line in _recent(shell, seconds):
        text = re.sub(r"^.*?\b(?:bgpd|watchfrr|zebra)(?:\[\d+\]| \d+ - -)?:? *(?:- )?", "", line).strip()
        if concerned.search(line) and _UP.search(text):
            found = {}
        elif concerned.search(line) and (cause := cause_of(text, _SAYINGS)) is not None:
            found.pop(text, None)
            found[text] = cause
    return list(found.values())[-_MOST:]


def _recent(shell: Shell, seconds: int) -> list[str]:
    result = shell.run(_READ)
    first, _, rest = result.stdout.partition("\n")
    try:
        now = datetime.fromisoformat(first.strip())
    except ValueError:
        return []
    return list(newer(rest.splitlines(), now - timedelta(seconds=seconds)))


def newer(lines: Iterable[str], since: datetime) -> Iterable[str]:
    """The lines that are not older than `since`, in either of syslog's formats."""
    for line in lines:
        for pattern, written in _STAMPS:
            match = pattern.match(line)
            if match is None:
                continue
            # A year is given, for BSD's format has none and strptime's own is no leap year.
            at = (
                datetime.strptime(f"{since.year} {match[1]}", f"%Y {written}")
                if "%Y" not in written
                else (datetime.strptime(match[1], written))
            )
            if at >= since.replace(microsecond=0):
                yield line
            break
