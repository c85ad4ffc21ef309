"""The journal: what each run was about to do on each host, on disk before it is done."""

import os
import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from msgspec import Struct

from routebook.device.values import Snapshot, State
from routebook.errors import RefusedError
from routebook.project.provenance import Provenance
from routebook.redaction.gate import clean
from routebook.run.journal_file import JournalError as JournalError
from routebook.run.journal_file import open_journal_file, unusable

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
NOBODY = Provenance()


_KINDS: dict[Any, "TypeAdapter[Any]"] = {}


def _kind(kind: Any) -> "TypeAdapter[Any]":
    """What reads and writes values of a type. Only commands that open the journal pay for pydantic."""
    from pydantic import TypeAdapter

    if kind not in _KINDS:
        _KINDS[kind] = TypeAdapter(kind)
    return _KINDS[kind]


class HostState(StrEnum):
    """How far a host has come. The states that end in `-ing` are written before the side effect they announce.

    ACTED is what has no way back, and KEPT is confirmed, in a wave that stays whatever becomes of later ones.
    """

    PLANNED = "planned"
    SNAPSHOTTED = "snapshotted"
    ARMING = "arming"
    ARMED = "armed"
    PUSHING = "pushing"
    PUSHED = "pushed"
    CHECKED = "checked"
    CONFIRMING = "confirming"
    CONFIRMED = "confirmed"
    KEPT = "kept"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    ACTING = "acting"
    ACTED = "acted"
    UNCHANGED = "unchanged"
    NEEDS_ATTENTION = "needs_attention"


ON_DEVICE = frozenset(
    {
        HostState.ARMING,
        HostState.ARMED,
        HostState.PUSHING,
        HostState.PUSHED,
        HostState.CHECKED,
        HostState.CONFIRMING,
        HostState.ROLLING_BACK,
    }
)
"""States in which a device may hold something of an unfinished run besides its lock."""

ACTIONS = frozenset({HostState.ACTING, HostState.ACTED})
"""States of what nothing undoes: a device holds nothing of it but the run's lock."""

LOCKED = ON_DEVICE | ACTIONS | {HostState.CONFIRMED, HostState.KEPT, HostState.ROLLED_BACK, HostState.NEEDS_ATTENTION}
"""States in which a device may be locked by an unfinished run."""


class RunRecord(Struct, frozen=True):
    """A run as the journal knows it; times in seconds since the epoch, `outcome` None while it is unfinished."""

    id: str
    runbook: str
    started: float
    finished: float | None
    outcome: str | None
    message: str
    hosts: Mapping[str, HostState]
    alive: bool
    by: Provenance = NOBODY


