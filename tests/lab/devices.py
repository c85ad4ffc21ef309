"""What the devices themselves say, read beside Routebook: configuration, files, sessions, SAs."""

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.lab.conftest import RunningLab

EDGES = ("ch-edge1", "ch-edge2", "ch-edge3", "no-edge1", "no-edge2", "no-edge3")

FILES = """
for f in $(find /etc/frr /etc/swanctl -type f | sort); do
    printf '%s %s %s\\n' "$f" "$(stat -c '%a %U %G' "$f")" "$(sha256sum <"$f")"
done
"""


@dataclass(frozen=True)
class Configuration:
    """Everything that must be the same again after rolling back."""

    running: str
    files: str
    sessions: tuple[tuple[str, str], ...]
    tunnels: tuple[tuple[str, str], ...]


def read(lab: RunningLab, host: str) -> Configuration:
    return Configuration(
        running=on(lab, host, "vtysh -c 'show running-config'"),
        files=on(lab, host, FILES),
        sessions=tuple(sorted((peer, each["bgpState"]) for peer, each in neighbors(lab, host).items())),
        tunnels=tuple(sorted(children(lab, host))),
    )


def read_all(lab: RunningLab) -> dict[str, Configuration]:
    return {host: read(lab, host) for host in EDGES}


def neighbors(lab: RunningLab, host: str) -> dict[str, dict[str, Any]]:
    found = json.loads(on(lab, host, "vtysh -c 'show bgp neighbors json'") or "{}")
    return {peer: each for peer, each in found.items() if isinstance(each, dict)}


def children(lab: RunningLab, host: str) -> list[tuple[str, str]]:
    """Name and state of every child SA."""
    return re.findall(r"^  (\S+): #\d+, reqid \d+, (\w+),", on(lab, host, "swanctl --list-sas"), re.MULTILINE)


def since(lab: RunningLab, host: str) -> dict[str, object]:
    """What changes when a device is touched: file times, session ages, SPIs, and the counters of its daemons."""
    times = "find /etc/frr /etc/swanctl -printf '%p %T@ %C@\\n' | sort"
    spis = re.findall(r"^    (?:in|out) +(\w+)", on(lab, host, "swanctl --list-sas"), re.MULTILINE)
    return {
        "files": on(lab, host, times),
        "running": on(lab, host, "vtysh -c 'show running-config'"),
        "established": {
            peer: (each["bgpState"], each["connectionsEstablished"], each["connectionsDropped"])
            for peer, each in neighbors(lab, host).items()
        },
        "spis": spis,
    }


def on(lab: RunningLab, host: str, script: str) -> str:
    done = lab.exec(host, ["sh", "-c", script])
    assert done.returncode == 0, f"{host}: {script}: {done.stderr}"
    return done.stdout
