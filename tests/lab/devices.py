"""What the devices themselves say, read beside Routebook: configuration, files, sessions, SAs."""

import json
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import paramiko

from tests.lab.asa.units import Console
from tests.lab.conftest import RunningLab

EDGES = ("ch-edge1", "ch-edge2", "ch-edge3", "no-edge1", "no-edge2", "no-edge3")
REFLECTORS = ("gr-rr1", "gr-rr2", "nl-rr1", "nl-rr2")
FIREWALLS = ("gr-fw1", "nl-fw1")  # the ASAs
PFSENSE = "home-fw1"
HOSTS = tuple(sorted((*EDGES, *REFLECTORS, *FIREWALLS, PFSENSE)))
ADDRESSES = {"nl-fw1": "192.0.2.11", "gr-fw1": "192.0.2.21"}

T = TypeVar("T")

# The files of a Linux host's daemons; of an ASA its flash and its startup configuration; of a pfSense what its system
# has made of config.xml.
FILES = {
    "linux": "/etc/frr /etc/swanctl",
    "asa": "/home/asa",
    "pfsense": "/var/etc /usr/local/etc/rc.d",
}
# What is written there beside, every time that anything is.
CHANGES = FILES | {"pfsense": f"/cf {FILES['pfsense']}"}
HASHES = """
for f in $(find {folders} -type f | sort); do
    printf '%s %s %s\\n' "$f" "$(stat -c '%a %U %G' "$f")" "$(sha256sum <"$f")"
done
"""
TIMES = "find {folders} -printf '%p %T@ %C@\\n' | sort\n"
# One call of the lab for all of it: it is read often.
STATE = """
vtysh -c 'show bgp neighbors json'
printf '\\f'
if [ -e /run/charon.vici ]; then swanctl --list-sas; fi
printf '\\f'
"""
RUNNING = "vtysh -c 'show running-config'\n"
PFSENSE_NEIGHBORS = """
{ vtysh -c 'show bgp neighbors json' || bgpctl -j show neighbor; } 2>/dev/null
"""
PFSENSE_STATE = f"""
{PFSENSE_NEIGHBORS}
printf '\\f'
swanctl --list-sas 2>/dev/null
printf '\\f'
"""
CONFIG = "cat /cf/conf/config.xml\n"


@dataclass(frozen=True)
class Configuration:
    """Everything that must be the same again after rolling back."""

    running: str
    files: str
    sessions: tuple[tuple[str, str], ...]
    tunnels: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Seen:
    """What one host says. `files` are hashes, or when each was written."""

    running: str
    files: str
    neighbors: dict[str, dict[str, Any]]
    sas: str


def look(lab: RunningLab, host: str, files: str = HASHES) -> Seen:
    kind = _kind(host)
    folders = (FILES if files is HASHES else CHANGES)[kind]
    script = (PFSENSE_STATE if kind == "pfsense" else STATE) + files.format(folders=folders)
    if kind == "asa":
        found = on(lab, host, script).split("\f")
        console = _console(lab, host)
        running = console.send("more system:running-config")
        console.close()
    else:
        shown = CONFIG if kind == "pfsense" else RUNNING
        *found, running = on(lab, host, f"{script}printf '\\f'\n{shown}").split("\f")
    sessions, sas, listed = found
    return Seen(running, listed, _peers(sessions), sas)


def _kind(host: str) -> str:
    return "asa" if host in FIREWALLS else "pfsense" if host == PFSENSE else "linux"


def _peers(answer: str) -> dict[str, dict[str, Any]]:
    """Each neighbor's state, by its address, in FRR's words."""
    found = json.loads(answer.strip() or "{}")
    if "neighbors" not in found:
        return {peer: each for peer, each in found.items() if isinstance(each, dict)}
    return {
        each["remote_addr"]: {
            "bgpState": each["state"],
            # bgpd does not count; another connection has another port.
            "connectionsEstablished": [each.get("session", {}).get(end, {}).get("port") for end in ("local", "remote")],
            "connectionsDropped": 0,
        }
        for each in found["neighbors"]
    }


def _console(lab: RunningLab, host: str) -> Console:
    key = paramiko.Ed25519Key.from_private_key_file(str(lab.project / ".routebook/lab/operator_ed25519"))
    console = Console(ADDRESSES[host], user="operator", key=key)
    console.send("terminal pager 0")
    return console


def everywhere(read_one: Callable[[str], T], hosts: Sequence[str]) -> dict[str, T]:
    """What is read on each host, by its name, on all at once."""
    with ThreadPoolExecutor(len(hosts)) as pool:
        return dict(zip(hosts, pool.map(read_one, hosts), strict=True))


def read(lab: RunningLab, host: str) -> Configuration:
    seen = look(lab, host)
    return Configuration(
        # A pfSense writes down when it was changed last, and why; rolling back is a change, too.
        running=re.sub(r"<revision>.*?</revision>", "", seen.running, flags=re.DOTALL),
        files=seen.files,
        sessions=tuple(sorted((peer, each["bgpState"]) for peer, each in seen.neighbors.items())),
        tunnels=tuple(sorted(_children(seen.sas))),
    )


def read_all(lab: RunningLab) -> dict[str, Configuration]:
    return everywhere(lambda host: read(lab, host), lab.hosts)


def neighbors(lab: RunningLab, host: str) -> dict[str, dict[str, Any]]:
    command = PFSENSE_NEIGHBORS if host == PFSENSE else "vtysh -c 'show bgp neighbors json'"
    return _peers(on(lab, host, command))


def children(lab: RunningLab, host: str) -> list[tuple[str, str]]:
    """Name and state of every child SA."""
    return _children(on(lab, host, "swanctl --list-sas"))


def _children(sas: str) -> list[tuple[str, str]]:
    return re.findall(r"^  (\S+): #\d+, reqid \d+, (\w+),", sas, re.MULTILINE)


def history(lab: RunningLab) -> list[str]:
    """What the revisions of the pfSense's configuration say of themselves, without whose they are; the newest first."""
    newest = "cat /cf/conf/config.xml $(ls -r /cf/conf/backup/config-*.xml | head -4)"
    said = re.findall(r"<revision>.*?<description>(.*?)</description>", on(lab, PFSENSE, newest), re.DOTALL)
    return [re.sub(r"<!\[CDATA\[|\]\]>", "", each).partition(": ")[2] for each in said]


def since(lab: RunningLab, host: str) -> dict[str, object]:
    """What changes when a device is touched: file times, session ages, SPIs, and the counters of its daemons."""
    seen = look(lab, host, TIMES)
    return {
        "files": seen.files,
        "running": seen.running,
        "established": {
            peer: (each["bgpState"], each["connectionsEstablished"], each["connectionsDropped"])
            for peer, each in seen.neighbors.items()
        },
        "spis": re.findall(r"^    (?:in|out) +(\w+)", seen.sas, re.MULTILINE),
    }


def since_all(lab: RunningLab) -> dict[str, dict[str, object]]:
    return everywhere(lambda host: since(lab, host), lab.hosts)


def on(lab: RunningLab, host: str, script: str) -> str:
    done = lab.exec(host, ["sh", "-c", f"export VTYSH_HISTFILE=/dev/null\n{script}"])
    assert done.returncode == 0, f"{host}: {script}: {done.stderr}"
    return done.stdout
