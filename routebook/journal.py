"""The journal: what each run was about to do on each host, on disk before it is done."""

import os
import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import TypeAdapter

from custom_napalm.contract import Snapshot, State
from routebook.errors import RefusedError

_SNAPSHOT = TypeAdapter(Snapshot)
_STATE = TypeAdapter(State)

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, runbook TEXT NOT NULL, started REAL NOT NULL, finished REAL,
    outcome TEXT, pid INTEGER NOT NULL, process_start TEXT NOT NULL, message TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS hosts (
    run TEXT NOT NULL REFERENCES runs(id), host TEXT NOT NULL, state TEXT NOT NULL, snapshot TEXT, before TEXT,
    PRIMARY KEY (run, host));
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES runs(id), at REAL NOT NULL,
    host TEXT, state TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS plans (id TEXT PRIMARY KEY, run TEXT NOT NULL REFERENCES runs(id), used REAL NOT NULL);
"""


class HostState(StrEnum):
    """How far a host has come. The states that end in `-ing` are written before the side effect they announce.

    KEPT is confirmed, in a wave that stays whatever becomes of later ones.
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

LOCKED = ON_DEVICE | {HostState.CONFIRMED, HostState.KEPT, HostState.ROLLED_BACK, HostState.NEEDS_ATTENTION}
"""States in which a device may be locked by an unfinished run."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the journal knows it; times in seconds since the epoch, `outcome` None while it is unfinished."""

    id: str
    runbook: str
    started: float
    finished: float | None
    outcome: str | None
    message: str
    hosts: Mapping[str, HostState]
    alive: bool


