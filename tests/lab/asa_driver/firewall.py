"""A lab ASA without daemons, for what is about configuration alone: a process on a port of 127.0.0.1."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from custom_napalm import asa as napalm_asa
from custom_napalm.adapter import over
from routebook.platforms.asa.driver import AsaDriver

CHECKOUT = Path(__file__).resolve().parents[3]
USER, PASSWORD, ENABLE = "admin", "correct horse", "battery-staple"

STARTUP = """hostname fw1
enable password battery-staple
names
!
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 198.51.100.1 255.255.255.0
!
interface GigabitEthernet0/1
 nameif inside
 security-level 100
 ip address 10.1.0.1 255.255.255.0
!
object network THEIRS
 host 10.99.0.1
access-list SOMEBODY-ELSE extended permit ip any host 10.99.0.1
access-list SOMEBODY-ELSE extended deny ip any any
pager lines 24
mtu outside 1500
mtu inside 1500
crypto ipsec ikev2 ipsec-proposal THEIRS
 protocol esp encryption aes-256
 protocol esp integrity sha-256
crypto ikev2 policy 1
 encryption aes-256
 integrity sha256
 group 14
 prf sha256
 lifetime seconds 86400
crypto ikev2 enable outside
ssh scopy enable
username admin password correct-horse privilege 15
tunnel-group 203.0.113.77 type ipsec-l2l
tunnel-group 203.0.113.77 ipsec-attributes
 ikev2 remote-authentication pre-shared-key theirs-ends-in#
 ikev2 local-authentication pre-shared-key theirs-too#
"""


@dataclass
class Firewall:
    """One running lab ASA."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def disk(self) -> Path:
        """Its flash."""
        return self.folder / "state"

    def boot(self) -> None:
        """Start it, and wait until something listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as probe:
                self.port = probe.getsockname()[1]
        key = self.folder / "host_key"
        if not key.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", key], check=True)
        (self.folder / "startup").write_text(STARTUP)
        (self.folder / "settings.json").write_text(
            json.dumps(
                {
                    "state": str(self.folder / "state"),
                    "listen": "127.0.0.1",
                    "port": self.port,
                    "host_key": str(key),
                    "name": "fw1",
                    "startup": str(self.folder / "startup"),
                    "users": {USER: PASSWORD},
                    "daemons": False,
                    **self.settings,
                }
            )
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "routebook.platforms.asa.lab", str(self.folder / "settings.json")],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < deadline, "the lab ASA does not listen"
                assert self._process.poll() is None, "the lab ASA has ended"
                time.sleep(0.05)

    def stop(self) -> None:
        """Pull its plug."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def driver(self, **arguments: Any) -> AsaDriver:
        """A driver that is not open yet."""
        kind, key = (self.folder / "host_key.pub").read_text().split()[:2]
        known = self.folder / "known_hosts"
        known.write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")
        own = {"port": self.port, "known_hosts_file": str(known), "allow_agent": False, "use_keys": False}
        return AsaDriver(
            "127.0.0.1", USER, PASSWORD, 20, {"enable_password": ENABLE, "secrets": True, **own, **arguments}
        )


def napalm(driver: AsaDriver) -> napalm_asa.AsaDriver:
    """NAPALM's view of an open driver."""
    return over(napalm_asa.AsaDriver, driver)
