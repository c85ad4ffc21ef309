"""Backing up: every device's configuration kept as it is, and brought back as a transaction like any other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from nornir.core.task import Task

from routebook.checks import baseline
from routebook.checks.findings import Finding
from routebook.checks.names import named_states
from routebook.device.command_line import CommandLine
from routebook.device.contract import TransactionDriver
from routebook.device.plan import HostPlan
from routebook.device.values import Snapshot, State
from routebook.errors import RefusedError
from routebook.intent.platform import platform
from routebook.intent.registry import load
from routebook.project.backups import Author, Backups, Whole, decrypted
from routebook.redaction.gate import clean, one_line
from routebook.run.events import Event
from routebook.run.fan_out import driver, on_hosts, read_first, reasons
from routebook.run.forecast import Hears
from routebook.run.journal import HostState, Journal, RunRecord
from routebook.run.planning import Goal, undisturbed
from routebook.run.revert import due_state
from routebook.run.runbook import Runbook, View
from routebook.run.running import Running
from routebook.safety.announcing import hearings_without

if TYPE_CHECKING:
    from pydantic import TypeAdapter


T = TypeVar("T")
DEADLINE = 120
"""Seconds that what a backup had up may take to come up again."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is encrypted of a host: its configuration as a whole, and the sessions and tunnels that it had then."""

    host: str
    platform: str
    snapshot: Snapshot
    state: State


class HostBackup(Struct, frozen=True):
    """What became of one host's backup. `commit` is the new one, empty where nothing was new.

    `error` is why there is none. `sealed` says whether the backup has its secrets, so that it can be restored.
    """

    commit: str = ""
    error: str = ""
    sealed: bool = False

    def to_json(self) -> dict[str, object]:
        """Its part of the stable `--json` output."""
        return {"commit": self.commit, "new": bool(self.commit), "restorable": self.sealed, "error": self.error}


def back_up(running: Running, backups: Backups, journal: Journal) -> dict[str, HostBackup]:
    """Keep what the hosts have now, one commit for each that has anything new. Devices are only read.

    A host on which a change waits for its confirmation is left for the next time.
    """
    workspace = running.workspace
    running.listener(Event("backup", f"reading {len(workspace.hosts)} hosts"))

    def step(task: Task) -> tuple[Content, dict[str, str]]:
        snapshot = read_first(task, partial(undisturbed, task.host.name))
        device = driver(task)
        content = Content(task.host.name, task.host.platform or "", snapshot, device.state())
        return content, _readable(content, device)

    answers = on_hosts(workspace.nornir, workspace.hosts, step)
    found = {host: HostBackup(error=clean(reason)) for host, reason in reasons(answers.errors).items()}
    contents = {host: content for host, (content, _) in answers.values.items()}
    runs = confirmed_runs(journal, contents)
    for host, (content, readable) in sorted(answers.values.items()):
        found[host] = _kept(backups, content, readable, runs.get(host))
    return dict(sorted(found.items()))


def _kept(backups: Backups, content: Content, readable: Mapping[str, str], run: RunRecord | None) -> HostBackup:
    host, sealed = content.host, bool(backups.recipients)
    try:
        message, author = described(content, run, first=not backups.last_commit(host))
        commit = backups.keep(host, readable, _whole(content) if sealed else None, message, author)
    except RefusedError as error:
        return HostBackup(error=str(error))
    return HostBackup(commit, sealed=sealed)


def _readable(content: Content, device: TransactionDriver) -> dict[str, str]:
    """The parts of a configuration as anybody may read them."""
    found = platform(content.platform)
    if found is None or not found.command_line:
        nothing = Snapshot(dict.fromkeys(content.snapshot.parts, ""))
        return {"configuration": clean(device.difference(nothing, content.snapshot))}
    line: CommandLine = load(found.command_line)
    return {name: clean(line.redact(text)) for name, text in content.snapshot.parts.items()}


