"""From nothing to intent; and a second run, a plan and a verification leave every device untouched."""

import json
import re
import sys
from typing import Any

import pytest

from tests.lab import devices
from tests.lab.conftest import RunningLab
from tests.networks.example import CHECKOUT

# Where a host has files of its own, its logs apart. Some folders are the lab's, and a lab ASA sees the checkout.
_APART = " -o ".join(
    f"-path {each}" for each in ("/run/lab", "/run/disk", "/run/visible", CHECKOUT, sys.prefix, sys.base_prefix)
)
TRACES = f"""
find /etc /home /root /run /tmp /var/lib/frr /var/lib/strongswan /var/tmp \
    \\( {_APART} \\) -prune -o -newer /var/tmp/before ! -type s -print | sort
"""


def test_everything_comes_up_from_nothing(lab: RunningLab, from_nothing: dict[str, Any]) -> None:
    assert from_nothing["outcome"] == "confirmed"
    assert {host: each["state"] for host, each in from_nothing["hosts"].items()} == dict.fromkeys(
        devices.HOSTS, "confirmed"
    )
    states = devices.everywhere(lambda host: devices.neighbors(lab, host), lab.hosts)
    sessions = [(host, peer, each["bgpState"]) for host, found in states.items() for peer, each in found.items()]
    assert {state for _, _, state in sessions} == {"Established"}
    assert len(sessions) == 2 * 38 + 12  # both ends of 38 sessions between hosts, our end of twelve with others
    ends_of_tunnels = (*devices.FIREWALLS, *devices.EDGES, devices.PFSENSE)
    tunnels = devices.everywhere(lambda host: devices.children(lab, host), ends_of_tunnels)
    assert sorted(tunnels["no-edge1"]) == [
        (name, "INSTALLED")
        for name in ("gr-fw1--no-edge1", "home-fw1--no-edge1", "nl-fw1--no-edge1", "no-edge1--ch-edge1")
    ]
    ends = [(host, name) for host, found in tunnels.items() for name, state in found if state == "INSTALLED"]
    assert len(ends) == len(set(ends)) == 2 * 14


def test_a_healthy_network_has_no_warning(deployed: RunningLab) -> None:
    done = deployed.routebook("verify", "--json")
    findings = json.loads(done.stdout)["findings"]
    assert {finding["check"] for finding in findings} >= {"tunnel.selectors", "bgp.session"}
    assert [finding for finding in findings if finding["status"] != "ok"] == []


def test_between_the_firewalls_the_first_providers_tunnel_is_preferred(deployed: RunningLab) -> None:
    for host, prefix, hops in (
        ("nl-fw1", "10.2.101.0/24", {"10.255.200.1": 200, "10.255.200.3": 150}),
        ("gr-fw1", "10.1.101.0/24", {"10.255.200.0": 200, "10.255.200.2": 150}),
    ):
        shown = json.loads(devices.on(deployed, host, f"vtysh -c 'show bgp ipv4 unicast {prefix} json'"))
        preferences = {each["nexthops"][0]["ip"]: each["locPrf"] for each in shown["paths"]}
        assert {hop: preferences.get(hop) for hop in hops} == hops, shown
        best = next(each for each in shown["paths"] if each.get("bestpath", {}).get("overall"))
        assert best["locPrf"] == 200


def test_an_edge_has_every_path_to_the_pods_and_to_the_internet(deployed: RunningLab) -> None:
    """From four reflectors; what a firewall learns of its Kubernetes nodes comes with it as next hop."""
    shown = json.loads(devices.on(deployed, "ch-edge3", "vtysh -c 'show bgp ipv4 unicast 10.1.101.0/24 json'"))
    assert {each["nexthops"][0]["ip"] for each in shown["paths"]} == {"10.1.0.1"}
    assert {each["aspath"]["string"] for each in shown["paths"]} == {"64520"}
    shown = json.loads(devices.on(deployed, "ch-edge3", "vtysh -c 'show bgp ipv6 unicast 2001:db8:1000::/48 json'"))
    origins = {each["originatorId"] for each in shown["paths"]}
    assert origins == {"10.255.3.1", "10.255.3.2"}, "addpath: both edges' paths"


