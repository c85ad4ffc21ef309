"""Starting Routebook, stopping it at an instant, and hearing how it ended."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.fault.child import Hold, request
from tests.networks.example import environment


class StuckError(Exception):
    """A command does not come to its end, or to where it was to stop."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit status (negative: the signal), and what it printed."""

    status: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """What `--json` printed; empty if it did not come so far."""
        try:
            return dict(json.loads(self.out))
        except ValueError:
            return {}


class Server:
    """The process that commands are forked from. `preload` is its LD_PRELOAD and what belongs to it."""

    def __init__(self, folder: Path, preload: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self._log = (folder / "server.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fault.child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True,
            env=environment() | {"TMPDIR": str(self.temporary)} | dict(preload or {}),
        )  # fmt: skip
        self._latest: Command | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(_stdout(self._process), selectors.EVENT_READ)
        self.pid = self._answer("ready", 120)["ready"]

    def start(self, project: Path, arguments: Sequence[str], hold: Hold | None = None) -> "Command":
        """Start a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request(project, arguments, self.folder, hold)) + "\n")
        self._process.stdin.flush()
        self._latest = Command(self)
        return self._latest

    def stop(self) -> None:
        """End it, and a command that is still at work or held."""
        if self._latest is not None:
            self._latest.signal(signal.SIGKILL)
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._log.close()

    def _answer(self, word: str, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            message = self.message(deadline - time.monotonic())
            if message is None:
                raise StuckError(f"no {word!r} from {self.folder}: {(self.folder / 'server.log').read_text()}")
            if word in message:
                return message

    def message(self, seconds: float) -> dict[str, Any] | None:
        """The next thing it says; None if there is nothing within `seconds`."""
        if not self._selector.select(max(0.0, seconds)):
            return None
        line = _stdout(self._process).readline()
        if not line:
            raise StuckError(f"the server has ended: {(self.folder / 'server.log').read_text()}")
        return dict(json.loads(line))


class Command:
    """One command at work."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.pid = 0
        self.held = False
        self.status: int | None = None
        while not self.pid:
            self._hear(60)

    def _hear(self, seconds: float) -> bool:
        message = self.server.message(seconds)
        if message is None:
            return False
        self.pid = message.get("pid", self.pid)
        self.held = self.held or "held" in message
        self.status = message.get("status", self.status)
        return True

    def wait_held(self, seconds: float = 90) -> bool:
        """Wait until it has stopped where it was to; False if it ended before."""
        deadline = time.monotonic() + seconds
        while not self.held and self.status is None:
            if not self._hear(deadline - time.monotonic()):
                raise StuckError(f"it does not come to its hold within {seconds} s: {self._err()}")
        if self.held:
            _wait_stopped(self.pid)
        return self.held

    def wait(self, seconds: float = 240) -> Ended:
        """Wait until it has ended."""
        deadline = time.monotonic() + seconds
        while self.status is None:
            if not self._hear(deadline - time.monotonic()):
                self.signal(signal.SIGABRT)
                raise StuckError(f"it does not end within {seconds} s: {self._err()}")
        return Ended(self.status, (self.server.folder / "out").read_text(), self._err())

    def ended_within(self, seconds: float) -> bool:
        """Whether it ends before `seconds` are over."""
        deadline = time.monotonic() + seconds
        while self.status is None and self._hear(deadline - time.monotonic()):
            pass
        return self.status is not None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def go_on(self) -> None:
        """Let it go on from where it stopped."""
        self.signal(signal.SIGCONT)

    def _err(self) -> str:
        return (self.server.folder / "err").read_text()


def _wait_stopped(pid: int) -> None:
    deadline = time.monotonic() + 10
    while (state := Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]) != "T":
        if time.monotonic() > deadline:
            raise StuckError(f"process {pid} has not stopped: {state}")
        time.sleep(0.002)


def _stdout(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout
