"""Devices in memory behind the real engine, journal and inventory: what happened, and what is left, can be asked."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from nornir.core.configuration import Config
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.task import Result, Task

from routebook.checks.findings import Finding
from routebook.device.candidate import Candidate, Section
from routebook.device.causes import Cause
from routebook.device.contract import TransactionDriver
from routebook.device.errors import DriverError, LockedError, LostContactError, OverlapError, StaleError
from routebook.device.merging import Item, Overlap, TakenBack, take_back
from routebook.device.packet_filter import PASSES, Flow, Verdict
from routebook.device.reader import Outbound
from routebook.device.state import IPNetwork
from routebook.device.values import (
    Change,
    DeviceIdentity,
    Echo,
    Effect,
    ForeignChange,
    Lock,
    Pending,
    Reached,
    Snapshot,
    State,
    belongs,
)
from routebook.report.model import RunResult
from routebook.run import commands
from routebook.run.events import Event
from routebook.run.options import Options
from routebook.run.runbook import Runbook, View
from routebook.run.running import Running
from routebook.run.workspace import Workspace, open_workspace
from tests.networks.project import Project

SECRET = "a-secret-that-nobody-may-see"
OTHER_SECRET = "another-secret-that-nobody-may-see"


@dataclass
class Device:
    """One device: what runs, what survives a reboot, and what is pending on it."""

    name: str
    world: "World"
    running: str = "old\n"
    saved: str = "old\n"
    pending: Pending | None = None
    undo: str = ""
    pushed: str | None = None
    foreign_change: ForeignChange | None = None
    keeps: bool = False  # what somebody else has typed, where a push is undone
    saved_before: str = ""
    lock: Lock | None = None
    reachable: bool = True
    answers_ping: bool = True
    reached: Reached = field(default_factory=Reached)
    identity: DeviceIdentity = field(default_factory=DeviceIdentity)
    state: State = field(default_factory=lambda: State((), ()))
    filter: Callable[[Flow], Verdict] = lambda _: PASSES
    fails: dict[str, Callable[[], None]] = field(default_factory=dict)

    def step(self, name: str) -> None:
        """Log a call, and let it fail where the test wants that."""
        if not self.reachable:
            raise LostContactError(f"{self.name} does not answer")
        with self.world.lock:
            self.world.log.append((name, self.name))
        if name in self.fails:
            self.fails[name]()

    def fire(self) -> None:
        """The timer fires, if it runs."""
        if self.pending is None or self.pending.phase != "armed":
            return
        self.running = self.undo
        self.pending = Pending(self.pending.run_id, "reverted", 0)

    def reboot(self) -> None:
        """It comes back with what was saved, and knows nothing of any run."""
        self.running, self.pending, self.lock = self.saved, None, None


class MemoryDriver(TransactionDriver):
    """A driver of a `Device`."""

    def __init__(self, device: Device) -> None:
        self.memory = device
        self.planned: tuple[str, Change] | None = None

    def open(self) -> None:
        """Connect."""
        self.memory.step("open")

    def close(self) -> None:
        """Disconnect."""

    def snapshot(self) -> Snapshot:
        """Read what runs."""
        self.memory.step("snapshot")
        return Snapshot({"text": self.memory.running}, {}, self.memory.running.strip())

    def plan(self, candidate: Candidate, snapshot: Snapshot) -> Change:
        """The whole text is replaced."""
        return self._plan("".join(section.text for section in candidate.sections), snapshot)

    def plan_restore(self, target: Snapshot, snapshot: Snapshot) -> Change:
        """Back to `target`."""
        return self._plan(target.parts["text"], snapshot)

    def plan_revert(self, before: Snapshot, made: Snapshot, snapshot: Snapshot) -> Change:
        """Each line is a setting; its first word is the name."""
        found = self._taken_back(before, made, snapshot)
        if found.overlaps:
            raise OverlapError(self.memory.name, found.overlaps)
        text = "".join(f"{line}\n" for _, line in found.item.walk())
        return replace(self._plan(text, snapshot), old_secrets=found.old_secrets)

    def overlaps(self, before: Snapshot, made: Snapshot, now: Snapshot) -> tuple[Overlap, ...]:
        """Where `now` has another value again."""
        return self._taken_back(before, made, now).overlaps

    def _taken_back(self, *snapshots: Snapshot) -> TakenBack:
        before, made, now = (
            Item(items={line.split()[0]: Item((line,)) for line in snapshot.parts["text"].splitlines()})
            for snapshot in snapshots
        )
        return take_back(before, made, now, lambda text: text.replace(SECRET, "<secret>"))

    def _plan(self, wanted: str, snapshot: Snapshot) -> Change:
        now = snapshot.parts["text"]
        shown = wanted.replace(SECRET, "<secret>").replace(OTHER_SECRET, "<secret>")
        commands = () if wanted == now else (f"set {shown.strip()}",)
        effects = self.memory.world.effects.get(self.memory.name, ()) if commands else ()
        diff = f"-{now}+{shown}" if commands else ""
        change = Change(diff, commands, (f"set {now.strip()}",) if commands else (), effects, snapshot.fingerprint)
        change = replace(change, synchronised=self.memory.world.synchronised.get(self.memory.name, ()))
        self.planned = (wanted, change)
        return change

    def lock(self, lock: Lock) -> None:
        """Take or renew the lock."""
        self.memory.step("lock")
        with self.memory.world.lock:
            if self.memory.lock is not None and self.memory.lock.run_id != lock.run_id:
                raise LockedError(self.memory.name, self.memory.lock)
            self.memory.lock = lock
            self._let_go(lambda pending: not belongs(pending.run_id, lock.run_id))

    def _let_go(self, which: Callable[[Pending], bool]) -> None:
        pending = self.memory.pending
        if pending is not None and pending.phase == "confirmed" and which(pending):
            self.memory.pending = None

    def unlock(self, run_id: str) -> None:
        """Let go of what undoes the run, give the lock back."""
        self.memory.step("unlock")
        self._let_go(lambda pending: belongs(pending.run_id, run_id))
        if self.memory.lock is not None and self.memory.lock.run_id == run_id:
            self.memory.lock = None

    def locked(self) -> Lock | None:
        """Who has it."""
        self.memory.step("locked")
        return self.memory.lock

    def arm(self, run_id: str, seconds: int, message: str = "") -> None:
        """Start the timer."""
        del message
        self.memory.step("arm")
        assert self.planned is not None
        if self.memory.lock is not None and not belongs(run_id, self.memory.lock.run_id):
            raise LockedError(self.memory.name, self.memory.lock)
        if self.memory.pending is not None and self.memory.pending.unconfirmed:
            raise DriverError(f"{self.memory.name}: run {self.memory.pending.run_id} is pending")
        if self.memory.running.strip() != self.planned[1].fingerprint:
            raise StaleError(f"{self.memory.name}: changed meanwhile")
        self.memory.undo, self.memory.saved_before = self.memory.running, self.memory.saved
        self.memory.pushed = None
        self.memory.world.armed_for[self.memory.name] = seconds
        self.memory.pending = Pending(run_id, "armed", seconds)

    def extend(self, seconds: int) -> None:
        """Move the timer."""
        self.memory.step("extend")
        if self.memory.pending is None or self.memory.pending.phase != "armed":
            raise DriverError(f"{self.memory.name} is not armed")
        self.memory.pending = Pending(self.memory.pending.run_id, "armed", seconds)

    def push(self) -> None:
        """Load the change."""
        self.memory.step("push")
        assert self.planned is not None
        assert self.memory.pending is not None
        self.memory.running = self.memory.pushed = self.planned[0]

    def activate(self) -> None:
        """Use the change."""
        self.memory.step("activate")

    def confirm(self) -> None:
        """Disarm and persist."""
        self.memory.step("confirm")
        pending = self.memory.pending
        if pending is None or pending.phase not in ("armed", "confirmed"):
            raise DriverError(f"{self.memory.name}: its timer has fired")
        self.memory.pending, self.memory.saved = Pending(pending.run_id, "confirmed", 0), self.memory.running

    def rollback(self) -> bool:
        """Undo what is pending or confirmed."""
        self.memory.step("rollback")
        memory = self.memory
        memory.foreign_change = None
        known = memory.pending is not None and memory.pending.phase != "reverted"
        if known:
            appended = memory.pushed is not None and memory.running.startswith(memory.pushed)
            typed = memory.running.removeprefix(memory.pushed or "") if appended else ""
            memory.running, memory.saved = memory.undo + (typed if memory.keeps else ""), memory.saved_before
            memory.pending = None
            if typed:
                shown = typed.replace(SECRET, "<secret>")
                memory.foreign_change = ForeignChange(f"+{shown}", self.snapshot() if memory.keeps else None)
        self.foreign_change = memory.foreign_change
        return known

    def disarm(self) -> None:
        """Stop the timer, restore nothing."""
        self.memory.step("disarm")
        if self.memory.pending is None:
            return
        if self.memory.pushed is not None:
            raise DriverError(f"{self.memory.name}: its push has begun")
        self.memory.pending = None

    def difference(self, before: Snapshot, after: Snapshot) -> str:
        """Line by line."""
        old, new = (each.parts["text"].replace(SECRET, "<secret>").splitlines() for each in (before, after))
        gone = [f"-{line}" for line in old if line not in new]
        return "\n".join([*gone, *(f"+{line}" for line in new if line not in old)])

    def pending(self) -> Pending | None:
        """What is pending."""
        self.memory.step("pending")
        return self.memory.pending

    def state(self, prefixes: Sequence[IPNetwork] = ()) -> State:
        """The state that the test gave the device."""
        del prefixes
        self.memory.step("state")
        return self.memory.state

    def advertised(self, wanted: Sequence[Outbound]) -> dict[Outbound, tuple[IPNetwork, ...]]:
        """It does not show that."""
        del wanted
        return {}

    def let_in(self, flows: Sequence[Flow]) -> list[Verdict]:
        """What the test's packet filter says."""
        self.memory.step("let_in")
        return [self.memory.filter(flow) for flow in flows]

    def ping(self, echo: Echo) -> Any:
        """Echo requests that are answered, or not."""
        self.memory.step("ping")
        return {"success": {"packet_loss": 0 if self.memory.answers_ping else echo.count}}

    def identity(self) -> DeviceIdentity:
        """Who the test says it is."""
        return self.memory.identity

    def reached(self) -> Reached:
        """The way that the test gave the device."""
        return self.memory.reached

    def retry_sessions(self, peers: Sequence[str]) -> None:
        """Nothing waits."""

    def clear_session(self, peer: str) -> None:
        """It is written down that it was reset."""
        self.memory.step("clear")
        del peer

    def retry_tunnels(self, names: Sequence[str]) -> None:
        del names

    def restart_tunnel(self, connection: str, children: Sequence[str]) -> None:
        del connection, children

    def explain(self, subject: str, seconds: int) -> list[Cause]:
        """Nothing is logged."""
        del subject, seconds
        return []


