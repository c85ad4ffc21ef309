"""Why a tunnel does not come up, in the words of charon's log: the real cause is in the responder's, mostly."""

import base64
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from shlex import quote

from msgspec.structs import replace

from routebook.device.causes import Cause, Reason, Saying, cause_of
from routebook.device.errors import DriverError
from routebook.platforms.linux.files import FUNCTIONS
from routebook.platforms.strongswan.settings import SettingsError
from routebook.platforms.strongswan.tree import Section, build
from routebook.transport.shell import Shell

# charon's own texts (libcharon: ike_auth.c, psk_authenticator.c, ike_init.c, child_create.c, task_manager_v2.c), each
# for a cause that was reproduced on real daemons; the first that fits a line is meant.
_SAYINGS = (
    Saying(re.compile(r"MAC mismatched"), Reason.KEY_MISMATCH),
    Saying(re.compile(r"no shared key found"), Reason.NO_KEY),
    Saying(re.compile(r"no matching peer config found|constraint check failed"), Reason.IDENTITY),
    Saying(re.compile(r"no IKE config found"), Reason.NO_CONNECTION),
    # The other end is sent TS_UNACCEPTABLE then, which is not what happened.
    Saying(re.compile(r"unable to install (IPsec policies|inbound|outbound)"), Reason.NOT_INSTALLED),
    Saying(re.compile(r"traffic selectors .*unacceptable|no matching CHILD_SA config"), Reason.SELECTORS),
    Saying(re.compile(r"TS_UNACCEPTABLE"), Reason.SELECTORS, from_peer=True),
    Saying(re.compile(r"no acceptable proposal found|received proposals (un|in)acceptable"), Reason.PROPOSALS),
    Saying(re.compile(r"NO_PROPOSAL_CHOSEN"), Reason.PROPOSALS, from_peer=True),
    Saying(
        re.compile(r"requested (DH group|key exchange method) .* not contained in any of our proposals"),
        Reason.KEY_EXCHANGE,
    ),
    Saying(re.compile(r"AUTHENTICATION_FAILED"), Reason.AUTHENTICATION, from_peer=True),
    Saying(
        re.compile(r"giving up after \d+ retransmits|retransmit \d+ of request|peer not responding"), Reason.NO_ANSWER
    ),
    Saying(
        re.compile(
            r"unable to (resolve|install)|ID_PROT|INVALID_KE_PAYLOAD|not supported|key derivation failed"
            r"|establishing CHILD_SA .* failed|no private key found"
        ),
        Reason.UNKNOWN,
    ),
)
_PROPOSALS = re.compile(r"(received|configured) proposals(?: \w+)?: ((?:IKE|ESP):.*)")
_THREAD = re.compile(r"(?:^|\s)(\d+)\[[A-Z0-9]{3}\]")
_RECEIVED = re.compile(r"received packet: from (\S+)\[\d+\]")
# The SA, or a child of it, came up; a child is called as its connection where Routebook has made both.
_UP = re.compile(r"(?:IKE_SA|(?:inbound |outbound )?CHILD_SA) (\S+?)[\[{]\d+[\]}] established ")
_UNITS = ("strongswan", "strongswan-swanctl", "charon-systemd")
_MOST = 40  # causes that are worth an operator's time
_TAIL = 4000  # lines of a log file that are read

# Where charon logs to: the settings of charon and charon-systemd, read as charon does; or the journal.
_READ = r"""cd /etc || exit 1
for file in strongswan.conf strongswan.d/*.conf strongswan.d/charon/*.conf; do
    [ -f "$file" ] || continue
    printf 'FILE %s %s\n' "/etc/$file" "$(base64 <"$file" | tr -d '\n')"
done
date '+NOW %Y-%m-%dT%H:%M:%S'
"""


