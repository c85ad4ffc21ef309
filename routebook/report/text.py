"""Text from devices, made fit to be shown: no control characters, counted words, times that people read."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from routebook.findings import SEVERITY, Finding

# C0 but tab and newline, DEL, C1, and the marks that reorder text: a peer's shutdown message or a description
# must not steer the terminal, break XML 1.0 (section 2.2) or look like something else.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """The text with every control character shown as an escape, `\\x1b`; tabs and newlines stay."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """The text on one line."""
    return " ".join(plain(text).split())


def seconds(value: float) -> str:
    """A duration: `0.4 s`, `12 s`, `3 min 5 s`."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def moment(epoch: float) -> str:
    """A moment in UTC, ISO 8601 to the second."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def tally(findings: Iterable[Finding]) -> str:
    """Findings counted by status, worst first: `2 failed, 31 ok`."""
    counts = Counter(finding.status for finding in findings)
    return ", ".join(f"{counts[status]} {status}" for status in SEVERITY if counts[status]) or "no checks"
