"""On a kernel with ESP: VTIs negotiate any-to-any, two of them lead to one site, and routes move between them."""

import shutil
from collections.abc import Iterator
from ipaddress import ip_address, ip_interface

import paramiko
import pytest

from lab import topology
from lab.control import Lab
from lab.topology import Host, Topology
from routebook.intent.model import Interface
from tests.lab.asa.units import Console
from tests.lab.conftest import skip_unless_possible
from tests.lab.waiting import wait_for

COMMON = """
crypto ikev2 policy 10
 encryption aes-256
 integrity sha256
 group 14
 prf sha256
crypto ipsec ikev2 ipsec-proposal AES
 protocol esp encryption aes-256
 protocol esp integrity sha-256
crypto ipsec profile PEER
 set ikev2 ipsec-proposal AES
crypto ikev2 enable wan1
crypto ikev2 enable wan2
prefix-list OWN seq 5 permit 10.{own}.0.0/24
route-map FIRST permit 10
 set local-preference 200
route-map SECOND permit 10
 set local-preference 150
"""

TUNNEL = """
tunnel-group 198.51.{net}.{peer} type ipsec-l2l
tunnel-group 198.51.{net}.{peer} ipsec-attributes
 ikev2 remote-authentication pre-shared-key key-{net}
 ikev2 local-authentication pre-shared-key key-{net}
interface Tunnel{number}
 nameif vti{number}
 ip address 10.255.200.{inner} 255.255.255.252
 tunnel source interface wan{number}
 tunnel destination 198.51.{net}.{peer}
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile PEER
router bgp 6550{own}
 address-family ipv4 unicast
  neighbor 10.255.200.{neighbor} remote-as 6550{remote}
  neighbor 10.255.200.{neighbor} timers 3 9
  neighbor 10.255.200.{neighbor} activate
  neighbor 10.255.200.{neighbor} prefix-list OWN out
  neighbor 10.255.200.{neighbor} route-map {policy} in
  network 10.{own}.0.0 mask 255.255.255.0
"""


def _commands(own: int) -> str:
    other = 3 - own
    lines = COMMON.format(own=own)
    for number, (net, policy) in enumerate(((100, "FIRST"), (101, "SECOND")), 1):
        base = 4 * (number - 1)
        lines += TUNNEL.format(
            net=net, peer=other, number=number, inner=base + own, neighbor=base + other, own=own, remote=other,
            policy=policy,
        )  # fmt: skip
    return lines


def _host(name: str, number: int) -> Host:
    interfaces = [
        Interface(name=f"wan{wan}", link=f"net{wan}", addresses=(ip_interface(f"198.51.{99 + wan}.{number}/24"),))
        for wan in (1, 2)
    ]
    interfaces.append(Interface(name="inside", link=name, addresses=(ip_interface(f"10.{number}.0.1/24"),)))
    return Host(name, name, "asa", ip_address(f"192.0.2.{number}"), tuple(interfaces), ())


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    skip_unless_possible()
    if shutil.which("linux.uml") is None:
        pytest.skip("user-mode-linux is not installed")
    links = {"net1": None, "net2": None, "nl-fw1": "nl-fw1", "gr-fw1": "gr-fw1"}
    plan = Topology(sites={}, links=links, hosts=(_host("nl-fw1", 1), _host("gr-fw1", 2)), peers=(), caches=())
    patch = pytest.MonkeyPatch()
    patch.setattr(topology, "read", lambda _: plan)
    patch.setattr(topology, "secret_files", lambda _: [])
    running = Lab(tmp_path_factory.mktemp("kernel"))
    running.up(print, "uml")
    yield running
    running.down()
    patch.undo()


def _console(lab: Lab, number: int) -> Console:
    key = paramiko.Ed25519Key.from_private_key_file(str(lab.folder / "operator_ed25519"))
    console = Console(f"192.0.2.{number}", user="operator", key=key)
    console.send("terminal pager 0")
    return console


def test_two_any_to_any_tunnels_stand_beside_each_other_and_routes_fail_over(lab: Lab) -> None:
    nl, gr = _console(lab, 1), _console(lab, 2)
    assert nl.configure(_commands(1)) == []
    assert gr.configure(_commands(2)) == []

    def via(hop: str) -> bool:
        return f"10.2.0.0 255.255.255.0 [20/0] via {hop}" in nl.send("show route bgp")

    def received() -> list[str]:
        lines = nl.send("show bgp summary").splitlines()
        return [line.split()[-1] for line in lines if line.startswith("10.255.200.")]

    wait_for(lambda: received() == ["1", "1"] and via("10.255.200.2"), 120, "both sessions")
    shown = nl.send("show crypto ikev2 sa")
    assert shown.count("READY") == 2
    assert shown.count("Child sa: local selector  0.0.0.0/0 - 255.255.255.255/65535") == 2
    assert "/500 " in shown
    ipsec = nl.send("show crypto ipsec sa")
    assert ipsec.count("local ident (addr/mask/prot/port): (0.0.0.0/0.0.0.0/0/0)") == 2
    assert "NAT-T" not in ipsec
    assert "Success rate is 100 percent" in nl.send("ping inside 10.2.0.1")

    nl.configure("interface GigabitEthernet0/0\n shutdown")
    wait_for(lambda: via("10.255.200.6"), 60, "the route over the second tunnel")
    assert "Success rate is 100 percent" in nl.send("ping inside 10.2.0.1")
    nl.configure("interface GigabitEthernet0/0\n no shutdown")
    wait_for(lambda: via("10.255.200.2"), 120, "the route back over the first tunnel")
    nl.close()
    gr.close()
