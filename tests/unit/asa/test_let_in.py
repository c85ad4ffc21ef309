"""What `packet-tracer` says, in the forms that are published, and what is asked of it.

The traces have the phases and lines of published ones (docs/platforms/asa-truths.md says where), with other names.
"""

from ipaddress import ip_address

import pytest

from routebook.device.packet_filter import PASSES, UNKNOWN, Flow, Verdict
from routebook.platforms.asa.let_in import command, judged, parse_trace
from routebook.platforms.asa.show.addresses import parse_addresses
from routebook.platforms.asa.show.text import UnknownOutputError

PEER, HERE = ip_address("203.0.113.5"), ip_address("198.51.100.1")
IKE = Flow("udp", PEER, HERE, 500)

END = """
Result:
input-interface: outside
input-status: up
input-line-status: up
output-interface: {out}
output-status: up
output-line-status: up
Action: {action}
"""
ROUTE = """
Phase: 1
Type: ROUTE-LOOKUP
Subtype: input
Result: ALLOW
Config:
Additional Information:
in   0.0.0.0         0.0.0.0         outside
"""
DENIED = """
Phase: 2
Type: ACCESS-LIST
Subtype: log
Result: DROP
Elapsed time: 303 ns
Config:
access-group OUTSIDE_IN in interface outside control-plane
access-list OUTSIDE_IN extended deny udp any any eq isakmp
Additional Information:
 Forward Flow based lookup yields rule:
 in  id=0x7fffde1286c0, priority=11, domain=permit, deny=true
        hits=60202233, user_data=0x6, cs_id=0x0, use_real_addr, flags=0x0, protocol=0
        src ip/id=0.0.0.0, mask=0.0.0.0, port=0, tag=any
"""
IMPLICIT = """
Phase: 2
Type: ACCESS-LIST
Subtype:
Result: DROP
Config:
Implicit Rule
Additional Information:
 Forward Flow based lookup yields rule:
"""
DROPPED = END.format(out="outside", action="drop") + "Drop-reason: (acl-drop) Flow is denied by configured rule\n"
ALLOWED = END.format(out="NP Identity Ifc", action="allow")


def test_a_packet_that_passes_is_let_in() -> None:
    assert judged(parse_trace(ROUTE + ALLOWED), IKE) == PASSES


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_access_list_that_somebody_applied_drops_it_and_the_line_to_write_stands_first_in_it(newline: str) -> None:
    trace = parse_trace((ROUTE + DENIED + DROPPED).replace("\n", newline))
    assert judged(trace, IKE) == Verdict(
        passes=False,
        by="access-group OUTSIDE_IN in interface outside control-plane; "
        "access-list OUTSIDE_IN extended deny udp any any eq isakmp",
        rule="access-list OUTSIDE_IN line 1 extended permit udp host 203.0.113.5 host 198.51.100.1 eq isakmp",
    )


@pytest.mark.parametrize(
    ("flow", "ends"),
    [
        (Flow("udp", PEER, HERE, 4500), "permit udp host 203.0.113.5 host 198.51.100.1 eq 4500"),
        (Flow("esp", PEER, HERE), "permit esp host 203.0.113.5 host 198.51.100.1"),
        (Flow("tcp", PEER, HERE, 179), "permit tcp host 203.0.113.5 host 198.51.100.1 eq bgp"),
    ],
)
def test_the_line_names_the_flow_in_the_devices_words(flow: Flow, ends: str) -> None:
    assert judged(parse_trace(DENIED + DROPPED), flow).rule.endswith(ends)


def test_an_implicit_rule_says_nothing_of_what_is_pushed() -> None:
    assert judged(parse_trace(ROUTE + IMPLICIT + DROPPED), IKE) == UNKNOWN


@pytest.mark.parametrize("text", ["", "ERROR: % Invalid input detected at '^' marker.", "Command authorization failed"])
def test_an_answer_without_an_action_is_not_known(text: str) -> None:
    with pytest.raises(UnknownOutputError):
        parse_trace(text)


@pytest.mark.parametrize(
    ("flow", "asked"),
    [
        (IKE, "packet-tracer input outside udp 203.0.113.5 500 198.51.100.1 500"),
        (Flow("esp", PEER, HERE), "packet-tracer input outside rawip 203.0.113.5 50 198.51.100.1"),
        (Flow("tcp", PEER, HERE, 179), "packet-tracer input outside tcp 203.0.113.5 1024 198.51.100.1 179"),
    ],
)
def test_the_command_is_as_the_command_reference_has_it(flow: Flow, asked: str) -> None:
    assert command(flow, "outside") == asked


def test_the_interface_is_the_one_that_has_the_address_now() -> None:
    shown = """System IP Addresses:
Interface                Name                   IP address      Subnet mask     Method
GigabitEthernet0/0       outside                198.51.100.9    255.255.255.0   CONFIG
Current IP Addresses:
Interface                Name                   IP address      Subnet mask     Method
GigabitEthernet0/0       outside                198.51.100.1    255.255.255.0   CONFIG
GigabitEthernet0/1       inside                 10.1.0.1        255.255.0.0     CONFIG
"""
    found = {ip_address(each.address): each.nameif for each in parse_addresses(shown)}
    assert found == {HERE: "outside", ip_address("10.1.0.1"): "inside"}
