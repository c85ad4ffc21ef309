"""Forms of `show` outputs beyond the published ones: details, tunnel interfaces, AEAD, states of sessions."""

import pytest

from routebook.device.state import BgpState
from routebook.platforms.asa.show import bgp, failover, ikev1, ikev2, ipsec
from routebook.platforms.asa.show.text import UnknownOutputError, seconds
from routebook.platforms.asa.state import ike_sas

IKEV2_DETAIL = """
IKEv2 SAs:

Session-id:7, Status:UP-ACTIVE, IKE count:1, CHILD count:1

Tunnel-id Local                                               Remote                                                  fvrf/ivrf              Status         Role
 53498231 198.51.100.1/4500                                   203.0.113.9/4500                                        Global/Global          READY    INITIATOR
      Encr: AES-GCM, keysize: 256, Hash: N/A, DH Grp:21, Auth sign: PSK, Auth verify: PSK
      Life/Active Time: 86400/5012 sec
      Session-id: 7
      Status Description: Negotiation done
      Local spi: 4A6C1E0F00112233       Remote spi: 99887766AABBCCDD
      Local id: 198.51.100.1
      Remote id: 203.0.113.9
      Local req mess id: 12             Remote req mess id: 4
      Local next mess id: 12            Remote next mess id: 4
      Local req queued: 12              Remote req queued: 4
      Local window: 1                   Remote window: 1
      DPD configured for 10 seconds, retry 2
      NAT-T is not detected
      IKEv2 Fragmentation Configured MTU: 576 bytes, Overhead: 28 bytes, Effective MTU: 548 bytes
      Parent SA Extended Status:
          Delete in progress: FALSE
          Marked for delete: FALSE
Child sa: local selector  0.0.0.0/0 - 255.255.255.255/65535
          remote selector 0.0.0.0/0 - 255.255.255.255/65535
          ESP spi in/out: 0x1b2c3d4/0xaabbccdd
          AH spi in/out: 0x0/0x0
          CPI in/out: 0x0/0x0
          Encr: AES-GCM, keysize: 256, esp_hmac: N/A
          ah_hmac: None, comp: IPCOMP_NONE, mode tunnel
"""  # noqa: E501  as the device writes it

IPSEC_VTI = """
interface: to-gr
    Crypto map tag: __vti-crypto-map-4-0-1, seq num: 65280, local addr: 198.51.100.1

      Protected vrf (ivrf): Global
      local ident (addr/mask/prot/port): (0.0.0.0/0.0.0.0/0/0)
      remote ident (addr/mask/prot/port): (0.0.0.0/0.0.0.0/0/0)
      current_peer: 203.0.113.9


      #pkts encaps: 40, #pkts encrypt: 40, #pkts digest: 40
      #pkts decaps: 39, #pkts decrypt: 39, #pkts verify: 39
      #send errors: 0, #recv errors: 0

      local crypto endpt.: 198.51.100.1/4500, remote crypto endpt.: 203.0.113.9/4500
      path mtu 1500, ipsec overhead 63(44), media mtu 1500
      current outbound spi: AABBCCDD
      current inbound spi : 01B2C3D4

    inbound esp sas:
      spi: 0x01B2C3D4 (28492756)
         SA State: active
         transform: esp-aes-gcm-256 esp-null-hmac no compression
         in use settings ={L2L, Tunnel,  NAT-T-Encaps, PFS Group 14, IKEv2, VTI, }
         slot: 0, conn_id: 5, crypto-map: __vti-crypto-map-4-0-1
         sa timing: remaining key lifetime (kB/sec): (4055035/28244)
         IV size: 8 bytes
         replay detection support: Y
         Anti replay bitmap:
          0xFFFFFFFF 0xFFFFFFFF
    outbound esp sas:
      spi: 0xAABBCCDD (2864434397)
         SA State: active
         transform: esp-aes-gcm-256 esp-null-hmac no compression
         in use settings ={L2L, Tunnel,  NAT-T-Encaps, PFS Group 14, IKEv2, VTI, }
         slot: 0, conn_id: 5, crypto-map: __vti-crypto-map-4-0-1
         sa timing: remaining key lifetime (kB/sec): (4008958/28242)
         IV size: 8 bytes
         replay detection support: Y
         Anti replay bitmap:
          0x00000000 0x00000001
"""

