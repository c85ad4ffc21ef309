"""A lab pfSense with a management address, and drivers that log in to it as different people."""

import itertools
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from custom_napalm import pfsense as napalm_pfsense
from custom_napalm.adapter import over
from routebook.device.candidate import Candidate, Section
from routebook.device.values import Change
from routebook.platforms.pfsense.driver import PfSenseDriver
from routebook.platforms.pfsense.tree import Element, parse
from tests.lab.pfsense.units import Unit
from tests.lab.waiting import wait_for

PASSWORD = "opnsense-no-pfSense-yes"
_numbers = itertools.count(1)
IPSEC_OWNS = ("ipsec/phase1 where descr RB *", "ipsec/phase2 where descr RB *")
BGP_OWNS = (
    "installedpackages/openbgpdneighbors/config where descr RB *",
    "installedpackages/openbgpd/config/row",
    "installedpackages/frrbgpneighbors/config where descr RB *",
    "installedpackages/frrbgp/config/row",
)


class Firewall:
    """A running lab pfSense. `key` is the operator's, who may log in as root, admin, and as sudo users."""

    def __init__(self, folder: Path, key: Path, *, tree: Mapping[str, Any] | None = None, **settings: Any) -> None:
        public = Path(f"{key}.pub").read_text()
        login = {"password_hash": _hash(PASSWORD), "authorized_key": public}
        users = {
            "operator": {**login, "sudoers": "ALL=(ALL:ALL) NOPASSWD: ALL"},
            "careful": {**login, "sudoers": "ALL=(ALL:ALL) ALL"},
            "guest": {**login, "sudoers": ""},
        }
        self.unit = Unit(folder, tree=tree, root=login, users=users, listen="0.0.0.0", **settings)
        self.key = key
        number = (os.getpid() * 64 + next(_numbers)) % 0x3FFF
        base = f"198.19.{number >> 6}.{(number << 2) & 255}".rsplit(".", 1)
        self.address = f"{base[0]}.{int(base[1]) + 2}"
        device = f"pf{os.getpid() % 100000}x{number}"[:15]
        make = ["ip", "link", "add", device, "type", "veth", "peer", "name", "mgmt0", "netns", str(self.unit.pid)]
        subprocess.run(make, check=True)
        subprocess.run(["ip", "addr", "add", f"{base[0]}.{int(base[1]) + 1}/30", "dev", device], check=True)
        subprocess.run(["ip", "link", "set", device, "up"], check=True)
        self.ip(f"addr add {self.address}/30 dev mgmt0")
        self.ip("link set mgmt0 up")
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text(f"{self.address} {Path(folder, 'key.pub').read_text()}")
        self.device = device

    @property
    def pid(self) -> int:
        """Of a process in its network."""
        return self.unit.pid

    def ip(self, arguments: str) -> None:
        """Run ip(8) in its network, which a FreeBSD does not have."""
        subprocess.run(["nsenter", "-t", str(self.unit.pid), "-n", "ip", *arguments.split()], check=True)

    def sh(self, script: str, stdin: str = "") -> str:
        """What a script prints, run as root."""
        return self.unit.sh(script, stdin)

    def driver(self, user: str = "root", password: str = "", **arguments: Any) -> PfSenseDriver:
        """An open driver."""
        driver = PfSenseDriver(
            self.address, user, password, timeout=20,
            optional_args={"key_file": str(self.key), "known_hosts_file": str(self.known_hosts), **arguments},
        )  # fmt: skip
        driver.open()
        return driver

    def config(self) -> Element:
        """What config.xml says now."""
        return parse(self.sh("cat /cf/conf/config.xml"))

    def history(self) -> list[str]:
        """What the revisions say of themselves, the newest first: config.xml, then what the system keeps of it."""
        script = "cat /cf/conf/config.xml; for f in $(ls -r /cf/conf/backup/config-*.xml 2>/dev/null); do cat $f; done"
        return re.findall(
            r"<revision>.*?<description>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?</description>", self.sh(script), re.DOTALL
        )

    def fault(self, function: str, kind: str = "") -> None:
        """Let a function of the system die, throw, fail fatally or hang; no `kind` mends it."""
        self.sh(f"echo {kind} >/etc/lab/faults/{function}" if kind else f"rm -f /etc/lab/faults/{function}")

    def leftovers(self) -> str:
        """What of runs is left, beside the results of the last ones."""
        return self.sh(
            "ls -A /cf/conf/routebook 2>/dev/null | grep -v -e '\\.result$' -e '^lock$'; "
            "ls /usr/local/etc/rc.d/routebook.sh 2>/dev/null; ps ax 2>/dev/null | grep '[w]atch.php' || true"
        ).strip()

    def wait_clean(self) -> None:
        """Nothing of any run is left, as soon as its timer has seen that it is over."""
        wait_for(lambda: self.leftovers() == "", 20, f"an end of {self.leftovers()}")

    def stop(self) -> None:
        """End it."""
        self.unit.stop()
        subprocess.run(["ip", "link", "del", self.device], check=False, capture_output=True)


def _hash(password: str) -> str:
    done = subprocess.run(["openssl", "passwd", "-6", password], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def ipsec(text: str) -> Section:
    """A section of tunnels, owned as the templates do."""
    return Section("ipsec", "ipsec", text, IPSEC_OWNS)


def bgp(text: str) -> Section:
    """A section of neighbors, owned as the templates do."""
    return Section("bgp", "bgp", text, BGP_OWNS)


def plan(driver: PfSenseDriver, *sections: Section) -> Change:
    """The change to these sections from what the device has now."""
    return driver.plan(Candidate(sections), driver.snapshot())


def napalm(driver: PfSenseDriver) -> napalm_pfsense.PfSenseDriver:
    """NAPALM's view of an open driver."""
    return over(napalm_pfsense.PfSenseDriver, driver)
