"""A journal that is not whole, not private or not of this Routebook is a sentence; an older one goes on to be used."""

import os
import re
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from routebook.device.values import Snapshot
from routebook.errors import RefusedError
from routebook.run import commands
from routebook.run.journal import HostState, Journal
from routebook.run.journal_file import MIGRATIONS
from tests.unit.engine.world import SECRET, World

# As Routebook 0.1.0 made it, word for word, before there were versions.
OLD = """
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
RUN = "20260101-000000-abcdef"


def old(path: Path, *, plans: bool = True) -> Path:
    """A journal of the first version with one run that died in the middle."""
    path.parent.mkdir(mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.executescript(OLD if plans else OLD.rpartition("CREATE TABLE IF NOT EXISTS plans")[0])
    database.execute(
        "INSERT INTO runs (id, runbook, started, pid, process_start) VALUES (?, 'deploy', ?, 1, 'x')",
        (RUN, time.time()),
    )
    snapshot = '{"parts":{"text":"old"},"attributes":{},"fingerprint":"old","exact":true}'
    database.execute("INSERT INTO hosts (run, host, state, snapshot) VALUES (?, 'a', 'pushing', ?)", (RUN, snapshot))
    database.execute("INSERT INTO events (run, at, host, state) VALUES (?, ?, 'a', 'pushing')", (RUN, time.time()))
    database.close()
    return path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.db"


@pytest.mark.parametrize("plans", [True, False])
def test_one_of_the_first_version_is_brought_up_to_date_with_all_that_it_knows(place: Path, plans: bool) -> None:
    old(place, plans=plans)
    for _ in range(2):
        with Journal(place) as journal:
            assert journal.run(RUN).hosts == {"a": HostState.PUSHING}
            assert journal.snapshot(RUN, "a") == Snapshot({"text": "old"}, {}, "old")
            assert [event[1:] for event in journal.events(RUN)] == [("a", "pushing", "")]
            with pytest.raises(RefusedError, match="routebook recover"):
                journal.begin("bgp", ["a"])
    assert sqlite3.connect(place).execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_a_migrated_one_is_what_a_new_one_is(place: Path, tmp_path: Path) -> None:
    old(place)
    columns = []
    for path in (place, tmp_path / "new" / "journal.db"):
        Journal(path).__exit__(None, None, None)
        database = sqlite3.connect(path)
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns.append({table: database.execute(f"PRAGMA table_info({table})").fetchall() for table in tables})
    assert columns[0] == columns[1]


def execute(statement: str) -> Callable[[Path], object]:
    def spoil(path: Path) -> None:
        database = sqlite3.connect(path, isolation_level=None)
        database.execute(statement)
        database.close()

    return spoil


def garble(path: Path) -> None:
    """A page of it becomes something else."""
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\xa5" * 4096
    path.write_bytes(content)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def replace(path: Path) -> None:
    path.unlink()
    execute("CREATE TABLE moz_places (id INTEGER)")(path)
    path.chmod(0o600)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_text("not a database at all" * 500), "is damaged"),
        (lambda path: path.write_text(""), "is empty"),
        (garble, "is damaged"),
        (truncate, "is damaged"),
        (replace, "is no journal of Routebook"),
        (execute("PRAGMA user_version = 99"), "is of version 99"),
        (execute("PRAGMA user_version = -1"), "is of version -1"),
        (execute("UPDATE hosts SET state = 'dancing'"), "the state 'dancing' of a"),
        (execute("UPDATE hosts SET state = x'ff'"), "the state b'.xff' of a"),
        (execute("UPDATE runs SET started = 'yesterday'"), "its own entry"),
        (execute("UPDATE runs SET pid = 'me'"), "its own entry"),
        (execute("UPDATE hosts SET snapshot = '[[[['"), "a's snapshot is not"),
        (execute("UPDATE hosts SET snapshot = 5"), "a's snapshot is not"),
        (execute("UPDATE hosts SET snapshot = replace(hex(zeroblob(100000)), '0', '[')"), "a's snapshot is not"),
        (execute("UPDATE events SET at = 'now'"), "one of its events"),
        (execute("ALTER TABLE hosts DROP COLUMN before"), "lacks what a journal has"),
        (lambda path: path.chmod(0o644), "chmod 600"),
        (lambda path: path.parent.chmod(0o777), "chmod 700"),
        (lambda path: path.with_name("journal.db-wal").symlink_to("/etc/passwd"), "journal.db-wal is a symbolic link"),
    ],
)
def test_what_is_wrong_with_it_is_a_sentence_with_its_name(
    place: Path, spoil: Callable[[Path], object], said: str
) -> None:
    with Journal(old(place)):
        pass
    spoil(place)
    with pytest.raises(RefusedError, match=said) as refused, Journal(place) as journal:
        journal.runs()
        journal.events(RUN)
        journal.snapshot(RUN, "a")
        journal.state(RUN, "a")
    assert str(place.parent) in str(refused.value)
    assert "[[[[" not in str(refused.value)


def test_a_link_in_its_place_is_refused_and_what_it_leads_to_untouched(place: Path) -> None:
    with Journal(old(place)):
        pass
    elsewhere = place.rename(place.with_name("elsewhere"))
    before = elsewhere.read_bytes()
    place.symlink_to(elsewhere)
    with pytest.raises(RefusedError, match="symbolic link"):
        Journal(place)
    assert elsewhere.read_bytes() == before


@pytest.mark.parametrize("answer", ["no", "nobody"])
def test_a_run_that_was_refused_at_its_question_leaves_no_secret_in_any_file(world: World, answer: str) -> None:
    def ask(*_: object) -> bool:
        if answer == "nobody":
            raise RefusedError("there is nobody to ask")
        return False

    for device in world.devices.values():
        device.running = f"password {SECRET}\n"
    world.wanted = {"no-edge1": "new\n"}
    if answer == "nobody":
        with pytest.raises(RefusedError, match="nobody to ask"):
            commands.run(world.running(), world.runbook(), None, ask)
    else:
        assert commands.run(world.running(), world.runbook(), None, ask).outcome == "refused"
    assert files_with_a_secret(world) == []


def test_a_run_that_was_refused_because_of_a_lock_leaves_no_secret_in_any_file(world: World) -> None:
    for device in world.devices.values():
        device.running = f"password {SECRET}\n"
    world.wanted = {"no-edge1": "new\n"}
    seen: list[list[str]] = []

    def refuse() -> None:
        seen.append(files_with_a_secret(world))
        raise RefusedError("locked by another run")

    world["no-edge1"].fails["lock"] = refuse
    assert world.run().outcome == "refused"
    assert seen[0]  # it was there before the first device was touched
    assert files_with_a_secret(world) == []


def test_what_a_run_that_died_before_it_touched_anything_has_left_is_forgotten(world: World) -> None:
    path = world.project / ".routebook" / "journal.db"
    with Journal(path) as journal:
        run = journal.begin("deploy", ["no-edge1"])
        journal.store_snapshot(run, "no-edge1", Snapshot({"text": SECRET}))
    execute("UPDATE runs SET process_start = 'of a process that is gone'")(path)
    world.wanted = {}
    assert world.run().outcome == "unchanged"
    assert files_with_a_secret(world) == []


def files_with_a_secret(world: World) -> list[str]:
    folder = world.project / ".routebook"
    found = [path for path in folder.rglob("*") if path.is_file() and re.search(SECRET.encode(), path.read_bytes())]
    return [path.name for path in found]