IKEV1_DETAIL = """
IKEv1 SAs:

   Active SA: 1
    Rekey SA: 0 (A tunnel will report 1 Active and 1 Rekey SA during rekey)
Total IKE SA: 1

1   IKE Peer: 203.0.113.20
    Type    : L2L             Role    : responder
    Rekey   : no              State   : MM_ACTIVE
    Encrypt : aes-256         Hash    : SHA
    Auth    : preshared       Lifetime: 86400
    Lifetime Remaining: 82000
"""

NEIGHBORS = """
BGP neighbor is 10.255.200.1,  context single_vf,  remote AS 65551, external link
 Description: gr-fw1 over tunnel 1
  BGP version 4, remote router ID 10.255.2.1
  BGP state = Established, up for 2d03h
  Last read 00:00:05, last write 00:00:40, hold time is 30, keepalive interval is 10 seconds
  Neighbor sessions:
    1 active, is not multisession capable (disabled)
  Neighbor capabilities:
    Route refresh: advertised and received(new)
    Four-octets ASN Capability: advertised and received
    Address family IPv4 Unicast: advertised and received
  Message statistics:
    InQ depth is 0
    OutQ depth is 0

                   Sent       Rcvd
    Opens:         1          1
    Notifications: 0          0
    Updates:       3          4
    Keepalives:    99         98
    Route Refresh: 0          0
    Total:         103        103
  Default minimum time between advertisement runs is 30 seconds

 For address family: IPv4 Unicast
  Session: 10.255.200.1
  BGP table version 9, neighbor version 9/0
  Output queue size : 0
  Index 2
  2 update-group member
  Incoming update prefix filter list is FROM-GR
  Route map for outgoing advertisements is TO-GR
                                 Sent       Rcvd
  Prefix activity:               ----       ----
    Prefixes Current:            3          5 (Consumes 400 bytes)
    Prefixes Total:              3          6
    Implicit Withdraw:           0          0
    Explicit Withdraw:           0          1

  Address tracking is enabled, the RIB does have a route to 10.255.200.1
  Connections established 2; dropped 1
  Last reset 2d03h, due to BGP Notification received, hold time expired
  Transport(tcp) path-mtu-discovery is disabled
  Graceful-Restart is disabled

BGP neighbor is 10.1.0.11,  context single_vf,  remote AS 64520, external link
  BGP version 4, remote router ID 0.0.0.0
  BGP state = Idle
  Neighbor sessions:
    0 active, is not multisession capable (disabled)

 For address family: IPv4 Unicast
  BGP table version 9, neighbor version 1/9
  Connections established 0; dropped 0
  Last reset never
  Administratively shut down
"""

SUMMARY = """BGP router identifier 10.255.1.1, local AS number 4200000001
BGP table version is 9, main routing table version 9
8 network entries using 1600 bytes of memory
BGP activity 8/0 prefixes, 8/0 paths, scan interval 60 secs

Neighbor        V           AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd
10.255.200.1    4        65551 103     103            9    0    0 2d03h    5
10.1.0.11       4        64520 0       0              1    0    0 never    Idle (Admin)
"""


def test_a_route_based_tunnel_with_aead_in_all_its_details() -> None:
    sas = ikev2.parse_ikev2_sas(IKEV2_DETAIL)
    (sa,) = ike_sas(sas, (), ipsec.parse_ipsec_sas(IPSEC_VTI))
    assert (sa.encryption, sa.integrity, sa.dh_group) == ("AES_GCM_16-256", "", "ECP_521")
    assert (sa.local_id, sa.remote_id) == ("198.51.100.1", "203.0.113.9")
    assert (sa.spi_initiator, sa.spi_responder) == ("4a6c1e0f00112233", "99887766aabbccdd")
    (child,) = sa.children
    assert (child.name, child.state, child.encryption, child.integrity) == ("to-gr", "INSTALLED", "AES_GCM_16-256", "")
    assert (child.dh_group, child.packets_in, child.packets_out) == ("MODP_2048", 39, 40)
    # IKE prints SPIs without leading zeros, IPsec with them.
    assert (child.spi_in, child.spi_out) == ("01b2c3d4", "aabbccdd")
    assert (child.local_selectors, child.remote_selectors) == (("0.0.0.0/0",), ("0.0.0.0/0",))