def described(content: Content, run: RunRecord | None, *, first: bool) -> tuple[str, Author]:
    """The message of a commit and its author: the run that made the configuration, or what the device says of it."""
    what = "first backup" if first else "the configuration has changed"
    lines = [f"{content.host}: {what}", ""]
    author = Author("unknown")
    if run is not None:
        lines.append(f"Run: {run.id} ({run.runbook})")
        lines += [f"{name.capitalize()}: {one_line(text)}" for name, text in run.by.facts()]
        author = Author(one_line(run.by.who) or "routebook", when=run.finished or run.started)
    if content.state.written:
        lines.append(f"The device says: {one_line(content.state.written)}")
    return "\n".join(lines).rstrip() + "\n", author


def confirmed_runs(journal: Journal, contents: Mapping[str, Content]) -> dict[str, RunRecord]:
    """The newest confirmed run of each host, where the host is still as that run left it."""
    found: dict[str, RunRecord] = {}
    seen: set[str] = set()
    for record in journal.runs(200):
        for host in contents.keys() - seen:
            if record.hosts.get(host) is not HostState.CONFIRMED:
                continue
            seen.add(host)
            made = journal.made(record.id, host)
            if made is not None and made.fingerprint == contents[host].snapshot.fingerprint:
                found[host] = record
    return found


class Restoring(Struct, frozen=True):
    """What brings hosts back to a backup: a runbook, its goal, and what others hear afterwards."""

    runbook: Runbook
    goal: Goal
    hears: Hears
    nothing: str


def restoring(backups: Backups, hosts: Sequence[str], at: str, identity: Path | None) -> Restoring:
    """What brings these hosts back to what a backup has of them. Raises RefusedError.

    Its check is that the sessions and tunnels that were up when the backup was made are up again, as far as the change
    touches them, and all others as they are now.
    """
    commit = backups.revision(at)
    contents = {host: _content(backups, host, commit, identity) for host in hosts}
    then = {host: content.state for host, content in contents.items()}

    def goal(task: Task, device: TransactionDriver, snapshot: Snapshot) -> HostPlan:
        content = contents[task.host.name]
        if content.platform != task.host.platform:
            raise RefusedError(
                f"the backup of {task.host.name} is of a {content.platform}, and the inventory has a "
                f"{task.host.platform}; nothing was changed"
            )
        return HostPlan(snapshot, device.plan_restore(content.snapshot, snapshot))

    def check(view: View) -> list[Finding]:
        old = named_states(view.intents, then)
        due = {
            host: due_state(old.get(host), state, host, view.changed)
            for host, state in view.before.items()
            if host in contents
        }
        return baseline.check(due, view.now, view.explanations, final=view.final)

    runbook = Runbook(checks=(check,), standing=False, removes=True, name=f"restore {commit[:12]}", deadline=DEADLINE)
    nothing = f"{', '.join(hosts)}: as in the backup {commit[:12]}"
    return Restoring(runbook, goal, partial(hearings_without, then, {}), nothing)


def _content(backups: Backups, host: str, commit: str, identity: Path | None) -> Content:
    kept = backups.read(host, commit)
    if kept.sealed is None:
        raise RefusedError(
            f"the backup of {host} has no secrets, so that it cannot be restored: `routebook backup --recipient KEY` "
            "makes such as can; nothing was changed"
        )
    try:
        content = _adapter(Content).validate_json(decrypted(kept.sealed, identity))
    except (ValueError, TypeError):
        # The exception would have the text in it, and with it a secret.
        raise RefusedError(f"the backup of {host} is not as Routebook writes one; nothing was changed") from None
    if content.host != host:
        raise RefusedError(f"what lies in {host}'s place is a backup of {content.host}; nothing was changed")
    return content


def _whole(content: Content) -> Whole:
    return Whole(_adapter(Content).dump_json(content), _adapter(Snapshot).dump_json(content.snapshot))


def _adapter(kind: type[T]) -> "TypeAdapter[T]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
