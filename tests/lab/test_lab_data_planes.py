"""What the two data planes carry: ESP in user space, and ESP and VTI of a kernel of the lab's own."""

import re
import shutil
from pathlib import Path

import pytest

from tests.lab.elsewhere import Elsewhere
from tests.lab.project import CHECKOUT

ESTABLISHED = """vtysh -c 'show bgp ipv6 unicast summary json' | grep -c '"state": *"Established"'"""
EDGES = ["no-edge1", "no-edge2", "no-edge3", "ch-edge1", "ch-edge2", "ch-edge3"]
SESSIONS = {"no-edge1": 3, "no-edge2": 3, "no-edge3": 5, "ch-edge1": 4, "ch-edge2": 3, "ch-edge3": 5}
LEGS = {"no-edge1": ["no-edge1--ch-edge1"], "no-edge2": ["no-edge2--ch-edge2"]}


@pytest.mark.parametrize("kernel", ["namespaces", pytest.param("uml", marks=pytest.mark.timeout(900))])
def test_every_session_of_the_example_comes_up_over_its_tunnels(elsewhere: Elsewhere, kernel: str) -> None:
    needs(kernel)
    project = elsewhere.project()
    up = elsewhere.routebook(project, "lab", "up", "--kernel", kernel)
    assert up.returncode == 0, up.stdout + up.stderr
    elsewhere.configure_by_hand(project, EDGES, LEGS)
    for edge, sessions in SESSIONS.items():
        elsewhere.wait_for(project, edge, f'test "$({ESTABLISHED})" = {sessions}', 120)
    for ping in ("ping -c1 -W2 -I 10.255.3.3 10.255.4.3", "ping -c1 -W2 -I 2001:db8:8e20:3ff::3 2001:db8:8e20:4ff::3"):
        done = elsewhere.on(project, "no-edge3", ping)
        assert done.returncode == 0, done.stdout
    transit = elsewhere.on(project, "no-edge1", "vtysh -c 'show bgp ipv6 unicast 2001:db8:1027::/48'").stdout
    assert "Network not in table" in transit, "the last prefix of each peer has an invalid ROA and must be filtered"


# Two tunnels from one host to two hosts of one site, any to any: what only a kernel with VTI can tell apart.
TWO_LEGS = {
    "hosts.yaml": """
a-edge1:
  hostname: 192.0.2.31
  platform: edge
  data:
    site: a
    interfaces:
      lo: {addresses: [10.255.3.1/32]}
      wan0: {link: internet, addresses: [198.51.100.31/24]}
b-edge1:
  hostname: 192.0.2.41
  platform: edge
  data:
    site: b
    interfaces:
      lo: {addresses: [10.255.4.1/32]}
      lan0: {link: b-lan, addresses: [10.4.0.1/24]}
      wan0: {link: internet, addresses: [198.51.100.41/24]}
b-edge2:
  hostname: 192.0.2.42
  platform: edge
  data:
    site: b
    interfaces:
      lo: {addresses: [10.255.4.2/32]}
      lan0: {link: b-lan, addresses: [10.4.0.2/24]}
      wan0: {link: internet, addresses: [198.51.100.42/24]}
""",
    "groups.yaml": "{}\n",
    "network.yaml": """
network:
  asn: 65550
  sites:
    a: {prefixes: [10.255.3.0/24]}
    b: {prefixes: [10.4.0.0/16, 10.255.4.0/24]}
  links:
    b-lan: {site: b}
    internet: {}
""",
    "tunnels.yaml": """
tunnels:
  defaults:
    link: internet
    mode: route
    device: vti
    ike: [{encryption: aes256gcm16, prf: prfsha256, dh_group: modp2048}]
    esp: [{encryption: aes256gcm16, dh_group: modp2048}]
    dpd_delay: 10
    psk: {file: "secrets/{name}.psk"}
  list:
    - {ends: [a-edge1, b-edge1], inner: 10.255.200.0/31, key: 21}
    - {ends: [a-edge1, b-edge2], inner: 10.255.200.2/31, key: 22}
""",
    "bgp.yaml": """
bgp:
  defaults: {families: [ipv4-unicast], connect_retry: 5, keepalive: 2, hold_time: 6, next_hop_self: true}
  sessions:
    - {ends: [a-edge1, b-edge1], tunnel: a-edge1--b-edge1}
    - {ends: [a-edge1, b-edge2], tunnel: a-edge1--b-edge2}
    - {ends: [b-edge1, b-edge2], link: b-lan}
  networks:
    - {hosts: a-edge1, prefixes: [10.255.3.1/32]}
    - {hosts: [b-edge1, b-edge2], prefixes: [10.4.0.0/24]}
""",
    "policy.yaml": "policy: {}\n",
}


def two_legs(elsewhere: Elsewhere) -> Path:
    project = elsewhere.folder / "two-legs"
    (project / "inventory").mkdir(parents=True)
    for name, text in TWO_LEGS.items():
        (project / "inventory" / name).write_text(text)
    shutil.copy(CHECKOUT / "inventory/defaults.yaml", project / "inventory")
    shutil.copytree(CHECKOUT / "templates", project / "templates")
    return project


@pytest.mark.timeout(900)
def test_two_any_to_any_tunnels_to_one_site_take_over_from_each_other(elsewhere: Elsewhere) -> None:
    needs("uml")
    project = two_legs(elsewhere)
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
    refused = elsewhere.routebook(two_legs(elsewhere), "lab", "up")
    assert refused.returncode == 1
    assert "a-edge1--b-edge1 and a-edge1--b-edge2" in refused.stderr
    assert "--kernel uml" in refused.stderr


def sas(elsewhere: Elsewhere, project: Path) -> str:
    return elsewhere.on(project, "a-edge1", "swanctl --list-sas").stdout


def needs(kernel: str) -> None:
    if kernel == "uml" and shutil.which("linux.uml") is None:
        pytest.skip("not installed: user-mode-linux")