def test_ikev1_with_details() -> None:
    (sa,) = ike_sas((), ikev1.parse_ikev1_sas(IKEV1_DETAIL), ())
    assert (sa.name, sa.version, sa.state, sa.initiator) == ("203.0.113.20", 1, "ESTABLISHED", False)
    assert (sa.encryption, sa.integrity, sa.established) == ("AES_CBC-256", "HMAC_SHA1_96", 4400)


@pytest.mark.parametrize("status", ["IN-NEG", "INIT"])
def test_a_tunnel_that_is_being_negotiated_is_not_up(status: str) -> None:
    text = IKEV2_DETAIL.split("Child sa")[0].replace("CHILD count:1", "CHILD count:0")
    (sa,) = ike_sas(ikev2.parse_ikev2_sas(text.replace("READY", status)), (), ())
    assert sa.state == "CONNECTING"
    assert not sa.up
    assert sa.children == ()


def test_a_tunnel_that_is_being_negotiated_has_no_algorithms_yet() -> None:
    text = IKEV2_DETAIL.split("      Encr:")[0].replace("CHILD count:1", "CHILD count:0")
    (sa,) = ike_sas(ikev2.parse_ikev2_sas(text.replace("READY", "IN-NEG")), (), ())
    assert (sa.state, sa.encryption, sa.dh_group) == ("CONNECTING", "", "")
    with pytest.raises(UnknownOutputError):
        ikev2.parse_ikev2_sas(text)


def test_announced_sas_that_are_not_there_are_refused() -> None:
    with pytest.raises(UnknownOutputError, match="cut off"):
        ikev2.parse_ikev2_sas(IKEV2_DETAIL.replace("CHILD count:1", "CHILD count:2"))
    with pytest.raises(UnknownOutputError, match="cut off"):
        ikev2.parse_ikev2_sas(IKEV2_DETAIL.split("      Life/Active")[0].replace("CHILD count:1", "CHILD count:0"))


@pytest.mark.parametrize("head", ["", "\nNeighbor    V    AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd"])
def test_a_router_without_neighbors_has_a_summary_without_rows(head: str) -> None:
    text = (
        "BGP router identifier 10.255.1.1, local AS number 65550\nBGP table version is 1, main routing table version 1"
    )
    assert bgp.parse_summary(f"{text}\n{head}") == bgp.Summary("10.255.1.1", 65550, ())


def test_a_line_that_is_not_known_is_an_error() -> None:
    for text, parser in ((IKEV2_DETAIL, ikev2.parse_ikev2_sas), (IPSEC_VTI, ipsec.parse_ipsec_sas)):
        with pytest.raises(UnknownOutputError, match="not known"):
            parser(text + "And now for something completely different\n")
    with pytest.raises(UnknownOutputError):
        bgp.parse_summary(SUMMARY + "10.9.9.9 4 65000 7\n")
    with pytest.raises(UnknownOutputError):
        bgp.parse_summary("BGP ist nicht aktiv\n")


def test_sessions_with_counters_reasons_and_an_administrative_stop() -> None:
    found = bgp.sessions([("ipv4-unicast", bgp.parse_summary(SUMMARY))], bgp.parse_neighbors(NEIGHBORS))
    up, stopped = found
    assert up.established
    assert (str(up.peer), up.local_as, up.remote_as, up.hold_time) == ("10.255.200.1", 4200000001, 65551, 30)
    assert (up.router_id, up.remote_router_id, up.description) == ("10.255.1.1", "10.255.2.1", "gr-fw1 over tunnel 1")
    assert (up.uptime, up.established_count) == (2 * 86400 + 3 * 3600, 2)
    assert [(family.name, family.received, family.sent) for family in up.families] == [("ipv4-unicast", 5, 3)]
    assert (up.last_error_code, up.last_error_sent) == ("0400", False)
    assert stopped.state is BgpState.IDLE_ADMIN
    assert stopped.uptime is None
    assert stopped.families[0].received is None


