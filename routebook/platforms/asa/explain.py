"""Why a session or tunnel does not come up, from the log buffer (Cisco ASA Series Syslog Messages)."""

import re
from collections.abc import Iterable

from msgspec.structs import replace

from routebook.device.causes import Cause, Reason, Saying, cause_of
from routebook.platforms.asa.config import redact
from routebook.platforms.asa.session import AsaSession

# 750003 says why IKEv2 was given up, 418019 which NOTIFICATION ended a session.
_SAYINGS = (
    Saying(re.compile(r"no IPSEC policy found for received TS"), Reason.SELECTORS),
    Saying(re.compile(r"TS_UNACC"), Reason.SELECTORS, from_peer=True),
    Saying(re.compile(r"Failed to find a matching policy"), Reason.PROPOSALS),
    Saying(re.compile(r"NO_PROPOSAL_CHOSEN|no proposal chosen notify"), Reason.PROPOSALS, from_peer=True),
    Saying(re.compile(r"Failed to authenticate the IKE SA"), Reason.AUTHENTICATION),
    Saying(re.compile(r"AUTHENTICATION_FAILED|Auth exchange failed"), Reason.AUTHENTICATION, from_peer=True),
    Saying(re.compile(r"Maximum number of retransmissions reached|peer not responding|unreachable"), Reason.NO_ANSWER),
    Saying(re.compile(r"%ASA-\d-750003:"), Reason.UNKNOWN),
    Saying(
        # IOS, whose words these are, has the AS of the peer's OPEN behind them: `2 bytes 00C8`.
        re.compile(r"sent to neighbor \S+ (?:(?:active|passive) )?2/2 \(.*\) [24] bytes (?P<found_as>[0-9A-F]{4,8})\b"),
        Reason.PEER_AS,
        data=True,
    ),
    Saying(re.compile(r"sent to neighbor \S+ (?:(?:active|passive) )?2/2 "), Reason.AS_REFUSED),
    Saying(re.compile(r"received from neighbor \S+ 2/2 "), Reason.AS_REFUSED, from_peer=True),
)
_UP = re.compile(r"%ASA-\d-750006:")  # "IKEv2 SA UP"
_LOCAL = re.compile(r"%ASA-\S+ Local:(\S+):\d+ ")
# Who typed what: says nothing of why something is down, and may have secrets in it.
_TYPED = re.compile(r"%ASA-\d-1110(?:08|09|10):")
_CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d)")
_LOG_TIME = re.compile(r"^(?:\w{3} \d{1,2} (?:\d{4} )?)?(\d\d):(\d\d):(\d\d)")
_MOST = 50


def explain(session: AsaSession, subject: str, seconds: int) -> list[Cause]:
    """What the log buffer says of a neighbor or peer: of the last `seconds` where it has times, else all of it."""
    lines = session.show("show logging").splitlines()
    now = _CLOCK.search(session.show("show clock"))
    return causes(line for line in lines if _about(line, subject) and _recent(line, now, seconds))[-_MOST:]


def causes(lines: Iterable[str]) -> list[Cause]:
    """The causes that lines of the log name, of each of this end's addresses since a tunnel from there last came up."""
    found: list[Cause] = []
    for line in (redact(line.strip()) for line in lines):
        match = _LOCAL.search(line)
        local = match[1] if match else ""
        if _UP.search(line):
            found = [cause for cause in found if cause.local != local]
        elif (cause := cause_of(line, _SAYINGS)) is not None:
            found.append(replace(cause, local=local, dated=_LOG_TIME.match(line) is not None))
    return found


def _about(line: str, subject: str) -> bool:
    if _TYPED.search(line):
        return False
    return re.search(rf"(?<![\w.:]){re.escape(subject)}(?![\w:]|\.\d)", line) is not None and "%ASA-" in line


def _recent(line: str, now: re.Match[str] | None, seconds: int) -> bool:
    then = _LOG_TIME.match(line.strip())
    if now is None or then is None:
        return True
    # Both are cut to seconds: a line that is as old as asked for may be from just before.
    age = (_of_day(now) - _of_day(then)) % 86400
    return age < max(seconds, 1)


def _of_day(clock: re.Match[str]) -> int:
    hours, minutes, left = (int(part) for part in clock.groups())
    return hours * 3600 + minutes * 60 + left
