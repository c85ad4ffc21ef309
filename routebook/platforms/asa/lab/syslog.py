"""The log buffer: which commands were typed, and what charon's and FRR's logs say, in the device's own messages."""

import re
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping

_MOST = 2000
_SECRET = re.compile(r"((?:pre-shared-key|password|passwd|secret|key-string)\s+(?:[08] )?)(\S+)")

Ends = Mapping[str, tuple[str, str]]
"""The local and the remote address of each of charon's connections."""

# A line of charon's log that has a time and says whose it is (`time_format`, `ike_name`).
_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\S* \d+\[[A-Z]{3}\] <([^|>]+)\|\d+> (.*)")
_ABORTED = "%ASA-4-750003: {ends} IKEv2 Negotiation aborted due to ERROR: "
_MEANINGS = (
    (r"tried \d+ shared keys? for .*MAC mismatched", _ABORTED + "Failed to authenticate the IKE SA"),
    (r"received AUTHENTICATION_FAILED notify", _ABORTED + "Auth exchange failed"),
    (r"received NO_PROPOSAL_CHOSEN notify", _ABORTED + "Received no proposal chosen notify"),
    (r"received proposals unacceptable|no acceptable proposal found", _ABORTED + "Failed to find a matching policy"),
    (
        r"traffic selectors .* unacceptable|received TS_UNACCEPTABLE",
        _ABORTED + "There was no IPSEC policy found for received TS",
    ),
    (r"giving up after \d+ retransmits", _ABORTED + "Maximum number of retransmissions reached"),
    (r"IKE_SA \S+ established between", "%ASA-5-750006: {ends} IKEv2 SA UP. Reason: New Connection Setup"),
)

# A line of FRR's log (`log timestamp precision 3`, `bgp log-neighbor-changes`).
_NOTIFICATION = re.compile(
    r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)\S* BGP: .*%NOTIFICATION: (sent to|received from) neighbor (\S+?)(?:\(\S+\))? "
    r"(\d+)/(\d+) \((.*?)\) (\d+) bytes ?([0-9a-f ]*)"
)
_NOTIFICATIONS = {("2", "2"): "peer in wrong AS", ("2", "3"): "BGP identifier wrong", ("4", "0"): "hold time expired"}


class Log:
    """What the device logs, oldest first."""

    def __init__(self) -> None:
        self._typed: deque[tuple[float, str]] = deque(maxlen=_MOST)

    def executed(self, user: str, command: str) -> None:
        """A command other than `show` was typed."""
        shown = _SECRET.sub(r"\1*****", " ".join(command.split()))
        text = f"%ASA-5-111008: User '{user or 'enable_15'}' executed the '{shown}' command."
        self._typed.append((time.time(), text))

    def show(self, charon: Iterable[str], ends: Ends, frr: Iterable[str]) -> str:
        """The buffer, with what lines of the daemons' logs mean."""
        lines = [*self._typed, *ike_messages(charon, ends), *bgp_messages(frr)]
        lines.sort(key=lambda line: line[0])
        shown = [f"{time.strftime('%b %d %Y %H:%M:%S', time.gmtime(at))}: {text}" for at, text in lines[-_MOST:]]
        return "\n".join(["Syslog logging: enabled", "    Facility: 20", "    Timestamp logging: enabled", *shown])


def ike_messages(charon: Iterable[str], ends: Ends) -> Iterator[tuple[float, str]]:
    """When and how the device would have logged what charon's log says of the tunnels with these ends."""
    for line in charon:
        match = _LINE.match(line)
        if match is None or match[2] not in ends:
            continue
        local, peer = ends[match[2]]
        words = f"Local:{local}:500 Remote:{peer}:500 Username:{peer}"
        for pattern, meaning in _MEANINGS:
            if re.search(pattern, match[3]):
                yield time.mktime(time.strptime(match[1], "%Y-%m-%dT%H:%M:%S")), meaning.format(ends=words)
                break


def bgp_messages(frr: Iterable[str]) -> Iterator[tuple[float, str]]:
    """When and how the device would have logged the NOTIFICATIONs in FRR's log."""
    for line in frr:
        if (match := _NOTIFICATION.match(line)) is not None:
            at, way, peer, code, subcode, text, size, data = match.groups()
            words = _NOTIFICATIONS.get((code, subcode), text)
            octets = data.replace(" ", "").upper()
            message = f"%ASA-3-418019: {way} neighbor {peer} {code}/{subcode} ({words}) {size} bytes {octets}".rstrip()
            yield time.mktime(time.strptime(at, "%Y/%m/%d %H:%M:%S")), message
