"""One lab with its project, a server for commands, and a look at its devices that goes past Routebook."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import paramiko

from lab.control import Lab
from lab.processes import enter
from routebook.platforms.asa.config import parse
from routebook.platforms.asa.config.objects import objects
from tests.fault import network
from tests.fault.command import Server
from tests.fault.network import ADDRESSES, ASA, EDGES, HOSTS, PEERS, PFSENSE, Intent, Releases
from tests.lab.asa.units import Console

FAKETIME = next(map(str, Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), "")
Parts = dict[str, str]
"""What one device has: file or view, and its exact text (without what tells of time)."""

# Each section begins with a line of its own: form feed, kind, name.
_FILE = 'printf \'\\f%s %s\\n\' "$f" "$(stat -c \'%a %U %G\' "$f")"; cat "$f";'
_SHOW = "printf '\\f%s\\n' {name}; {command};"
_EDGE = (
    "export VTYSH_HISTFILE=/dev/null;"
    + _SHOW.format(name="running", command="vtysh -c 'show running-config'")
    + _SHOW.format(name="connections", command="swanctl --list-conns")
    + f"for f in $(find /etc/frr /etc/swanctl -type f | sort); do {_FILE} done;"
    + _SHOW.format(
        name="LEFT",
        command="ls -A /run/routebook 2>/dev/null | grep -v '\\.result$';"
        " find /tmp /var/tmp /root /home -type f ! -path '/var/tmp/frr/*';"
        " ps -eo args | grep 'run/routebook/[^ ]*[.]sh'",
    )
)
_ASA = "f=/home/asa/startup-config;" + _FILE + _SHOW.format(name="LEFT", command="find /home/asa/disk0 -type f")
_PFSENSE = (
    _SHOW.format(name="config.xml", command="cat /cf/conf/config.xml")
    + "for f in /var/etc/ipsec/swanctl.conf /var/etc/frr/frr.conf;"
    + f" do {_FILE} done;"
    + _SHOW.format(
        name="LEFT",
        command="ls -A /cf/conf/routebook 2>/dev/null | grep -v -e '\\.result$' -e '^lock$';"
        " ls /usr/local/etc/rc.d/routebook.sh /var/run/routebook.json 2>/dev/null;"
        " ps ax | grep 'conf/routebook/[^ ]*[.]php'",
    )
)
# What has lost its SAs is forgotten by its peers after three minutes of strongSwan's own patience: here after seconds.
_IMPATIENT = r"""
for f in /etc/strongswan.conf /etc/lab/strongswan.conf; do
    [ ! -s $f ] || printf 'charon {\n%s\n%s\n}\n' 'retransmit_tries = 3' 'retransmit_timeout = 1.0' >>$f
