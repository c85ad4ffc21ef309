"""Lab ASAs for tests: the real server, FRR and charon, each in namespaces of its own."""

import json
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko

from tests.lab.drivers.hosts import LinuxHost, manage
from tests.lab.waiting import wait_for

CHECKOUT = Path(__file__).resolve().parents[3]
USER, PASSWORD, ENABLE = "admin", "correct-horse", "battery-staple"

CHARON = """
charon-systemd {
    load_modular = yes
    install_virtual_ip = no
    interfaces_ignore = mgmt0
    plugins { include strongswan.d/charon/*.conf }
    filelog {
        main { path = /var/log/charon.log
               flush_line = yes
               time_format = %Y-%m-%dT%H:%M:%S
               ike_name = yes
               default = 1 }
    }
    retransmit_tries = 2
    retransmit_timeout = 1.0
}
swanctl { load = pem pkcs1 x509 revocation constraints pubkey random }
"""

STARTUP = """hostname {name}
enable password {enable}
names
!
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address {outside} 255.255.255.0
!
interface GigabitEthernet0/1
 nameif inside
 security-level 100
 ip address {inside} 255.255.255.0
!
pager lines 24
mtu outside 1500
mtu inside 1500
crypto ikev2 enable outside
username {user} password {password} privilege 15
"""


@dataclass
class Unit:
    """One running lab ASA with its namespaces and the address to log in to."""

    host: LinuxHost
    address: str
    settings: Path

    @classmethod
    def start(
        cls, name: str, folder: Path, *, outside: str = "192.0.2.1", inside: str = "10.1.0.1", startup: str = STARTUP,
        daemons: bool = True, **settings: Any,
    ) -> "Unit":  # fmt: skip
        host = LinuxHost(name, folder / name, keep=sorted({sys.prefix, sys.base_prefix, str(CHECKOUT)}))
        address = manage(host)
        host.sh("ip link add eth1 type veth peer name lan1; ip link set lan1 up")
        host.write("/etc/strongswan.conf", CHARON)
        if daemons:
            host.start_frr()
            host.start_strongswan()
        values = {"name": name, "enable": ENABLE, "outside": outside, "inside": inside, "user": USER}
        (folder / f"{name}.startup").write_text(startup.format(password=PASSWORD, **values))
        path = folder / f"{name}.json"
        path.write_text(
            json.dumps(
                {
                    "state": str(folder / f"{name}.state"), "listen": address, "port": 22, "name": name,
                    "interfaces": {"GigabitEthernet0/0": "eth0", "GigabitEthernet0/1": "eth1"},
                    "startup": str(folder / f"{name}.startup"), "daemons": daemons,
                    "data_plane": "user", **settings,
                }
            )
        )  # fmt: skip
        return cls(host, address, path)

    @property
    def state(self) -> Path:
        return self.settings.with_suffix(".state")

    def boot(self) -> None:
        """Start the server, and wait until it can be logged in to."""
        self.host.sh(
            f"cd / && PYTHONPATH={CHECKOUT} setsid {sys.executable} -m routebook.platforms.asa.lab {self.settings} "
            f">{self.settings}.log 2>&1 9>&- </dev/null & echo $! >/run/asa.pid"
        )
        wait_for(lambda: ":22 " in self.host.sh("ss -ltn"), 30, "the lab ASA")

    def halt(self) -> None:
        """Kill the server as a power cut does."""
        self.host.sh("kill -9 $(cat /run/asa.pid)")
        wait_for(lambda: ":22 " not in self.host.sh("ss -ltn"), 10, "its end")

    def stop(self) -> None:
        self.host.stop()

    def console(self) -> "Console":
        """A privileged session without pager."""
        console = Console(self.address)
        console.enable()
        console.send("terminal pager 0")
        return console

    def says(self, command: str) -> str:
        """What one command in a session of its own answers."""
        console = self.console()
        try:
            return console.send(command)
        finally:
            console.close()


class Console:
    """A terminal session typed by hand: raw paramiko, as Ansible's network_cli does it."""

    PROMPT = re.compile(r"[\r\n]?[\w+\-./]+(?:\([^)]+\))?[>#] ?$")

    def __init__(
        self, address: str, *, user: str = USER, password: str = PASSWORD, key: paramiko.PKey | None = None
    ) -> None:
        self.client = paramiko.SSHClient()
        self.client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        self.client.connect(
            address, 22, user, None if key else password, pkey=key, look_for_keys=False, allow_agent=False, timeout=20
        )
        self.channel = self.client.invoke_shell(width=80)
        self.channel.settimeout(30)
        self.greeting = self.read()

    def read(self, until: "str | re.Pattern[str] | None" = None, seconds: float = 30) -> str:
        """What comes until a prompt (or a pattern) is the last thing shown."""
        pattern = re.compile(until) if isinstance(until, str) else until or self.PROMPT
        shown = ""
        deadline = time.monotonic() + seconds
        while not pattern.search(shown):
            if time.monotonic() > deadline:
                raise AssertionError(f"no {pattern.pattern} in {shown!r}")
            self.channel.settimeout(max(deadline - time.monotonic(), 0.01))
            data = self.channel.recv(65536)
            if not data:
                raise EOFError(shown)
            shown += data.decode()
        return shown

    def type(self, text: str, until: "str | re.Pattern[str] | None" = None) -> str:
        """Type text as it is, and give what is shown until a prompt comes."""
        self.channel.sendall(text.encode())
        return self.read(until)

    def send(self, command: str) -> str:
        """What a command answers, without echo and prompt."""
        shown = self.type(command + "\n").replace("\r", "")
        body = shown.split("\n", 1)[1] if "\n" in shown else ""
        return body.rpartition("\n")[0].strip("\n") if "\n" in body else ""

    def enable(self, password: str = ENABLE) -> None:
        self.type("enable\n", r"assword: ?$")
        assert "#" in self.type(password + "\n")

    def configure(self, text: str) -> list[str]:
        """Type configuration lines; the answers that are not empty."""
        self.send("configure terminal")
        said = [answer for line in text.strip().splitlines() if (answer := self.send(line.strip()))]
        self.send("end")
        return said

    def close(self) -> None:
        self.client.close()
