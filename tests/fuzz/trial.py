"""One command of Routebook against the malicious devices, through a pipe or a terminal, and what is wrong with it."""

import contextlib
import json
import os
import pty
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.devices import Devices
from tests.fuzz.spoiling import FATAL, KINDS
from tests.networks.example import CHECKOUT
from tests.networks.project import make_project as make_network

MOST_MEMORY = 300 * 1024  # KiB

COMMANDS: dict[str, tuple[str, ...]] = {
    "plan": ("plan", "bgp"),
    "verify": ("verify",),
    "drift": ("drift",),
    "scan": ("recover", "--scan"),
    "run": ("run", "bgp", "--yes", "--deadline", "2"),
}
NOT_UNDERSTOOD = {"plan": 1, "verify": 3, "drift": 1, "scan": 4, "run": 1}
"""How each command ends where a device gives no answer that means anything."""

DEFAULTS = """\
username: root
password: {{env: FUZZ_PASSWORD}}
data: {{site: lab}}
connection_options:
  napalm:
    extras:
      timeout: 8
      optional_args: {{known_hosts_file: {known_hosts}, allow_agent: false, use_keys: false, max_answer: 4MiB}}
"""


@dataclass(frozen=True)
class Trial:
    """What is tried: a command, how it is connected, and how each device behaves."""

    number: int
    command: str
    through: str  # "pipe", "json" or "terminal"
    kinds: dict[str, str]

    @property
    def fatal(self) -> bool:
        """Whether a device gives nothing that could be understood."""
        return any(kind in FATAL for kind in self.kinds.values())


@dataclass
class Ended:
    """How it ended: all that was printed, the exit code, and the most memory in KiB."""

    out: bytes
    err: bytes
    code: int
    memory: int
    seconds: float
    wrong: list[str] = field(default_factory=list)


def trials(seed: int, count: int, commands: tuple[str, ...] = tuple(COMMANDS)) -> list[Trial]:
    """The trials of a seed; each kind and each command comes up early."""
    dice = random.Random(seed)  # noqa: S311  the same at every run
    found = []
    deck: list[str] = []
    for number in range(count):
        kinds = {}
        for name in ("edge1", "fw1", "fw2"):
            deck = deck or dice.sample(sorted(KINDS), len(KINDS))
            kinds[name] = deck.pop()
        command = commands[number % len(commands)]
        if command == "run" and not any(kind in FATAL for kind in kinds.values()):
            kinds["edge1"] = dice.choice(FATAL)  # or it would wait for timers of devices that do not keep them
        found.append(Trial(number, command, ("pipe", "terminal", "json")[number % 3], kinds))
    return found


def make_project(folder: Path, devices: Devices) -> Path:
    """A project with the three devices."""
    project = make_network(folder / "project", "on_loopback")
    known = folder / "known_hosts"
    known.write_text("".join(server.known_hosts.read_text() for server in devices.servers.values()))
    inventory = project / "inventory"
    hosts = (inventory / "hosts.yaml").read_text()
    for name, server in devices.servers.items():
        hosts = hosts.replace(f"port of {name}", str(server.port))
    (inventory / "hosts.yaml").write_text(hosts)
    (inventory / "defaults.yaml").write_text(DEFAULTS.format(known_hosts=known))
    return project


def carry_out(trial: Trial, project: Path, devices: Devices, seed: int, seconds: float = 90) -> Ended:
    """Try it, and judge."""
    shutil.rmtree(project / ".routebook", ignore_errors=True)
    devices.behave(trial.kinds, f"{seed} {trial.number}")
    asks_json = trial.through == "json" and trial.command != "scan"
    command = [*COMMANDS[trial.command], *(["--json"] if asks_json else [])]
    line = [sys.executable, "-m", "routebook", "--project", str(project), *command]
    ended = _started(line, project.parent, terminal=trial.through == "terminal", seconds=seconds)
    ended.wrong = list(_wrong(trial, ended, project, asks_json=asks_json))
    return ended


