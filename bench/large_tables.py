"""`python -m bench.large_tables`: `verify` with 20,000 prefixes from each transit beside 40 of them, each on a lab.

The time and CPU time of both, and how long the longest answers of the hosts were: a table that is read shows in them.
`--recorded FILE ARGUMENTS` is what the bench calls itself with: a command, with the size of each answer to it.
"""

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.cpu import ENVIRONMENT, deployed
from lab.control import Lab

PREFIXES = 20_000
ROUNDS = 5
TRANSITS = ("transit-no", "transit-ch")
_ANNOUNCED = re.compile(r'announce: \["2001:db8:[12]000::/36 x 40"\]')
REFLECTOR = "no-edge3"  # which hears of both transits
SETTLED = 300  # seconds in which the tables must have been filled


def main() -> None:
    """Print every figure as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.large_tables", description=__doc__)
    parser.add_argument("--short", action="store_true", help="everything once")
    parser.add_argument("--recorded", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.recorded:
        recorded(Path(chosen.recorded[0]), chosen.recorded[1:])
        return
    rounds = 1 if chosen.short else ROUNDS
    json.dump(figures(rounds), sys.stdout, indent=2)
    print()


def figures(rounds: int) -> dict[str, str]:
    """Measure on a lab with small tables and on one with large ones."""
    with deployed(lambda _: None) as project:
        small = Measured.of(project, rounds)
    with deployed(announcing(PREFIXES)) as project:
        held = filled(project, PREFIXES)
        large = Measured.of(project, rounds)
    return {
        f"prefixes at {REFLECTOR}, with {PREFIXES} from each transit": str(held),
        "verify, median seconds": f"{large.wall:.2f} with {PREFIXES}, {small.wall:.2f} with 40 from each",
        "large / small": f"{large.wall / small.wall:.2f}",
        "verify, median seconds of CPU": f"{large.cpu:.2f} and {small.cpu:.2f}",
        "bytes of all answers": f"{sum(large.answers.values())} and {sum(small.answers.values())}",
        "longest answers": "; ".join(
            f"{what}: {size} bytes, {small.answers.get(what, 0)} with small tables" for what, size in large.longest(5)
        ),
    }


class Measured:
    """What `verify` took, and the bytes of every answer by host and question, the longest of each."""

    def __init__(self, wall: float, cpu: float, answers: Mapping[str, int]) -> None:
        self.wall, self.cpu, self.answers = wall, cpu, answers

    @classmethod
    def of(cls, project: Path, rounds: int) -> "Measured":
        """The medians of so many rounds."""
        argv = (sys.executable, "-m", "routebook", "verify", "--json")
        run(argv, project)  # so that what is kept between commands is there
        pairs = [run(argv, project) for _ in range(rounds)]
        wall, cpu = (statistics.median(each) for each in zip(*pairs, strict=True))
        record = project / "answers.json"
        run((sys.executable, "-m", "bench.large_tables", "--recorded", str(record), "verify", "--json"), project)
        return cls(wall, cpu, json.loads(record.read_text()))

    def longest(self, count: int) -> list[tuple[str, int]]:
        """The longest answers."""
        return sorted(self.answers.items(), key=lambda each: -each[1])[:count]


def announcing(count: int) -> Callable[[Path], None]:
    """Let both transits announce so many prefixes, the same ones, as with full tables of the internet."""

    def change(project: Path) -> None:
        path = project / "inventory/network.yaml"
        text, found = _ANNOUNCED.subn(f'announce: ["2001:db8::/33 x {count}"]', path.read_text())
        if found != len(TRANSITS):
            raise RuntimeError(f"{path} does not have what {' and '.join(TRANSITS)} announce")
        path.write_text(text)

    return change


def filled(project: Path, count: int) -> int:
    """Wait until a reflector has the tables, and return how many prefixes it has."""
    argv = Lab(project).command(REFLECTOR, ["vtysh", "-c", "show bgp ipv6 unicast summary json"])
    held, deadline = 0, time.monotonic() + SETTLED
    while held < count - 100 and time.monotonic() < deadline:  # some are invalid by RPKI
        time.sleep(3)
        output = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        held = int(json.loads(output)["ribCount"])
    if held < count - 100:
        raise RuntimeError(f"{REFLECTOR} has {held} of {count} prefixes after {SETTLED} s")
    return held


def run(argv: Sequence[str], project: Path) -> tuple[float, float]:
    """Seconds, of the wall and of CPU time, of a command that must succeed."""
    path = os.pathsep.join(filter(None, (str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH"))))
    env = {**ENVIRONMENT, "PYTHONPATH": path}
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(argv, cwd=project, env=env, capture_output=True, text=True, check=False)
    wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr[-500:] or done.stdout[-1500:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def recorded(record: Path, arguments: Sequence[str]) -> None:
    """Carry out a command, and write down how long each answer was that came over a shell or a command line."""
    from routebook.platforms.asa.session import AsaSession
    from routebook.transport.ssh import SshShell

    sizes: dict[str, int] = {}

    def note(host: str, asked: str, size: int) -> None:
        sizes[f"{host}: {asked}"] = max(size, sizes.get(f"{host}: {asked}", 0))

    plain, typed = SshShell.run, AsaSession.run

    def of_shell(self: Any, script: str, **options: Any) -> Any:
        result = plain(self, script, **options)
        note(self.host, options.get("asked", "a command"), len(result.stdout) + len(result.stderr))
        return result

    def of_line(self: Any, command: str, **options: Any) -> str:
        said = typed(self, command, **options)
        note(self.host, f"`{command}`", len(said))
        return said

    SshShell.run, AsaSession.run = of_shell, of_line  # type: ignore[method-assign]
    from routebook.cli import main as routebook

    try:
        sys.argv = ["routebook", *arguments]
        routebook()
    finally:
        record.write_text(json.dumps(sizes))


if __name__ == "__main__":
    main()
