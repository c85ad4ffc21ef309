"""Look at the hosts until the checks are definite: all passed, one failed for good, or the time is over."""

import dataclasses
import math
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from msgspec.structs import replace
from nornir.core import Nornir
from nornir.core.task import Task

from routebook.checks.facts import Explanations
from routebook.checks.findings import Finding, definite, suspects
from routebook.checks.names import device_name
from routebook.device.causes import Cause
from routebook.device.reader import DeviceReader
from routebook.device.values import State
from routebook.intent.model import IPNetwork
from routebook.run.fan_out import Answers, driver, identity_of, on_hosts, reading_on
from routebook.run.sent import list_sent

FIRST_PAUSE = 0.3
LONGEST_PAUSE = 2.0
EXPLAIN_EVERY = 3.0
LIST_EVERY = 3.0
RETRY_EVERY = 4.0


class Judge(Protocol):
    """Turns what the hosts say now into findings."""

    def __call__(self, seen: Answers[State], explanations: Explanations, *, final: bool) -> list[Finding]:
        """Findings on what was `seen`, and on what could not be; `final` at the last look."""
        ...


@dataclass(slots=True)
class Watcher:
    """Polls `hosts` for at most `deadline` seconds.

    `since` is the moment on this machine's monotonic clock from which log lines count. `stop` ends the polling
    early, and so does a definite failure unless `patient`; before the moment `not_before` nothing is called well, as
    devices may not use yet what they were given; `at_each_look` runs before every look. With `nudge`,
    sessions and tunnels that wait for their next attempt are asked to try now: a read-only command must not do that.
    `judged` are the hosts of which all is wanted: their best paths to `prefixes` are read, and what their external
    sessions send is listed now and then, and never not at the last look. A device that is asked for each path by
    itself is asked at the first look, and before it is said that all is well.
    """

    nornir: Nornir
    hosts: Collection[str]
    deadline: float
    stop: threading.Event
    since: float
    patient: bool = False
    not_before: float = 0.0
    nudge: bool = False
    prefixes: Sequence[IPNetwork] = ()
    judged: Collection[str] = ()
    at_each_look: Callable[[], None] = lambda: None
    now: dict[str, State] = field(default_factory=dict)

    def watch(self, judge: Judge) -> list[Finding]:
        """The findings at the moment when they were definite, or at the deadline."""
        begun = explained = retried = time.monotonic()
        listed = -LIST_EVERY
        explanations: dict[tuple[str, str], list[Cause]] = {}
        pause = FIRST_PAUSE
        while True:
            self.at_each_look()
            unasked: set[str] | None = set() if self.now else None
            seen = read_states(self.nornir, self.hosts, dict.fromkeys(self.judged, self.prefixes), unasked=unasked)
            final = time.monotonic() - begun >= self.deadline or self.stop.is_set()
            early = not final and time.monotonic() < self.not_before
            if final and unasked:
                seen, unasked = _with_paths(self.nornir, seen, unasked, self.prefixes), None
            if lists := bool(self.judged) and (final or time.monotonic() - listed >= LIST_EVERY):
                seen, listed = list_sent(self.nornir, seen, only=self.judged), time.monotonic()
            self.now = seen.values
            findings = judge(seen, explanations, final=final)
            if unasked and not early and definite(findings) == "passed":
                seen = _with_paths(self.nornir, seen, unasked, self.prefixes)
                self.now = seen.values
                findings = judge(seen, explanations, final=final)
            if self.judged and not lists and definite(findings) != "pending":
                seen, listed = list_sent(self.nornir, seen, only=self.judged), time.monotonic()
                findings = judge(seen, explanations, final=final)
            done = final or (definite(findings) == "failed" and not self.patient)
            if definite(findings) != "passed" and (done or time.monotonic() - explained >= EXPLAIN_EVERY):
                # Some causes are definite in a log long before the state shows that they are.
                explanations |= self._explain(findings, done=done)
                explained = time.monotonic()
                findings = judge(seen, explanations, final=final)
                done = final or (definite(findings) == "failed" and not self.patient)
            if done or (definite(findings) == "passed" and not early):
                return findings
            if self.nudge and time.monotonic() - retried >= RETRY_EVERY:
                self._retry(findings)
                retried = time.monotonic()
            self.stop.wait(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def _explain(self, findings: Sequence[Finding], *, done: bool) -> dict[tuple[str, str], list[Cause]]:
        decided = set(suspects(_worth_asking(findings, done=done)))
        wanted = by_host(suspects(findings))

        def explain(task: Task, subject: str) -> list[Cause]:
            # An answer can take seconds, during which the moment to look back to moves away.
            seconds = math.ceil(time.monotonic() - self.since)
            return driver(task).explain(device_name(task.host.data["intent"].tunnels, subject), seconds)

        def step(task: Task) -> dict[str, list[Cause]]:
            host, slow = task.host.name, driver(task).watches_sessions
            return {each: explain(task, each) for each in wanted[host] if not slow or (host, each) in decided}

        answers = on_hosts(self.nornir, wanted.keys() & set(self.hosts), step).values
        return {
            (host, subject): causes for host, found in answers.items() for subject, causes in found.items() if causes
        }

    def _retry(self, findings: Iterable[Finding]) -> None:
        pending = [finding for finding in findings if finding.status == "pending"]
        sessions = by_host((f.host, f.subject) for f in pending if f.check.endswith(".session"))
        tunnels = by_host((f.host, f.subject) for f in pending if f.check in ("tunnel.ike", "baseline.tunnel"))

        def step(task: Task) -> None:
            device, host = driver(task), task.host.name
            # A tunnel has one end that starts it: two would make two of it.
            ours = [tunnel for tunnel in task.host.data["intent"].tunnels if tunnel.initiator]
            if waiting := sorted(device_name(ours, each.name) for each in ours if each.name in tunnels.get(host, ())):
                device.retry_tunnels(waiting)
            if host in sessions:
                device.retry_sessions(sorted(sessions[host]))

        on_hosts(self.nornir, (sessions.keys() | tunnels.keys()) & self.now.keys(), step)


def _worth_asking(findings: Sequence[Finding], *, done: bool) -> list[Finding]:
    """Findings whose cause is worth asking for where a BGP speaker takes seconds to answer: only of what is decided."""
    failed = [finding for finding in findings if finding.status == "failed"]
    # One that has its cause with the evidence of it needs no log.
    decided = [f for f in failed or findings if not (f.cause and len(f.evidence) > 1)] if done else []
    return [finding for finding in findings if finding.check.endswith((".ike", ".child")) or finding in decided]


def read_states(
    nornir: Nornir,
    hosts: Collection[str],
    prefixes: Mapping[str, Sequence[IPNetwork]] | None = None,
    *,
    often: bool = False,
    unasked: set[str] | None = None,
) -> Answers[State]:
    """The state of every host, with its best paths to its `prefixes`, and the error of each that cannot be read.

    With `often`, devices keep open what they are asked with. With `unasked`, those that are asked for each path by
    itself are not asked for paths, and entered there.
    """

    def read(host: str, device: DeviceReader) -> State:
        if often:
            device.keep_open()
        wanted = (prefixes or {}).get(host, ())
        if wanted and unasked is not None and device.paths_one_by_one:
            unasked.add(host)
            wanted = ()
        return device.state(wanted)

    answers = reading_on(nornir, hosts, read)
    said = {host: identity_of(nornir.inventory.hosts[host]) for host in answers.values}
    values = {
        host: dataclasses.replace(state, addresses=who.addresses) if (who := said[host]) is not None else state
        for host, state in answers.values.items()
    }
    return replace(answers, values=values)


def _with_paths(
    nornir: Nornir, seen: Answers[State], hosts: Collection[str], prefixes: Sequence[IPNetwork]
) -> Answers[State]:
    """The states with the best paths of `hosts`, as far as they have BGP."""

    def read(host: str, device: DeviceReader) -> State:
        return dataclasses.replace(seen.values[host], routes=device.best_paths(prefixes))

    asked = {host for host in hosts if host in seen.values and seen.values[host].routes is not None}
    found = reading_on(nornir, asked, read)
    values = {host: state for host, state in seen.values.items() if host not in found.errors}
    return replace(seen, values={**values, **found.values}, errors={**seen.errors, **found.errors})


def by_host(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Subjects grouped by their host."""
    grouped: dict[str, set[str]] = {}
    for host, subject in pairs:
        grouped.setdefault(host, set()).add(subject)
    return grouped
