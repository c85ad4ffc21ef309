"""FreeBSD's ifconfig is read as its manual page and pfSense's own status pages show it."""

from routebook.platforms.linux.getters import parse_ping
from routebook.platforms.pfsense.getters import addresses, interfaces
from routebook.platforms.pfsense.tree import parse
from routebook.transport.shell import Result
from tests.unit.pfsense.configurations import CONFIG

IFCONFIG = """vtnet0: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
\tdescription: to the provider
\toptions=800a8<VLAN_MTU,JUMBO_MTU,VLAN_HWCSUM,LINKSTATE>
\tether 52:54:00:12:34:56
\tinet 203.0.113.2 netmask 0xfffffffc broadcast 203.0.113.3
\tinet6 fe80::5054:ff:fe12:3456%vtnet0 prefixlen 64 scopeid 0x1
\tinet6 2001:db8:5::2 prefixlen 64
\tmedia: Ethernet autoselect (10Gbase-T <full-duplex>)
\tstatus: active
igc1: flags=8802<BROADCAST,SIMPLEX,MULTICAST> metric 0 mtu 1500
\tether 52:54:00:12:34:57
\tmedia: Ethernet autoselect (none)
\tstatus: no carrier
ipsec4: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> metric 0 mtu 1400
\ttunnel inet 203.0.113.2 --> 192.0.2.9
\tinet 10.255.200.1 --> 10.255.200.0 netmask 0xffffffff
\treqid: 2
"""


def test_interfaces() -> None:
    found = interfaces(IFCONFIG, parse(CONFIG))
    assert found["vtnet0"] == {
        "is_up": True,
        "is_enabled": True,
        "description": "to the provider",
        "last_flapped": -1.0,
        "speed": 10000.0,
        "mtu": 1500,
        "mac_address": "52:54:00:12:34:56",
    }
    assert (found["igc1"]["is_up"], found["igc1"]["is_enabled"], found["igc1"]["speed"]) == (False, False, -1.0)
    assert (found["ipsec4"]["is_up"], found["ipsec4"]["mtu"], found["ipsec4"]["mac_address"]) == (True, 1400, "")


def test_an_interface_without_a_description_has_the_name_that_it_is_assigned() -> None:
    text = IFCONFIG.replace("\tdescription: to the provider\n", "")
    assert interfaces(text, parse(CONFIG))["vtnet0"]["description"] == "Café & WAN"


def test_addresses() -> None:
    assert addresses(IFCONFIG) == {
        "vtnet0": {
            "ipv4": {"203.0.113.2": {"prefix_length": 30}},
            "ipv6": {"fe80::5054:ff:fe12:3456": {"prefix_length": 64}, "2001:db8:5::2": {"prefix_length": 64}},
        },
        "ipsec4": {"ipv4": {"10.255.200.1": {"prefix_length": 32}}},
    }


def test_ping() -> None:
    said = """PING 192.0.2.1 (192.0.2.1): 56 data bytes
64 bytes from 192.0.2.1: icmp_seq=0 ttl=64 time=0.047 ms
64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=0.081 ms

--- 192.0.2.1 ping statistics ---
3 packets transmitted, 2 packets received, 33.3% packet loss
round-trip min/avg/max/stddev = 0.047/0.064/0.081/0.017 ms
"""
    found = parse_ping(Result(said, "", 2), 3)["success"]
    assert (found["packet_loss"], found["rtt_max"], found["rtt_stddev"]) == (1, 0.081, 0.017)
    assert [each["ip_address"] for each in found["results"]] == ["192.0.2.1", "192.0.2.1"]
