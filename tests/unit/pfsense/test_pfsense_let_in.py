"""What a pfSense's rules let in, as `pfctl -sr` shows them.

The rules are those of a published list of a whole firewall (docs/platforms/pfsense-truths.md says where), with other
addresses, and those that etc/inc/filter.inc writes for tunnels.
"""

from ipaddress import ip_address
from typing import Any

import pytest

from routebook.device.packet_filter import Flow, Verdict
from routebook.platforms.pfsense import pf_rules
from routebook.platforms.pfsense.let_in import Firewall, Place, judged, let_in, places
from routebook.platforms.pfsense.tree import parse
from routebook.transport.shell import Result

PEER, OTHER, WAN, LAN = "203.0.113.5", "198.51.100.7", "198.51.100.1", "192.168.1.1"

RULES = f"""scrub on em0 inet all fragment reassemble
anchor "openvpn/*" all
anchor "ipsec/*" all
block drop in log quick inet from 169.254.0.0/16 to any label "Block IPv4 link-local" ridentifier 1000000101
block drop in log inet all label "Default deny rule IPv4" ridentifier 1000000103
block drop out log inet all label "Default deny rule IPv4" ridentifier 1000000104
block drop in log inet6 all label "Default deny rule IPv6" ridentifier 1000000105
pass quick inet6 proto ipv6-icmp all icmp6-type unreach keep state ridentifier 1000000107
block drop log quick inet proto tcp from any port = 0 to any label "Block traffic from port 0" ridentifier 1000000114
block drop log quick inet proto udp from any to any port = 0 label "Block traffic to port 0" ridentifier 1000000115
block drop log quick from <snort2c> to any label "Block snort2c hosts" ridentifier 1000000118
block drop in log quick proto tcp from <sshguard> to (self) port = ssh label "sshguard" ridentifier 1000000301
pass in quick on em0 proto udp from any port = bootps to any port = bootpc keep state label "allow dhcp" ridentifier 56
block drop in log quick on em0 from <bogons> to any label "block bogon IPv4 networks from WAN" ridentifier 11001
block drop in log on ! em0 inet from 198.51.100.0/24 to any ridentifier 1000001570
block drop in log inet from {WAN} to any ridentifier 1000001570
pass out inet all flags S/SA keep state allow-opts label "let out anything IPv4" ridentifier 1000003715
pass out route-to (em0 198.51.100.254) inet from {WAN} to ! 198.51.100.0/24 flags S/SA keep state ridentifier 1000003811
pass in quick on em1 proto tcp from any to (em1) port = https flags S/SA keep state label "anti-lockout rule"
anchor "userrules/*" all
{{more}}
pass in quick on em1 inet from 192.168.1.0/24 to any flags S/SA keep state label "USER_RULE: Default allow LAN"
anchor "tftp-proxy/*" all
"""
IKE_IN = f"pass in on em0 reply-to (em0 198.51.100.254) inet proto udp from {PEER} to (self) port = isakmp keep state"
BLOCK_PEER = f'block drop in log quick on em0 inet from {PEER} to any label "USER_RULE: Nothing from there"'
BGP = 'pass in quick on enc0 inet proto tcp from any to (self) port = bgp flags S/SA keep state label "USER_RULE: BGP"'
SOURCES = (PEER, OTHER, "192.168.1.11", "10.255.5.0")
NO_TABLES = {(table, each): False for table in ("snort2c", "sshguard", "bogons") for each in SOURCES}


def firewall(*more: str, **changes: Any) -> Firewall:
    fields = {
        "rules": tuple(RULES.format(more="\n".join(more)).splitlines()),
        "places": {WAN: Place("em0", "WAN"), LAN: Place("em1", "LAN")},
        "inside": Place("enc0", "IPsec"),
        "own": (WAN, LAN),
        "adds": True,
        "tables": NO_TABLES,
    }
    return Firewall(**{**fields, **changes})


def ike(source: str = PEER, **fields: Any) -> Flow:
    return Flow("udp", ip_address(source), ip_address(WAN), 500, **fields)


def bgp(source: str, destination: str, **fields: Any) -> Flow:
    return Flow("tcp", ip_address(source), ip_address(destination), 179, **fields)


ESP = Flow("esp", ip_address(PEER), ip_address(WAN))


