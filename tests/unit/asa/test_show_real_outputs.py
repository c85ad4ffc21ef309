"""Every complete output of a real device reads as what a person sees in it; a cut one is never read as less."""

from collections.abc import Callable
from ipaddress import ip_address

import pytest

from routebook.device.state import BgpState
from routebook.platforms.asa.show import bgp, failover, ikev1, ikev2, ipsec, sessiondb, version
from routebook.platforms.asa.show.text import UnknownNameError, UnknownOutputError
from routebook.platforms.asa.state import ike_sas
from tests.unit.asa.real_outputs import needed, real

pytestmark = needed

NAMES = {"LOCAL-ADDR-172.20.248.119": "172.20.248.119", "REMOTE-PEER-8.8.4.4": "8.8.4.4"}


def test_a_summary_tells_established_neighbors_with_prefixes_from_idle_ones() -> None:
    summary = bgp.parse_summary(real("show-bgp-summary/ntc-templates__cisco_asa_show_bgp_summary.txt"))
    assert (summary.router_id, summary.local_as) == ("172.25.40.2", 65045)
    up, idle = summary.rows
    assert (str(up.peer), up.remote_as, up.received, up.uptime) == ("172.16.243.53", 186, 111, 4 * 86400 + 6 * 3600)
    assert (str(idle.peer), idle.remote_as, idle.state, idle.uptime) == ("172.16.248.53", 196, BgpState.IDLE, None)


def test_a_summary_of_internal_sessions_in_weeks() -> None:
    summary = bgp.parse_summary(real("show-bgp-summary/ntc-templates__cisco_asa_show_bgp_summary1.txt"))
    assert [(str(row.peer), row.remote_as, row.received) for row in summary.rows] == [
        ("10.10.254.1", 65101, 5),
        ("10.10.254.9", 65101, 1),
    ]
    assert summary.rows[0].uptime == (4 * 7 + 6) * 86400


def test_ikev2_with_two_children_over_ipv6() -> None:
    (sa,) = ikev2.parse_ikev2_sas(real("show-crypto-ikev2-sa/genieparser__ShowCryptoIkev2Sa_golden_output1.txt"))
    assert (str(sa.local_address), str(sa.remote_address)) == ("2001:db8:2:1::1", "2001:db8:2:1::2")
    assert (sa.status, sa.initiator, sa.encryption, sa.key_size, sa.dh_group) == ("READY", True, "3DES", "", "2")
    assert (sa.lifetime, sa.active) == (43200, 880)
    assert [(child.local, child.remote) for child in sa.children] == [
        (("2001:db8:1:2::/64",), ("2001:db8:3:2::/64",)),
        (("2001:db8:1:1::/64",), ("2001:db8:3:1::/64",)),
    ]
    assert (sa.children[0].spi_in, sa.children[0].spi_out) == (0xBE064BDC, 0x5DB6EFF3)


def test_ikev2_of_a_tunnel_interface_with_a_short_spi() -> None:
    (sa,) = ikev2.parse_ikev2_sas(real("show-crypto-ikev2-sa/fortigate-vti-responder.txt"))
    assert (sa.initiator, sa.encryption, sa.key_size, sa.active) == (False, "AES-CBC", "256", 73)
    assert sa.children[0].local == sa.children[0].remote == ("0.0.0.0/0",)
    assert sa.children[0].spi_in == 0x0DD3FC4C


def test_two_ikev1_peers_and_no_ikev2() -> None:
    text = real("show-crypto-isakmp-sa/bosfw-two-ikev1-peers.txt")
    assert [(str(sa.remote_address), sa.initiator, sa.state) for sa in ikev1.parse_ikev1_sas(text)] == [
        ("214.5.14.61", True, "MM_ACTIVE"),
        ("78.110.205.13", True, "MM_ACTIVE"),
    ]


def test_ipsec_of_all_generations_in_one_output() -> None:
    text = real("show-crypto-ipsec-sa/ntc-templates__cisco_asa_show_crypto_ipsec_sa.txt")
    old, nat, named = ipsec.parse_ipsec_sas(text, NAMES)
    assert (old.interface, old.map_tag, old.sequence, old.packets_in) == ("outside2", "def", None, 1145)
    assert (old.local_selector, old.remote_selector) == ("0.0.0.0/0", "172.20.0.21/32")
    assert old.inbound[0].settings == ("RA", "Tunnel")
    assert (nat.map_tag, nat.sequence, str(nat.peer)) == ("COLO-MAP", 2, "8.8.8.8")
    assert (nat.packets_out, nat.packets_in) == (13915315, 23606461)
    assert (nat.local_selector, nat.remote_selector) == ("172.16.122.32/28", "172.30.1.153/32")
    assert "NAT-T-Encaps" in nat.inbound[0].settings
    assert (nat.inbound[0].spi, nat.outbound[0].spi, nat.inbound[0].remaining) == (0x32F752FF, 0x50023DDC, 25461)
    assert (str(named.local_address), str(named.peer)) == ("172.20.248.119", "8.8.4.4")


