"""A host of platform `asa` in the lab: the operator logs in with the lab's key, and strongSwan is a peer."""

import subprocess
from collections.abc import Iterator
from ipaddress import ip_address, ip_interface, ip_network

import paramiko
import pytest

from lab import topology
from lab.control import Lab
from lab.topology import Host, Topology
from routebook.intent.model import Interface, IpsecProposal, SecretRef, Tunnel
from tests.lab.asa.units import Console
from tests.lab.conftest import skip_unless_possible
from tests.lab.waiting import wait_for

PEERS = {"fw1": "edge1", "edge1": "fw1"}
INNER = ("10.255.200.0", "10.255.200.1")

ASA = """
crypto ikev2 policy 10
 encryption aes-gcm-256
 integrity null
 group 19
 prf sha256
crypto ipsec ikev2 ipsec-proposal GCM
 protocol esp encryption aes-gcm-256
 protocol esp integrity null
crypto ipsec profile EDGE
 set ikev2 ipsec-proposal GCM
tunnel-group 198.51.100.2 type ipsec-l2l
tunnel-group 198.51.100.2 ipsec-attributes
 ikev2 remote-authentication pre-shared-key both-ends-agree
 ikev2 local-authentication pre-shared-key both-ends-agree
interface Tunnel1
 nameif edge1
 ip address 10.255.200.0 255.255.255.254
 tunnel source interface wan1
 tunnel destination 198.51.100.2
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile EDGE
router bgp 65550
 bgp router-id 10.1.0.1
 address-family ipv4 unicast
  neighbor 10.255.200.1 remote-as 65551
  neighbor 10.255.200.1 activate
  network 10.1.0.0 mask 255.255.255.0
"""

SWANCTL = """
connections {
  fw {
    version = 2
    local_addrs = 198.51.100.2
    remote_addrs = 198.51.100.1
    proposals = aes256gcm16-prfsha256-ecp256
    local { auth = psk
 id = 198.51.100.2 }
    remote { auth = psk
 id = 198.51.100.1 }
    children { fw { local_ts = 10.255.200.1/32, 10.3.0.0/16
 remote_ts = 10.255.200.0/32, 10.1.0.0/16
 esp_proposals = aes256gcm16 } }
  }
}
secrets { ike-fw { id = 198.51.100.1
 secret = "both-ends-agree" } }
"""

FRR = """
router bgp 65551
 no bgp ebgp-requires-policy
 neighbor 10.255.200.0 remote-as 65550
 neighbor 10.255.200.0 disable-connected-check
 neighbor 10.255.200.0 update-source 10.255.200.1
 neighbor 10.255.200.0 timers connect 5
 address-family ipv4 unicast
  network 10.3.0.0/24
"""


def _host(name: str, platform: str, number: int) -> Host:
    site = ip_network(f"10.{2 * number - 1}.0.0/16")
    other = ip_network(f"10.{5 - 2 * number}.0.0/16")
    proposal = IpsecProposal(encryption="aes256gcm16", dh_group="ecp256", prf="prfsha256")
    tunnel = Tunnel(
        name="fw--edge", mode="route", mark=1, peer=PEERS[name], peer_host=PEERS[name],
        local_address=ip_address(f"198.51.100.{number}"),
        remote_address=ip_address(f"198.51.100.{3 - number}"), local_id="a", remote_id="b", initiator=number == 1,
        local_selectors=(site,), remote_selectors=(other,), local_inner=ip_address(INNER[number - 1]),
        remote_inner=ip_address(INNER[2 - number]), ike_proposals=(proposal,), esp_proposals=(proposal,),
        psk=SecretRef(file="secrets/none"),
    )  # fmt: skip
    interfaces = (
        Interface(name="wan1", link="internet", addresses=(ip_interface(f"198.51.100.{number}/24"),)),
        Interface(name="lan", link=f"lan{number}", addresses=(ip_interface(f"{site[1]}/24"),)),
    )
    return Host(name, f"site{number}", platform, ip_address(f"192.0.2.{number}"), interfaces, (tunnel,))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    skip_unless_possible()
    plan = Topology(
        sites={"site1": (ip_network("10.1.0.0/16"),), "site2": (ip_network("10.3.0.0/16"),)},
        links={"internet": None, "lan1": "site1", "lan2": "site2"},
        hosts=(_host("fw1", "asa", 1), _host("edge1", "edge", 2)),
        peers=(),
        caches=(),
    )
    patch = pytest.MonkeyPatch()
    patch.setattr(topology, "read", lambda _: plan)
    patch.setattr(topology, "secret_files", lambda _: [])
    running = Lab(tmp_path_factory.mktemp("lab"))
    running.up(print)
    yield running
    running.down()
    patch.undo()


def _console(lab: Lab) -> Console:
    key = paramiko.Ed25519Key.from_private_key_file(str(lab.folder / "operator_ed25519"))
    return Console("192.0.2.1", user="operator", key=key)


def _run(lab: Lab, script: str, stdin: str = "") -> str:
    return subprocess.run(
        lab.command("edge1", ["sh", "-c", script]), input=stdin, capture_output=True, text=True, check=True
    ).stdout


def test_the_operator_is_let_in_and_a_tunnel_to_strongswan_carries_bgp(lab: Lab) -> None:
    console = _console(lab)
    assert console.greeting.endswith("\rfw1# ")
    console.send("terminal pager 0")
    assert "nameif wan1" in console.send("show running-config interface")
    _run(lab, "cat >/etc/swanctl/conf.d/test.conf && swanctl --load-all --noprompt", SWANCTL)
    _run(lab, "vtysh -f /dev/stdin", FRR)
    assert console.configure(ASA) == []

    def established() -> bool:
        line = next((x for x in console.send("show bgp summary").splitlines() if x.startswith(INNER[1])), "")
        return line.split()[-1:] == ["1"]

    wait_for(established, 60, "BGP over the tunnel to strongSwan")
    shown = console.send("show crypto ikev2 sa detail")
    assert "Encr: AES-GCM, keysize: 256, Hash: N/A, DH Grp:19" in shown
    assert "Status:UP-ACTIVE, IKE count:1, CHILD count:1" in shown
    assert "Success rate is 100 percent" in console.send("ping lan 10.3.0.1")
    console.close()


def test_a_killed_server_comes_back_with_what_was_saved(lab: Lab) -> None:
    console = _console(lab)
    console.configure("domain-name unsaved.example")
    shown = subprocess.run(
        lab.command("fw1", ["sh", "-c", "kill -9 $(pgrep -f '[l]ab.asa /etc/asa/settings.json')"]),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr

    def back() -> bool:
        try:
            _console(lab).close()
        except (OSError, EOFError, paramiko.SSHException):
            return False
        return True

    wait_for(back, 30, "the device after the crash")
    again = _console(lab)
    assert again.send("show running-config domain-name") == ""
    again.close()
