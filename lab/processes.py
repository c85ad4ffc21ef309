"""Processes of the lab, found so that only our own are ever signalled: a pid counts only with its start time.

Standard library only: run as a program in a lab's own kernel, it prints the nodes there as JSON.
"""

import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict


class Process(Struct, frozen=True):
    """A process of this boot of the machine; `started` is in clock ticks since boot (proc(5), field 22)."""

    pid: int
    started: int
    boot_id: str

    @property
    def alive(self) -> bool:
        """Whether exactly this process still runs (a zombie does not)."""
        return boot_id() == self.boot_id and _stat(self.pid)[1:] == (self.started, True)

    def kill(self, deadline: float = 15.0) -> None:
        """SIGKILL it and wait until it is gone; `deadline` in seconds. Raises TimeoutError."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            # The descriptor holds the process; only now is it certain that the pid is not another's.
            if self.alive:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        except ProcessLookupError:
            return
        finally:
            os.close(handle)
        until = time.monotonic() + deadline
        while self.alive:
            if time.monotonic() > until:
                raise TimeoutError(f"process {self.pid} does not end")
            time.sleep(0.01)


def identify(pid: int) -> Process:
    """The process that has this pid now. Raises ProcessLookupError."""
    started = _stat(pid)[1]
    if started < 0:
        raise ProcessLookupError(pid)
    return Process(pid, started, boot_id())


def boot_id() -> str:
    """The kernel's name for this boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def children() -> dict[int, list[int]]:
    """Every process's children, by pid."""
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parent = _stat(int(entry.name))[0]
            if parent > 0:
                found.setdefault(parent, []).append(int(entry.name))
    return found


def descendants(pid: int, tree: dict[int, list[int]]) -> list[int]:
    """All processes below `pid`."""
    found = []
    left = list(tree.get(pid, ()))
    while left:
        each = left.pop()
        found.append(each)
        left.extend(tree.get(each, ()))
    return found


def command_line(pid: int) -> list[str]:
    """The arguments of a process, none if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def _stat(pid: int) -> tuple[int, int, bool]:
    """Parent, start time and whether it is more than a zombie; start time -1 if there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0, -1, False
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), int(fields[19]), fields[0] not in "ZX"


class NodeStatus(Struct, frozen=True):
    """A node of a running lab: its process 1 as seen from here, and the programs that run on it."""

    name: str
    pid: int
    programs: tuple[str, ...]


def nodes(boot: int) -> list[NodeStatus]:
    """The nodes below the lab's first process."""
    tree = children()
    found = []
    for outer in tree.get(boot, ()):
        for pid in tree.get(outer, ()):
            arguments = command_line(pid)
            if len(arguments) > 3 and arguments[-3].endswith("/init.py"):
                below = (command_line(each) for each in descendants(pid, tree))
                programs = sorted({Path(each[0].split()[0].rstrip(":")).name for each in below if each and each[0]})
                found.append(NodeStatus(arguments[-1], pid, tuple(programs)))
    return found


def enter(pid: str, term: str, argv: Sequence[str]) -> list[str]:
    """The command line that runs `argv` as root in all namespaces of a process, with a clean environment."""
    return [
        "nsenter", "--target", pid, "--net", "--uts", "--ipc", "--mount", "--pid", "--root", "--wd",
        "env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
        "LANG=C.UTF-8", f"TERM={term}", *argv,
    ]  # fmt: skip


def parse_nodes(text: str) -> list[NodeStatus]:
    """What this module prints as a program."""
    return [NodeStatus(each["name"], each["pid"], tuple(each["programs"])) for each in json.loads(text)]


if __name__ == "__main__":
    os.write(1, json.dumps([asdict(each) for each in nodes(1)]).encode())