def new_run_id() -> str:
    """An id that sorts by time and is safe as a file name: `20260131-235959-1a2b3c`."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


class Journal:
    """The SQLite file of a project (WAL, mode 0600: snapshots contain secrets).

    Every method has committed when it returns; leaving the context closes the file. All raise JournalError when the
    file cannot be written, or has in it what Routebook does not write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = open_journal_file(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk has ended it already
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise JournalError(unusable(self.path, error)) from error

    def _rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            raise JournalError(unusable(self.path, error)) from error

    def _strange(self, run_id: str, what: str) -> JournalError:
        return JournalError(
            f"the journal {self.path} says of run {run_id} what this Routebook does not know: {what}. A newer one, or "
            "somebody else, wrote it; use that one, or move the journal away and look at the devices with "
            "`routebook recover --scan`"
        )

    def begin(self, runbook: str, hosts: Sequence[str], by: Provenance = NOBODY) -> str:
        """Open a run on `hosts` and return its id. Raises RefusedError while another run holds one of them."""
        run_id, start = new_run_id(), _process_start(os.getpid())
        origin = _kind(Provenance).dump_json(by).decode()
        self._forget_dead()
        with self._transaction():
            for holder in self.unfinished():
                shared = sorted(set(hosts) & set(holder.hosts))
                if shared:
                    raise RefusedError(_held(holder, shared))
            self._db.execute(
                "INSERT INTO runs (id, runbook, started, pid, process_start, origin) VALUES (?, ?, ?, ?, ?, ?)",
                (run_id, runbook, time.time(), os.getpid(), start, origin),
            )
            self._db.executemany(
                "INSERT INTO hosts (run, host, state) VALUES (?, ?, ?)",
                [(run_id, host, HostState.PLANNED) for host in hosts],
            )
        return run_id

    def _forget_dead(self) -> None:
        """Forget the snapshots of runs that died before they touched a device: nobody will ask for them."""
        kept = self._rows(
            "SELECT DISTINCT run FROM hosts JOIN runs ON id = run WHERE finished IS NULL AND snapshot > ''"
        )
        held = {record.id for record in self.unfinished()} if kept else set()
        for (run_id,) in kept:
            if run_id not in held:
                self.discard_secrets(run_id)

    def record(self, run_id: str, hosts: Sequence[str], state: HostState, detail: str = "") -> None:
        """Write that `hosts` are about to enter, or have reached, `state`."""
        now = time.time()
        with self._transaction():
            self._db.executemany(
                "UPDATE hosts SET state = ? WHERE run = ? AND host = ?",
                [(state, run_id, host) for host in hosts],
            )
            self._db.executemany(
                "INSERT INTO events (run, at, host, state, detail) VALUES (?, ?, ?, ?, ?)",
                [(run_id, now, host, state, clean(detail)) for host in hosts],
            )

    def store_snapshot(self, run_id: str, host: str, snapshot: Snapshot) -> None:
        """Keep a host's configuration from before the run, secrets included."""
        self._keep("snapshot", run_id, host, _kind(Snapshot).dump_json(snapshot))

    def store_made(self, run_id: str, host: str, snapshot: Snapshot) -> None:
        """Keep the configuration that a confirmed run left on a host, secrets included."""
        self._keep("made", run_id, host, _kind(Snapshot).dump_json(snapshot))

    def store_state(self, run_id: str, host: str, state: State) -> None:
        """Keep the sessions and tunnels that a host had before the run."""
        self._keep("before", run_id, host, _kind(State).dump_json(state))

    def _keep(self, column: str, run_id: str, host: str, value: bytes) -> None:
        with self._transaction():
            self._db.execute(f"UPDATE hosts SET {column} = ? WHERE run = ? AND host = ?", (value, run_id, host))  # noqa: S608  ours

    def snapshot(self, run_id: str, host: str) -> Snapshot | None:
        """The configuration that a host had before the run, None if it was not kept."""
        return self._kept(Snapshot, "snapshot", run_id, host)

    def made(self, run_id: str, host: str) -> Snapshot | None:
        """The configuration that the run left on a host, None if it was not kept."""
        return self._kept(Snapshot, "made", run_id, host)

    def state(self, run_id: str, host: str) -> State | None:
        """The sessions and tunnels that a host had before the run, None if they were not kept."""
        return self._kept(State, "before", run_id, host)

    def _kept(self, kind: type[T], column: str, run_id: str, host: str) -> T | None:
        rows = self._rows(f"SELECT {column} FROM hosts WHERE run = ? AND host = ?", (run_id, host))  # noqa: S608  ours
        if not rows or not rows[0][0]:
            return None
        try:
            found: T = _kind(kind).validate_json(rows[0][0])
        except (ValueError, TypeError):
            # The exception would have the text in it, and with it a secret.
            raise self._strange(run_id, f"{host}'s {column} is not as it was stored") from None
        return found

    def finish(self, run_id: str, outcome: str, message: str = "") -> None:
        """Close a run."""
        with self._transaction():
            self._db.execute(
                "UPDATE runs SET finished = ?, outcome = ?, message = ? WHERE id = ?",
                (time.time(), outcome, clean(message), run_id),
            )

    def adopt(self, run_id: str) -> None:
        """Make this process the one that a dead run's end depends on. Raises RefusedError if another one is it."""
        with self._transaction():
            if self._record(run_id).alive:
                raise RefusedError(f"run {run_id} is being finished by another process. Nothing was changed.")
            self._db.execute(
                "UPDATE runs SET pid = ?, process_start = ? WHERE id = ?",
                (os.getpid(), _process_start(os.getpid()), run_id),
            )

    def ever(self, run_id: str, state: HostState) -> frozenset[str]:
        """The hosts of a run that were in a state at any time."""
        rows = self._rows("SELECT DISTINCT host FROM events WHERE run = ? AND state = ?", (run_id, state))
        return frozenset(row[0] for row in rows)

    def use_plan(self, plan_id: str, run_id: str) -> None:
        """Write that a saved plan is carried out by a run. Raises RefusedError if one has done so before."""
        with self._transaction():
            self.refuse_used(plan_id)
            self._db.execute("INSERT INTO plans (id, run, used) VALUES (?, ?, ?)", (plan_id, run_id, time.time()))

    def refuse_used(self, plan_id: str) -> None:
        """Raises RefusedError if a saved plan was carried out before."""
        rows = self._rows("SELECT run FROM plans WHERE id = ?", (plan_id,))
        if rows:
            raise RefusedError(
                f"plan {plan_id} was carried out by run {rows[0][0]}, and a plan is good for one run; plan again. "
                "Nothing was changed."
            )

    def discard_secrets(self, run_id: str) -> None:
        """Forget the snapshots of a run that changed nothing, in every place of the disk that the journal has."""
        with self._transaction():
            self._db.execute("UPDATE hosts SET snapshot = NULL, made = NULL WHERE run = ?", (run_id,))
        self._rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def runs(self, limit: int = 20) -> list[RunRecord]:
        """The newest runs first."""
        rows = self._rows("SELECT id FROM runs ORDER BY started DESC, id DESC LIMIT ?", (limit,))
        return [self._record(row[0]) for row in rows]

    def later(self, run_id: str, host: str) -> list[RunRecord]:
        """The runs that were confirmed on a host after another one, oldest first."""
        rows = self._rows(
            "SELECT id FROM runs JOIN hosts ON run = id WHERE host = ? AND state = ? AND id != ? "
            "AND started >= (SELECT started FROM runs WHERE id = ?) ORDER BY started, id",
            (host, HostState.CONFIRMED, run_id, run_id),
        )
        return [self._record(row[0]) for row in rows]

    def run(self, run_id: str) -> RunRecord:
        """A run by its id or by the only id that begins so. Raises RefusedError for none or several."""
        rows = self._rows("SELECT id FROM runs WHERE id = ?1 OR substr(id, 1, length(?1)) = ?1", (run_id,))
        ids = [row[0] for row in rows]
        if run_id in ids:
            return self._record(run_id)
        if len(ids) != 1:
            known = "no run" if not ids else f"{len(ids)} runs"
            raise RefusedError(f"{known} with the id {run_id!r}; `routebook runs` lists them")
        return self._record(ids[0])

    def events(self, run_id: str) -> list[tuple[float, str, str, str]]:
        """The transitions of a run in order: seconds since the epoch, host, state, detail."""
        rows = self._rows(
            "SELECT at, coalesce(host, ''), state, detail FROM events WHERE run = ? ORDER BY seq", (run_id,)
        )
        try:
            events: list[tuple[float, str, str, str]] = _kind(_EVENTS).validate_python(rows, strict=True)
        except ValueError:
            raise self._strange(run_id, "one of its events") from None
        return events

    def unfinished(self) -> list[RunRecord]:
        """Runs that hold their hosts: those still alive, and dead ones that may have left something on a device."""
        rows = self._rows("SELECT id FROM runs WHERE finished IS NULL ORDER BY started")
        records = [self._record(row[0]) for row in rows]
        return [record for record in records if record.alive or LOCKED & set(record.hosts.values())]

    def _record(self, run_id: str) -> RunRecord:
        rows = self._rows(
            "SELECT id, runbook, started, finished, outcome, message, pid, process_start, coalesce(origin, '{}') "
            "FROM runs WHERE id = ?",
            (run_id,),
        )
        try:
            (row,) = _kind(_RUNS).validate_python(rows, strict=True)
        except ValueError:
            raise self._strange(run_id, "its own entry") from None
        found, runbook, started, finished, outcome, message, pid, process_start, origin = row
        hosts = {}
        for host, state in self._rows("SELECT host, state FROM hosts WHERE run = ? ORDER BY host", (run_id,)):
            if state not in _STATES:
                raise self._strange(run_id, f"the state {state!r} of {host}")
            hosts[str(host)] = HostState(state)
        alive = finished is None and _process_start(pid) == process_start != ""
        try:
            by = _kind(Provenance).validate_json(origin)
        except ValueError:
            raise self._strange(run_id, "where it comes from") from None
        return RunRecord(found, runbook, started, finished, outcome, message, hosts, alive, by)


_STATES = frozenset(HostState)
# What a run's row may hold. SQLite itself keeps anything in any column.
_RUNS = list[tuple[str, str, float, float | None, str | None, str, int, str, str]]
_EVENTS = list[tuple[float, str, str, str]]


def _held(holder: RunRecord, shared: Sequence[str]) -> str:
    hosts = ", ".join(shared)
    if holder.alive:
        return f"run {holder.id} ({holder.runbook}) is working on {hosts}; wait for it to end. Nothing was changed."
    return (
        f"run {holder.id} ({holder.runbook}) died while it worked on {hosts}; "
        f"finish it with `routebook recover` first. Nothing was changed."
    )


def _process_start(pid: int) -> str:
    """A process's start time in clock ticks since boot, which distinguishes it from a later one with the same id."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
