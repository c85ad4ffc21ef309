"""The home site with the FRR package: from nothing to intent, not once more, and back. The example has OpenBGPD's."""

import json
import re

from tests.lab.home.conftest import Home
from tests.lab.home.part import HOSTS

NODES = ("192.168.1.10", "192.168.1.11")
EDGES = ("10.255.200.25", "10.255.200.27")


def test_everything_comes_up_from_nothing(home: Home) -> None:
    assert home.first["outcome"] == "confirmed"
    assert {host: each["state"] for host, each in home.first["hosts"].items()} == dict.fromkeys(HOSTS, "confirmed")
    states = {peer: each["bgpState"] for peer, each in home.neighbors().items()}
    assert states == dict.fromkeys((*EDGES, *NODES), "Established")
    assert home.on("home-fw1", "swanctl --list-sas").count("INSTALLED") == 2
    assert f"Routebook run {home.first['run_id']}" in home.on("home-fw1", "grep -A5 '<revision>' /cf/conf/config.xml")


def test_a_second_run_writes_no_revision_and_touches_no_session(home: Home) -> None:
    def sessions() -> dict[str, tuple[str, int]]:
        return {peer: (each["bgpState"], each["connectionsEstablished"]) for peer, each in home.neighbors().items()}

    before = home.configuration(), sessions()
    for runbook in ("deploy", "bgp", "tunnels", "add-node"):
        status, result = home.run(runbook)
        assert (status, result["outcome"]) == (0, "unchanged"), (runbook, result)
    assert (home.configuration(), sessions()) == before


def test_both_ends_filter_and_the_way_over_the_first_edge_is_preferred(home: Home) -> None:
    shown = json.loads(home.on("no-edge1", "vtysh -c 'show bgp ipv4 unicast json'"))["routes"]
    assert {each["path"] for each in shown["192.168.1.0/24"] if each["peerId"] == "10.255.200.24"} == {"64512"}
    assert not [prefix for prefix in shown if prefix.startswith("192.168.1.") and prefix.endswith("/32")]
    paths = json.loads(home.on("home-fw1", "vtysh -c 'show bgp ipv4 unicast 10.4.0.0/16 json'"))["paths"]
    found = {each["nexthops"][0]["ip"]: (each["locPrf"], "bestpath" in each) for each in paths}
    assert found == {EDGES[0]: (200, True), EDGES[1]: (150, False)}


def test_another_as_than_the_edges_is_named_and_rolled_back_to_an_equal_tree(home: Home) -> None:
    template = home.project / "templates/pfsense/frr.xml.j2"
    original = template.read_text()
    before = tree(home)
    wrong = "{{ 65551 if neighbor.peer_host else neighbor.remote_as }}"
    template.write_text(original.replace("<asnum>{{ neighbor.remote_as }}", f"<asnum>{wrong}"))
    try:
        status, result = home.run("bgp", "--limit", "home-fw1")
    finally:
        template.write_text(original)
    assert (status, result["outcome"]) == (3, "rolled_back"), result
    causes = " ".join(each["cause"] for each in result["findings"] if each["status"] == "failed")
    assert "65551" in causes
    assert "65550" in causes
    assert tree(home) == before
    history = home.on(
        "home-fw1", "cat /cf/conf/config.xml $(ls -t /cf/conf/backup/config-*.xml | head -2) | grep '<description>'"
    )
    assert f"Routebook run {result['run_id']}" in history
    assert f"Reverted to routebook-{result['run_id']}.xml" in history
    verified = home.verify()
    assert verified.returncode == 0, verified.stdout + verified.stderr


def tree(home: Home) -> str:
    """The firewall's configuration without when and why it was written."""
    text = home.on("home-fw1", "cat /cf/conf/config.xml")
    return re.sub(r"<revision>.*?</revision>", "", text, flags=re.DOTALL)
