"""The home site with the OpenBGPD package: from nothing to intent, not once more, and back. The example has FRR's."""

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


def test_home_prefers_the_way_over_its_first_edge_and_the_edges_filter_what_its_bgpd_cannot(
    deployed: RunningLab,
) -> None:
    shown = json.loads(devices.on(deployed, devices.PFSENSE, "bgpctl -j show rib 10.4.0.0/16"))["rib"]
    found = json.loads(deployed.routebook("verify", "--no-config", "--json").stdout)["findings"]
    [best] = [
        each for each in found
        if (each["host"], each["check"], each["subject"]) == (devices.PFSENSE, "bgp.route", "10.4.0.0/16")
    ]  # fmt: skip
    assert best["status"] == "ok"
    assert "next hop 10.255.200.27, from 10.255.200.27, AS path 65550" in best["evidence"][0]
    preferences = {each["exit_nexthop"]: each["localpref"] for each in shown}
    assert preferences == {"10.255.200.27": 150}, shown  # the edges have no session with each other here
    routes = json.loads(devices.on(deployed, "no-edge1", "vtysh -c 'show bgp ipv4 unicast json'"))["routes"]
    assert "64512" in {each["path"] for each in routes["192.168.1.0/24"]}
    assert not [prefix for prefix in routes if prefix.startswith("192.168.1.") and prefix.endswith("/32")]


def test_another_as_is_noticed_although_its_bgpd_says_established(deployed: RunningLab, unchanged: Unchanged) -> None:
    with edited(
        deployed,
        "templates/pfsense/openbgpd.xml.j2",
        r"<parmvalue>\{\{ value \}\}",
        '<parmvalue>{{ 65551 if parameter == "remote-as" and value | string == "65550" else value }}',
    ):
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
