"""What makes a change count for what is live, and nothing more than that."""

import pytest

from routebook.device.candidate import Section
from routebook.platforms.asa.activation import activation
from routebook.platforms.asa.config import apply as applied
from routebook.platforms.asa.config import difference, parse
from routebook.platforms.asa.traffic import interesting_traffic

RUNNING = """interface GigabitEthernet0/1
 nameif inside
 security-level 100
 ip address 10.1.0.1 255.255.255.0
!
access-list VPN extended permit ip 10.1.0.0 255.255.0.0 10.2.0.0 255.255.0.0
access-list OTHER extended permit ip object-group A object-group B
prefix-list OUT seq 5 permit 10.1.0.0/16
route-map OUT permit 10
 match ip address prefix-list OUT
crypto ipsec ikev2 ipsec-proposal AES
 protocol esp encryption aes-256
 protocol esp integrity sha-256
crypto ipsec profile TUNNEL
 set ikev2 ipsec-proposal AES
crypto map outside_map 10 match address VPN
crypto map outside_map 10 set peer 203.0.113.1
crypto map outside_map 10 set ikev2 ipsec-proposal AES
crypto map outside_map interface outside
crypto ikev2 enable outside
interface Tunnel1
 nameif vti1
 ip address 10.255.200.0 255.255.255.254
 tunnel source interface outside
 tunnel destination 203.0.113.9
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile TUNNEL
tunnel-group 203.0.113.1 type ipsec-l2l
tunnel-group 203.0.113.1 ipsec-attributes
 ikev2 remote-authentication pre-shared-key one
 ikev2 local-authentication pre-shared-key one
tunnel-group 203.0.113.9 type ipsec-l2l
tunnel-group 203.0.113.9 ipsec-attributes
 ikev2 remote-authentication pre-shared-key nine
 ikev2 local-authentication pre-shared-key nine
router bgp 65550
 address-family ipv4 unicast
  neighbor 10.255.200.1 remote-as 65551
  neighbor 10.255.200.1 activate
  neighbor 10.255.200.1 route-map OUT out
  neighbor 10.1.0.11 remote-as 64520
  neighbor 10.1.0.11 activate
 exit-address-family
"""


def after(old: str, new: str) -> tuple[list[str], set[tuple[str, str]]]:
    assert old in RUNNING
    running = parse(RUNNING)
    delta = difference(running, [Section("asa", "asa", RUNNING.replace(old, new), ("*",))])
    assert delta
    found = activation(running, applied(running, delta.commands), delta.commands)
    return found.commands, {(effect.kind, effect.subject) for effect in found.effects}


def clear(peer: str) -> list[str]:
    return [f"clear crypto ikev2 sa {peer}", f"clear crypto ipsec sa peer {peer}"]


def test_a_new_key_clears_its_peer_only() -> None:
    commands, effects = after("pre-shared-key nine", "pre-shared-key ten")
    assert commands == clear("203.0.113.9")
    assert effects == {("tunnel-rekey", "203.0.113.9")}


def test_a_changed_proposal_clears_every_tunnel_that_uses_it() -> None:
    commands, effects = after("integrity sha-256", "integrity sha-384")
    assert sorted(commands) == sorted(clear("203.0.113.1") + clear("203.0.113.9"))
    assert effects == {("tunnel-rekey", "203.0.113.1"), ("tunnel-rekey", "203.0.113.9")}


def test_changed_selectors_of_a_crypto_map_clear_its_peer() -> None:
    commands, _ = after("10.2.0.0 255.255.0.0\n", "10.3.0.0 255.255.0.0\n")
    assert commands == clear("203.0.113.1")


def test_a_new_tunnel_clears_nothing() -> None:
    commands, effects = after(
        "router bgp 65550\n",
        "tunnel-group 203.0.113.20 type ipsec-l2l\n"
        "tunnel-group 203.0.113.20 ipsec-attributes\n"
        " ikev2 remote-authentication pre-shared-key x\n"
        " ikev2 local-authentication pre-shared-key x\n"
        "router bgp 65550\n",
    )
    assert commands == []
    assert effects == {("tunnel-new", "203.0.113.20")}


def test_a_policy_is_taken_up_softly_by_those_who_use_it() -> None:
    commands, effects = after("permit 10.1.0.0/16", "permit 10.1.0.0/17")
    assert commands == ["clear bgp 10.255.200.1 soft"]
    assert effects == {("policy", "10.255.200.1"), ("prefix-list", "OUT")}


