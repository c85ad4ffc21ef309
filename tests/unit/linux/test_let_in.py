"""What a Linux host's packet filter lets in, by lists as the programs print them.

Each form of a rule of nftables was loaded into a namespace and listed by nft 1.0.6 (Debian 12) first; those of iptables
are in the form of iptables-save(8), with the matches of iptables-extensions(8).
"""

import json
from ipaddress import ip_address
from typing import Any

import pytest

from routebook.device.packet_filter import Flow, Verdict
from routebook.platforms.linux.let_in import judged

PEER, OTHER, HERE = "203.0.113.5", "198.51.100.7", "198.51.100.1"
_INPUT = {"family": "inet", "table": "filter", "name": "input", "handle": 1, "type": "filter", "hook": "input"}


def listed(*rules: Any, policy: str = "drop", bgp: tuple[Any, ...] = ()) -> str:
    """A ruleset as `nft -j list ruleset` prints it: rules of the chain `input`, numbered from 5, and of `bgp`."""
    peers = ["192.0.2.9", {"prefix": {"addr": "203.0.113.0", "len": 24}}]
    entries: list[dict[str, Any]] = [
        {"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}},
        {"table": {"family": "inet", "name": "filter", "handle": 1}},
        {"set": {"family": "inet", "name": "peers", "table": "filter", "type": "ipv4_addr", "handle": 3,
                 "flags": ["interval"], "elem": peers}},
        {"chain": {**_INPUT, "prio": 0, "policy": policy}},
        {"chain": {"family": "inet", "table": "filter", "name": "bgp", "handle": 2}},
    ]  # fmt: skip
    for chain, first, found in (("input", 5, rules), ("bgp", 50, bgp)):
        for handle, expressions in enumerate(found, first):
            place = {"family": "inet", "table": "filter", "chain": chain, "handle": handle}
            entries.append({"rule": {**place, "expr": expressions}})
    return json.dumps({"nftables": entries})


STATE = [{"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [
    ["invalid", {"drop": None}], ["established", {"accept": None}], ["related", {"accept": None}]]}}}]  # fmt: skip
LOOPBACK = [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "lo"}}, {"accept": None}]
ICMP = [
    {"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": {"set": ["icmp", "ipv6-icmp"]}}},
    {"accept": None},
]
PEERS = [
    {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@peers"}},
    {"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": {"set": [500, 4500]}}},
    {"accept": None},
]
IKE = {"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 500}}
NO_IKE = [IKE, {"counter": {"packets": 0, "bytes": 0}}, {"drop": None}]
TO_BGP = [{"vmap": {"key": {"payload": {"protocol": "tcp", "field": "dport"}},
                    "data": {"set": [[179, {"jump": {"target": "bgp"}}]]}}}]  # fmt: skip
SSH = [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}},
                  "right": {"set": [22, {"range": [170, 180]}]}}}, {"accept": None}]  # fmt: skip