def _started(line: list[str], home: Path, *, terminal: bool, seconds: float) -> Ended:
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8", "COLUMNS": "100",
        "FUZZ_PASSWORD": "correct-horse-battery-staple", "PYTHONPATH": str(CHECKOUT),
    }  # fmt: skip
    begun = time.monotonic()
    if terminal:
        controller, side = pty.openpty()
        process = subprocess.Popen(line, stdin=side, stdout=side, stderr=side, env=environment, cwd=CHECKOUT)
        os.close(side)
        streams = {controller: bytearray()}
    else:
        process = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=CHECKOUT,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        streams = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    outputs = list(streams.values())
    _drained(streams, process, begun + seconds)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if terminal:
        os.close(controller)
    else:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stderr.close()
    texts = [bytes(output) for output in outputs] + [b""]
    return Ended(texts[0], texts[1], process.returncode, usage.ru_maxrss, time.monotonic() - begun)


def _drained(streams: dict[int, bytearray], process: "subprocess.Popen[bytes]", deadline: float) -> None:
    poll = select.poll()
    for descriptor in streams:
        poll.register(descriptor, select.POLLIN)
    left = set(streams)
    while left:
        if time.monotonic() > deadline:
            process.send_signal(signal.SIGKILL)
        for descriptor, _ in poll.poll(1000):
            piece = b""
            with contextlib.suppress(OSError):  # a terminal that nobody has open any more
                piece = os.read(descriptor, 65536)
            if piece:
                streams[descriptor] += piece
            else:
                poll.unregister(descriptor)
                left.discard(descriptor)


# What Routebook itself sends to a terminal: colours, the cursor up, down, to the line's begin, hidden and shown again,
# and lines cleared.
_OWN = re.compile(r"\x1b\[(?:[0-9;]*m|\?25[lh]|[0-9]*[ABG]|[0-9]*K)")


def _wrong(trial: Trial, ended: Ended, project: Path, *, asks_json: bool) -> list[str]:
    """Every promise that was broken."""
    found = []
    everything = ended.out + ended.err
    if b"Traceback (most recent call last)" in everything:
        found.append("a traceback: " + everything.decode("utf-8", "replace")[-1500:])
    if ended.code < 0:
        found.append(f"it was killed by signal {-ended.code} after {ended.seconds:.0f} s")
    elif ended.code not in (0, 1, 2, 3, 4):
        found.append(f"exit code {ended.code}")
    wanted = NOT_UNDERSTOOD[trial.command]
    if trial.fatal and ended.code >= 0 and ended.code != wanted:
        found.append(f"exit code {ended.code} in place of {wanted} although a device was not understood")
    if ended.memory > MOST_MEMORY:
        found.append(f"{ended.memory // 1024} MiB of memory")
    try:
        text = everything.decode()
    except UnicodeDecodeError as error:
        found.append(f"no UTF-8: {error}")
        text = everything.decode("utf-8", "replace")
    if trial.through == "terminal":
        text = _OWN.sub("", text).replace("\r", "")
    odd = sorted({f"U+{ord(one):04X}" for one in text if one != "\n" and unicodedata.category(one) in ("Cc", "Cf")})
    if odd:
        found.append(f"control characters: {', '.join(odd)}")
    if "correct-horse" in text:
        found.append("the login's password")
    if asks_json and ended.code >= 0:
        found += _no_json(ended, trial)
    for report in project.glob(".routebook/runs/*/report.json"):
        try:
            json.loads(report.read_text())
        except ValueError as error:
            found.append(f"{report.name} is not JSON: {error}")
    if trial.command == "run" and ended.code in (3, 4) and not list(project.glob(".routebook/runs/*/report.json")):
        found.append("no report of a run that changed something")
    if ended.code in (1, 3, 4) and not text.strip():
        found.append("not a word")
    return found


def _no_json(ended: Ended, trial: Trial) -> list[str]:
    if not ended.out.strip():
        return [f"--json of {trial.command} printed nothing"]
    try:
        json.loads(ended.out)
    except ValueError as error:
        return [f"--json is not JSON: {error}"]
    return []
