"""Commands typed at two prompts give a real tunnel with BGP over it; a wrong key or AS really gives neither."""

from tests.lab.asa.units import Unit
from tests.lab.waiting import wait_for

VTI = """
crypto ikev2 policy 10
 encryption aes-256
 integrity sha256
 group 14
 prf sha256
 lifetime seconds 86400
crypto ipsec ikev2 ipsec-proposal AES
 protocol esp encryption aes-256
 protocol esp integrity sha-256
crypto ipsec profile PEER
 set ikev2 ipsec-proposal AES
 set pfs group14
 set security-association lifetime seconds 3600
group-policy L2L internal
group-policy L2L attributes
 vpn-tunnel-protocol ikev2
tunnel-group {peer} type ipsec-l2l
tunnel-group {peer} general-attributes
 default-group-policy L2L
tunnel-group {peer} ipsec-attributes
 ikev2 remote-authentication pre-shared-key {key}
 ikev2 local-authentication pre-shared-key {key}
interface Tunnel1
 nameif vti1
 ip address {inner} 255.255.255.252
 tunnel source interface outside
 tunnel destination {peer}
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile PEER
"""

BGP = """
prefix-list OWN seq 5 permit {own}/24
route-map OUT permit 10
 match ip address prefix-list OWN
 set community 65000:{metric} additive
router bgp {asn}
 bgp router-id {router}
 address-family ipv4 unicast
  neighbor {neighbor} remote-as {remote}
  neighbor {neighbor} timers 10 30
  neighbor {neighbor} password md5-secret
  neighbor {neighbor} activate
  neighbor {neighbor} send-community
  neighbor {neighbor} route-map OUT out
  network {own} mask 255.255.255.0
"""


def _configure(unit: Unit, text: str) -> None:
    console = unit.console()
    assert console.configure(text) == []
    console.close()


def _sa(unit: Unit) -> str:
    return unit.says("show crypto ikev2 sa")


def _summary(unit: Unit, neighbor: str) -> list[str]:
    shown = unit.says("show bgp summary")
    return next((line.split() for line in shown.splitlines() if line.startswith(neighbor)), [])


def test_a_tunnel_with_bgp_comes_up_from_commands_and_breaks_as_it_should(pair: tuple[Unit, Unit]) -> None:
    one, two = pair
    _configure(one, VTI.format(peer="192.0.2.2", key="open-sesame", inner="10.255.200.1"))
    _configure(two, VTI.format(peer="192.0.2.1", key="something-else", inner="10.255.200.2"))
    aborted = "{} IKEv2 Negotiation aborted due to ERROR: {}"
    ours, theirs = ("Local:192.0.2.{}:500 Remote:192.0.2.{}:500".format(*each) for each in ((1, 2), (2, 1)))
    wait_for(lambda: "Auth exchange failed" in one.says("show logging"), 30, "the refusal of the wrong key")
    assert aborted.format(f"{ours} Username:192.0.2.2", "Auth exchange failed") in one.says("show logging")
    assert aborted.format(f"{theirs} Username:192.0.2.1", "Failed to authenticate") in two.says("show logging")
    assert _sa(one) == "There are no IKEv2 SAs" or "READY" not in _sa(one)
    assert one.says("show crypto ipsec sa") == "There are no ipsec sas"
    assert "no active sessions" in one.says("show vpn-sessiondb detail l2l")

    _configure(
        two,
        "tunnel-group 192.0.2.1 ipsec-attributes\n ikev2 remote-authentication pre-shared-key open-sesame\n"
        " ikev2 local-authentication pre-shared-key open-sesame",
    )
    wait_for(lambda: "READY" in _sa(one) and "READY" in _sa(two), 40, "the tunnel")

    _configure(
        one, BGP.format(own="10.1.0.0", metric=1, asn=65001, remote=65002, router="10.1.0.1", neighbor="10.255.200.2")
    )
    _configure(
        two, BGP.format(own="10.2.0.0", metric=2, asn=65002, remote=65009, router="10.2.0.1", neighbor="10.255.200.1")
    )
    wait_for(
        lambda: "Bad Peer AS" in two.host.vtysh("show bgp neighbors") + one.host.vtysh("show bgp neighbors"),
        40,
        "the wrong AS to be refused",
    )
    assert _summary(two, "10.255.200.1")[-1] in ("Idle", "Active", "OpenSent")

    _configure(
        two,
        "router bgp 65002\n address-family ipv4 unicast\n  no neighbor 10.255.200.1 remote-as 65009",
    )
    assert _summary(two, "10.255.200.1") == []
    _configure(
        two, BGP.format(own="10.2.0.0", metric=2, asn=65002, remote=65001, router="10.2.0.1", neighbor="10.255.200.1")
    )
    wait_for(
        lambda: _summary(one, "10.255.200.2")[-1:] == ["1"] and _summary(two, "10.255.200.1")[-1:] == ["1"],
        60,
        "BGP over the tunnel",
    )

    shown = one.says("show route bgp")
    assert "B        10.2.0.0 255.255.255.0 [20/0] via 10.255.200.2" in shown
    assert "BGP state = Established, up for" in one.says("show bgp neighbors")
    assert "Community: 65000:2" in one.host.vtysh("show bgp ipv4 unicast 10.2.0.0/24")
    ipsec = one.says("show crypto ipsec sa peer 192.0.2.2")
    assert "current_peer: 192.0.2.2" in ipsec
    assert "SA State: active" in ipsec
    assert "#pkts encaps: 0," not in ipsec
    assert "Success rate is 100 percent (5/5)" in one.says("ping inside 10.2.0.1")
    assert "192.0.2.2" in one.says("show vpn-sessiondb detail l2l")
    assert "up                    up" in next(
        line for line in one.says("show interface ip brief").splitlines() if "Tunnel1" in line
    )


def test_removing_what_was_typed_leaves_the_device_as_it_was(pair: tuple[Unit, Unit]) -> None:
    one, _ = pair
    console = one.console()
    said = console.configure(
        "no router bgp 65001\nno route-map OUT permit 10\nno prefix-list OWN\nno interface Tunnel1\n"
        "clear configure tunnel-group 192.0.2.2\nclear configure group-policy L2L\nno crypto ipsec profile PEER\n"
        "no crypto ipsec ikev2 ipsec-proposal AES\nno crypto ikev2 policy 10"
    )
    assert said == []
    assert console.send("show running-config | include Tunnel|bgp|192.0.2.2|policy") == ""
    assert console.send("show crypto ikev2 sa") == "There are no IKEv2 SAs"
    assert one.host.sh("ip link show").count("tunnel1") == 0
    assert "router bgp" not in one.host.vtysh("show running-config")
    console.close()
