"""Judging what an ASA answers to a configuration line: what is not known to be good is not good.

ASA has no error code and many wordings of failure, so this is a list of what is allowed, and nothing else is.
"""

import re
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

Verdict = Literal["fine", "refused", "unknown"]

# Each is a whole line. Wordings are those of the device; most are published in Cisco's command references, and those
# of crypto maps, tunnel groups and object groups in Netspoc-Approve, go/pkg/asa/device.go (`validOutput`) and, in its
# versions in Perl, `@known_status` and `@known_warning`.
_FINE = tuple(
    re.compile(pattern)
    for pattern in (
        r"INFO: .*",
        r"WARNING: The crypto map entry (?:is|will be) incomplete!",
        r"WARNING: crypto map has incomplete entries",
        r"WARNING: [Rr]oute already exists",
        # What was to be added is there; whether it stands where it should is seen when it is read back.
        r"Adding obj \([^()]+\) to grp \([^()]+\) failed; object already exists\.?",
        r"(?:WARNING: )?ACE not added\. Possible duplicate entry\.?",
        r"WARNING: found duplicate element",
        r"WARNING: <.*> found duplicate element",
        r"WARNING: Same object-group is used more than once in one config line\b.*",
        r"WARNING: (?:For IKEv1, )?L2L tunnel-groups that have names which are not an IP",
        r"address may only be used if the tunnel authentication",
        r"method is Digital Certificates and/or The peer is",
        r"configured to use Aggressive Mode",
        r"WARNING: .*\b(?:deprecated|insecure)\b.*",
        r"WARNING: This command will not take effect until interface '.*' has been assigned an IPv[46] address",
        r"Beginning configuration replication: Sending to mate\.",
        r"End Configuration Replication to mate",
        r"Cryptochecksum \(changed\): [0-9a-f ]+",
    )
)

# Lines that say plainly that the line was not taken. All others that are not fine are unknown: equally bad, but
# then the operator sees that the device printed something new.
_REFUSED = tuple(
    re.compile(pattern)
    for pattern in (
        r"ERROR: .*",
        r"% ?.*",
        r"Removing .* not allowed.*",
        r"Adding .* failed.*",
        r"Specified .* does not exist.*",
        r"Command authorization failed.*",
        r"Command (?:rejected|failed).*",
        r".*\bnot allowed\b.*",
        r".*\b(?:does not exist|not found)\b.*",
        r".*\b[Ff]ailed\b.*",
        r".*[Ii]nvalid .*",
        r"Usage: .*",
    )
)
_STANDBY = ("Configuration Replication is NOT performed", "Configurations are no longer synchronized")
_MARKER = re.compile(r"\s*\^\s*")


class Judgement(Struct, frozen=True):
    """`said` is what made it not fine, `notes` what the device remarked on a line that it took."""

    verdict: Verdict
    said: str = ""
    notes: tuple[str, ...] = ()


def judge(answer: str) -> Judgement:
    """What an answer to one configuration line means."""
    notes: list[str] = []
    bad: list[str] = []
    refused = False
    for raw in answer.splitlines():
        line = raw.strip()
        if not line or _MARKER.fullmatch(raw):
            continue
        if any(pattern.fullmatch(line) for pattern in _FINE):
            notes.append(line)
            continue
        bad.append(line)
        refused = refused or any(pattern.fullmatch(line) for pattern in _REFUSED)
    if not bad:
        return Judgement("fine", notes=tuple(notes))
    return Judgement("refused" if refused else "unknown", " ".join(bad), tuple(notes))


def from_standby(answers: Sequence[str]) -> bool:
    """Whether the device complains that a standby unit is being configured."""
    return any(words in answer for answer in answers for words in _STANDBY)


def saved(answer: str) -> bool:
    """Whether `write memory` succeeded: only [OK] says so."""
    lines = [line.strip() for line in answer.splitlines() if line.strip()]
    return "[OK]" in lines and not any(pattern.fullmatch(line) for line in lines for pattern in _REFUSED[:1])
