"""On a kernel with ESP: a routed tunnel of the lab pfSense negotiates any-to-any, and BGP chooses what it carries."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from lab import topology
from lab.control import Lab
from lab.topology import Topology
from tests.lab.conftest import skip_unless_possible
from tests.lab.pfsense import test_lab_node as node
from tests.lab.waiting import wait_for

SWANCTL = node.SWANCTL.replace(
    "local_ts = 10.255.200.1/32, 10.3.0.0/16\n remote_ts = 10.255.200.0/32, 10.1.0.0/16",
    "local_ts = 0.0.0.0/0\n remote_ts = 0.0.0.0/0\n mark_in = 42\n mark_out = 42",
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    skip_unless_possible()
    if shutil.which("linux.uml") is None:
        pytest.skip("there is no linux.uml")
    plan = Topology(
        sites={},
        links={"internet": None, "lan1": "fw1", "lan2": "edge1"},
        hosts=(node.make_host("fw1", "pfsense", 1, routed=True), node.make_host("edge1", "edge", 2, routed=True)),
        peers=(),
        caches=(),
    )
    patch = pytest.MonkeyPatch()
    patch.setattr(topology, "read", lambda _: plan)
    patch.setattr(topology, "secret_files", lambda _: [])
    running = Lab(tmp_path_factory.mktemp("lab"))
    running.up(print, "uml")
    wait_for(lambda: _answers(running), 60, "the way in")
    node.run(running, "edge1", "cat >/etc/swanctl/conf.d/test.conf && swanctl --load-all --noprompt", SWANCTL)
    node.run(running, "edge1", "vtysh -f /dev/stdin", node.FRR)
    yield running
    running.down()
    patch.undo()


def _answers(lab: Lab) -> bool:
    return subprocess.run(lab.command("edge1", ["true"]), capture_output=True, check=False).returncode == 0


@pytest.mark.timeout(600)
def test_bgp_decides_what_a_routed_tunnel_carries(lab: Lab) -> None:
    node.configure(lab, node.everything())
    wait_for(lambda: node.up(lab), 180, "BGP over the tunnel")
    assert "remote 0.0.0.0/0" in node.run(lab, "fw1", "swanctl --list-sas")
    wait_for(lambda: "10.3.0.0/24" in node.run(lab, "fw1", "bgpctl show rib"), 60, "the edge's prefix")
    route = "/usr/local/libexec/ip route get 10.3.0.1 from 10.1.0.1 || true"
    wait_for(lambda: "dev ipsec1" in node.run(lab, "fw1", route), 60, "BGP's route in the kernel")
    wait_for(lambda: "10.1.0.0/24" in node.run(lab, "edge1", "vtysh -c 'show bgp ipv4'"), 60, "the firewall's prefix")
    node.run(lab, "fw1", "ping -c 1 -W 10 -I 10.1.0.1 10.3.0.1")
