"""What the data planes carry: ESP in user space, and ESP and VTI of a kernel of the lab's own."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.lab.elsewhere import Elsewhere
from tests.networks.example import keep_only
from tests.networks.project import make_project

# Tunnels of both modes on one edge, two from a firewall to one site, and a reflector behind it; and a pfSense.
SOME = {"nl-fw1", "nl-rr1", "no-edge1", "no-edge2", "ch-edge1", "transit-no", "rpki-cache", "home-fw1", "home-k8s1"}


def part_of_the_example(project: Path) -> None:
    """Leave out the rest: user-mode Linux has one processor."""
    keep_only(project, SOME)
    for name in ("defaults", "groups"):
        path = project / f"inventory/{name}.yaml"
        path.write_text(re.sub(r"timeout: \d+", "timeout: 120", path.read_text()))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_tunnels_of_both_modes_are_deployed_on_real_esp_and_nothing_is_narrowed(elsewhere: Elsewhere) -> None:
    needs("uml")
    project = elsewhere.project()
    part_of_the_example(project)
    up = elsewhere.routebook(project, "lab", "up", "--kernel", "uml")
    assert up.returncode == 0, up.stdout + up.stderr
    done = elsewhere.routebook(project, "run", "deploy", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    selectors = [each for each in json.loads(done.stdout)["findings"] if each["check"] == "tunnel.selectors"]
    assert {(each["status"], each["host"]) for each in selectors} >= {
        ("ok", name) for name in ("nl-fw1", "no-edge1", "home-fw1")
    }
    assert {each["status"] for each in selectors} == {"ok"}, selectors
    for source, target in (
        ("10.255.3.2", "10.255.1.11"), ("10.255.3.2", "10.255.4.1"), ("2001:db8:8e20:3ff::2", "2001:db8:8e20:4ff::1"),
    ):  # fmt: skip
        ping = elsewhere.on(project, "no-edge2", f"ping -c1 -W5 -I {source} {target}")
        assert ping.returncode == 0, ping.stdout
    route = "/usr/local/libexec/ip route get 10.3.0.1 from 192.168.1.1 | grep -q 'dev ipsec' && ping -c1 -W5 10.3.0.1"
    elsewhere.wait_for(project, "home-fw1", route, 60)  # by BGP's route: the tunnel carries what is led into it
    transit = elsewhere.on(project, "no-edge1", "vtysh -c 'show bgp ipv6 unicast 2001:db8:1027::/48'").stdout
    assert "Network not in table" in transit, "the last prefix of each peer has an invalid ROA and must be filtered"


@pytest.mark.parametrize("speaker", ["frr", "gobgp", "openbgpd"])
def test_any_speaker_can_play_a_peer_of_several_hosts(elsewhere: Elsewhere, speaker: str) -> None:
    """BIRD does it in the example."""
    project = elsewhere.project()
    network = project / "inventory/network.yaml"
    network.write_text(
        network.read_text().replace(
            'speaker: bird, announce: ["2001:db8:1000', f'speaker: {speaker}, announce: ["2001:db8:1000'
        )
    )
    up = elsewhere.routebook(project, "lab", "up")
    assert up.returncode == 0, up.stdout + up.stderr
    elsewhere.configure_by_hand(project, ["no-edge1", "no-edge2"], {})
    received = """vtysh -c 'show bgp ipv6 unicast summary json' | grep -q '"pfxRcd": *39'"""
    for edge in ("no-edge1", "no-edge2"):
        elsewhere.wait_for(project, edge, received, 60)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_any_to_any_tunnels_to_one_site_take_over_from_each_other(elsewhere: Elsewhere) -> None:
    needs("uml")
    project = make_project(elsewhere.folder / "two-legs", "two_legs")
    up = elsewhere.routebook(project, "lab", "up", "--kernel", "uml")
    assert up.returncode == 0, up.stdout + up.stderr
    legs = ["a-edge1--b-edge1", "a-edge1--b-edge2"]
    elsewhere.configure_by_hand(project, ["a-edge1", "b-edge1", "b-edge2"], {"a-edge1": legs})
    established = "vtysh -c 'show bgp summary established' | grep -c '^10.255.200'"
    elsewhere.wait_for(project, "a-edge1", f'test "$({established})" = 2', 120)
    selectors = re.findall(r"^    (?:local|remote) +(.*)$", sas(elsewhere, project), re.MULTILINE)
    assert selectors == ["0.0.0.0/0 ::/0"] * 4

    for cut, left, target in (("b-edge1", "vti22", "10.4.0.2"), ("b-edge2", "vti21", "10.4.0.1")):
        reach = f"ip route get {target} from 10.255.3.1 | grep -q {left} && ping -c1 -W1 -I 10.255.3.1 {target}"
        assert elsewhere.on(project, cut, "ip link set wan0 down").returncode == 0
        elsewhere.wait_for(project, "a-edge1", reach, 60)
        assert elsewhere.on(project, cut, "ip link set wan0 up").returncode == 0
        elsewhere.wait_for(project, "a-edge1", f'test "$({established})" = 2', 120)


def test_user_space_esp_refuses_what_it_cannot_tell_apart(elsewhere: Elsewhere) -> None:
    refused = elsewhere.routebook(make_project(elsewhere.folder / "two-legs", "two_legs"), "lab", "up")
    assert refused.returncode == 1
    assert "a-edge1--b-edge1 and a-edge1--b-edge2" in refused.stderr
    assert "--kernel uml" in refused.stderr


def sas(elsewhere: Elsewhere, project: Path) -> str:
    return elsewhere.on(project, "a-edge1", "swanctl --list-sas").stdout


def needs(kernel: str) -> None:
    if kernel == "uml" and shutil.which("linux.uml") is None:
        pytest.skip("not installed: user-mode-linux")