def new_run_id() -> str:
    """An id that sorts by time and is safe as a file name: `20260131-235959-1a2b3c`."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


class JournalError(RefusedError):
    """The journal cannot be written: its disk is full, or read-only, or gone."""


class Journal:
    """The SQLite file of a project (WAL, mode 0600: snapshots contain secrets).

    Every method has committed when it returns; leaving the context closes the file. Writing raises JournalError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise JournalError(f"cannot write the journal {path}: {error}; nothing was changed") from error

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
            raise JournalError(f"cannot write the journal {self.path}: {error}") from error

    def begin(self, runbook: str, hosts: Sequence[str]) -> str:
        """Open a run on `hosts` and return its id. Raises RefusedError while another run holds one of them."""
        run_id = new_run_id()
        with self._transaction():
            for holder in self.unfinished():
                shared = sorted(set(hosts) & set(holder.hosts))
                if shared:
                    raise RefusedError(_held(holder, shared))
            self._db.execute(
                "INSERT INTO runs (id, runbook, started, pid, process_start) VALUES (?, ?, ?, ?, ?)",
                (run_id, runbook, time.time(), os.getpid(), _process_start(os.getpid())),
            )
            self._db.executemany(
                "INSERT INTO hosts (run, host, state) VALUES (?, ?, ?)",
                [(run_id, host, HostState.PLANNED) for host in hosts],
            )
        return run_id

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
                [(run_id, now, host, state, detail) for host in hosts],
            )

    def store_snapshot(self, run_id: str, host: str, snapshot: Snapshot) -> None:
        """Keep a host's configuration from before the run, secrets included."""
        with self._transaction():
            self._db.execute(
                "UPDATE hosts SET snapshot = ? WHERE run = ? AND host = ?",
                (_SNAPSHOT.dump_json(snapshot), run_id, host),
            )

    def store_state(self, run_id: str, host: str, state: State) -> None:
        """Keep the sessions and tunnels that a host had before the run."""
        with self._transaction():
            self._db.execute(
                "UPDATE hosts SET before = ? WHERE run = ? AND host = ?", (_STATE.dump_json(state), run_id, host)
            )

    def snapshot(self, run_id: str, host: str) -> Snapshot | None:
        """The configuration that a host had before the run, None if it was not kept."""
        row = self._db.execute("SELECT snapshot FROM hosts WHERE run = ? AND host = ?", (run_id, host)).fetchone()
        return _SNAPSHOT.validate_json(row[0]) if row and row[0] else None

    def state(self, run_id: str, host: str) -> State | None:
        """The sessions and tunnels that a host had before the run, None if they were not kept."""
        row = self._db.execute("SELECT before FROM hosts WHERE run = ? AND host = ?", (run_id, host)).fetchone()
        return _STATE.validate_json(row[0]) if row and row[0] else None

    def finish(self, run_id: str, outcome: str, message: str = "") -> None:
        """Close a run."""
        with self._transaction():
            self._db.execute(
                "UPDATE runs SET finished = ?, outcome = ?, message = ? WHERE id = ?",
                (time.time(), outcome, message, run_id),
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
        rows = self._db.execute("SELECT DISTINCT host FROM events WHERE run = ? AND state = ?", (run_id, state))
        return frozenset(row[0] for row in rows)

    def use_plan(self, plan_id: str, run_id: str) -> None:
        """Write that a saved plan is carried out by a run. Raises RefusedError if one has done so before."""
        with self._transaction():
            self.refuse_used(plan_id)
            self._db.execute("INSERT INTO plans (id, run, used) VALUES (?, ?, ?)", (plan_id, run_id, time.time()))

    def refuse_used(self, plan_id: str) -> None:
        """Raises RefusedError if a saved plan was carried out before."""
        row = self._db.execute("SELECT run FROM plans WHERE id = ?", (plan_id,)).fetchone()
        if row:
            raise RefusedError(
                f"plan {plan_id} was carried out by run {row[0]}, and a plan is good for one run; plan again. "
                "Nothing was changed."
            )

    def discard_secrets(self, run_id: str) -> None:
        """Forget the snapshots of a run that changed nothing."""
        with self._transaction():
            self._db.execute("UPDATE hosts SET snapshot = NULL WHERE run = ?", (run_id,))

    def runs(self, limit: int = 20) -> list[RunRecord]:
        """The newest runs first."""
        rows = self._db.execute("SELECT id FROM runs ORDER BY started DESC, id DESC LIMIT ?", (limit,)).fetchall()
        return [self._record(row[0]) for row in rows]

    def run(self, run_id: str) -> RunRecord:
        """A run by its id or by the only id that begins so. Raises RefusedError for none or several."""
        rows = self._db.execute(
            "SELECT id FROM runs WHERE id = ?1 OR substr(id, 1, length(?1)) = ?1", (run_id,)
        ).fetchall()
        ids = [row[0] for row in rows]
        if run_id in ids:
            return self._record(run_id)
        if len(ids) != 1:
            known = "no run" if not ids else f"{len(ids)} runs"
            raise RefusedError(f"{known} with the id {run_id!r}; `routebook runs` lists them")
        return self._record(ids[0])

    def events(self, run_id: str) -> list[tuple[float, str, str, str]]:
        """The transitions of a run in order: seconds since the epoch, host, state, detail."""
        return self._db.execute(
            "SELECT at, coalesce(host, ''), state, detail FROM events WHERE run = ? ORDER BY seq", (run_id,)
        ).fetchall()

    def unfinished(self) -> list[RunRecord]:
        """Runs that hold their hosts: those still alive, and dead ones that may have left something on a device."""
        rows = self._db.execute("SELECT id FROM runs WHERE finished IS NULL ORDER BY started").fetchall()
        records = [self._record(row[0]) for row in rows]
        return [record for record in records if record.alive or LOCKED & set(record.hosts.values())]

    def _record(self, run_id: str) -> RunRecord:
        runbook, started, finished, outcome, message, pid, process_start = self._db.execute(
            "SELECT runbook, started, finished, outcome, message, pid, process_start FROM runs WHERE id = ?",
            (run_id,),
        ).fetchone()
        hosts = {
            host: HostState(state)
            for host, state in self._db.execute("SELECT host, state FROM hosts WHERE run = ? ORDER BY host", (run_id,))
        }
        alive = finished is None and _process_start(pid) == process_start != ""
        return RunRecord(run_id, runbook, started, finished, outcome, message, hosts, alive)


def _held(holder: RunRecord, shared: Sequence[str]) -> str:
    hosts = ", ".join(shared)
    if holder.alive:
        return f"run {holder.id} ({holder.runbook}) is working on {hosts}; wait for it to end. Nothing was changed."
    return (
        f"run {holder.id} ({holder.runbook}) died while it worked on {hosts}; "
        f"finish it with `routebook recover` first. Nothing was changed."
    )


def _process_start(pid: int) -> str:
    """A process's start time in clock ticks since boot, which tells it from a later one with the same id."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
