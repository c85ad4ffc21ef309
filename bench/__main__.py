"""`make bench`: verify against the same reads by other clients, and how soon a run is confirmed.

`--short` measures everything once, the ASA's benches in their smallest form too: to see that all of it still works.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import asa_difference, asa_session, cpu
from lab.control import Lab
from routebook.cli.init import make_project
from routebook.project.inventory import nornir_for

ROUNDS = 7
READS = (
    "sudo -n vtysh -c 'show bgp vrf all summary json' -c 'show bgp vrf all neighbors json'",
    "sudo -n swanctl --list-sas --raw || true",  # a reflector has no charon
)
"""What an operator would type on a Linux host to see the sessions and tunnels that `verify` reads."""
LINUX = "!platform=asa&!platform=pfsense"
"""What `READS` can be typed on; `verify` reads the firewalls beside these."""
WITH_FRR = "!platform=pfsense"
"""Whose sessions are FRR's; the lab's ASAs have FRR behind their command line."""


def main() -> None:
    """Print every figure as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="everything once")
    short = parser.parse_args().short
    with tempfile.TemporaryDirectory(prefix="routebook-bench-") as folder:
        project = Path(folder) / "project"
        make_project(project)
        lab = Lab(project)
        try:
            begun = time.monotonic()
            lab.up(say=lambda _: None)
            figures: dict[str, float | str] = {"lab up, seconds": round(time.monotonic() - begun, 1)}
            figures |= confirmation(project)
            rounds = 1 if short else ROUNDS
            figures |= reading(project, rounds)
            figures |= cpu.of_commands(project, rounds)
            figures |= cpu.of_verify(project, rounds)
        finally:
            lab.down()
    figures |= cpu.of_sixty(rounds)
    if short:
        smallest()
    json.dump(figures, sys.stdout, indent=2)
    print()


def smallest() -> None:
    """The ASA's benches in their smallest form, for nothing but that they work."""
    for name, client in asa_session.CLIENTS.items():
        print(name, asa_session.measure(client, 0.0, 1), file=sys.stderr)
    size = asa_difference.SIZES[0]
    print(size, "lines", asa_difference.of_size(size), file=sys.stderr)


def confirmation(project: Path) -> dict[str, float]:
    """Seconds from the last session being Established to the run being confirmed, from nothing."""
    begun = time.monotonic()
    routebook(project, "run", "deploy", "--yes", "--json")
    ended = time.time()
    took = time.monotonic() - begun
    uptimes = [
        session["bgpTimerUpEstablishedEpoch"]
        for host in sorted(nornir_for(project, WITH_FRR).inventory.hosts)
        for session in sessions(Lab(project), host)
    ]
    return {
        "deploy from nothing, seconds": round(took, 1),
        "last session Established to confirmed, seconds": round(ended - max(uptimes), 1),
    }


def sessions(lab: Lab, host: str) -> list[dict[str, int]]:
    """What FRR says of its sessions, read on the host itself."""
    argv = lab.command(host, ["vtysh", "-c", "show bgp neighbors json"])
    output = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return [value for value in json.loads(output).values() if isinstance(value, dict)]


def reading(project: Path, rounds: int) -> dict[str, float]:
    """`routebook verify` against the same reads by plain ssh processes and by nornir-netmiko, on the Linux hosts."""
    hosts = {name: host.hostname or name for name, host in nornir_for(project, LINUX).inventory.hosts.items()}
    ways: dict[str, Callable[[], object]] = {
        "routebook verify": lambda: routebook(project, "verify", "--no-config", "--no-probe", "--json"),
        "ssh processes": lambda: by_ssh(project, list(hosts.values())),
        "nornir-netmiko": lambda: subprocess.run(
            [sys.executable, "-m", "bench.by_netmiko", str(project)], check=True, capture_output=True
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            begun = time.monotonic()
            way()
            seconds[name].append(time.monotonic() - begun)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    own = median["routebook verify"]
    return {f"{name}, median seconds": round(value, 2) for name, value in median.items()} | {
        f"{name} / routebook verify": round(value / own, 2) for name, value in median.items() if value is not own
    }


def by_ssh(project: Path, addresses: Sequence[str]) -> None:
    """The reads by one ssh process a host and command, all hosts at once."""
    state = project / ".routebook"
    options = ["-i", str(state / "lab/operator_ed25519"), "-o", f"UserKnownHostsFile={state / 'lab/known_hosts'}"]

    def read(address: str) -> None:
        for command in READS:
            argv = ["ssh", "-F", "none", *options, "-o", "BatchMode=yes", f"operator@{address}", command]
            subprocess.run(argv, check=True, capture_output=True)

    with ThreadPoolExecutor(len(addresses)) as pool:
        list(pool.map(read, addresses))


def routebook(project: Path, *arguments: str) -> None:
    """Run a command of Routebook, which must succeed."""
    subprocess.run([sys.executable, "-m", "routebook", *arguments], cwd=project, check=True, capture_output=True)


if __name__ == "__main__":
    main()
