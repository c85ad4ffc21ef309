"""The lab pfSense with the FRR package: BGP over a tunnel comes up from config.xml alone; a wrong AS does not."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lab import topology
from lab.control import Lab
from lab.topology import Topology
from tests.lab.conftest import skip_unless_possible
from tests.lab.pfsense import test_lab_node as node
from tests.lab.waiting import wait_for

APPLY = "require_once('vpn.inc'); ipsec_configure(); ipsec_reload_package_hook(); frr_generate_config();"
NEIGHBOR = {
    "peer": node.INNER[1], "descr": "edge1", "asnum": "65551", "updatesource": "default", "password_type": "none",
    "timers_keepalive": "3", "timers_holdtime": "9", "timers_connect": "5",
}  # fmt: skip


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    skip_unless_possible()
    firewall = replace(node.make_host("fw1", "pfsense", 1), bgp_package="frr")
    plan = Topology(
        sites={},
        links={"internet": None, "lan1": "fw1", "lan2": "edge1"},
        hosts=(firewall, node.make_host("edge1", "edge", 2)),
        peers=(),
        caches=(),
    )
    patch = pytest.MonkeyPatch()
    patch.setattr(topology, "read", lambda _: plan)
    patch.setattr(topology, "secret_files", lambda _: [])
    running = Lab(tmp_path_factory.mktemp("lab"))
    running.up(print)
    node.run(running, "edge1", "cat >/etc/swanctl/conf.d/test.conf && swanctl --load-all --noprompt", node.SWANCTL)
    node.run(running, "edge1", "vtysh -f /dev/stdin", node.FRR)
    yield running
    running.down()
    patch.undo()


def _values(**changes: str) -> dict[str, Any]:
    ipsec = {path: value for path, value in node.everything().items() if path.startswith("ipsec/")}
    return ipsec | {
        "installedpackages/frr/config": [{"enable": "on", "ignoreipsecrestart": "on"}],
        "installedpackages/frrbgp/config": [
            {"enable": "on", "asnum": "65550", "routerid": "10.1.0.1", "row": [{"distributeroutevalue": "10.1.0.0/24"}]}
        ],
        "installedpackages/frrbgpadvanced/config": [{"disableebgprequirepolicy": "on"}],
        "installedpackages/frrbgpneighbors/config": [NEIGHBOR | changes],
    }


def _configure(lab: Lab, values: dict[str, Any]) -> None:
    node.configure(lab, values, APPLY, package="frr")


def _neighbor(lab: Lab) -> dict[str, Any]:
    shown = node.run(lab, "fw1", f"vtysh -c 'show bgp neighbors {node.INNER[1]} json' 2>/dev/null || true")
    try:
        return dict(json.loads(shown or "{}").get(node.INNER[1], {}))
    except json.JSONDecodeError:  # FRR is not there yet
        return {}


def test_bgp_over_a_routed_tunnel_comes_up_from_config_xml_alone(lab: Lab) -> None:
    _configure(lab, _values())
    wait_for(lambda: _neighbor(lab).get("bgpState") == "Established", 120, "BGP over the tunnel")
    wait_for(lambda: "10.1.0.0/24" in node.run(lab, "edge1", "vtysh -c 'show bgp ipv4'"), 30, "the firewall's prefix")
    node.run(lab, "fw1", "ping -c 1 -W 5 -I 10.1.0.1 10.3.0.1")


def test_a_wrong_as_is_refused_after_a_reload(lab: Lab) -> None:
    _configure(lab, _values(asnum="65999"))
    wait_for(lambda: "Bad Peer AS" in str(_neighbor(lab).get("lastNotificationReason")), 60, "the wrong AS")
    _configure(lab, _values())
    wait_for(lambda: _neighbor(lab).get("bgpState") == "Established", 120, "BGP after the AS was set right")


def test_an_ipsec_reload_takes_routed_interfaces_down_unless_the_package_is_told_to_ignore_it(lab: Lab) -> None:
    wait_for(lambda: _neighbor(lab).get("bgpState") == "Established", 120, "BGP over the tunnel")
    dropped = _neighbor(lab)["connectionsDropped"]
    node.configure(lab, {}, "require_once('vpn.inc'); ipsec_configure(); ipsec_reload_package_hook();", package="frr")
    assert _neighbor(lab)["connectionsDropped"] == dropped
    values = {"installedpackages/frr/config": [{"enable": "on"}]}
    node.configure(lab, values, "require_once('vpn.inc'); ipsec_reload_package_hook();", package="frr")
    wait_for(lambda: _neighbor(lab).get("connectionsDropped", 0) > dropped, 30, "the session that the hook costs")
