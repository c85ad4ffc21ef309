"""The result of a run, from which every report is made."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from routebook.checks.findings import Finding, definite
from routebook.device.values import Effect, State
from routebook.project.provenance import Provenance
from routebook.redaction.gate import clean
from routebook.report.looked import looked_at
from routebook.report.outcome import Outcome
from routebook.report.summary import summary


class HostResult(Struct, frozen=True):
    """What became of one host. `diff`, `commands` and `undo` are redacted; `message` says what went wrong."""

    state: str
    changed: bool = False
    diff: str = ""
    commands: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    warnings: tuple[str, ...] = ()
    old_secrets: tuple[str, ...] = ()  # the places of secrets that come back, without their values
    message: str = ""
    way: str = ""  # how it is reached, and whether the change touches that

    def to_json(self) -> dict[str, Any]:
        """The host's part of the stable `--json` output."""
        return {
            "state": self.state,
            "changed": self.changed,
            "diff": self.diff,
            "commands": list(self.commands),
            "undo": list(self.undo),
            "message": self.message,
            "way": self.way,
            **({"warnings": list(self.warnings)} if self.warnings else {}),
            **({"old_secrets": list(self.old_secrets)} if self.old_secrets else {}),
        }


class RunResult(Struct, frozen=True):
    """A finished run. `started` and `finished` are seconds since the epoch, `timings` seconds per phase.

    `now` are the states that a verification has read, which is no part of the JSON.
    """

    run_id: str
    runbook: str
    outcome: Outcome
    started: float
    finished: float
    hosts: Mapping[str, HostResult] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    notes: tuple[str, ...] = ()  # in which waves, and why
    by: Provenance = field(default_factory=Provenance)
    now: Mapping[str, State] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """The exit code of the outcome, the same for every command.

        A run that had nothing to send, on a network that is not as intended, is a failed check too.
        """
        return (Outcome.FAILED if self._broken else self.outcome).exit_code

    @property
    def _broken(self) -> bool:
        return self.outcome is Outcome.UNCHANGED and definite(self.findings) != "passed"

    @property
    def good(self) -> bool:
        """Whether a person need not do anything."""
        return self.exit_code in (0, 2)

    @property
    def duration(self) -> float:
        """Seconds from start to finish."""
        return max(0.0, self.finished - self.started)

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        if self._broken:
            return "nothing to change, but checks failed"
        if self.outcome is Outcome.VERIFIED and self.findings:
            return f"{self.outcome.sentence}: {looked_at(self.findings)}"
        return self.outcome.sentence

    def to_json(self) -> dict[str, Any]:
        """The stable `--json` output."""
        return {
            "run_id": self.run_id,
            "runbook": self.runbook,
            "outcome": self.outcome,
            "hosts": {name: host.to_json() for name, host in self.hosts.items()},
            "findings": [finding.to_json() for finding in self.findings],
            "timings": dict(self.timings),
            "message": self.message,
            "notes": list(self.notes),
            "summary": summary(self.hosts).to_json(),
            "provenance": self.by.to_json(),
        }


def cleaned(result: RunResult) -> RunResult:
    """The result with every text in it clean. Names, states and statuses are words of ours and stay as they are."""
    return replace(
        result,
        message=clean(result.message),
        notes=tuple(map(clean, result.notes)),
        by=_cleaned_provenance(result.by),
        hosts=cleaned_hosts(result.hosts),
        findings=tuple(_cleaned_finding(finding) for finding in result.findings),
    )


def _cleaned_provenance(by: Provenance) -> Provenance:
    """Names of users and jobs come from the environment, and why there is no commit from git."""
    values: dict[str, Any] = {each.name: getattr(by, each.name) for each in fields(by)}
    values |= {name: clean(value) for name, value in values.items() if isinstance(value, str)}
    return Provenance(**values)


def cleaned_hosts(hosts: Mapping[str, HostResult]) -> dict[str, HostResult]:
    """Hosts with every text in them clean."""
    return {name: _cleaned_host(host) for name, host in hosts.items()}


def _cleaned_host(host: HostResult) -> HostResult:
    return replace(
        host,
        diff=clean(host.diff),
        commands=tuple(map(clean, host.commands)),
        undo=tuple(map(clean, host.undo)),
        effects=tuple(
            replace(e, subject=clean(e.subject), reason=clean(e.reason), peer=clean(e.peer)) for e in host.effects
        ),
        warnings=tuple(map(clean, host.warnings)),
        old_secrets=tuple(map(clean, host.old_secrets)),
        message=clean(host.message),
        way=clean(host.way),
    )


def _cleaned_finding(finding: Finding) -> Finding:
    return replace(
        finding,
        subject=clean(finding.subject),
        evidence=tuple(map(clean, finding.evidence)),
        cause=clean(finding.cause),
        origin=clean(finding.origin),
        follows=finding.follows and (finding.follows[0], finding.follows[1], clean(finding.follows[2])),
    )
