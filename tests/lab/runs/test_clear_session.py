"""`run clear-session` resets a session on every platform; killed or interrupted in its middle it ends in good order."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Collection
from contextlib import closing

import pytest

from tests.lab.conftest import RunningLab
from tests.lab.runs.conftest import Unchanged
from tests.networks.example import environment

ASA, REFLECTOR, EDGE, PFSENSE = "nl-fw1", "nl-rr1", "no-edge1", "home-fw1"
OTHER = "ch-edge1"  # what the reflector tells the edge of
SESSIONS = {
    f"{ASA}--{REFLECTOR}": {ASA, REFLECTOR},
    f"{PFSENSE}--{EDGE}": {PFSENSE, EDGE},
    f"{EDGE}--{REFLECTOR}": {EDGE, REFLECTOR},
}


@pytest.fixture(scope="module")
def part() -> Collection[str]:
    return {ASA, REFLECTOR, EDGE, PFSENSE, OTHER}


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_is_young_at_both_ends_and_nothing_else_has_changed(
    standing: RunningLab, unchanged: Unchanged, session: str
) -> None:
    for _ in range(2):
        done = standing.routebook("run", "clear-session", "--set", f"session={session}", "--yes", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        found = [f for f in json.loads(done.stdout)["findings"] if f["check"] == "session.cleared"]
        assert {f["host"]: f["status"] for f in found} == dict.fromkeys(SESSIONS[session], "ok")
    settled(standing)
    unchanged()


@pytest.mark.parametrize("state", ["acting", "acted"])
def test_recover_ends_one_that_was_killed(standing: RunningLab, unchanged: Unchanged, state: str) -> None:
    stopped(standing, state, signal.SIGKILL)
    done = standing.routebook("recover")
    assert done.returncode == 0, done.stdout + done.stderr
    again = standing.routebook("run", "clear-session", "--set", f"session={EDGE}--{REFLECTOR}", "--yes")
    assert again.returncode == 0, again.stdout + again.stderr
    settled(standing)
    unchanged()


def test_one_that_is_interrupted_still_sees_the_session_come_up(standing: RunningLab, unchanged: Unchanged) -> None:
    assert stopped(standing, "acted", signal.SIGINT) == 0
    settled(standing)
    unchanged()


def settled(lab: RunningLab) -> None:
    """What others learn of a session that was just reset comes last, and its absence is a definite failure."""
    end = time.monotonic() + 60
    while (done := lab.routebook("verify", "--wait", "30")).returncode != 0:
        assert time.monotonic() < end, done.stdout + done.stderr


def stopped(lab: RunningLab, state: str, by: signal.Signals) -> int:
    """The exit code of a run that got a signal when the journal first had a host in a state."""
    command = [sys.executable, "-m", "routebook", "--project", str(lab.project), "run", "clear-session", "--yes"]
    process = subprocess.Popen([*command, "--set", f"session={EDGE}--{REFLECTOR}"], env=environment())
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with closing(sqlite3.connect(lab.project / ".routebook" / "journal.db", timeout=5)) as journal:
            query = "SELECT count(*) FROM hosts JOIN runs ON id = run WHERE finished IS NULL AND state = ?"
            if journal.execute(query, (state,)).fetchone()[0]:
                process.send_signal(by)
                return process.wait(60)
        time.sleep(0.01)
    raise AssertionError(f"never {state}")