def test_a_name_that_stands_for_an_address_is_asked_for() -> None:
    with pytest.raises(UnknownNameError, match="LOCAL-ADDR"):
        ipsec.parse_ipsec_sas(real("show-crypto-ipsec-sa/ntc-templates__cisco_asa_show_crypto_ipsec_sa.txt"))


def test_ipsec_with_protocols_and_ports_in_its_selectors_and_no_state() -> None:
    (flow,) = ipsec.parse_ipsec_sas(real("show-crypto-ipsec-sa/zscaler-proto-port-selectors.txt"))
    assert (flow.local_selector, flow.remote_selector) == ("192.168.202.0/24[6/any]", "0.0.0.0/0[6/443]")
    assert (flow.packets_out, flow.packets_in, flow.inbound[0].state) == (122, 198, "")
    (sa,) = ike_sas((), (), (flow,))
    assert (sa.name, sa.version, sa.state) == ("10.66.91.74", 2, "GONE")
    (child,) = sa.children
    assert (child.encryption, child.integrity, child.dh_group) == ("NULL", "HMAC_MD5_96", "MODP_1024")
    assert child.up


def test_remote_access_is_no_tunnel() -> None:
    flows = ipsec.parse_ipsec_sas(real("show-crypto-ipsec-sa/ntc-templates__cisco_asa_show_crypto_ipsec_sa.txt"), NAMES)
    assert [sa.name for sa in ike_sas((), (), flows)] == ["8.8.8.8", "8.8.4.4"]


@pytest.mark.parametrize(
    ("parser", "name"),
    [
        (ikev2.parse_ikev2_sas, "show-crypto-ikev2-sa/none.txt"),
        (ikev1.parse_ikev1_sas, "show-crypto-isakmp-sa/none.txt"),
        (ipsec.parse_ipsec_sas, "show-crypto-ipsec-sa/none.txt"),
        (sessiondb.parse_sessions, "show-vpn-sessiondb-l2l/none.txt"),
    ],
)
def test_none_is_what_the_device_says_and_nothing_else(parser: Callable[[str], tuple[object, ...]], name: str) -> None:
    assert parser(real(name)) == ()
    for text in ("", "\n", "% Incomplete command", "something new"):
        with pytest.raises(UnknownOutputError):
            parser(text)


def test_vpn_sessions_of_an_old_release() -> None:
    sessions = sessiondb.parse_sessions(
        real("show-vpn-sessiondb-detail-l2l/ntc-templates__cisco_asa_show_vpn-sessiondb_detail_l2l.txt")
    )
    assert [(session.connection, session.duration, len(session.children)) for session in sessions] == [
        ("172.16.0.1", 6 * 3600 + 16 * 60 + 26, 2),
        ("172.16.0.1", 6 * 3600 + 16 * 60 + 26, 0),
        ("172.16.0.1", 6 * 3600 + 16 * 60 + 26, 2),
    ]
    child = sessions[0].children[1].fields
    assert (child["Remote Addr"], child["Bytes Tx"], child["Pkts Rx"]) == (
        "209.165.201.30/255.255.255.0",
        "1619268",
        "1596809",
    )


def test_vpn_sessions_of_a_newer_release_ikev1_and_ikev2() -> None:
    sessions = sessiondb.parse_sessions(
        real("show-vpn-sessiondb-detail-l2l/ntc-templates__cisco_asa_show_vpn-sessiondb_detail_l2l2.txt")
    )
    assert [(session.connection, len(session.children)) for session in sessions] == [
        ("169.254.107.1", 2),
        ("169.254.104.1", 2),
        ("169.254.99.1", 2),
        ("169.254.44.1", 1),
        ("169.254.60.1", 1),
    ]
    last = sessions[-1]
    assert last.duration == 79 * 86400 + 16 * 3600 + 39 * 60 + 59
    assert last.parts[0].fields["PRF"] == "SHA1"
    assert sessiondb.selector(last.children[0].fields["Remote Addr"]) == "10.250.253.120/29"
    assert sessions[2].children[1].fields["Bytes Tx"] == "519703"


