"""A pfSense beside an edge, and what a person would configure there for the tunnel between them and BGP over it."""

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from msgspec.structs import replace

from lab.control import Lab
from tests.networks.firewall_and_edge import EDGE, FIREWALL, INNER, firewall_and_edge, make_host

Package = Literal["openbgpd", "frr"]

PHASE1: dict[str, Any] = {
    "ikeid": "1", "iketype": "ikev2", "interface": "wan", "remote-gateway": "198.51.100.2", "protocol": "inet",
    "myid_type": "myaddress", "myid_data": "", "peerid_type": "peeraddress", "peerid_data": "",
    "encryption": {"item": [{"encryption-algorithm": {"name": "aes256gcm", "keylen": "128"}, "hash-algorithm": "sha256",
                             "prf-algorithm": "sha256", "dhgroup": "19"}]},
    "prfselect_enable": "yes", "lifetime": "28800", "pre-shared-key": "both-ends-agree",
    "authentication_method": "pre_shared_key", "descr": "edge", "nat_traversal": "on", "mobike": "off",
    "startaction": "", "dpd_delay": "10", "dpd_maxfail": "5",
}  # fmt: skip
PHASE2: dict[str, Any] = {
    "ikeid": "1", "uniqid": "5f0000000001", "mode": "vti", "reqid": "1",
    "localid": {"type": "network", "address": INNER[0], "netbits": "31"},
    "remoteid": {"type": "address", "address": INNER[1]},
    "protocol": "esp", "encryption-algorithm-option": [{"name": "aes256gcm", "keylen": "128"}], "pfsgroup": "0",
    "lifetime": "3600", "descr": "edge",
}  # fmt: skip
IPSEC = {
    "ipsec/phase1": [PHASE1],
    "ipsec/phase2": [PHASE2],
}
BGP: dict[Package, dict[str, Any]] = {
    "openbgpd": {
        "installedpackages/openbgpd/config": [
            {"asnum": "65550", "fibupdate": "yes", "holdtime": "30", "listenip": "", "routerid": "10.1.0.1",
             "row": [{"networks": "10.1.0.0/24"}]}
        ],
        "installedpackages/openbgpdgroups/config": [{"name": "edges", "remoteas": "65551", "descr": "edges"}],
        "installedpackages/openbgpdneighbors/config": [
            {"descr": "edge1", "neighbor": INNER[1], "md5sigpass": "", "groupname": "edges",
             "row": [{"parameters": "local-address", "parmvalue": INNER[0]}]}
        ],
    },
    "frr": {
        "installedpackages/frr/config": [{"enable": "on", "ignoreipsecrestart": "on"}],
        "installedpackages/frrbgp/config": [
            {"enable": "on", "asnum": "65550", "routerid": "10.1.0.1", "row": [{"distributeroutevalue": "10.1.0.0/24"}]}
        ],
        "installedpackages/frrbgpadvanced/config": [{"disableebgprequirepolicy": "on"}],
        "installedpackages/frrbgpneighbors/config": [
            {"peer": INNER[1], "descr": "edge1", "asnum": "65551", "updatesource": "default", "password_type": "none",
             "timers_keepalive": "3", "timers_holdtime": "9", "timers_connect": "5"}
        ],
    },
}  # fmt: skip
APPLY_IPSEC = "require_once('vpn.inc'); ipsec_configure(); ipsec_reload_package_hook();"
APPLY: dict[Package, str] = {"openbgpd": "openbgpd_install_conf();", "frr": "frr_generate_config();"}


@dataclass(frozen=True)
class PfSenseAndEdge:
    """The running lab: `fw1` is a pfSense with `package`, `edge1` an edge."""

    lab: Lab
    package: Package

    def run(self, host: str, script: str, stdin: str = "") -> str:
        """What a shell script prints; AssertionError where it fails."""
        done = self._done(host, script, stdin)
        assert done.returncode == 0, f"{host}: {script}: {done.stdout}{done.stderr}"
        return done.stdout

    def says(self, host: str, script: str) -> str:
        """What a shell script prints, however it ends."""
        return self._done(host, script).stdout

    def _done(self, host: str, script: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = self.lab.command(host, ["sh", "-c", script])
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)

    def configure(self, values: dict[str, Any], apply: str) -> None:
        """Set values by path, write and apply them, by one program."""
        encoded = base64.b64encode(json.dumps(values).encode()).decode()
        program = (
            f"<?php require_once('config.inc'); require_once('{self.package}.inc');"
            f"foreach (json_decode(base64_decode('{encoded}'), true) as $path => $value)"
            " { config_set_path($path, $value); }"
            f"write_config('test'); {apply} echo 'applied';"
        )
        assert self.run("fw1", "/usr/local/bin/php", program).endswith("applied")

    def configure_everything(self) -> None:
        """The pfSense's end of the tunnel, and BGP over it."""
        self.configure(IPSEC | BGP[self.package], APPLY_IPSEC + APPLY[self.package])

    def session(self) -> dict[str, Any]:
        """What the pfSense's daemon says of its neighbor; nothing while it does not answer."""
        frr = f"vtysh -c 'show bgp neighbors {INNER[1]} json'"
        shown = self.says("fw1", frr if self.package == "frr" else "bgpctl -j show neighbor")
        try:
            found = json.loads(shown or "{}")
        except json.JSONDecodeError:
            return {}
        if self.package == "frr":
            return dict(found.get(INNER[1], {}))
        return next((each for each in found.get("neighbors", []) if each["remote_addr"] == INNER[1]), {})

    def up(self) -> bool:
        """Whether the tunnel and the session over it are. A session that waits is told to try again.

        bgpd waits 30 s after a connection that failed, twice as long after each further one, and refuses its neighbor's
        meanwhile (session.c, IdleHoldTime); a tunnel that is a little late costs it the first attempts.
        """
        session = self.session()
        if session.get("state") == "Idle":
            self.says("fw1", f"bgpctl neighbor {INNER[1]} up")
        established = "Established" in (session.get("state"), session.get("bgpState"))
        return established and "INSTALLED" in self.run("fw1", "swanctl --list-sas")


@contextmanager
def pfsense_and_edge(folder: Path, package: Package) -> Iterator[PfSenseAndEdge]:
    """The lab, up, with the edge's end of the tunnel and of the session."""
    firewall = replace(make_host(FIREWALL, "pfsense"), bgp_package=package)
    with firewall_and_edge(folder, firewall, make_host(EDGE, "edge")) as lab:
        yield PfSenseAndEdge(lab, package)
