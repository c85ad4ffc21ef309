"""What a check has to say: one finding per host, check and subject, and when a set of findings is an answer."""

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from routebook.checks.kinds import Kind

Status = Literal["ok", "failed", "pending", "warning", "unknown"]
Key = tuple[str, str, str]
"""A finding's host, check and subject."""
Verdict = Literal["passed", "failed", "pending"]
TunnelState = Literal["", "healthy", "degraded", "wedged", "down"]
"""Down: no IKE SA or no child SA at an end. Wedged: both are there and packets do not arrive, one way at least.
Degraded: packets arrive, and those of full size do not. Healthy: all of them were seen to arrive."""

# Worst first: the order in which people want to read findings.
SEVERITY: tuple[Status, ...] = ("failed", "unknown", "pending", "warning", "ok")

# The checks whose cause can be in a device's log; a missing address family, say, is in no log.
_EXPLAINABLE = frozenset(
    {"bgp.session", "tunnel.ike", "tunnel.child", "baseline.session", "baseline.tunnel"},
)


class Finding(Struct, frozen=True):
    """The result of one check on one host about one subject.

    `status` is "ok"; "pending" (not yet, may become ok by waiting); "failed" (definite); "warning" (a person
    should know, the run goes on); "unknown" (needed, but could not be found out: never counts as passed).
    `subject` is a neighbor's address, a tunnel's name or the host itself. `evidence` are lines for people, each
    naming the host that said it. `cause` is empty where it is not known. `state` is that of a whole tunnel, where the
    finding tells it. `follows` is the key of the finding that this one follows from. `kind` is the kind of its cause,
    and `origin` the host, address or tunnel that has it, where several findings may have it from there.
    """

    host: str
    check: str
    subject: str
    status: Status
    evidence: tuple[str, ...] = ()
    cause: str = ""
    state: TunnelState = ""
    follows: Key | None = None
    kind: Kind = Kind.NONE
    origin: str = ""

    @property
    def key(self) -> Key:
        """What it is about, by which others refer to it."""
        return self.host, self.check, self.subject

    def to_json(self) -> dict[str, str | list[str]]:
        """The finding as JSON-able data; the keys are part of the stable `--json` output."""
        return {
            "host": self.host,
            "check": self.check,
            "subject": self.subject,
            "status": self.status,
            "evidence": list(self.evidence),
            "cause": self.cause,
            **({"kind": str(self.kind)} if self.kind else {}),
            **({"origin": self.origin} if self.origin else {}),
            **({"state": self.state} if self.state else {}),
            **({"follows": list(self.follows)} if self.follows else {}),
        }


def definite(findings: Iterable[Finding]) -> Verdict:
    """Whether polling can stop: "failed" on any definite failure, "passed" when nothing is open.

    Warnings do not hold a run up; an "unknown" keeps the verdict pending, as ignorance is not success. After the
    last evaluation (`final=True`) everything but "passed" is a failure.
    """
    statuses = {finding.status for finding in findings}
    if "failed" in statuses:
        return "failed"
    return "pending" if statuses & {"pending", "unknown"} else "passed"


def settle(findings: Iterable[Finding]) -> list[Finding]:
    """Turn what is still pending into failed: the time for it to become ok is over."""
    return [replace(f, status="failed") if f.status in ("pending", "unknown") else f for f in findings]


def merged(*groups: Iterable[Finding]) -> list[Finding]:
    """All findings in order without repetitions: two checks report the same unreadable host only once."""
    return list(dict.fromkeys(finding for group in groups for finding in group))


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Findings sorted worst first, otherwise in their own order."""
    return sorted(findings, key=lambda finding: SEVERITY.index(finding.status))


def suspects(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """The (host, subject) pairs whose logs may name a cause, definite failures first.

    Both ends of a session or tunnel that is down have findings of their own, so both ends are asked: the reason
    for a failed IKE_AUTH, for one, is only in the responder's log.
    """
    down = [f for f in by_severity(findings) if f.status in ("failed", "pending") and f.check in _EXPLAINABLE]
    return list(dict.fromkeys((finding.host, finding.subject) for finding in down))
