"""The question before a run: readable on a small terminal, undisturbed, and answered by no unless somebody says yes."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.engine.world import SECRET

QUESTION = "Send this to 4 hosts? [y/N]: "
CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
QUIET = 0.5  # seconds in which progress would have been drawn four times


@dataclass
class Terminal:
    """A terminal of 80 columns and 24 lines, and a run at it."""

    pid: int
    master: int
    text: str = ""

    def read_until(self, mark: str, seconds: float = 60) -> None:
        while mark not in CONTROL.sub("", self.text):
            assert self._read(seconds), f"no {mark!r} in:\n{self.text}"

    def _read(self, seconds: float) -> bool:
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            told = os.read(self.master, 65536)
        except OSError:  # the other end has gone
            return False
        self.text += told.decode(errors="replace")
        return bool(told)

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def end(self) -> int:
        while self._read(60):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def rows(self) -> list[str]:
        """What is on the screen, without colours."""
        return [row.rsplit("\r", 1)[-1] for row in CONTROL.sub("", self.text).replace("\r\n", "\n").split("\n")]


@contextmanager
def asked(project: Path) -> Iterator[Terminal]:
    """A run at a terminal that has come to its question."""
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path)}
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        environment.pop(name, None)
    pid, master = pty.fork()
    if not pid:
        command = [sys.executable, "-m", "tests.unit.engine.asking", str(project)]
        os.execve(sys.executable, command, environment)  # noqa: S606  the test's own program
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    terminal = Terminal(pid, master)
    try:
        terminal.read_until(QUESTION)
        yield terminal
    finally:
        os.close(master)
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass  # it has ended


def test_it_is_readable_after_the_summary_and_nothing_is_drawn_over_it(tmp_path: Path) -> None:
    with asked(tmp_path / "project") as terminal:
        assert not select.select([terminal.master], [], [], QUIET)[0], "something is drawn while it asks"
        rows = terminal.rows()
        assert rows[-1] == QUESTION
        assert all(len(row) <= 80 for row in rows)
        screen = "\n".join(rows[-24:])
        assert "4 hosts, 4 commands" in screen
        assert "2 sessions that reset" in screen
        assert "no-edge1 – ch-edge1 (10.255.4.1)" in screen
        assert "203.0.113.77, foreign" in screen
        assert SECRET not in terminal.text


NOT_YES = {"enter": b"\n", "n": b"n\n", "end of input": b"\x04", "Ctrl-C": b"\x03", "something else": b"maybe\nn\n"}


@pytest.mark.parametrize("keys", NOT_YES.values(), ids=NOT_YES)
def test_whatever_is_not_yes_refuses_and_changes_nothing(tmp_path: Path, keys: bytes) -> None:
    with asked(tmp_path / "project") as terminal:
        terminal.type(keys)
        assert terminal.end() == 1
        assert "not approved; nothing was changed" in terminal.rows()
        assert "[y/N]" in "".join(terminal.rows())
    assert set(json.loads((tmp_path / "project" / "after.json").read_text()).values()) == {"old\n"}


def test_yes_carries_it_out(tmp_path: Path) -> None:
    with asked(tmp_path / "project") as terminal:
        terminal.type(b"y\n")
        assert terminal.end() == 0
    assert all(SECRET in text for text in json.loads((tmp_path / "project" / "after.json").read_text()).values())