def test_home_and_its_edges_filter_both_ways_and_the_way_over_the_first_edge_is_preferred(
    deployed: RunningLab,
) -> None:
    shown = json.loads(devices.on(deployed, devices.PFSENSE, "vtysh -c 'show bgp ipv4 unicast 10.4.0.0/16 json'"))
    preferences = {each["nexthops"][0]["ip"]: each["locPrf"] for each in shown["paths"]}
    assert preferences == {"10.255.200.25": 200, "10.255.200.27": 150}, shown
    routes = json.loads(devices.on(deployed, "no-edge1", "vtysh -c 'show bgp ipv4 unicast json'"))["routes"]
    assert "64512" in {each["path"] for each in routes["192.168.1.0/24"]}
    assert not [prefix for prefix in routes if prefix.startswith("192.168.1.") and prefix.endswith("/32")]


def test_a_prefix_of_one_site_is_reached_through_the_tunnel(deployed: RunningLab) -> None:
    def packets() -> int:
        said = "".join(devices.on(deployed, host, "swanctl --list-sas") for host in ("no-edge1", "no-edge2", "nl-fw1"))
        return sum(int(count) for count in re.findall(r"(\d+) packets", said))

    before = packets()
    devices.on(deployed, "no-edge3", "ping -c 3 -W 2 -I 10.255.3.3 10.255.4.3")
    devices.on(deployed, "no-edge3", "ping -c 3 -W 2 -I 2001:db8:8e20:3ff::3 2001:db8:8e20:4ff::3")
    devices.on(deployed, "no-edge3", "ping -c 3 -W 2 -I 10.255.3.3 10.255.1.11")
    assert packets() - before >= 9


def test_what_is_not_owned_is_as_it_was(deployed: RunningLab) -> None:
    found = devices.read_all(deployed)
    by_hand = re.findall(
        r"<phase1>(?:(?!</phase1>).)*Made by hand, not by Routebook", found.pop(devices.PFSENSE).running, re.DOTALL
    )
    assert len(by_hand) == 1
    for host, configuration in found.items():
        for line in ("route-map HAND-MADE permit 10", "Made by hand, not by Routebook", "prefix-list HAND-MADE"):
            assert line in configuration.running, host
    for host in devices.EDGES:
        assert "hand-made" in devices.on(deployed, host, "swanctl --list-conns"), host
    firewall = devices.read(deployed, "nl-fw1").running
    assert "access-list HAND-MADE extended deny ip host 203.0.113.9 any" in firewall
    assert "route inside 10.255.1.11 255.255.255.255 10.1.0.11 1" in firewall


