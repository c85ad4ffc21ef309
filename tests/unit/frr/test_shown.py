"""What people and logs see: differences, redaction, complaints, warnings."""

import pytest

from routebook.platforms.frr.effects import forecast
from routebook.platforms.frr.idempotence import unstable_lines
from routebook.platforms.frr.order import order_commands
from routebook.platforms.frr.present import diff
from routebook.platforms.frr.redaction import redact
from routebook.platforms.frr.references import undefined_policies
from routebook.platforms.frr.refresh import refresh_script
from routebook.platforms.frr.tree import parse
from routebook.platforms.frr.vtysh import complaints
from routebook.transport.shell import Result

ROUTER = """router bgp 65550
 neighbor 192.0.2.1 remote-as 64496
 neighbor 192.0.2.1 password secret
 neighbor 192.0.2.2 remote-as 65550
 address-family ipv4 unicast
  neighbor 192.0.2.1 route-map RB-M in
  neighbor 192.0.2.1 prefix-list RB-P in
 exit-address-family
exit
"""


def test_a_difference_shows_lines_in_their_contexts() -> None:
    after = ROUTER.replace("64496", "64497").replace("route-map RB-M in", "route-map RB-N in")
    assert diff(parse(ROUTER), parse(after)) == (
        "  router bgp 65550\n"
        "-  neighbor 192.0.2.1 remote-as 64496\n"
        "+  neighbor 192.0.2.1 remote-as 64497\n"
        "   address-family ipv4 unicast\n"
        "-   neighbor 192.0.2.1 route-map RB-M in\n"
        "+   neighbor 192.0.2.1 route-map RB-N in\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        " neighbor 192.0.2.1 password {}",
        "- neighbor 192.0.2.1 password {}",
        "password {}",
        "enable password 8 {}",
        "  key-string {}",
        " ip ospf message-digest-key 1 md5 {}",
        " isis password clear {}",
        "line 7: Failure to communicate[13] to bgpd, line: neighbor 192.0.2.1 password {}",
    ],
)
def test_secrets_are_replaced_and_nothing_else(line: str) -> None:
    assert redact(line.format("s3cr3t and more")) == line.format("<secret>")


def test_text_without_secrets_stays() -> None:
    text = "service password-encryption\nno neighbor 192.0.2.1 password\n neighbor 192.0.2.1 description x\n"
    assert redact(text) == text


def test_a_complaint_has_the_line_and_frrs_own_words() -> None:
    said = Result(
        "% Malformed community-list value\n",
        "line 6: Failure to communicate[13] to bgpd, line: bgp community-list standard A seq 5 permit 65550:1\n\n"
        "line 9: % Unknown command[25]:  neighbr 192.0.2.1 password s3cret\n",
        13,
    )
    found = complaints(said, " neighbr 192.0.2.1 password s3cret\nneighbor X password s3cret\n")
    assert [(complaint.line, complaint.words) for complaint in found] == [
        ("bgp community-list standard A seq 5 permit 65550:1", "Malformed community-list value"),
        ("neighbr 192.0.2.1 password <secret>", "Unknown command"),
    ]


def test_undefined_names_are_told() -> None:
    found = undefined_policies(parse(ROUTER + "ip prefix-list RB-P seq 5 permit any\n"))
    assert len(found) == 1
    assert found[0].startswith("route-map RB-M is used by neighbor 192.0.2.1 and is not defined")


def test_the_forecast_names_sessions_not_groups() -> None:
    before = parse("router bgp 1\n neighbor G peer-group\n neighbor G remote-as 2\n neighbor 192.0.2.1 peer-group G\n")
    after = parse(
        "router bgp 1\n neighbor G peer-group\n neighbor G remote-as 2\n"
        " neighbor G password x\n neighbor 192.0.2.1 peer-group G\n"
        " neighbor 192.0.2.9 remote-as 3\n"
    )
    found = {(effect.kind, effect.subject) for effect in forecast(before, after)}
    assert found == {("session-reset", "192.0.2.1"), ("session-new", "192.0.2.9")}