SLOWLY = [{"limit": {"rate": 5, "burst": 5, "per": "second"}}, {"accept": None}]
UDP = [{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": 17}}, {"accept": None}]
MARKED = [{"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": 7}}, {"drop": None}]
DECRYPTED = [{"match": {"op": "==", "left": {"meta": {"key": "secpath"}}, "right": True}}, {"accept": None}]
FROM_OTHER = [
    {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": OTHER}},
    {"accept": None},
]


def ike(source: str = PEER, **fields: Any) -> Flow:
    return Flow("udp", ip_address(source), ip_address(HERE), 500, **fields)


def bgp(source: str = PEER, **fields: Any) -> Flow:
    return Flow("tcp", ip_address(source), ip_address(HERE), 179, **fields)


ESP = Flow("esp", ip_address(PEER), ip_address(HERE))


def verdict(structured: str, flow: Flow, *, text: str = "", four: str = "", six: str = "") -> Verdict:
    return judged((structured, text, four, six), [flow], {str(flow.source): "eth0"})[0]


@pytest.mark.parametrize(
    ("rules", "flow", "passes"),
    [
        ([STATE, LOOPBACK, ICMP, PEERS], ike(), True),
        ([STATE, LOOPBACK, ICMP, PEERS], ike(OTHER), False),
        ([STATE, LOOPBACK, ICMP, PEERS], ike(OTHER, answer=True), True),
        ([STATE, LOOPBACK, ICMP, PEERS], ESP, False),
        ([NO_IKE, PEERS], ike(), False),
        ([PEERS, NO_IKE], ike(), True),
        ([SSH], bgp(), True),
        ([SSH], ike(), False),
        ([UDP], ike(), True),
        ([UDP], ESP, False),
        ([], bgp(), False),
        # What is not understood may be either, unless it makes no difference.
        ([SLOWLY], ike(), None),
        ([SLOWLY, UDP], ike(), True),
        ([MARKED, UDP], ike(), None),
        ([MARKED], ike(), False),
        # What comes out of a tunnel comes in by an interface that is not known, and may be known as decrypted.
        ([DECRYPTED], bgp(inside=True), None),
        ([DECRYPTED], bgp(), False),
        ([LOOPBACK], bgp(inside=True), None),
        ([[{"xt": None}]], ike(), None),
    ],
)
def test_rules_of_nftables(rules: list[Any], flow: Flow, passes: bool | None) -> None:
    assert verdict(listed(*rules), flow).passes is passes


def test_a_chain_that_is_jumped_to_decides_or_goes_back() -> None:
    assert verdict(listed(TO_BGP, bgp=(FROM_OTHER, [{"return": None}])), bgp(OTHER)).passes is True
    assert verdict(listed(TO_BGP, bgp=(FROM_OTHER, [{"return": None}])), bgp()).passes is False
    assert verdict(listed(TO_BGP, SSH, bgp=(FROM_OTHER,)), bgp()).passes is True
    assert verdict(listed(TO_BGP, SSH, bgp=([{"drop": None}],)), bgp()).passes is False


def test_the_rule_that_drops_is_shown_as_the_device_shows_it_and_the_one_to_write_stands_before_it() -> None:
    text = "table inet filter { # handle 1\n\tchain input { # handle 1\n\t\tudp dport 500 counter drop # handle 5\n"
    found = verdict(listed(NO_IKE, PEERS), ike(), text=text)
    assert found.by == "`udp dport 500 counter drop` in chain inet filter input"
    assert found.rule == (
        f"nft insert rule inet filter input position 5 ip saddr {PEER} ip daddr {HERE} udp dport 500 accept"
    )


def test_what_a_policy_drops_is_let_in_at_the_end_of_its_chain() -> None:
    found = verdict(listed(LOOPBACK), ESP)
    assert found.by == "the policy of chain inet filter input"
    assert found.rule == f"nft add rule inet filter input ip saddr {PEER} ip daddr {HERE} meta l4proto esp accept"


def test_what_is_not_understood_is_named() -> None:
    assert verdict(listed(SLOWLY), ike()).by == "rule 5 of chain inet filter input"


def test_a_host_without_rules_has_no_filter() -> None:
    assert verdict("", ike()).passes is True
    assert verdict('{"nftables": [{"metainfo": {"version": "1.0.6"}}]}', ike()).passes is True


@pytest.mark.parametrize("broken", ['{"nftables": 7}', "[", '{"nftables": [{"rule": {}}]}'])
def test_an_answer_that_is_none_is_a_value_error_and_no_verdict(broken: str) -> None:
    with pytest.raises(ValueError, match=r"is not|lacks|, not a"):
        verdict(broken, ike())


IPTABLES = f"""# Generated by iptables-save v1.8.9 (nf_tables) on Mon Nov 30 21:59:29 2026
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:VPN - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "from -j anywhere" -j ACCEPT
-A INPUT ! -s 203.0.113.0/24 -p tcp -m multiport --dports 100:200,443 -j REJECT --reject-with tcp-reset
-A INPUT -p udp -m multiport --dports 500,4500 -j VPN
-A INPUT -s {PEER}/32 -p esp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 179 -m recent --update --seconds 60 --name DEFAULT --rsource -j DROP
-A INPUT -p tcp -m tcp --dport 179 -j ACCEPT
-A VPN -s 203.0.113.0/24 -j RETURN
-A VPN -j ACCEPT
COMMIT
# Completed on Mon Nov 30 21:59:29 2026
"""


@pytest.mark.parametrize(
    ("flow", "passes"),
    [
        (ike(OTHER), True),
        (ike(), False),
        (ike(answer=True), True),
        (ESP, True),
        (bgp(OTHER), False),
        (bgp(), None),
    ],
)
def test_rules_of_iptables(flow: Flow, passes: bool | None) -> None:
    assert verdict("", flow, four=IPTABLES).passes is passes


def test_the_rule_for_iptables_stands_first_in_the_chain_that_drops() -> None:
    assert verdict("", ike(), four=IPTABLES) == Verdict(
        passes=False, by="-P INPUT DROP", rule=f"iptables -I INPUT -s {PEER} -d {HERE} -p udp --dport 500 -j ACCEPT"
    )
    found = verdict("", bgp(OTHER), four=IPTABLES)
    assert found.by.endswith("-j REJECT --reject-with tcp-reset")
    assert verdict("", bgp(), four=IPTABLES).by.startswith("-A INPUT -p tcp -m tcp --dport 179 -m recent")


def test_what_iptables_has_made_in_nftables_is_read_in_its_own_words() -> None:
    there = listed([{"xt": None}]).replace('"inet"', '"ip"')
    assert verdict(there, bgp(OTHER)).passes is None
    assert verdict(there, ike(OTHER), four=IPTABLES).passes is True


def test_rules_of_the_other_family_are_not_met() -> None:
    flow = Flow("udp", ip_address("2001:db8::5"), ip_address("2001:db8::1"), 500)
    assert verdict(listed(PEERS, UDP), flow).passes is True
    assert verdict("", flow, four=IPTABLES).passes is True
    assert verdict("", flow, six="*filter\n:INPUT DROP [0:0]\nCOMMIT\n").rule.startswith("ip6tables -I INPUT -s 2001:")