def explain(shell: Shell, subject: str, seconds: int) -> list[Cause]:
    """What the last `seconds` seconds of the log say of why `subject`, a connection's name, is not up."""
    result = shell.run(_READ)
    if result.status:
        return []
    files: dict[str, str] = {}
    now = datetime.min
    for line in result.stdout.splitlines():
        kind, *fields = line.split(" ")
        if kind == "FILE" and len(fields) == 2:
            files[fields[0]] = _decode(fields[1])
        elif kind == "NOW":
            now = datetime.fromisoformat(fields[0])
    lines: list[str] = []
    for path, time_format in log_files(files):
        read = f"{FUNCTIONS}\n(files_open {quote(path)} && tail -n {_TAIL} <&8) 2>/dev/null"
        tail = shell.run(read).stdout.splitlines()
        lines += recent(tail, time_format, now - timedelta(seconds=seconds))
    units = " ".join(f"-u {unit}" for unit in _UNITS)
    if not lines:
        journal = shell.run(f"journalctl {units} --since=-{int(seconds)}s -o cat --no-pager -q 2>/dev/null")
        lines = journal.stdout.splitlines()
    return causes(lines, subject)


def causes(lines: Iterable[str], subject: str) -> list[Cause]:
    """The causes that lines name, without repetitions, the newest last; with the proposals that do not fit.

    charon says in most lines which connection it thinks of only if asked to (`ike_name`); then those of others go, and
    a line without a connection is of the peer whose packet its thread has received last. What was said before the SA
    came up is of an earlier life of it.
    """
    found: dict[str, Cause] = {}
    suites: dict[str, tuple[str, str]] = {}
    senders: dict[str, str] = {}
    for line in lines:
        named = re.search(r"<([^|>]+)\|\d+>", line)
        if named and named.group(1) != subject:
            continue
        # Time, thread and the retransmission's number differ between otherwise equal lines.
        text = re.sub(r"^.*?\d+\[[A-Z0-9]{3}\]\s*(<[^>]*>\s*)?", "", line).strip()
        thread = _THREAD.search(line)
        if thread is not None and (sender := _RECEIVED.match(text)) is not None:
            senders[thread[1]] = sender[1]
        elif (up := _UP.match(text)) is not None and up[1] == subject:
            found, suites = {}, {}
        elif (said := _PROPOSALS.search(text)) is not None:
            suites[said[1]] = (text, said[2].strip())
        elif (cause := cause_of(text, _SAYINGS)) is not None:
            found.pop(text, None)
            of = senders.get(thread[1], "") if thread is not None and not named and not cause.from_peer else ""
            found[text] = replace(cause, remote="" if cause.reason is Reason.NO_ANSWER else of)
    return [_with_suites(cause, suites) for cause in list(found.values())[-_MOST:]]


def _with_suites(cause: Cause, suites: Mapping[str, tuple[str, str]]) -> Cause:
    if cause.reason is not Reason.PROPOSALS:
        return cause
    offered, accepted = suites.get("received", ("", "")), suites.get("configured", ("", ""))
    lines = [line for line, _ in (offered, accepted) if line]
    return replace(cause, evidence=(*cause.evidence, *lines), offered=offered[1], accepted=accepted[1])


def log_files(files: dict[str, str]) -> list[tuple[str, str]]:
    """The log files that charon writes, each with the time format of its lines."""
    try:
        root = build(files, "/etc/strongswan.conf").root
    except SettingsError as error:
        raise DriverError(f"{error}: strongSwan's own settings cannot be read") from error
    found: dict[str, str] = {}
    for daemon in ("charon", "charon-systemd"):
        for name, log in _sections(_sections(root.get(daemon)).get("filelog")).items():
            if isinstance(log, dict):
                path = log.get("path", name)
                if isinstance(path, str) and path.startswith("/"):
                    found[path] = str(log.get("time_format", ""))
    return list(found.items())


def recent(lines: Iterable[str], time_format: str, since: datetime) -> list[str]:
    """The lines that are newer than `since`; all of them where lines have no time that can be read."""
    if not time_format:
        return list(lines)
    kept: list[str] = []
    fields = len(time_format.split())
    for line in lines:
        # `time_add_ms` puts milliseconds behind whatever the format gives.
        stamp = re.sub(r"\.\d{3}$", "", " ".join(line.split(None, fields)[:fields]))
        try:
            at = datetime.strptime(stamp, time_format)
        except ValueError:
            continue
        if at.year == 1900:
            at = at.replace(year=since.year)
        if at >= since.replace(microsecond=0):
            kept.append(line)
    return kept


def _sections(value: object) -> Section:
    return value if isinstance(value, dict) else {}


def _decode(text: str) -> str:
    return base64.b64decode(text).decode("utf-8", "replace")