def test_the_cluster_id_resets_internal_sessions_only() -> None:
    before = parse("router bgp 1\n neighbor 192.0.2.1 remote-as 1\n neighbor 192.0.2.2 remote-as 2\n")
    after = parse(
        "router bgp 1\n bgp cluster-id 1.1.1.1\n neighbor 192.0.2.1 remote-as 1\n neighbor 192.0.2.2 remote-as 2\n"
    )
    assert [(effect.kind, effect.subject) for effect in forecast(before, after)] == [("session-reset", "192.0.2.1")]


def test_timers_of_a_session_are_a_change_of_it_and_no_reset() -> None:
    after = ROUTER.replace(" neighbor 192.0.2.2", " neighbor 192.0.2.1 timers 5 15\n neighbor 192.0.2.2", 1)
    assert [(effect.kind, effect.subject) for effect in forecast(parse(ROUTER), parse(after))] == [
        ("session-changed", "192.0.2.1")
    ]


def test_a_line_that_frr_shows_is_never_called_unstable() -> None:
    running = parse("hostname no-edge1\n")
    assert unstable_lines(parse("hostname no-edge1\n"), running, (8, 4)) == []
    assert [item.line for item in unstable_lines(parse("hostname other\n"), running, (8, 4))] == ["hostname other"]


def test_nothing_is_put_in_order_that_was_not_made_again() -> None:
    before = parse("ip prefix-list A seq 5 permit any\nip prefix-list B seq 5 permit any\n")
    assert order_commands(before, parse("ip prefix-list A seq 5 permit any\nip prefix-list B seq 7 permit any\n")) == (
        "",
        "",
    )
    order, tidy = order_commands(before, parse("ip prefix-list B seq 5 permit any\n"))
    assert "no ip prefix-list B\nip prefix-list B seq 5 permit any\n" in order
    assert tidy == "no ip prefix-list ROUTEBOOK-ORDER seq 1 deny any\n"


def test_only_inbound_lists_that_changed_are_applied_anew() -> None:
    lists = "ip prefix-list RB-P seq 5 permit any\n"
    more = lists + "ip prefix-list RB-P seq 10 permit 10.0.0.0/8\n"
    assert refresh_script(parse(lists + ROUTER), parse(lists + ROUTER)) == ""
    script = refresh_script(parse(lists + ROUTER), parse(more + ROUTER))
    assert script == "vtysh -c 'clear bgp ipv4 unicast 192.0.2.1 soft in' >/dev/null 2>&1\n"


@pytest.mark.parametrize("line", ["match tag 0", "set tag 0", "set metric +0"])
def test_a_zero_that_frr_does_not_take_is_never_sent(line: str) -> None:
    candidate = parse(f"route-map RB-M permit 10\n {line}\nexit\n")
    assert [item.line for item in unstable_lines(candidate, (), (10, 7))] == [line]


def test_a_med_of_zero_is_matched_where_bgpd_can() -> None:
    candidate = parse("route-map RB-M permit 10\n match metric 0\nexit\n")
    assert unstable_lines(candidate, (), (10, 7)) == []
    assert [item.line for item in unstable_lines(candidate, (), (8, 4))] == ["match metric 0"]


@pytest.mark.parametrize("release", [(8, 4), (10, 3), (10, 7)])
def test_an_as_that_joins_a_confederation_resets_the_sessions_with_it_and_no_others(release: tuple[int, int]) -> None:
    speaker = (
        "router bgp 65550\n neighbor 192.0.2.1 remote-as 64496\n neighbor 192.0.2.2 remote-as 64497\n"
        " bgp confederation identifier 64500\n bgp confederation peers 64498"
    )
    effects = forecast(parse(speaker), parse(f"{speaker} 64496"), release)
    assert [each.subject for each in effects if each.kind == "session-reset"] == ["192.0.2.1"]