def test_vpn_sessions_in_the_short_form() -> None:
    sessions = sessiondb.parse_sessions(real("show-vpn-sessiondb-l2l/asatg2-three-ikev1.txt"))
    assert [(session.connection, session.fields["Bytes Rx"]) for session in sessions] == [
        ("3.23.33.1", "1394220"),
        ("4.36.73.2", "168772729"),
        ("6.5.137.3", "85711"),
    ]


@pytest.mark.parametrize("name", ["", "1", "5505"])
def test_the_active_unit_of_a_pair(name: str) -> None:
    pair = failover.parse_failover(real(f"show-failover/ntc-templates__cisco_asa_show_failover{name}.txt"))
    assert pair == failover.Failover(True, "Primary", "Active", "Standby Ready")
    assert pair.usable
    assert pair.in_step


def test_versions() -> None:
    found = version.parse_version(real("show-version/ntc-templates__cisco_asa_show_version1.txt"))
    assert (found.release, found.hostname, found.model, found.serial) == ("9.5(2)204", "asa1", "ASAv10", "9AT1L9EX0DF")
    assert found.uptime == 41 * 86400 + 19 * 3600
    assert found.numbers == (9, 5, 2, 204)
    context = version.parse_version(real("show-version/ntc-templates__cisco_asa_show_version2.txt"))
    assert (context.release, context.hostname, context.space) == ("9.8(3)21", "fw002", "context")
    assert context.uptime == 114 * 86400 + 18 * 3600


_CUT: list[tuple[str, Callable[[str], object]]] = [
    ("show-bgp-summary/ntc-templates__cisco_asa_show_bgp_summary.txt", lambda text: bgp.parse_summary(text).rows),
    ("show-crypto-ikev2-sa/genieparser__ShowCryptoIkev2Sa_golden_output1.txt", ikev2.parse_ikev2_sas),
    ("show-crypto-ikev2-sa/fortigate-vti-responder.txt", ikev2.parse_ikev2_sas),
    ("show-crypto-isakmp-sa/bosfw-two-ikev1-peers.txt", ikev1.parse_ikev1_sas),
    (
        "show-crypto-ipsec-sa/ntc-templates__cisco_asa_show_crypto_ipsec_sa.txt",
        lambda text: ipsec.parse_ipsec_sas(text, NAMES),
    ),
    ("show-crypto-ipsec-sa/zscaler-proto-port-selectors.txt", ipsec.parse_ipsec_sas),
    (
        "show-vpn-sessiondb-detail-l2l/ntc-templates__cisco_asa_show_vpn-sessiondb_detail_l2l2.txt",
        sessiondb.parse_sessions,
    ),
]


@pytest.mark.parametrize(("name", "parser"), _CUT)
def test_cut_off_anywhere_it_is_refused_or_all_that_is_read_is_true(
    name: str, parser: Callable[[str], tuple[object, ...]]
) -> None:
    text = real(name)
    whole = parser(text)
    refused = 0
    step = max(3, len(text) // 200)
    for end in range(1, len(text.rstrip()) - 1, step):
        try:
            found = parser(text[:end])
        except (UnknownOutputError, UnknownNameError):
            refused += 1
            continue
        # A cut between two items cannot be seen in the text; then every item that is read must be a whole one,
        # or its last number shortened, which the prompt after an answer excludes.
        assert len(found) <= len(whole)
        assert found[:-1] == whole[: max(0, len(found) - 1)]
    assert refused > len(text) / step * 0.5


def test_the_models_of_a_route_based_tunnel() -> None:
    sas = ikev2.parse_ikev2_sas(real("show-crypto-ikev2-sa/fortigate-vti-responder.txt"))
    (sa,) = ike_sas(sas, (), ())
    assert (sa.name, sa.state, sa.version, sa.established) == ("202.106.1.1", "ESTABLISHED", 2, 73)
    assert (sa.encryption, sa.integrity, sa.dh_group) == ("AES_CBC-256", "HMAC_SHA1_96", "MODP_2048")
    assert sa.remote_address == ip_address("202.106.1.1")
    # IKE has a child that IPsec does not show: it is not called up.
    assert [child.state for child in sa.children] == ["INSTALLING"]
