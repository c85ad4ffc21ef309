"""The driver of an abacus: the whole contract, without a network."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from routebook.device.candidate import Candidate
from routebook.device.causes import Cause
from routebook.device.contract import TransactionDriver
from routebook.device.errors import CandidateError, DriverError, LockedError, OverlapError, StaleError
from routebook.device.merging import Item, Overlap, TakenBack, take_back
from routebook.device.packet_filter import Flow, Verdict
from routebook.device.reader import Outbound
from routebook.device.state import IPNetwork
from routebook.device.values import (
    Answer,
    Change,
    DeviceIdentity,
    Echo,
    Effect,
    EffectKind,
    Lock,
    Pending,
    Reached,
    Snapshot,
    State,
    belongs,
)
from tests.toy_platform.device import TABLE, Abacus

PART = "abacus"


def _named(line: str) -> str:
    """The object that a line is: `wire 3`, `bead 10.0.0.1`."""
    return " ".join(line.split()[:2])


def _shown(line: str) -> str:
    words = line.split()
    return " ".join("<secret>" if before == "key" else word for before, word in zip(["", *words], words, strict=False))


class AbacusDriver(TransactionDriver):
    """A connection to one abacus."""

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: Mapping[str, Any] | None = None,
    ) -> None:
        del username, password, timeout, optional_args
        self.hostname = hostname
        self.planned: tuple[list[str], Change] | None = None

    @property
    def device(self) -> Abacus:
        """The device that the connection leads to."""
        return TABLE.at(self.hostname)

    def _step(self, step: str) -> Abacus:
        self.device.dies(step)
        self.device.sent.append(step)
        return self.device

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def snapshot(self) -> Snapshot:
        """All lines."""
        text = "".join(f"{line}\n" for line in self.device.running)
        return Snapshot({PART: text}, {}, "\n".join(sorted(self.device.running)))

    def plan(self, candidate: Candidate, snapshot: Snapshot) -> Change:
        """Lines that are owned are replaced; all others stay."""
        lines = snapshot.parts[PART].splitlines()
        for section in candidate.sections:
            wanted = section.text.splitlines()
            if strange := [line for line in wanted if _named(line).split()[0] not in ("wire", "bead", "row")]:
                raise CandidateError(f"{self.device.name}: an abacus has no {strange[0]!r}", line=strange[0])
            lines = [line for line in lines if not any(fnmatchcase(line, pattern) for pattern in section.owns)]
            lines += wanted
        return self._plan(lines, snapshot)

    def plan_restore(self, target: Snapshot, snapshot: Snapshot) -> Change:
        """Every line of the target, and no other."""
        return self._plan(target.parts[PART].splitlines(), snapshot)

    def plan_revert(self, before: Snapshot, made: Snapshot, snapshot: Snapshot) -> Change:
        """The lines of one change back, the others as they are."""
        found = self._taken_back(before, made, snapshot)
        if found.overlaps:
            raise OverlapError(self.device.name, found.overlaps)
        return self._plan([line for _, line in found.item.walk()], snapshot)

    def overlaps(self, before: Snapshot, made: Snapshot, now: Snapshot) -> tuple[Overlap, ...]:
        """Objects that were changed again."""
        return self._taken_back(before, made, now).overlaps

    def _taken_back(self, *snapshots: Snapshot) -> TakenBack:
        before, made, now = (
            Item(items={_named(line): Item((line,)) for line in snapshot.parts[PART].splitlines()})
            for snapshot in snapshots
        )
        return take_back(before, made, now, _shown)

    def _plan(self, wanted: list[str], snapshot: Snapshot) -> Change:
        now = snapshot.parts[PART].splitlines()
        gone, new = [line for line in now if line not in wanted], [line for line in wanted if line not in now]
        commands = (*(f"slide out {_named(line)}" for line in gone), *(f"slide in {_shown(line)}" for line in new))
        undo = (*(f"slide out {_named(line)}" for line in new), *(f"slide in {_shown(line)}" for line in gone))
        change = Change(
            diff="\n".join([*(f"-{_shown(line)}" for line in gone), *(f"+{_shown(line)}" for line in new)]),
            commands=commands,
            undo=undo,
            effects=tuple(self._effects(gone, new)),
            fingerprint=snapshot.fingerprint,
        )
        self.planned = (wanted, change)
        return change

    @staticmethod
    def _effects(gone: list[str], new: list[str]) -> Iterator[Effect]:
        before, after = {_named(line) for line in gone}, {_named(line) for line in new}
        for name in sorted(before | after):
            kind, _, subject = name.partition(" ")
            kept, made = name in before & after, name in after
            if kind == "bead":
                how: EffectKind = "session-reset" if kept else "session-new" if made else "session-removed"
                yield Effect(how, subject, "its bead is moved")
            elif kind == "wire":
                how = "tunnel-rekey" if kept else "tunnel-new" if made else "tunnel-removed"
                yield Effect(how, name, "its wire is strung")

    def lock(self, lock: Lock) -> None:
        """Take or renew the lock."""
        device = self.device
        if device.lock is not None and device.lock.run_id != lock.run_id:
            raise LockedError(device.name, device.lock)
        device.lock = lock
        self._let_go(confirmed_by=lambda change: not belongs(change, lock.run_id))

    def unlock(self, run_id: str) -> None:
        """Let go of the undo, then of the lock."""
        self._let_go(confirmed_by=lambda change: belongs(change, run_id))
        if self.device.lock is not None and self.device.lock.run_id == run_id:
            self.device.lock = None

    def _let_go(self, confirmed_by: Callable[[str], bool]) -> None:
        pending = self.device.pending
        if pending is not None and pending.phase == "confirmed" and confirmed_by(pending.run_id):
            self.device.pending, self.device.undo = None, None

    def locked(self) -> Lock | None:
        """Who has it."""
        return self.device.lock

    def arm(self, run_id: str, seconds: int, message: str = "") -> None:
        """Keep the way back, and start the timer."""
        del message
        assert self.planned is not None
        if self.snapshot().fingerprint != self.planned[1].fingerprint:
            raise StaleError(f"{self.device.name}: somebody has moved beads since the plan; nothing was changed")
        device = self._step("arm")
        device.undo, device.pushed = ([*device.running], [*device.kept]), False
        device.pending = Pending(run_id, "armed", seconds)

    def extend(self, seconds: int) -> None:
        """Move the timer."""
        if self.device.pending is None or self.device.pending.phase != "armed":
            raise DriverError(f"{self.device.name}: is not armed")
        self.device.pending = Pending(self.device.pending.run_id, "armed", seconds)

    def push(self) -> None:
        """Move the beads."""
        assert self.planned is not None
        device = self._step("push")
        device.running, device.pushed = [*self.planned[0]], True
        device.jammed = device.jammed or device.jams

    def activate(self) -> None:
        """What is pushed is in use already."""

    def confirm(self) -> None:
        """Stop the timer, and keep what runs over a reboot."""
        device = self._step("confirm")
        if device.pending is None or device.pending.phase not in ("armed", "confirmed"):
            raise DriverError(f"{device.name}: its timer has fired")
        device.pending, device.kept = Pending(device.pending.run_id, "confirmed", 0), [*device.running]

    def rollback(self) -> bool:
        """The lines from before."""
        device = self.device
        if device.undo is None or device.pending is None or device.pending.phase == "reverted":
            return False
        self._step("rollback")
        device.running, device.kept = ([*lines] for lines in device.undo)
        device.undo, device.pending, device.jammed = None, None, False
        return True

    def disarm(self) -> None:
        """Stop the timer of what was not pushed."""
        if self.device.pushed and self.device.undo is not None:
            raise DriverError(f"{self.device.name}: its push has begun")
        self.device.pending, self.device.undo = None, None

    def difference(self, before: Snapshot, after: Snapshot) -> str:
        """Line by line."""
        old, new = (snapshot.parts[PART].splitlines() for snapshot in (before, after))
        lines = [*(f"-{_shown(line)}" for line in old if line not in new)]
        return "\n".join([*lines, *(f"+{_shown(line)}" for line in new if line not in old)])

    def pending(self) -> Pending | None:
        """What is pending."""
        return self.device.pending

    def state(self, prefixes: Sequence[IPNetwork] = ()) -> State:
        """What is up, as the table tells."""
        del prefixes
        return State(tuple(TABLE.sessions(self.device)), tuple(TABLE.tunnels(self.device)))

    def advertised(self, wanted: Sequence[Outbound]) -> dict[Outbound, tuple[IPNetwork, ...]]:
        """It does not show that."""
        del wanted
        return {}

    def let_in(self, flows: Sequence[Flow]) -> list[Verdict]:
        """A frame has no filter."""
        return [Verdict(True) for _ in flows]

    def ping(self, echo: Echo) -> Answer:
        """Everything answers, as long as nothing is jammed."""
        return {"success": {"packet_loss": echo.count if self.device.jammed else 0}}

    def identity(self) -> DeviceIdentity:
        """Its name is engraved."""
        return DeviceIdentity(hostname=self.device.name, serials=(f"frame-{self.device.name}",))

    def reached(self) -> Reached:
        """At hand."""
        return Reached()

    def retry_sessions(self, peers: Sequence[str]) -> None:
        """Nothing waits."""

    def clear_session(self, peer: str) -> None:
        """Both beads are pushed back."""
        self._step("clear").cleared.append(peer)

    def retry_tunnels(self, names: Sequence[str]) -> None:
        """Nothing waits."""

    def restart_tunnel(self, connection: str, children: Sequence[str]) -> None:
        """The wire is pulled and put back."""
        del children
        self._step("restart").restarted.append(connection)

    def explain(self, subject: str, seconds: int) -> list[Cause]:
        """Nothing is logged."""
        del subject, seconds
        return []
