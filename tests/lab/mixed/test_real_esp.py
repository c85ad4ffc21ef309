"""On a kernel with ESP, tunnel interfaces of an ASA and of strongSwan protect anything and replace each other."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.conftest import skip_unless_possible
from tests.lab.elsewhere import Elsewhere
from tests.lab.mixed.conftest import Mixed
from tests.lab.mixed.names import EDGE, FIREWALL
from tests.networks.project import make_project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def redundant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mixed]:
    """Both devices with two tunnels between them, deployed on a kernel of the lab's own."""
    skip_unless_possible()
    if shutil.which("linux.uml") is None:
        pytest.skip("not installed: user-mode-linux")
    folder: Path = tmp_path_factory.mktemp("redundant")
    place = Elsewhere(folder)
    mixed = Mixed(place, make_project(folder / "project", "two_providers"))
    try:
        up = mixed.routebook("lab", "up", "--kernel", "uml")
        assert up.returncode == 0, up.stdout + up.stderr
        yield mixed
    finally:
        place.close()


def test_both_tunnels_protect_anything_and_traffic_and_bgp_move_between_them(redundant: Mixed) -> None:
    deployed = redundant.routebook("run", "deploy", "--yes", "--json", "--deadline", "150")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    result = json.loads(deployed.stdout)
    selectors = [f for f in result["findings"] if f["check"] == "tunnel.selectors"]
    assert {(f["host"], f["subject"]) for f in selectors} == {
        (host, tunnel) for host in (FIREWALL, EDGE) for tunnel in ("first", "second")
    }
    assert {f["status"] for f in selectors} == {"ok"}, "neither end is narrowed"
    assert all("0.0.0.0/0 === 0.0.0.0/0" in f["evidence"][0] for f in selectors)
    shown = redundant.at_firewall("show crypto ipsec sa")
    assert shown.count("local ident (addr/mask/prot/port): (0.0.0.0/0.0.0.0/0/0)") == 2
    assert "NAT-T" not in shown, "ESP is not in UDP"

    devices = dict(re.findall(r"^\d+: (vti\d+)@.*\n.*\n +inet (\S+) ", redundant.on(EDGE, "ip addr"), re.MULTILINE))
    by_inner = {inner: device for device, inner in devices.items()}
    first, second = by_inner["10.255.200.0"], by_inner["10.255.200.2"]

    def reaches(device: str) -> None:
        route = f"ip route get 10.1.0.1 from 10.3.0.1 | grep -q 'dev {device} '"
        ping = "ping -c 1 -W 2 -I 10.3.0.1 10.1.0.1 >/dev/null"
        redundant.place.wait_for(redundant.project, EDGE, f"{route} && {ping}", 90)

    def back(hop: str) -> bool:
        return f"10.3.0.0 255.255.255.0 [200/0] via {hop}" in redundant.at_firewall("show route bgp")

    reaches(first)
    assert back("10.255.200.0")
    redundant.on(EDGE, "ip link set wan0 down")
    reaches(second)
    assert back("10.255.200.2")
    failed = redundant.routebook("verify", "--json")
    assert failed.returncode == 3
    broken = {f["subject"] for f in json.loads(failed.stdout)["findings"] if f["status"] == "failed"}
    assert broken <= {"first", "10.255.200.0", "10.255.200.1"}
    assert broken, "half a pair is no pair"
    redundant.on(EDGE, "ip link set wan0 up")
    reaches(first)
    verified = redundant.routebook("verify", "--wait", "90")
    assert verified.returncode == 0, verified.stdout + verified.stderr