@pytest.mark.parametrize(
    ("found", "flow", "passes"),
    [
        # For a tunnel the system adds its own rules, which come last and so decide over all that are not quick.
        (firewall(), ike(), True),
        (firewall(), ESP, True),
        (firewall(BLOCK_PEER), ike(), False),
        (firewall(BLOCK_PEER), ESP, False),
        (firewall(BLOCK_PEER), ike(OTHER), True),
        (firewall(BLOCK_PEER), ike(answer=True), True),
        (firewall(adds=False), ike(), False),
        (firewall(IKE_IN, adds=False), ike(), True),
        (firewall(IKE_IN, adds=False), ESP, False),
        # For BGP it adds nothing.
        (firewall(), bgp(PEER, WAN), False),
        (firewall(), bgp("10.255.5.0", "10.255.5.1", inside=True), False),
        (firewall(BGP), bgp("10.255.5.0", "10.255.5.1", inside=True), True),
        (firewall(BGP), bgp(PEER, WAN), False),
        (firewall(), bgp("192.168.1.11", LAN), True),
        # A table that does not say what is in it, an interface that is not known, an anchor of somebody's own.
        (firewall(tables={}), ike(), None),
        (firewall(tables={**NO_TABLES, ("bogons", PEER): True}), ike(), False),
        (firewall(BGP, inside=Place()), bgp("10.255.5.0", "10.255.5.1", inside=True), None),
        (firewall('anchor "mine" all'), bgp(PEER, WAN), None),
    ],
)
def test_rules_of_pf(found: Firewall, flow: Flow, passes: bool | None) -> None:
    assert judged(found, flow).passes is passes


def test_the_rule_to_write_is_named_as_the_web_interface_does() -> None:
    found = judged(firewall(), bgp("10.255.5.0", "10.255.5.1", inside=True))
    assert found.by.endswith('label "Default deny rule IPv4" ridentifier 1000000103')
    assert found.rule == (
        "Firewall / Rules / IPsec: pass, protocol TCP, from 10.255.5.0 to 10.255.5.1 port 179, before what blocks it"
    )
    assert "untick Disable all auto-added VPN rules" in judged(firewall(adds=False), ESP).rule


def test_a_rule_of_something_that_is_not_known_may_match_or_not() -> None:
    strange = f"pass in quick on em0 inet proto tcp from {PEER} to any port = bgp user = root flags S/SA keep state"
    found = judged(firewall(strange), bgp(PEER, WAN))
    assert found.passes is None
    assert "user = root" in found.by


def test_what_a_list_names_is_asked_of_tables() -> None:
    assert pf_rules.tables(RULES) == ["bogons", "snort2c", "sshguard"]


class Shell:
    """A firewall that answers to pfctl."""

    def __init__(self, info: str, rules: str = "", status: int = 0) -> None:
        self.info, self.rules, self.status = info, rules, status
        self.scripts: list[str] = []

    def run(self, script: str, *, timeout: float = 60.0, root: bool = True, asked: str = "") -> Result:
        del timeout, root, asked
        self.scripts.append(script)
        if "-T test" in script:
            return Result("".join(f"{0}/1 addresses match.\n\x1e" for _ in script.splitlines()), "", 2)
        return Result(f"{self.info}\x1e{self.rules}", "pfctl: /dev/pf: Permission denied" * self.status, self.status)


CONFIG = """<pfsense><interfaces><wan><if>em0</if><descr>WAN</descr><ipaddr>198.51.100.1</ipaddr></wan>
<lan><if>em1</if><ipaddr>192.168.1.1</ipaddr></lan></interfaces><system>{more}</system></pfsense>"""


def asked(shell: Shell, *flows: Flow, more: str = "") -> list[Verdict]:
    return let_in(shell, parse(CONFIG.format(more=more)), (WAN, LAN), flows)


def test_it_is_read_from_the_device_as_it_runs() -> None:
    shell = Shell("Status: Enabled for 0 days 00:10:00", RULES.format(more=""))
    assert [each.passes for each in asked(shell, ike(), bgp(PEER, WAN))] == [True, False]
    assert f"/sbin/pfctl -t bogons -T test {PEER}" in shell.scripts[1]
    assert [each.passes for each in asked(shell, ike(), more="<disablevpnrules></disablevpnrules>")] == [False]


def test_a_filter_that_is_off_lets_everything_in() -> None:
    assert [each.passes for each in asked(Shell("Status: Disabled"), bgp(PEER, WAN))] == [True]


def test_what_cannot_be_listed_is_not_known() -> None:
    (found,) = asked(Shell("", status=1), ike())
    assert found.passes is None
    assert "Permission denied" in found.by


def test_the_tab_of_an_interface_is_called_by_its_description_or_its_name() -> None:
    assert places(parse(CONFIG.format(more=""))) == {WAN: Place("em0", "WAN"), LAN: Place("em1", "LAN")}
