"""The home site with the FRR package: from nothing to intent, not once more, and back. The example has OpenBGPD's."""

import json
from typing import Any

from tests.lab import devices
from tests.lab.conftest import RunningLab
from tests.lab.runs.conftest import Unchanged, edited, failures

NODES = ("192.168.1.10", "192.168.1.11", "192.168.1.12")
EDGES = ("10.255.200.25", "10.255.200.27")


def test_everything_comes_up_from_nothing(lab: RunningLab, from_nothing: dict[str, Any]) -> None:
    assert {host: each["state"] for host, each in from_nothing["hosts"].items()} == dict.fromkeys(
        (devices.PFSENSE, "no-edge1", "ch-edge1"), "confirmed"
    )
    states = {peer: each["bgpState"] for peer, each in devices.neighbors(lab, devices.PFSENSE).items()}
    assert states == dict.fromkeys((*EDGES, *NODES), "Established")
    assert [state for _, state in devices.children(lab, devices.PFSENSE)] == ["INSTALLED"] * 2
    assert devices.history(lab)[0] == f"Routebook run {from_nothing['run_id']}"


def test_a_second_run_writes_no_revision_and_touches_no_session(deployed: RunningLab) -> None:
    before = devices.since_all(deployed)
    for runbook in ("deploy", "add-node"):
        done = deployed.routebook("run", runbook, "--yes", "--json")
        assert (done.returncode, json.loads(done.stdout)["outcome"]) == (0, "unchanged"), done.stdout + done.stderr
    assert devices.since_all(deployed) == before


def test_both_ends_filter_and_the_way_over_the_first_edge_is_preferred(deployed: RunningLab) -> None:
    shown = json.loads(devices.on(deployed, "no-edge1", "vtysh -c 'show bgp ipv4 unicast json'"))["routes"]
    assert {each["path"] for each in shown["192.168.1.0/24"]} == {"64512"}
    assert not [prefix for prefix in shown if prefix.startswith("192.168.1.") and prefix.endswith("/32")]
    shown = json.loads(devices.on(deployed, devices.PFSENSE, "vtysh -c 'show bgp ipv4 unicast json'"))["routes"]
    preferences = {prefix: shown[prefix][0]["locPrf"] for prefix in ("10.3.0.0/16", "10.4.0.0/16")}
    assert preferences == {"10.3.0.0/16": 200, "10.4.0.0/16": 150}


def test_another_as_than_the_edges_is_named_and_rolled_back(deployed: RunningLab, unchanged: Unchanged) -> None:
    wrong = "<asnum>{{ 65551 if neighbor.peer_host else neighbor.remote_as }}"
    with edited(deployed, "templates/pfsense/frr.xml.j2", r"<asnum>\{\{ neighbor.remote_as \}\}", wrong):
        done = deployed.routebook("run", "bgp", "--yes", "--json", "--limit", devices.PFSENSE)
    assert done.returncode == 3, done.stdout + done.stderr
    result = json.loads(done.stdout)
    causes = " ".join(finding["cause"] for finding in failures(result))
    assert "65551" in causes
    assert "65550" in causes
    unchanged()
    assert devices.history(deployed)[:2] == [
        f"Reverted to routebook-{result['run_id']}.xml.", f"Routebook run {result['run_id']}",
    ]  # fmt: skip
