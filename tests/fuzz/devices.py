"""Three devices on loopback, each an SSH server that spoils its answers in a way that a seed decides."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz import honest
from tests.fuzz.honest import Answer
from tests.fuzz.spoiling import KINDS, wrong_somewhere
from tests.stranger import Play, Process, Stranger, php_answer, request_in, script_of


@dataclass
class Behaviour:
    """What a device does with its answers from now on."""

    kind: str = "honest"
    dice: random.Random = field(default_factory=random.Random)

    def spoiled(self, answer: bytes) -> bytes:
        """An answer, spoiled."""
        return KINDS[self.kind](answer, self.dice)


async def _answer(process: Process, behaviour: Behaviour, token: str, answer: Answer) -> None:
    if behaviour.kind == "closed":
        process.channel.abort()
        return
    process.stdout.write(answer.before + f"{token}\n".encode())
    process.stderr.write(f"{token}\n".encode())
    if behaviour.kind == "endless":
        await _without_end(process)
    if behaviour.kind == "errors":
        process.stderr.write(behaviour.spoiled(answer.stderr))
        process.exit(1)
        return
    process.stdout.write(behaviour.spoiled(answer.stdout))
    process.exit(answer.status)


async def _without_end(process: Process) -> None:
    while True:
        process.stdout.write(b"\0" * 65536)
        await process.stdout.drain()


class Edge:
    """A Linux host with FRR and strongSwan."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour

    async def play(self, process: Process) -> None:
        """A session."""
        token, script = await script_of(process)
        await _answer(process, self.behaviour, token, honest.linux(script.decode("utf-8", "replace")))


class PfSense:
    """A pfSense: its program's results are spoiled as JSON, or as what comes over the wire."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour

    async def play(self, process: Process) -> None:
        """A session."""
        token, script = await script_of(process)
        request = request_in(script)
        answer = honest.linux(script.decode("utf-8", "replace"))
        if request:
            result = honest.pfsense(request)
            if self.behaviour.kind in ("types", "records"):
                result = wrong_somewhere(result, self.behaviour.dice)
            answer = Answer(php_answer(request, result).encode(), before=answer.before.replace(b"edge1", b"fw2"))
        await _answer(process, self.behaviour, token, answer)


class Asa:
    """An ASA's command line."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour

    async def play(self, process: Process) -> None:
        """A session."""
        kind, mode = self.behaviour.kind, b""
        if kind == "closed":
            process.channel.abort()
            return
        process.stdout.write(b"\r\nfw1# ")
        while line := await process.stdin.readline():
            command = line.decode("utf-8", "replace").strip()
            process.stdout.write(command.encode() + b"\r\n")
            if kind == "endless" and command != "terminal pager 0":
                await _without_end(process)
            if command == "configure terminal":
                mode = b"(config)"
            elif command == "end":
                mode = b""
            elif command != "terminal pager 0":
                unknown = "" if mode else "ERROR: % Invalid input detected at '^' marker.\n"
                said = self.behaviour.spoiled(honest.ASA.get(command, unknown).encode())
                process.stdout.write(said.replace(b"\n", b"\r\n"))
            process.stdout.write(b"\r\nfw1" + mode + b"# ")


@dataclass
class Devices:
    """The three of them, by the inventory's names."""

    behaviours: dict[str, Behaviour]
    servers: dict[str, Stranger]

    def behave(self, kinds: dict[str, str], seed: str) -> None:
        """Let each device answer in its way from now on."""
        for name, kind in kinds.items():
            self.behaviours[name].kind = kind
            self.behaviours[name].dice = random.Random(f"{seed} {name}")  # noqa: S311  the same at every run


@contextmanager
def devices(folder: Path) -> Iterator[Devices]:
    """The devices, for as long as the context lasts."""
    behaviours = {name: Behaviour() for name in ("edge1", "fw1", "fw2")}
    plays: dict[str, Play] = {
        "edge1": Edge(behaviours["edge1"]).play,
        "fw1": Asa(behaviours["fw1"]).play,
        "fw2": PfSense(behaviours["fw2"]).play,
    }
    with ExitStack() as stack:
        servers = {name: Stranger(folder, play) for name, play in plays.items()}
        for server in servers.values():
            stack.callback(server.close)
        yield Devices(behaviours, servers)
