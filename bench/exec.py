"""`python -m bench.exec`: `routebook exec` on the example's 13 hosts against a bare script of nornir-netmiko.

Both ask each host for its version, in turn and in one run. Wall time in seconds, medians, and the median of the ratios
of neighbors.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

from bench.cpu import ENVIRONMENT, ROUTEBOOK
from lab.control import Lab
from routebook.cli.init import make_project
from routebook.project.inventory import nornir_for

COMMAND = "show version"
ON_PFSENSE = "uname -r"
ON_A_SHELL = f"sudo -n vtysh -c '{COMMAND}'"


def main() -> None:
    """Print every figure as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.exec", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="routebook-bench-") as folder:
        project = Path(folder) / "project"
        make_project(project)
        lab = Lab(project)
        try:
            lab.up(say=lambda _: None)
            figures = measured(project, rounds)
        finally:
            lab.down()
    json.dump(figures, sys.stdout, indent=2)
    print()


def measured(project: Path, rounds: int) -> dict[str, float | str]:
    """The figures of so many pairs."""
    hosts = write_plain_inventory(project)
    own = (*ROUTEBOOK, "exec", COMMAND, "--on", "pfsense", ON_PFSENSE)
    script = Path(__file__).with_name("plain_exec.py")
    plain = (sys.executable, str(script), str(project / "plain"))
    seconds(own, project)  # so that what is kept between commands is there
    pairs = [(seconds(own, project), seconds(plain, project)) for _ in range(rounds)]
    ratios = [ours / theirs for ours, theirs in pairs]
    middle = [statistics.median(each) for each in zip(*pairs, strict=True)]
    return {
        "hosts": hosts,
        "routebook exec, seconds": round(middle[0], 2),
        "nornir-netmiko, seconds": round(middle[1], 2),
        "ratio": f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
    }


def write_plain_inventory(project: Path) -> int:
    """Write the hosts as SimpleInventory has them, with the login of the project's; returns how many they are."""
    entries = {}
    for name, host in nornir_for(project).inventory.hosts.items():
        typed = {"asa": COMMAND, "pfsense": ON_PFSENSE}.get(host.platform or "", ON_A_SHELL)
        options = host.get_connection_parameters("netmiko")
        entries[name] = {
            "hostname": host.hostname,
            "username": options.username,
            "data": {"command": typed},
            "connection_options": {"netmiko": {"platform": options.platform, "extras": options.extras}},
        }
    (project / "plain").mkdir(exist_ok=True)
    (project / "plain" / "hosts.yaml").write_text(yaml.safe_dump(entries))
    return len(entries)


def seconds(command: Sequence[str], folder: Path) -> float:
    """Wall time of a command that must succeed."""
    begun = time.monotonic()
    env = {**ENVIRONMENT, "XDG_CACHE_HOME": str(folder / ".cache")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-1500:]}{done.stdout[-1500:]}")
    return time.monotonic() - begun


if __name__ == "__main__":
    main()
