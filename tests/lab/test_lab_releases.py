"""The oldest and the newest daemons in one lab: they speak to each other, and Routebook changes both in one run."""

import json
from collections.abc import Collection
from pathlib import Path

import pytest
import yaml

from lab import releases
from routebook.errors import RefusedError
from tests.lab.conftest import RunningLab, skip_unless_possible
from tests.networks.example import copy_project, keep_only

NEWEST = "sid"
HOSTS = {"no-edge1": NEWEST, "ch-edge1": ""}  # the machine's own, with which everything else is tested
OUTSIDE = {"transit-no": "bird", "transit-ch": "openbgpd", "ixp-rs1": "bird", "ixp-rs2": "gobgp"}


@pytest.fixture(scope="module")
def part() -> Collection[str]:
    return {*HOSTS, *OUTSIDE, "rpki-cache"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, part: Collection[str]) -> Path:
    skip_unless_possible()
    try:
        releases.unpack(NEWEST)
    except RefusedError as error:
        if "apt cannot fetch" not in str(error):
            raise
        pytest.skip(str(error))
    made = copy_project(tmp_path_factory.mktemp("lab") / "project")
    keep_only(made, part)
    for file in ("hosts", "network"):
        path = made / f"inventory/{file}.yaml"
        found = yaml.safe_load(path.read_text())
        if file == "hosts":
            for name, release in HOSTS.items():
                found[name]["data"] |= {"lab": {"release": release}} if release else {}
        else:
            for name in OUTSIDE:
                found["peers"][name]["lab"]["release"] = NEWEST
            found["rpki"]["caches"][0]["lab"] = {"release": NEWEST}
        path.write_text(yaml.safe_dump(found, sort_keys=False))
    return made


def test_each_host_runs_the_daemons_of_its_release(lab: RunningLab) -> None:
    has = releases.versions(NEWEST)
    frr, swanctl = (has[package].partition("-")[0] for package in ("frr", "strongswan-swanctl"))
    new, own = (
        lab.exec(host, "vtysh -c 'show version'; swanctl --version; cat /etc/os-release").stdout for host in HOSTS
    )
    assert f"FRRouting {frr} " in new and f"swanctl {swanctl}" in new
    assert f"FRRouting {frr} " not in own and Path("/etc/os-release").read_text() in own
    assert f"OpenBGPD {has['openbgpd'].partition('-')[0]}" in lab.exec("transit-ch", "bgpd -V 2>&1").stdout


def test_no_host_can_change_the_root_of_its_release(lab: RunningLab) -> None:
    assert "Read-only file system" in lab.exec("no-edge1", "touch /usr/bin/theirs").stderr
    assert "Read-only file system" in lab.exec("transit-no", "touch /usr/bin/theirs").stderr


def test_they_are_changed_in_one_run_and_rolled_back_in_one(lab: RunningLab) -> None:
    done = lab.routebook("run", "deploy", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    for command in (("plan", "deploy"), ("verify",)):  # nothing is left to do, and all is as intended
        then = lab.routebook(*command)
        assert then.returncode == 0, then.stdout + then.stderr
    undone = lab.routebook("rollback", json.loads(done.stdout)["run_id"], "--yes")
    assert undone.returncode == 0, undone.stdout + undone.stderr
    for host in HOSTS:
        shown = lab.exec(host, "vtysh -c 'show running-config'; swanctl --list-conns").stdout
        assert "router bgp" not in shown and "HAND-MADE" in shown and "hand-made:" in shown
