"""From nothing to intent; and a second run, a plan and a verification leave every device untouched."""

import json
import re
from typing import Any

import pytest

from tests.lab import devices
from tests.lab.conftest import RunningLab

# Where a host has files of its own, its logs apart; /run/lab and /run/disk are the lab's.
TRACES = """
find /etc /home /root /run /tmp /var/lib/frr /var/lib/strongswan /var/tmp \
    \\( -path /run/lab -o -path /run/disk \\) -prune -o -newer /var/tmp/before ! -type s -print | sort
"""


def test_everything_comes_up_from_nothing(lab: RunningLab, from_nothing: dict[str, Any]) -> None:
    assert from_nothing["outcome"] == "confirmed"
    assert {host: each["state"] for host, each in from_nothing["hosts"].items()} == dict.fromkeys(
        devices.EDGES, "confirmed"
    )
    states = {host: devices.neighbors(lab, host) for host in devices.EDGES}
    sessions = [(host, peer, each["bgpState"]) for host, found in states.items() for peer, each in found.items()]
    assert {state for _, _, state in sessions} == {"Established"}
    assert len(sessions) == 2 * 9 + 5  # both ends of nine internal sessions, our end of five external ones
    tunnels = {host: devices.children(lab, host) for host in devices.EDGES}
    assert tunnels["no-edge1"] == tunnels["ch-edge1"] == [("no-edge1--ch-edge1", "INSTALLED")]
    assert tunnels["no-edge2"] == tunnels["ch-edge2"] == [("no-edge2--ch-edge2", "INSTALLED")]


def test_a_prefix_of_one_site_is_reached_through_the_tunnel(deployed: RunningLab) -> None:
    def packets() -> int:
        said = "".join(devices.on(deployed, host, "swanctl --list-sas") for host in ("no-edge1", "no-edge2"))
        return sum(int(count) for count in re.findall(r"(\d+) packets", said))

    before = packets()
    devices.on(deployed, "no-edge3", "ping -c 3 -W 2 -I 10.255.3.3 10.255.4.3")
    devices.on(deployed, "no-edge3", "ping -c 3 -W 2 -I 2001:db8:8e20:3ff::3 2001:db8:8e20:4ff::3")
    assert packets() - before >= 6


def test_what_is_not_owned_is_as_it_was(deployed: RunningLab) -> None:
    for host in devices.EDGES:
        running = devices.on(deployed, host, "vtysh -c 'show running-config'")
        for line in (
            "route-map HAND-MADE permit 10",
            "description Made by hand, not by Routebook",
            "ip prefix-list HAND-MADE",
        ):
            assert line in running, host
        assert "hand-made" in devices.on(deployed, host, "swanctl --list-conns"), host


@pytest.mark.parametrize("runbook", ["deploy", "bgp", "tunnels"])
def test_a_second_run_sends_nothing(deployed: RunningLab, runbook: str) -> None:
    before = {host: devices.since(deployed, host) for host in devices.EDGES}
    done = deployed.routebook("run", runbook, "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["outcome"] == "unchanged"
    assert all(each["commands"] == [] and each["diff"] == "" for each in result["hosts"].values())
    assert {host: devices.since(deployed, host) for host in devices.EDGES} == before


@pytest.mark.parametrize("command", [["plan", "deploy"], ["verify"], ["plan", "deploy", "--json"]])
def test_reading_leaves_no_trace(deployed: RunningLab, command: list[str]) -> None:
    for host in devices.EDGES:
        devices.on(deployed, host, "touch /var/tmp/before; sleep 0.01")
    before = {host: (devices.since(deployed, host), devices.on(deployed, host, TRACES)) for host in devices.EDGES}
    done = deployed.routebook(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    after = {host: (devices.since(deployed, host), devices.on(deployed, host, TRACES)) for host in devices.EDGES}
    assert after == before


def test_a_plan_with_differences_leaves_no_trace_either(deployed: RunningLab) -> None:
    from tests.lab.runs.conftest import edited

    for host in devices.EDGES:
        devices.on(deployed, host, "touch /var/tmp/before; sleep 0.01")
    before = {host: (devices.since(deployed, host), devices.on(deployed, host, TRACES)) for host in devices.EDGES}
    with (
        edited(deployed, "inventory/policy.yaml", "local_preference: 200", "local_preference: 210"),
        edited(deployed, "inventory/tunnels.yaml", "dpd_delay: 10", "dpd_delay: 12"),
    ):
        done = deployed.routebook("plan", "deploy", "--json")
    assert done.returncode == 2, done.stdout + done.stderr
    hosts = json.loads(done.stdout)["hosts"]
    assert {host for host, each in hosts.items() if each["changed"]} == {"no-edge1", "no-edge2", "ch-edge1", "ch-edge2"}
    assert all(bool(each["undo"]) == each["changed"] for each in hosts.values())
    way = "through mgmt0, connected; the change does not touch that"
    assert all(each["way"].endswith(way) for each in hosts.values() if each["changed"]), hosts
    after = {host: (devices.since(deployed, host), devices.on(deployed, host, TRACES)) for host in devices.EDGES}
    assert after == before


def test_a_confirmed_change_is_in_the_file_that_frr_boots_with_and_can_be_rolled_back(deployed: RunningLab) -> None:
    from tests.lab.runs.conftest import edited

    before = devices.read_all(deployed)
    with edited(deployed, "inventory/policy.yaml", "local_preference: 200", "local_preference: 210"):
        done = deployed.routebook("run", "bgp", "--yes", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        run_id = json.loads(done.stdout)["run_id"]
        assert "set local-preference 210" in devices.on(deployed, "ch-edge2", "cat /etc/frr/frr.conf")
    done = deployed.routebook("rollback", run_id, "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["outcome"] == "confirmed"
    assert devices.read_all(deployed) == before
