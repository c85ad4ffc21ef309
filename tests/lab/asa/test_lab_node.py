"""A host of platform `asa` in the lab: the operator logs in with the lab's key, and strongSwan is a peer."""

import subprocess
from collections.abc import Iterator

import paramiko
import pytest

from lab.control import Lab
from tests.lab.asa.units import Console
from tests.lab.conftest import skip_unless_possible
from tests.lab.waiting import wait_for
from tests.networks.firewall_and_edge import ADDRESS, EDGE, FIREWALL, INNER, firewall_and_edge, make_host

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
 tunnel source interface wan
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


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    skip_unless_possible()
    folder = tmp_path_factory.mktemp("lab")
    with firewall_and_edge(folder, make_host(FIREWALL, "asa", mark=1), make_host(EDGE, "edge", mark=1)) as running:
        yield running


def _console(lab: Lab) -> Console:
    key = paramiko.Ed25519Key.from_private_key_file(str(lab.folder / "operator_ed25519"))
    return Console(ADDRESS, user="operator", key=key)


def test_the_operator_is_let_in_and_a_tunnel_to_strongswan_carries_bgp(lab: Lab) -> None:
    console = _console(lab)
    assert console.greeting.endswith("\rfw1# ")
    console.send("terminal pager 0")
    assert "nameif wan\n" in console.send("show running-config interface")
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
        lab.command("fw1", ["sh", "-c", "kill -9 $(pgrep -f '[a]sa.lab /etc/asa/settings.json')"]),
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