def test_timers_and_passwords_count_from_the_next_start() -> None:
    line = "  neighbor 10.1.0.11 activate\n"
    for setting in ("timers 3 9", "password secret"):
        commands, effects = after(line, f"  neighbor 10.1.0.11 {setting}\n{line}")
        assert commands == ["clear bgp 10.1.0.11"]
        assert effects == {("session-reset", "10.1.0.11")}


def test_another_as_is_a_reset_by_itself() -> None:
    commands, effects = after("remote-as 64520", "remote-as 64521")
    assert commands == []
    assert effects == {("session-reset", "10.1.0.11")}


def test_neighbors_come_and_go() -> None:
    old = "  neighbor 10.1.0.11 remote-as 64520\n  neighbor 10.1.0.11 activate\n"
    commands, effects = after(old, old.replace("10.1.0.11", "10.1.0.12"))
    assert commands == []
    assert effects == {("session-removed", "10.1.0.11"), ("session-new", "10.1.0.12")}


def test_somebody_elses_lines_have_no_effect_on_sessions_or_tunnels() -> None:
    assert after("object-group A object-group B", "object-group A object-group C") == ([], set())


def test_a_crypto_map_gets_traffic_from_inside_its_local_selector_to_its_remote_one() -> None:
    config = parse(RUNNING)
    assert interesting_traffic(config, [("outside_map", "10")]) == [("inside", "10.2.0.1")]
    assert interesting_traffic(config, [("outside_map", "20")]) == []


SECOND = """crypto ipsec profile SECOND
 set ikev2 ipsec-proposal AES
interface Tunnel2
 nameif vti2
 ip address 10.255.200.2 255.255.255.254
 tunnel source interface outside2
 tunnel destination 203.0.113.9
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile SECOND
"""


def test_a_second_tunnel_to_the_same_peer_comes_and_goes_without_the_first_noticing() -> None:
    old, new = parse(RUNNING), parse(RUNNING + SECOND)
    for running, wanted, effect in (
        (old, RUNNING + SECOND, ("tunnel-new", "vti2")),
        (new, RUNNING, ("tunnel-removed", "203.0.113.9")),
    ):
        delta = difference(running, [Section("asa", "asa", wanted, ("*",))])
        found = activation(running, applied(running, delta.commands), delta.commands)
        assert found.commands == []
        assert {(each.kind, each.subject) for each in found.effects} == {effect}


EVERY = {"10.255.200.1", "10.1.0.11"}


@pytest.mark.parametrize(
    ("old", "new", "kind", "sessions"),
    [
        ("permit 10.1.0.0/16", "permit 10.1.0.0/17", "policy", {"10.255.200.1"}),
        ("route-map OUT permit 10\n", "route-map OUT deny 10\n", "policy", {"10.255.200.1"}),
        ("  neighbor 10.255.200.1 route-map OUT out\n", "", "policy", {"10.255.200.1"}),
        (" address-family ipv4 unicast\n", " address-family ipv4 unicast\n  network 10.1.0.0 mask 255.255.0.0\n",
         "policy", EVERY),
        (" address-family ipv4 unicast\n", " address-family ipv4 unicast\n  redistribute static\n", "policy", EVERY),
        ("router bgp 65550\n", "router bgp 65550\n bgp log-neighbor-changes\n", "policy", set()),
        ("  neighbor 10.1.0.11 activate\n", "  neighbor 10.1.0.11 activate\n  neighbor 10.1.0.11 description x\n",
         "policy", set()),
        ("remote-as 64520", "remote-as 64521", "policy", set()),
        ("  neighbor 10.1.0.11 activate\n", "  neighbor 10.1.0.11 activate\n  neighbor 10.1.0.11 fall-over bfd\n",
         "session-changed", {"10.1.0.11"}),
        ("  neighbor 10.1.0.11 activate\n", "  neighbor 10.1.0.11 activate\n  neighbor 10.1.0.11 description x\n",
         "session-changed", set()),
        ("  neighbor 10.1.0.11 activate\n", "  neighbor 10.1.0.11 password x\n  neighbor 10.1.0.11 activate\n",
         "session-changed", set()),
    ],
)  # fmt: skip
def test_the_sessions_that_get_another_policy_or_option_are_named(
    old: str, new: str, kind: str, sessions: set[str]
) -> None:
    _, effects = after(old, new)
    assert {subject for found, subject in effects if found == kind} == sessions