done
swanctl --reload-settings
"""
# watchfrr waits longer with every crash of the last twenty minutes until it starts a daemon again, ten minutes at last.
# On one lab that crashes all the time it would come to that; here it is the first minute always.
_IMPATIENT_EDGE = """
echo 'watchfrr_options="--max-restart-interval=60"' >>/etc/frr/daemons
kill $(cat /run/frr/watchfrr.pid) && while pgrep -x watchfrr >/dev/null; do sleep 0.1; done
/usr/lib/frr/frrinit.sh start >/dev/null 2>&1 </dev/null
pgrep -x watchfrr
"""
# An ASA has five sessions, and one whose line was cut is one of them for so many minutes.
_IMPATIENT_ASA = ("configure terminal", "ssh timeout 1", "end", "write memory")
_SCRIPTS = {ASA: _ASA, PFSENSE: _PFSENSE}
_VOLATILE_LINES = re.compile(r"^(: Written by|Cryptochecksum:|: Saved).*\n", re.MULTILINE)
_REVISION = re.compile(r"<revision>.*?</revision>", re.DOTALL)


@dataclass
class Look:
    """A device at one moment: its configuration in all its places, and what of runs is on it besides."""

    parts: Parts
    left: list[str]


@dataclass
class Place:
    """A running lab. `known` has what each device has for each intent, as clean runs left it."""

    folder: Path
    releases: Releases
    intent: Intent = field(default_factory=Intent)
    known: dict[tuple[str, object], Parts] = field(default_factory=dict)
    clean: dict[str, set[str]] = field(default_factory=dict)  # files that are always there
    _doors: dict[str, str] = field(default_factory=dict)  # a process of each node
    _own_clock: Server | None = None
    project: Path = field(init=False)
    lab: Lab = field(init=False)
    server: Server = field(init=False)

    def up(self) -> None:
        """Make project, lab and server."""
        self.project = network.make_project(self.folder / "project", self.releases)
        state = self.project / ".routebook"
        state.mkdir(mode=0o700)
        # A disk of its own, that can be filled.
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=700", "faults", str(state)], check=True)
        self.lab = Lab(self.project)
        self.lab.up(lambda _: None)
        for host in HOSTS:
            self.on(host, _IMPATIENT, check=False)  # where charon does not run yet, it reads them when it starts
        for host in EDGES:
            self.on(host, _IMPATIENT_EDGE)
        self.firewall(*_IMPATIENT_ASA)
        self.server = Server(self.folder / "server")

    def with_own_clock(self) -> Server:
        """A server whose clock can be set, by the file `clock`; it goes right at first."""
        if self._own_clock is None:
            self.clock.write_text("+0\n")
            self._own_clock = Server(
                self.folder / "clocked",
                {
                    "LD_PRELOAD": FAKETIME,
                    "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                    "FAKETIME_NO_CACHE": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                    "DONT_FAKE_MONOTONIC": "1",
                },
            )
        return self._own_clock

    @property
    def clock(self) -> Path:
        """What the server with its own clock reads: an offset such as `+3600`, in seconds."""
        return self.folder / "clock"

    def down(self) -> None:
        """Take everything away."""
        for server in (getattr(self, "server", None), self._own_clock):
            if server is not None:
                server.stop()
        if hasattr(self, "lab"):
            self.lab.down()
            subprocess.run(["umount", str(self.project / ".routebook")], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def on(self, host: str, script: str, *, check: bool = True) -> str:
        """What a shell script prints on a host, as root."""
        if host not in self._doors:
            self._doors |= {node.name: str(node.pid) for node in self.lab.status()}
        done = subprocess.run(
            enter(self._doors[host], "dumb", ["sh", "-c", script]),
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, errors="surrogateescape",
        )  # fmt: skip
        if check and done.returncode:
            raise RuntimeError(f"{host}: {script}: {done.stdout}{done.stderr}")
        return done.stdout

    def firewall(self, *commands: str) -> list[str]:
        """What an operator sees who types these at the ASA."""
        key = paramiko.Ed25519Key.from_private_key_file(str(self.lab.folder / "operator_ed25519"))
        console = Console(ADDRESSES[ASA], user="operator", key=key)
        try:
            console.send("terminal pager 0")
            return [console.send(command) for command in commands]
        finally:
            console.close()

    def look(self, host: str) -> Look:
        """Read a device."""
        shown = self.on(host, _SCRIPTS.get(host, _EDGE), check=False)
        sections = dict(section.partition("\n")[::2] for section in shown.split("\f")[1:])
        left = sections.pop("LEFT").splitlines()
        parts = {name: _steady(text) for name, text in sections.items()}
        if host == ASA:
            parts = {name: _by_object(text) for name, text in parts.items()}
            parts["running"] = _by_object(_steady(self.firewall("more system:running-config")[0]))
            # What a timer did, without secrets, is told until the next run.
            left = [name for name in left if not name.endswith(".run")]
        return Look(parts, left)

    def up_again(self, host: str) -> str:
        """What of a host's sessions and tunnels is not up; empty if all is."""
        shown = self.on(host, "vtysh -c 'show bgp neighbors json'; printf '\\f'; swanctl --list-sas", check=False)
        bgp, _, sas = shown.partition("\f")
        found = _json(bgp).values()
        states = [each["bgpState"] for each in found if isinstance(each, dict) and "bgpState" in each]
        children = set(re.findall(r"^  (\S+): #\d+, reqid \d+, INSTALLED,", sas, re.MULTILINE))
        if states.count("Established") < PEERS[host]:
            return f"{host}: sessions {states}"
        return "" if len(children) >= PEERS[host] else f"{host}: child SAs {sorted(children)}"


def _json(text: str) -> dict[str, object]:
    try:
        return dict(json.loads(text))
    except ValueError:
        return {}


def _by_object(text: str) -> str:
    """An ASA's configuration without the order of its objects, which is that in which they were made, as on the device.

    The order within lists stays.
    """
    found = sorted(objects(parse(text).nodes).items())
    return "".join(line for _, nodes in found for node in nodes for line in node.texts() if line.strip() != "!")


def _steady(text: str) -> str:
    return _REVISION.sub("", _VOLATILE_LINES.sub("", text))
