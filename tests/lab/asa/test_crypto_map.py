"""Crypto maps come up with interesting traffic and not before; IKEv1; BGP over IPv6."""

from itertools import pairwise

from tests.lab.asa.units import Unit
from tests.lab.waiting import wait_for

MAP = """
crypto ikev{version} policy 10
 encryption aes-256
 {digest}
 group 14
{proposal}
object network LOCAL
 subnet {own} 255.255.255.0
object-group network REMOTE
 network-object {other} 255.255.255.0
access-list VPN extended permit ip object LOCAL object-group REMOTE
tunnel-group {peer} type ipsec-l2l
tunnel-group {peer} ipsec-attributes
 {keys}
crypto map OUT 10 match address VPN
crypto map OUT 10 set peer {peer}
crypto map OUT 10 set pfs group14
crypto map OUT 10 set ikev{version} {suite} SUITE
crypto map OUT interface outside
crypto ikev{version} enable outside
route outside {other} 255.255.255.0 {peer}
"""
IKEV2 = {
    "version": 2,
    "digest": "integrity sha256",
    "proposal": "crypto ipsec ikev2 ipsec-proposal SUITE\nprotocol esp encryption aes-256\n"
    "protocol esp integrity sha-256",
    "keys": "ikev2 remote-authentication pre-shared-key both\n ikev2 local-authentication pre-shared-key both",
    "suite": "ipsec-proposal",
}
IKEV1 = {
    "version": 1,
    "digest": "hash sha",
    "proposal": "crypto ipsec ikev1 transform-set SUITE esp-aes-256 esp-sha-hmac",
    "keys": "ikev1 pre-shared-key both",
    "suite": "transform-set",
}
CLEAN = """
clear configure crypto map OUT
clear configure access-list VPN
clear configure object-group
no object network LOCAL
clear configure tunnel-group {peer}
no crypto ipsec ikev{version} {suite} SUITE
no crypto ikev{version} policy 10
clear configure route
"""


def _incomplete_only(said: list[str]) -> bool:
    return set(said) <= {"WARNING: The crypto map entry is incomplete!"}


def _exercise(pair: tuple[Unit, Unit], kind: dict[str, object], established: str) -> None:
    for unit, own, other, peer in (
        (pair[0], "10.1.0.0", "10.2.0.0", "192.0.2.2"),
        (pair[1], "10.2.0.0", "10.1.0.0", "192.0.2.1"),
    ):
        console = unit.console()
        assert _incomplete_only(console.configure(MAP.format(own=own, other=other, peer=peer, **kind)))
        console.close()
    one = pair[0]
    assert one.says("show crypto ipsec sa") == "There are no ipsec sas"
    wait_for(
        lambda: "Success rate is 100 percent" in one.says("ping inside 10.2.0.1"), 40, "traffic through the crypto map"
    )
    shown = one.says("show crypto ipsec sa")
    assert "Crypto map tag: OUT, seq num: 10, local addr: 192.0.2.1" in shown
    assert "access-list VPN extended permit ip object LOCAL object-group REMOTE" in shown
    assert "local ident (addr/mask/prot/port): (10.1.0.0/255.255.255.0/0/0)" in shown
    assert established in one.says("show crypto isakmp sa")
    for unit, peer in ((pair[0], "192.0.2.2"), (pair[1], "192.0.2.1")):
        console = unit.console()
        assert console.configure(CLEAN.format(peer=peer, **kind)) == []
        assert "OUT" not in console.send("show running-config crypto")
        console.close()
    assert one.says("show crypto ipsec sa") == "There are no ipsec sas"


def test_an_ikev2_crypto_map_comes_up_with_traffic(pair: tuple[Unit, Unit]) -> None:
    _exercise(pair, dict(IKEV2), "READY")


def test_an_ikev1_crypto_map_comes_up_with_traffic(pair: tuple[Unit, Unit]) -> None:
    _exercise(pair, dict(IKEV1), "MM_ACTIVE")


def test_bgp_carries_ipv6_beside_ipv4(pair: tuple[Unit, Unit]) -> None:
    for number, unit in enumerate(pair, 1):
        console = unit.console()
        said = console.configure(f"""
            interface GigabitEthernet0/0
             ipv6 address 2001:db8:ffff::{number}/64
            interface GigabitEthernet0/1
             ipv6 address 2001:db8:{number}::1/64
            ipv6 prefix-list SIX seq 5 permit 2001:db8:{number}::/64
            router bgp 6500{number}
             address-family ipv6 unicast
              neighbor 2001:db8:ffff::{3 - number} remote-as 6500{3 - number}
              neighbor 2001:db8:ffff::{3 - number} activate
              neighbor 2001:db8:ffff::{3 - number} prefix-list SIX out
              network 2001:db8:{number}::/64
        """)
        assert said == []
        console.close()

    def received() -> list[str]:
        shown = pair[0].says("show bgp ipv6 unicast summary").splitlines()
        return next((after.split()[-1:] for line, after in pairwise(shown) if line == "2001:db8:ffff::2"), [])

    wait_for(lambda: received() == ["1"], 40, "the session over IPv6")
    assert "For address family: IPv6 Unicast" in pair[0].says("show bgp ipv6 unicast neighbors 2001:db8:ffff::2")
    assert "2001:db8:2::/64" in pair[0].says("show bgp ipv6 unicast")
    for number, unit in enumerate(pair, 1):
        console = unit.console()
        console.configure(f"no router bgp 6500{number}\nclear configure ipv6 prefix-list SIX")
        assert "SIX" not in console.send("show running-config")
        console.close()
