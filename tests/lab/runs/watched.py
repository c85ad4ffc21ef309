"""Runs that are watched while they work, and disturbed at a line that they print."""

import signal
import subprocess
import sys
from collections.abc import Callable

from tests.lab.conftest import RunningLab, environment
from tests.lab.runs.conftest import edited

Process = subprocess.Popen[str]


def run_watched(lab: RunningLab, on_line: Callable[[str, Process], None], *arguments: str) -> tuple[int, str]:
    """Run a command and call `on_line` with each line that it prints, and its process."""
    output = []
    with subprocess.Popen(
        [sys.executable, "-m", "routebook", *arguments],
        cwd=lab.project,
        env={**environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            output.append(line)
            on_line(line, process)
    return process.returncode, "".join(output)


def kill_while_it_checks(lab: RunningLab, *options: str) -> None:
    """SIGKILL to a run of which a check stays pending, so that there is time."""

    def kill(line: str, process: Process) -> None:
        if "post-checks" in line and "watching" in line:
            process.kill()

    with (
        edited(lab, "inventory/bgp.yaml", "min_received: 1\n", "min_received: 99\n"),
        edited(lab, "inventory/policy.yaml", "local_preference: 200", "local_preference: 210"),
    ):
        status, output = run_watched(lab, kill, "run", "bgp", "--yes", *options)
    assert status == -signal.SIGKILL, output
