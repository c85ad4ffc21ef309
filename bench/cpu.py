"""`python -m bench.cpu`: CPU time of commands as ratios to something plain that does the same, on a lab of its own.

A ratio is of two runs one after the other, so that what else the machine does hits both; its median, least and most are
printed. `--short` measures once.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from bench.sixty import write_inventory
from lab.control import Lab
from routebook.checks.announced import outbound
from routebook.cli.init import make_project
from routebook.run.workspace import open_workspace

CHECKOUT = Path(__file__).resolve().parents[1]
ROUNDS = 9
LINUX = "!platform=asa&!platform=pfsense"
ONE = "no-edge1"
WATCHED = 120  # seconds
# Both sides from compiled modules, as they are installed.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
ROUTEBOOK = (sys.executable, "-m", "routebook")


def main() -> None:
    """Print every ratio as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.cpu", description=__doc__)
    parser.add_argument("--short", action="store_true", help="everything once")
    rounds = 1 if parser.parse_args().short else ROUNDS
    with deployed(lambda _: None) as project:
        figures = {**of_commands(project, rounds), **of_verify(project, rounds), **of_watching(project)}
    figures |= of_sixty(rounds)
    json.dump(figures, sys.stdout, indent=2)
    print()


@contextmanager
def deployed(change: Callable[[Path], None]) -> Iterator[Path]:
    """The example's project, changed, with a lab of it on which all of it is deployed."""
    with tempfile.TemporaryDirectory(prefix="routebook-bench-") as folder:
        project = Path(folder) / "project"
        make_project(project)
        change(project)
        lab = Lab(project)
        try:
            lab.up(say=lambda _: None)
            subprocess.run(
                [*ROUTEBOOK, "run", "deploy", "--yes", "--json"], cwd=project, check=True, stdout=subprocess.DEVNULL
            )
            yield project
        finally:
            lab.down()


def of_commands(project: Path, rounds: int) -> dict[str, str]:
    """`--help` and `check` beside an interpreter that does nothing."""
    bare = (sys.executable, "-c", "pass")
    return {
        "--help / python -c pass": ratio((*ROUTEBOOK, "--help"), bare, project, rounds),
        "check / python -c pass": ratio((*ROUTEBOOK, "check"), bare, project, rounds),
    }


def of_sixty(rounds: int) -> dict[str, str]:
    """As `of_verify`, on a network of sixty Linux hosts."""
    with deployed(write_inventory) as project:
        return of_verify(project, rounds, [""])


def of_verify(project: Path, rounds: int, limits: Sequence[str] = (LINUX, ONE)) -> dict[str, str]:
    """`verify` of sessions and tunnels alone, beside a plain script with the same reads of the same hosts."""
    found = {}
    for limit in limits:
        observed = plain_inventory(project, limit)
        verify = (*ROUTEBOOK, "verify", "--no-config", "--no-probe", *(("--limit", limit) if limit else ()), "--json")
        script = (sys.executable, str(CHECKOUT / "bench/plain_verify.py"), str(project / "plain"))
        found[f"verify of {observed} hosts / plain script"] = ratio(verify, script, project, rounds)
    return found


def of_watching(project: Path) -> dict[str, str]:
    """`verify --watch` of the whole example, every 5 s: the part of one core that it takes once it is at work."""
    argv = (*ROUTEBOOK, "verify", "--watch", "--every", "5s", "--json")
    with subprocess.Popen(argv, cwd=project, stdout=subprocess.DEVNULL, env=ENVIRONMENT) as process:
        time.sleep(20)  # connecting, and the first packets
        before = spent(process.pid)
        time.sleep(WATCHED)
        part = (spent(process.pid) - before) / WATCHED
        process.terminate()
    return {f"verify --watch of 13 hosts, every 5 s, {WATCHED} s": f"{100 * part:.1f} % of one core"}


def spent(process: int) -> float:
    """Seconds of CPU time that a process has taken, of user and system (proc(5))."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def plain_inventory(project: Path, limit: str) -> int:
    """Write the chosen hosts as SimpleInventory has them; returns how many they are."""
    login = {
        "platform": "linux",
        "extras": {
            "use_keys": True,
            "key_file": str(project / ".routebook/lab/operator_ed25519"),
            "ssh_strict": True,
            "system_host_keys": False,
            "alt_host_keys": True,
            "alt_key_file": str(project / ".routebook/lab/known_hosts"),
        },
    }
    workspace = open_workspace(project, limit, "")
    prefixes = [[prefix.version, str(prefix)] for prefix in workspace.prefixes]
    hosts = {name: workspace.nornir.inventory.hosts[name] for name in workspace.hosts}
    entries = {
        name: {
            "hostname": host.hostname,
            "username": host.username,
            "data": {
                "tunnels": bool(host.data["intent"].tunnels),
                "prefixes": prefixes,
                "sends": [
                    [filters.family.replace("-", " "), str(neighbor.address)]
                    for neighbor in host.data["intent"].neighbors
                    for filters in outbound(host.data["intent"], neighbor)
                ],
            },
            "connection_options": {"netmiko": login},
        }
        for name, host in hosts.items()
    }
    (project / "plain").mkdir(exist_ok=True)
    (project / "plain" / "hosts.yaml").write_text(yaml.safe_dump(entries))
    return len(entries)


def ratio(own: Sequence[str], plain: Sequence[str], folder: Path, rounds: int) -> str:
    """The CPU time of one command divided by another's: median, least and most, and the median seconds of both."""
    seconds(own, folder)  # so that what is kept between commands is there
    pairs = [(seconds(own, folder), seconds(plain, folder)) for _ in range(rounds)]
    ratios = [ours / theirs for ours, theirs in pairs]
    middle = [statistics.median(each) for each in zip(*pairs, strict=True)]
    return (
        f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); "
        f"{middle[0]:.3f} s and {middle[1]:.3f} s"
    )


def seconds(command: Sequence[str], folder: Path) -> float:
    """CPU time, of user and system, of a command that must succeed, or find what it was to look for."""
    # A cache of its own: what other projects' commands keep would drive out what this one's have kept.
    env = {**ENVIRONMENT, "XDG_CACHE_HOME": str(folder / ".cache")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-500:] or done.stdout[-500:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
