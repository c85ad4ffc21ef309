"""A pfSense with OpenBGPD between its Kubernetes nodes and two edges: from nothing to intent, and not once more."""

import json
from typing import Any

from tests.lab.home.conftest import Home
from tests.lab.home.part import HOSTS, NEW_NODE, add_node

NODE, NEW = "192.168.1.10", "192.168.1.12"
EDGES = ("10.255.200.25", "10.255.200.27")
# What Cilium is told by the manifest, in the words of the daemon that plays it.
MANIFEST = """
[[neighbors]]
[neighbors.config]
neighbor-address = "192.168.1.1"
peer-as = 64512
auth-password = "{password}"
[[neighbors.afi-safis]]
[neighbors.afi-safis.config]
afi-safi-name = "ipv4-unicast"
"""


def test_everything_comes_up_from_nothing(home: Home) -> None:
    assert home.first["outcome"] == "confirmed"
    assert {host: each["state"] for host, each in home.first["hosts"].items()} == dict.fromkeys(HOSTS, "confirmed")
    neighbors = home.neighbors()
    assert {address: each["state"] for address, each in neighbors.items()} == dict.fromkeys(
        (*EDGES, NODE, "192.168.1.11"), "Established"
    )
    assert home.on("home-fw1", "swanctl --list-sas").count("INSTALLED") == 2


def test_the_revision_names_the_run(home: Home) -> None:
    assert home.first["run_id"] in home.on("home-fw1", "grep -A5 '<revision>' /cf/conf/config.xml")


def test_a_second_run_writes_no_revision(home: Home) -> None:
    before, sessions = home.configuration(), home.neighbors()
    for runbook in ("deploy", "bgp", "tunnels", "add-node"):
        assert home.run(runbook)["outcome"] == "unchanged", runbook
    assert home.configuration() == before
    assert_untouched(home, sessions)


def assert_untouched(home: Home, before: dict[str, dict[str, Any]]) -> None:
    """Every session is the one that it was."""
    now = home.neighbors()
    for address, each in before.items():
        assert now[address]["state"] == "Established"
        assert now[address]["last_updown_sec"] >= each["last_updown_sec"], address


def test_the_edges_filter_what_openbgpd_does_not(home: Home) -> None:
    shown = json.loads(home.on("no-edge1", "vtysh -c 'show bgp ipv4 unicast json'"))["routes"]
    assert {each["path"] for each in shown["192.168.1.0/24"] if each["peerId"] == "10.255.200.24"} == {"64512"}
    assert not [prefix for prefix in shown if prefix.startswith("192.168.1.") and prefix.endswith("/32")]


def test_the_way_over_the_first_edge_is_preferred(home: Home) -> None:
    routes = json.loads(home.on("home-fw1", "bgpctl -j show rib 10.4.0.0/16"))["rib"]
    preferences = {each["exit_nexthop"]: (each["localpref"], each.get("best", False)) for each in routes}
    assert preferences == {EDGES[0]: (200, True), EDGES[1]: (150, False)}, routes


def test_a_node_is_added_without_the_others_noticing(home: Home) -> None:
    before = home.neighbors()
    add_node(home.project)
    password = (home.project / "secrets" / "home-k8s.password").read_text().strip()
    home.on(NEW_NODE, "cat >>/etc/gobgpd.conf && pkill -HUP gobgpd", MANIFEST.format(password=password))
    home.on(NEW_NODE, f"gobgp global rib add -a ipv4 192.168.1.100/32 nexthop {NEW}")
    result = home.run("add-node")
    assert result["outcome"] == "confirmed"
    assert {host for host, each in result["hosts"].items() if each["changed"]} == {"home-fw1"}
    assert home.neighbors()[NEW]["state"] == "Established"
    assert_untouched(home, before)
    assert home.run("deploy")["outcome"] == "unchanged"