@dataclass
class World:
    """A project and its devices. `log` holds every call on a device, in order."""

    project: Path
    devices: dict[str, Device] = field(default_factory=dict)
    wanted: dict[str, str] = field(default_factory=dict)  # host to the text that its candidate is
    effects: dict[str, tuple[Effect, ...]] = field(default_factory=dict)
    synchronised: dict[str, tuple[str, ...]] = field(default_factory=dict)  # what goes to a mate unconfirmed
    failing: Callable[[View], list[str]] = lambda _: []  # hosts on which the check fails
    log: list[tuple[str, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    armed_for: dict[str, int] = field(default_factory=dict)  # seconds
    now: float = 0.0  # how far the engine's clock is ahead
    lock: Any = field(default_factory=threading.Lock)

    def __getitem__(self, host: str) -> Device:
        return self.devices[host]

    def runbook(self, **options: Any) -> Runbook:
        """A runbook that brings `wanted` to the devices."""

        def render(task: Task) -> Result:
            text = self.wanted.get(task.host.name, self[task.host.name].running)
            return Result(task.host, result=Candidate((Section("all", "text", text, ("*",)),)))

        def check(view: View) -> list[Finding]:
            failing = self.failing(view)
            return [
                Finding(host, "test.check", host, "failed" if host in failing or host not in view.now else "ok")
                for host in view.intents
            ]

        return Runbook(checks=(check,), render=render, name="change", **options)

    def workspace(self, limit: str = "", **keywords: Any) -> Workspace:
        """The project as a command opens it."""
        return open_workspace(self.project, limit, "", **keywords)

    def running(self, limit: str = "", **options: Any) -> Running:
        """A command at work."""
        return Running(self.workspace(limit), self.events.append, options=Options(**options))

    def run(self, limit: str = "", *, book: Runbook | None = None, **options: Any) -> RunResult:
        """Carry the runbook out, approved."""
        return commands.run(self.running(limit, **options), book or self.runbook(), None, lambda *_: True)

    def raising(self, error: Exception, *, times: int, seconds: float = 0.0) -> Callable[[], None]:
        """A step that fails so often, each time after so long."""
        left = iter(range(times))

        def step() -> None:
            if next(left, None) is not None:
                self.now += seconds
                raise error

        return step

    def texts(self) -> dict[str, str]:
        """What runs on each device."""
        return {name: device.running for name, device in self.devices.items()}

    def steps(self, *names: str) -> list[tuple[str, str]]:
        """The log's entries of these steps."""
        return [entry for entry in self.log if entry[0] in names]

    def told(self) -> str:
        """All that the run told while it worked."""
        return "\n".join(f"{event.phase} {event.host} {event.message}" for event in self.events)


@contextmanager
def world(project: Path) -> Iterator[World]:
    """A world of four edges at two sites; Nornir's `routebook` connections lead to it."""
    Project(project, "four_edges")
    for name in ("templates", "tasks", "runbooks"):
        (project / name).mkdir()
    made = World(project)
    for name in ("ch-edge1", "ch-edge2", "no-edge1", "no-edge2"):
        made.devices[name] = Device(name, made)

    class Connection:
        """Nornir's connection plugin for a `Device`."""

        def open(
            self,
            hostname: str | None,
            username: str | None,
            password: str | None,
            port: int | None,
            platform: str | None,
            extras: Mapping[str, Any] | None = None,
            configuration: Config | None = None,
        ) -> None:
            del username, password, port, platform, extras, configuration
            device = next(each for each in made.devices.values() if ADDRESSES[each.name] == hostname)
            self.connection = MemoryDriver(device)
            self.connection.open()

        def driver(self) -> MemoryDriver:
            return self.connection

        def close(self) -> None:
            self.connection.close()

    before = dict(ConnectionPluginRegister.available)
    ConnectionPluginRegister.available["routebook"] = Connection
    try:
        yield made
    finally:
        ConnectionPluginRegister.available = before


ADDRESSES = {"no-edge1": "192.0.2.31", "no-edge2": "192.0.2.32", "ch-edge1": "192.0.2.41", "ch-edge2": "192.0.2.42"}
