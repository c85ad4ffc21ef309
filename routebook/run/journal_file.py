"""The journal's file: opened only if it is private and whole, of a version that is known, and brought up to date."""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path

from routebook.errors import RefusedError
from routebook.project.private_files import check_private, own_folder

_FIRST = (
    "CREATE TABLE runs (id TEXT PRIMARY KEY, runbook TEXT NOT NULL, started REAL NOT NULL, finished REAL, "
    "outcome TEXT, pid INTEGER NOT NULL, process_start TEXT NOT NULL, message TEXT NOT NULL DEFAULT '')",
    "CREATE TABLE hosts (run TEXT NOT NULL REFERENCES runs(id), host TEXT NOT NULL, state TEXT NOT NULL, "
    "snapshot TEXT, before TEXT, PRIMARY KEY (run, host))",
    "CREATE TABLE events (seq INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES runs(id), at REAL NOT NULL, host TEXT, "
    "state TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '')",
)

MIGRATIONS: tuple[Sequence[str], ...] = (
    _FIRST,
    (
        # A journal of the first version may have it or not.
        "CREATE TABLE IF NOT EXISTS plans (id TEXT PRIMARY KEY, run TEXT NOT NULL REFERENCES runs(id), "
        "used REAL NOT NULL)",
        "ALTER TABLE hosts ADD COLUMN made TEXT",  # the configuration that the run left, as a snapshot
        "ALTER TABLE runs ADD COLUMN origin TEXT",  # who ran it, from which commit, and why
    ),
)
"""What brings a journal from each version to the next. The first version did not write its number down."""

_TABLES = frozenset({"runs", "hosts", "events"})
_RESTORE = (
    "move it away (with what is beside it: -wal, -shm), and put a backup in its place if there is one; without it, "
    "`routebook recover --scan` finds on the devices what a run has left"
)


class JournalError(RefusedError):
    """The journal cannot be used: its disk is full, or read-only, or its content is not what Routebook writes."""


def open_journal_file(path: Path) -> sqlite3.Connection:
    """A connection to a journal of the newest version (WAL, mode 0600), made if there is none. Raises RefusedError.

    What is deleted is overwritten, so that no secret stays behind in a page that nobody uses.
    """
    own_folder(path.parent)
    if not check_private(path):
        _make(path)
    for suffix in ("-wal", "-shm", "-journal"):
        check_private(path.with_name(path.name + suffix))
    if path.stat().st_size == 0:
        raise JournalError(f"the journal {path} is empty: somebody has truncated it; {_RESTORE}. Nothing was changed.")
    database = None
    try:
        database = sqlite3.connect(_uri(path), uri=True, timeout=10, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            database.execute(f"PRAGMA {pragma}")
        _migrate(database, path)
        (whole,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if whole != "ok":
            raise sqlite3.DatabaseError("database disk image is malformed")
    except sqlite3.Error as error:
        if database is not None:
            database.close()
        raise JournalError(f"{unusable(path, error)}; nothing was changed") from error
    except BaseException:
        if database is not None:
            database.close()
        raise
    return database


def unusable(path: Path, error: sqlite3.Error) -> str:
    """The sentence for what SQLite says of the journal."""
    text = str(error)
    if text in ("database disk image is malformed", "file is not a database") or text.startswith("malformed"):
        return f"the journal {path} is damaged ({text}): {_RESTORE}"
    if isinstance(error, sqlite3.OperationalError) and text.startswith("no such "):
        return f"the journal {path} lacks what a journal has ({text}): {_RESTORE}"
    return f"cannot write the journal {path}: {text}"


def _uri(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=rw"


def _make(path: Path) -> None:
    """Put a whole, empty journal in its place, so that one that is not whole was damaged afterwards."""
    descriptor, staged = -1, ""
    try:
        descriptor, staged = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(descriptor)
        database = sqlite3.connect(staged, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            _migrate(database, path)
        finally:
            database.close()
        with contextlib.suppress(FileExistsError):  # another process was faster; its journal is the one
            path.hardlink_to(staged)
    except (OSError, sqlite3.Error) as error:
        raise JournalError(f"cannot write the journal {path}: {error}; nothing was changed") from error
    finally:
        for name in (staged, f"{staged}-wal", f"{staged}-shm") if staged else ():
            with contextlib.suppress(OSError):
                Path(name).unlink(missing_ok=True)


def _migrate(database: sqlite3.Connection, path: Path) -> None:
    newest = len(MIGRATIONS)
    if _version(database, path) == newest:
        return
    database.execute("BEGIN IMMEDIATE")
    try:
        version = _version(database, path)  # another process may have been faster
        for step in MIGRATIONS[version:]:
            for statement in step:
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {newest}")
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _version(database: sqlite3.Connection, path: Path) -> int:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and not tables >= _TABLES:
        raise JournalError(f"{path} is no journal of Routebook; {_RESTORE}. Nothing was changed.")
    if not 0 <= version <= len(MIGRATIONS):
        raise JournalError(
            f"the journal {path} is of version {version}, and this Routebook knows those up to {len(MIGRATIONS)}: "
            "use the Routebook that wrote it, or a newer one. Nothing was changed."
        )
    return version or int(bool(tables))
