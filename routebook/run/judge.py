"""What a run's checks find in the network, and what the engine itself finds: which hosts it could not read, and why.

No finding is dropped without a word, and a check that gives anything else than findings is a failed check.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from typing import get_args

from msgspec import Struct, field
from msgspec.structs import replace

from routebook.checks import announced, prefixes, routes, standing
from routebook.checks.facts import Changed, Explanations, Facts
from routebook.checks.findings import Finding, Status, merged
from routebook.checks.kinds import Kind
from routebook.checks.names import named_states
from routebook.checks.normal import Normal, judged_foreign
from routebook.checks.resets import SESSION_RESET, TUNNEL_RESET
from routebook.device.plan import Plan
from routebook.device.values import State
from routebook.intent.model import HostIntent
from routebook.run.fan_out import Answers, reasons
from routebook.run.runbook import Check, View
from routebook.run.watch import Judge
from routebook.safety import accepted

CONTACT = "host.contact"
ENGINE = "routebook"
"""Stands for the host in findings on a check itself: such a finding is on no host."""
_GUARDED = {
    SESSION_RESET: accepted.UNFORECAST_RESET,
    TUNNEL_RESET: accepted.UNFORECAST_RESET,
    prefixes.COLLAPSE: accepted.COLLAPSE,
    routes.LOST: accepted.COLLAPSE,
    announced.WITHDRAWN: accepted.COLLAPSE,
}
"""What fails a run unless it is accepted: each check with the word for it."""
MOST_NAMED = 5
"""How many findings are named of those on a host that is only observed."""


class Judging(Struct, frozen=True):
    """Judges `hosts` by `checks`. `intents` are those of all hosts of the project, `accept` is what is accepted.

    `normal` is what was known of the network before. With `standing`, also what must be true of every host.
    """

    intents: Mapping[str, HostIntent]
    hosts: Collection[str]
    checks: Collection[Check]
    accept: Collection[str] = ()
    normal: Normal = field(default_factory=Normal)
    standing: bool = False

    def since(
        self, before: Mapping[str, State], plan: Plan | None = None, pushed: Mapping[str, float] | None = None
    ) -> Judge:
        """A judge of what has become of the states `before` since `plan` was carried out.

        `pushed` says when each host was pushed, on this machine's monotonic clock. The findings are the engine's own on
        each host, and those of every check.
        """

        def judge(seen: Answers[State], explanations: Explanations, *, final: bool) -> list[Finding]:
            clock = time.monotonic()
            names = sorted({*self.hosts, *(before or seen.values)} & self.intents.keys())
            view = View(
                intents={name: self.intents[name] for name in names},
                before=named_states(self.intents, before),
                now=named_states(self.intents, seen.values),
                changed=Changed.by((plan or Plan()).effects(), {h: clock - at for h, at in (pushed or {}).items()}),
                explanations=explanations,
                final=final,
            )
            contacts = contact(seen, self.hosts)
            silent = {finding.host for finding in contacts if finding.status != "ok"}
            found = merged(*(asked(check, view) for check in self.checks), self._standing(view))
            # What a check finds on a silent host is the same without the reason.
            found = [self._weighed(each) for each in found if each.check != CONTACT or each.host not in silent]
            found = [judged_foreign(each, self.normal, verifying=not before) for each in found]
            kept, left_out = divided(found, self.hosts, set(names) - set(self.hosts), self.intents)
            return [*contacts, *kept, *unjudged(left_out)]

        return judge

    def _standing(self, view: View) -> list[Finding]:
        if not self.standing:
            return []
        facts = Facts(view.intents, view.before, view.now, view.changed, view.explanations)
        return standing.check(facts, self.normal, final=view.final)

    def _weighed(self, finding: Finding) -> Finding:
        """A reset that was not forecast, or a collapse, fails a run, unless the operator knows better."""
        word = _GUARDED.get(finding.check)
        if word is None or finding.status not in ("failed", "pending"):
            return finding
        if word in self.accept:
            return replace(finding, status="warning", cause=f"accepted: {finding.cause}")
        return replace(finding, cause=f"{finding.cause} (to let that pass: --accept {word})")


def contact(seen: Answers[State], hosts: Collection[str]) -> list[Finding]:
    """Whether each host could be read, with the reason where it could not.

    One of `hosts` that could not is a failure: lost contact is not success. A far end that is only observed is a
    warning.
    """
    errors = reasons(seen.errors)
    found = []
    for host in sorted({*hosts, *errors}):
        if host in seen.values:
            found.append(Finding(host, CONTACT, host, "ok", (f"{host}: it was read",)))
            continue
        reason = errors.get(host, "it was not asked")
        status: Status = "failed" if host in hosts else "warning"
        cause = f"{host} cannot be read" + ("" if host in hosts else ": the far ends there are not judged")
        evidence = (f"{host}: {reason}",)
        found.append(Finding(host, CONTACT, host, status, evidence, cause, kind=Kind.UNREADABLE, origin=host))
    return found


def asked(check: Check, view: View) -> list[Finding]:
    """What a check says; what it fails to say is a failed finding that names it."""
    name = check_name(check)
    try:
        answer: object = check(view)
        if not isinstance(answer, Iterable) or isinstance(answer, str):
            return [_failed(name, f"it returned {_short(answer)}, where a list of findings is expected")]
        return [_sound(name, each) for each in answer]
    except (Exception, SystemExit) as error:  # noqa: BLE001  the one place where every failure of a check becomes a finding
        return [_failed(name, f"it raised {type(error).__name__}: {error}")]


def check_name(check: Check) -> str:
    """What a check is called: its function's name."""
    return str(getattr(check, "__name__", None) or type(check).__name__)


