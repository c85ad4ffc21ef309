"""A host of every platform is emptied, and comes back from its backup in one transaction."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab import devices
from tests.lab.conftest import RunningLab
from tests.lab.devices import on

EMPTIED = ("nl-rr1", "no-edge3", "nl-fw1", devices.PFSENSE)
ROUTER = """
printf 'frr defaults traditional\\nhostname %s\\n' "$(hostname)" >/tmp/empty.conf
/usr/lib/frr/frr-reload.py --reload --overwrite /tmp/empty.conf >/tmp/emptied 2>&1 || { cat /tmp/emptied >&2; exit 1; }
rm /tmp/empty.conf /tmp/emptied
if [ -d /etc/swanctl/conf.d ] && [ -e /run/charon.vici ]; then
    rm -f /etc/swanctl/conf.d/*.conf
    swanctl --load-all >/dev/null
    for name in $(swanctl --list-sas | sed -n 's/^\\([^ ]*\\): .*/\\1/p'); do
        swanctl --terminate --ike "$name" >/dev/null
    done
fi
"""
PFSENSE = """
/usr/local/bin/php <<'END'
<?php
require_once('config.inc');
require_once('ipsec.inc');
require_once('/usr/local/pkg/frr.inc');
config_set_path('ipsec', []);
foreach (array_keys(config_get_path('installedpackages', [])) as $name) {
    if (strncmp($name, 'frr', 3) === 0) {
        config_del_path("installedpackages/$name");
    }
}
write_config('emptied by hand');
ipsec_configure();
frr_generate_config();
END
"""
ASA = [
    "clear configure crypto map", "clear configure tunnel-group", "clear configure router", "clear configure route-map",
    "clear configure prefix-list", "clear configure ipv6 prefix-list", "clear configure group-policy",
]  # fmt: skip


def empty(lab: RunningLab) -> None:
    for host in EMPTIED[:2]:
        on(lab, host, ROUTER)
    on(lab, devices.PFSENSE, PFSENSE)
    console = devices._console(lab, "nl-fw1")
    try:
        tunnels = [
            line for line in console.send("show running-config").splitlines() if line.startswith("interface Tun")
        ]
        for line in ("configure terminal", *ASA, *(f"no {tunnel}" for tunnel in tunnels), "end", "write memory"):
            console.send(line)
    finally:
        console.close()


@pytest.fixture
def key(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A private key's file, and its recipient."""
    made = tmp_path / "key.txt"
    subprocess.run(["age-keygen", "-o", made], check=True, capture_output=True)
    yield str(made), subprocess.run(["age-keygen", "-y", made], check=True, capture_output=True, text=True).stdout[:-1]


def test_emptied_devices_come_back_in_one_transaction(deployed: RunningLab, key: tuple[str, str]) -> None:
    before = devices.read_all(deployed)
    limit = ("--limit", ",".join(EMPTIED))
    kept = deployed.routebook("backup", *limit, "--recipient", key[1], "--json")
    assert kept.returncode == 0, kept.stdout + kept.stderr
    repository = json.loads(kept.stdout)["repository"]
    empty(deployed)
    assert deployed.routebook("drift", *limit).returncode == 2
    done = deployed.routebook("restore", *EMPTIED, "--yes", "--json", "--identity", key[0])
    assert done.returncode == 0, done.stdout + done.stderr
    assert {each["state"] for each in json.loads(done.stdout)["hosts"].values()} == {"confirmed"}
    assert deployed.routebook("drift", *limit).returncode == 0
    now = devices.read_all(deployed)
    for seen in (before, now):  # the files have dates in them, and their daemons keep the one before
        seen |= {host: replace(seen[host], files="") for host in EMPTIED}
    assert now == before
    log = subprocess.run(["git", "-C", repository, "log", "-p", "--text"], check=True, capture_output=True).stdout
    for path in (deployed.project / "secrets").rglob("*"):
        if path.is_file():
            assert path.read_bytes().strip() not in log, path
