"""Runs the real command line in children that stop at an entry of the journal, so that something can break just then.

Started once (`python -m tests.fault.child`): all imports are done, so that each run costs none of them. Reads one
request as a line of JSON from standard input, and answers with lines of JSON: {"pid"}, {"held"} when the child has
stopped itself (SIGSTOP) at the entry that was asked for, {"status"} with its exit status, negative for a signal.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from routebook.cli import main
from routebook.cli.group import COMMANDS, module_of
from routebook.run.journal import HostState, Journal

# Imported as late as possible by the product, and once here.
MODULES = (
    "routebook.platforms.asa.driver", "routebook.platforms.edge.driver", "routebook.platforms.frr.driver",
    "routebook.platforms.strongswan.driver", "routebook.platforms.pfsense.driver", "routebook.run.recovery",
    "routebook.run.scan", "routebook.run.commands", "routebook.report", "routebook.cli.at_work", "tasks.render",
    "tasks.verify_bgp", "tasks.verify_tunnels",
)  # fmt: skip

# What the journal is told, in the order of a run. A state that is entered several times has a name for each.
STEPS: dict[tuple[str, int], str] = {
    ("snapshotted", 1): "planned",
    ("arming", 1): "lock",
    ("arming", 2): "arm",
    ("armed", 1): "armed",
    ("pushing", 1): "push",
    ("pushed", 1): "pushed",
    ("pushed", 2): "activate",
    ("pushed", 3): "activated",
    ("checked", 1): "checked",
    ("confirming", 1): "confirm",
    ("confirmed", 1): "confirmed",
    ("rolling_back", 1): "roll back",
    ("rolled_back", 1): "rolled back",
}
FORWARD = tuple(dict.fromkeys(step for step in STEPS.values() if not step.startswith("roll")))
BACKWARD = ("roll back", "rolled back")


@dataclass(frozen=True)
class Hold:
    """Where a run stops: at which entry of the journal, before or after it is written.

    `unwritable` makes the journal refuse everything from there on, as a disk does that has become read-only.
    """

    step: str
    when: str  # "before" or "after"
    unwritable: bool = False


class Stopping:
    """Stops this process at its hold, once, and tells so on `door`."""

    def __init__(self, hold: Hold, door: int) -> None:
        self.hold = hold
        self.door = door
        self.seen: dict[str, int] = {}
        self.done = False

    @contextlib.contextmanager
    def around(self, journal: Journal, state: HostState) -> Iterator[None]:
        """One entry of the journal is written within."""
        self.seen[state] = self.seen.get(state, 0) + 1
        step = STEPS.get((str(state), self.seen[state]), "")
        self._look(journal, step, "before")
        yield
        self._look(journal, step, "after")

    def _look(self, journal: Journal, step: str, when: str) -> None:
        if self.done or (step, when) != (self.hold.step, self.hold.when):
            return
        self.done = True
        if self.hold.unwritable:
            journal._db.execute("PRAGMA query_only = 1")
        _say(self.door, {"held": step})
        os.kill(os.getpid(), signal.SIGSTOP)


def _say(door: int, message: dict[str, Any]) -> None:
    os.write(door, json.dumps(message).encode() + b"\n")


def _install(stopping: Stopping) -> None:
    record = Journal.record

    def recording(self: Journal, run_id: str, hosts: Sequence[str], state: HostState, detail: str = "") -> None:
        with stopping.around(self, state):
            record(self, run_id, hosts, state, detail)

    Journal.record = recording  # type: ignore[method-assign]  # every step of a run passes here


def _run(request: dict[str, Any], door: int) -> None:
    """Become the command, in a session of its own. Never returns."""
    os.setsid()
    os.chdir(request["project"])
    null = os.open(os.devnull, os.O_RDONLY)
    out = os.open(request["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    err = os.open(request["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for source, target in ((null, 0), (out, 1), (err, 2)):
        os.dup2(source, target)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL if number != signal.SIGINT else signal.default_int_handler)
    if request.get("hold"):
        _install(Stopping(Hold(**request["hold"]), door))
    sys.argv = ["routebook", *request["arguments"]]
    try:
        main()
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        # As an ordinary program ends: threads that wait for a connection are daemons.
        os._exit(end.code if isinstance(end.code, int) else 1)


def serve() -> None:
    """Carry out requests, one after the other, until standard input ends."""
    for name in (*MODULES, *(f"routebook.cli.{module_of(command)}" for command in COMMANDS if command != "lab")):
        importlib.import_module(name)
    door = os.dup(1)
    os.dup2(2, 1)
    _say(door, {"ready": os.getpid()})
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run(request, door)
        _say(door, {"pid": pid})
        _, status = os.waitpid(pid, 0)
        _say(door, {"status": os.waitstatus_to_exitcode(status)})


def request(project: Path, arguments: Sequence[str], folder: Path, hold: Hold | None) -> dict[str, Any]:
    """What `serve` reads."""
    return {
        "project": str(project),
        "arguments": list(arguments),
        "out": str(folder / "out"),
        "err": str(folder / "err"),
        "hold": asdict(hold) if hold else None,
    }


if __name__ == "__main__":
    serve()