@pytest.mark.parametrize("runbook", ["deploy", "bgp", "tunnels"])
def test_a_second_run_sends_nothing(deployed: RunningLab, runbook: str) -> None:
    before = devices.since_all(deployed)
    done = deployed.routebook("run", runbook, "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["outcome"] == "unchanged"
    assert all(each["commands"] == [] and each["diff"] == "" for each in result["hosts"].values())
    assert devices.since_all(deployed) == before


def traces(lab: RunningLab, *, begin: bool = True) -> dict[str, tuple[object, str]]:
    """What touching a device changes, with the files that are newer than when this was first asked."""

    def of(host: str) -> tuple[object, str]:
        if begin:
            devices.on(lab, host, "touch /var/tmp/before; sleep 0.01")
        return devices.since(lab, host), devices.on(lab, host, TRACES)

    return devices.everywhere(of, lab.hosts)


@pytest.mark.parametrize("command", [["plan", "deploy"], ["verify"], ["drift"], ["plan", "deploy", "--json"]])
def test_reading_leaves_no_trace(deployed: RunningLab, command: list[str]) -> None:
    before = traces(deployed)
    done = deployed.routebook(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert traces(deployed, begin=False) == before


def test_a_plan_with_differences_leaves_no_trace_either(deployed: RunningLab) -> None:
    from tests.lab.runs.conftest import edited

    before = traces(deployed)
    with (
        edited(deployed, "inventory/policy.yaml", "local_preference: 200", "local_preference: 210"),
        edited(deployed, "inventory/tunnels.yaml", "dpd_delay: 10", "dpd_delay: 12"),
    ):
        done = deployed.routebook("plan", "deploy", "--json")
    assert done.returncode == 2, done.stdout + done.stderr
    hosts = json.loads(done.stdout)["hosts"]
    assert {host for host, each in hosts.items() if each["changed"]} == {
        "no-edge1", "no-edge2", "ch-edge1", "ch-edge2", *devices.FIREWALLS, devices.PFSENSE,
    }  # fmt: skip
    assert all(bool(each["undo"]) == each["changed"] for each in hosts.values())
    way = "through mgmt0, connected; the change does not touch that"
    assert all(hosts[name]["way"].endswith(way) for name in devices.EDGES if hosts[name]["changed"]), hosts
    assert traces(deployed, begin=False) == before


def test_a_confirmed_change_is_in_the_file_that_frr_boots_with_and_can_be_rolled_back(deployed: RunningLab) -> None:
    from tests.lab.runs.conftest import edited

    before = devices.read_all(deployed)
    with edited(deployed, "inventory/policy.yaml", "local_preference: 200", "local_preference: 210"):
        done = deployed.routebook("run", "bgp", "--yes", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        run_id = json.loads(done.stdout)["run_id"]
        assert "set local-preference 210" in devices.on(deployed, "ch-edge2", "cat /etc/frr/frr.conf")
    by_hand = "vtysh -c 'configure terminal' -c '{}ip prefix-list TYPED seq 5 permit 192.0.2.0/24'"
    again = "vtysh -c 'configure terminal' -c 'route-map {} permit {}' -c 'set local-preference {}'"
    entry = devices.on(deployed, "ch-edge2", "vtysh -c 'show running-config' | grep -B9 'local-preference 210' "
                       "| grep ^route-map | tail -1").split()  # fmt: skip
    devices.on(deployed, "ch-edge2", again.format(entry[1], entry[3], 220))
    refused = deployed.routebook("rollback", run_id, "--yes", "--json")
    assert refused.returncode == 1, refused.stdout + refused.stderr
    told = json.loads(refused.stdout)["hosts"]["ch-edge2"]["message"]
    assert "somebody by hand changed" in told
    assert "`set local-preference 220`" in told
    devices.on(deployed, "ch-edge2", again.format(entry[1], entry[3], 210))
    devices.on(deployed, "ch-edge2", by_hand.format(""))
    done = deployed.routebook("rollback", run_id, "--yes", "--json")
    kept = devices.on(deployed, "ch-edge2", "cat /etc/frr/frr.conf")
    devices.on(deployed, "ch-edge2", by_hand.format("no ") + " -c 'end' -c 'write'")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["outcome"] == "confirmed"
    assert "ip prefix-list TYPED" in kept
    assert "set local-preference 210" not in kept
    now = devices.read_all(deployed)
    assert {host for host in now if now[host] != before[host]} <= {"ch-edge2"}
    assert now["ch-edge2"].running == before["ch-edge2"].running


def test_a_kubernetes_node_is_added_beside_its_manifests_without_the_others_noticing(deployed: RunningLab) -> None:
    from tests.lab.runs.conftest import edited

    node, new = "home-k8s3", "192.168.1.12"
    cilium = "(  home-k8s3:\n(?:    (?!cilium).*\n)*)    cilium: .*\n"
    with edited(deployed, "inventory/network.yaml", cilium, r"\1"):
        assert node not in deployed.routebook("render", "--cluster", "home-k8s").stdout
        done = deployed.routebook("run", "bgp", "--yes", "--json", "--accept", "removal")
        assert done.returncode == 0, done.stdout + done.stderr
    before = devices.since(deployed, devices.PFSENSE)["established"]
    assert isinstance(before, dict)
    assert new not in before
    manifests = deployed.routebook("render", "--cluster", "home-k8s")
    assert manifests.returncode == 0, manifests.stderr
    for kind in ("CiliumBGPClusterConfig", "CiliumBGPPeerConfig", "CiliumBGPPeeringPolicy", node, "192.168.1.1"):
        assert kind in manifests.stdout
    done = deployed.routebook("run", "add-node", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert {host for host, each in result["hosts"].items() if each["changed"]} == {devices.PFSENSE}
    now = devices.since(deployed, devices.PFSENSE)["established"]
    assert isinstance(now, dict)
    assert now.pop(new)[0] == "Established"
    assert now == before