ROUTES = """
BGP table version is 7, local router ID is 10.255.1.1
Status codes: s suppressed, d damped, h history, * valid, > best, i - internal,
              r RIB-failure, S Stale, m multipath
Origin codes: i - IGP, e - EGP, ? - incomplete

   Network          Next Hop            Metric LocPrf Weight  Path
*> 10.0.0.0         0.0.0.0                  0         32768  i
*>i10.1.0.0/16      10.1.0.11                0    100      0  i
* i                 10.1.0.12                0    100      0  64520 i
r> 172.16.0.0       10.1.0.12                0             0  64520 i
*> 192.168.100.128/25
                    10.1.0.12                0             0  64520 i
*> 0.0.0.0          10.1.0.12                              0  64520 i

Total number of prefixes 5
"""


def test_the_prefixes_of_a_table_whatever_their_lines_look_like() -> None:
    found = [str(prefix) for prefix in bgp.parse_routes(ROUTES)]
    assert found == ["10.0.0.0/8", "10.1.0.0/16", "172.16.0.0/16", "192.168.100.128/25", "0.0.0.0/0"]
    assert bgp.parse_routes("") == ()
    with pytest.raises(UnknownOutputError):
        bgp.parse_routes(ROUTES.replace("r> 172", "what is this 172"))


def test_neighbors_cut_off_are_refused() -> None:
    with pytest.raises(UnknownOutputError, match=r"10\.1\.0\.11"):
        bgp.parse_neighbors(NEIGHBORS.split("  Connections established 0")[0])


def test_a_neighbor_that_only_the_summary_has_is_refused() -> None:
    lone = NEIGHBORS.split("BGP neighbor is 10.1.0.11")[0]
    with pytest.raises(UnknownOutputError, match=r"10\.1\.0\.11"):
        bgp.sessions([("ipv4-unicast", bgp.parse_summary(SUMMARY))], bgp.parse_neighbors(lone))


def test_a_long_address_on_a_line_of_its_own_and_dotted_as_numbers() -> None:
    text = SUMMARY.replace("10.255.200.1    4        65551", "2001:DB8:8E20:200::1\n                4         1.10")
    row = bgp.parse_summary(text).rows[0]
    assert (str(row.peer), row.remote_as) == ("2001:db8:8e20:200::1", 65546)


def test_bgp_that_does_not_run_is_told_from_an_unknown_answer() -> None:
    assert bgp.parse_summary("% BGP not active\n").local_as == 0
    assert bgp.sessions([("ipv4-unicast", bgp.parse_summary("% BGP not active\n"))], ()) == ()


def test_a_standby_unit_is_not_usable_and_a_mate_in_bulk_sync_is_not_in_step() -> None:
    text = (
        "Failover On\nFailover unit Secondary\n\tThis host: Secondary - Standby Ready\n\tOther host: Primary - Active\n"
    )
    assert not failover.parse_failover(text).usable
    text = "Failover On\nFailover unit Primary\n\tThis host: Primary - Active\n\tOther host: Secondary - Bulk Sync\n"
    assert failover.parse_failover(text).usable
    assert not failover.parse_failover(text).in_step
    assert failover.parse_failover("Failover Off\nFailover unit Primary\n").usable
    with pytest.raises(UnknownOutputError):
        failover.parse_failover("Failover On\nFailover unit Primary\n\tThis host: Primary - Active\n")
    with pytest.raises(UnknownOutputError):
        failover.parse_failover("")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("never", None),
        ("00:04:14", 254),
        ("4d06h", 367200),
        ("1y2w", 365 * 86400 + 14 * 86400),
        ("10d 7h:26m:52s", 10 * 86400 + 7 * 3600 + 26 * 60 + 52),
        ("14h:24m:35s", 14 * 3600 + 24 * 60 + 35),
        ("0h:05m:02s", 302),
        ("6:16:26", 6 * 3600 + 16 * 60 + 26),
    ],
)
def test_durations_in_every_notation(text: str, expected: int | None) -> None:
    assert seconds(text) == expected