def _sound(name: str, answer: object) -> Finding:
    """The finding, if it is one: reports and decisions rely on what its fields are."""
    if not isinstance(answer, Finding):
        return _failed(name, f"it said {_short(answer)}, which is no finding")
    if answer.status not in get_args(Status):
        expected = ", ".join(get_args(Status))
        return _failed(name, f"it gave {_short(answer)} the status {answer.status!r}; there are {expected}")
    texts = {"host": answer.host, "check": answer.check, "subject": answer.subject, "cause": answer.cause}
    if wrong := [field for field, value in texts.items() if not isinstance(value, str)]:
        return _failed(name, f"{', '.join(wrong)} of {_short(answer)} must be text")
    lines: object = answer.evidence
    if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines):
        return _failed(name, f"the evidence of {_short(answer)} must be lines of text")
    return replace(answer, evidence=tuple(lines))


def _short(answer: object) -> str:
    text = repr(answer)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _failed(name: str, what: str) -> Finding:
    return Finding(ENGINE, "check.failed", name, "failed", (f"{name}: {what}",), f"the check {name} itself failed")


def divided(
    findings: Iterable[Finding], hosts: Collection[str], observed: Collection[str], intents: Mapping[str, HostIntent]
) -> tuple[list[Finding], list[Finding]]:
    """The findings that count, and those that do not: on hosts that are only `observed`, as a session or tunnel of one
    of `hosts` ends there, and not on that session or tunnel.

    What is on no host at all counts.
    """
    far_ends = set()
    for host in hosts:
        intent = intents.get(host)
        if intent is not None:
            far_ends |= {(tunnel.peer, tunnel.name) for tunnel in intent.tunnels}
            neighbors = intent.neighbors
            far_ends |= {(neighbor.peer, str(neighbor.local_address)) for neighbor in neighbors}
    kept: list[Finding] = []
    left_out: list[Finding] = []
    for finding in findings:
        outside = finding.host in observed and (finding.host, finding.subject) not in far_ends
        (left_out if outside else kept).append(finding)
    return kept, left_out


def unjudged(findings: Iterable[Finding]) -> list[Finding]:
    """A warning for each host that is only observed and of which something that is not ok was left out."""
    by_host: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.status != "ok":
            by_host.setdefault(finding.host, []).append(finding)
    return [_unjudged(host, left_out) for host, left_out in sorted(by_host.items())]


def _unjudged(host: str, left_out: list[Finding]) -> Finding:
    named = [f"{host}: {f.status} {f.check} {f.subject}" for f in left_out[:MOST_NAMED]]
    more = [f"{host}: and {len(left_out) - MOST_NAMED} more"] if len(left_out) > MOST_NAMED else []
    cause = f"not judged, as {host} is only observed as a far end; `routebook verify --limit {host}` judges it"
    return Finding(host, "host.observed", host, "warning", (*named, *more), cause)
