"""FRR's driver says itself over which sessions other prefixes may go after a change, and which get another option."""

import pytest

from routebook.platforms.frr.effects import forecast
from routebook.platforms.frr.tree import parse

TRANSIT, INSIDE, GROUPED = "2001:db8:f001::1", "10.255.3.3", "10.255.3.4"
RUNNING = f"""ip route 10.9.0.0/16 blackhole
ipv6 prefix-list RB-BOGONS seq 5 deny ::/0
bgp community-list standard RB-OURS seq 5 permit 65550:1
ipv6 prefix-list RB-UNUSED seq 5 permit any
route-map RB-TRANSIT-IN deny 10
 match ipv6 address prefix-list RB-BOGONS
exit
route-map RB-TRANSIT-IN permit 20
 set local-preference 100
exit
route-map RB-IN permit 10
 match community RB-OURS
exit
route-map RB-ORIGIN permit 10
exit
rpki
 rpki cache 192.0.2.1 323 preference 1
exit
bfd
 profile FAST
  detect-multiplier 3
 exit
exit
router bgp 65550
 bgp router-id 10.255.3.1
 neighbor G peer-group
 neighbor G remote-as 65550
 neighbor {GROUPED} peer-group G
 neighbor {INSIDE} remote-as 65550
 neighbor {INSIDE} description inside
 neighbor {INSIDE} bfd profile FAST
 neighbor {TRANSIT} remote-as 64496
 neighbor {TRANSIT} password old
 address-family ipv4 unicast
  network 10.3.0.0/16
  neighbor G route-map RB-IN in
 exit-address-family
 address-family ipv6 unicast
  network 2001:db8:8e20::/48 route-map RB-ORIGIN
  neighbor {TRANSIT} activate
  neighbor {TRANSIT} route-map RB-TRANSIT-IN in
  neighbor {TRANSIT} maximum-prefix 100
 exit-address-family
exit
"""
EVERY = {TRANSIT, INSIDE, GROUPED}


def affected(old: str, new: str, kind: str) -> set[str]:
    assert old in RUNNING
    after = parse(RUNNING.replace(old, new))
    there, back = (
        {effect.subject for effect in forecast(*trees) if effect.kind == kind}
        for trees in ((parse(RUNNING), after), (after, parse(RUNNING)))
    )
    assert there == back
    return there


@pytest.mark.parametrize(
    ("old", "new", "sessions"),
    [
        (f"  neighbor {TRANSIT} route-map RB-TRANSIT-IN in\n", "", {TRANSIT}),
        ("set local-preference 100", "set local-preference 50", {TRANSIT}),
        ("RB-BOGONS seq 5 deny ::/0", "RB-BOGONS seq 5 deny ::/8", {TRANSIT}),
        ("permit 65550:1", "permit 65550:2", {GROUPED}),
        ("  network 10.3.0.0/16\n", "", EVERY),
        ("  network 10.3.0.0/16\n", "  network 10.3.0.0/16\n  redistribute static\n", EVERY),
        ("  network 10.3.0.0/16\n", "  network 10.3.0.0/16\n  aggregate-address 10.0.0.0/8\n", EVERY),
        ("route-map RB-ORIGIN permit 10\nexit", "route-map RB-ORIGIN permit 10\n set metric 5\nexit", EVERY),
        ("cache 192.0.2.1", "cache 192.0.2.2", EVERY),
        (" bgp router-id", " bgp graceful-shutdown\n bgp router-id", EVERY),
        (f"  neighbor {TRANSIT} activate\n", f"  neighbor {TRANSIT} activate\n  neighbor {TRANSIT} next-hop-self\n",
         {TRANSIT}),
        ("RB-UNUSED seq 5 permit any", "RB-UNUSED seq 5 deny any", set()),
        ("ip route 10.9.0.0/16 blackhole\n", "", set()),
        ("description inside", "description network", set()),
        ("password old", "password new", set()),
        ("router-id 10.255.3.1", "router-id 10.255.3.9", set()),
        (" neighbor G peer-group", " timers bgp 5 15\n neighbor G peer-group", set()),
        ("profile FAST", "profile SLOW", set()),
    ],
)  # fmt: skip
def test_exactly_the_sessions_whose_prefixes_a_change_concerns_are_named(
    old: str, new: str, sessions: set[str]
) -> None:
    assert affected(old, new, "policy") == sessions


@pytest.mark.parametrize("announcing", ["  network 10.9.0.0/16\n", "  redistribute static\n"])
def test_a_static_route_that_is_announced_concerns_every_session(announcing: str) -> None:
    text = RUNNING.replace("  network 10.3.0.0/16\n", announcing)
    found = forecast(parse(text), parse(text.replace("ip route 10.9.0.0/16 blackhole\n", "")))
    assert {effect.subject for effect in found if effect.kind == "policy"} == EVERY


@pytest.mark.parametrize(
    ("old", "new", "sessions"),
    [
        ("maximum-prefix 100", "maximum-prefix 900", {TRANSIT}),
        (f" neighbor {TRANSIT} password", f" neighbor {TRANSIT} timers 5 15\n neighbor {TRANSIT} password", {TRANSIT}),
        ("detect-multiplier 3", "detect-multiplier 5", {INSIDE}),
        ("description inside", "description another", set()),
        ("password old", "password new", set()),  # that is a reset
    ],
)
def test_another_option_of_a_session_that_is_not_reset_is_an_effect_on_it(
    old: str, new: str, sessions: set[str]
) -> None:
    assert affected(old, new, "session-changed") == sessions


def test_bfd_that_goes_resets_the_session_and_bfd_that_comes_does_not() -> None:
    without, there = (
        parse(RUNNING),
        parse(RUNNING.replace(f" neighbor {TRANSIT} pass", f" neighbor {TRANSIT} bfd\n neighbor {TRANSIT} pass")),
    )
    assert {each.kind for each in forecast(without, there) if each.subject == TRANSIT} == {"session-changed"}
    assert {each.kind for each in forecast(there, without) if each.subject == TRANSIT} == {"session-reset"}


def test_a_limit_below_what_is_there_resets_the_session() -> None:
    after = parse(RUNNING.replace("maximum-prefix 100", "maximum-prefix 90"))
    context = next(path[-1] for block in parse(RUNNING) for path, line in block.walk() if "maximum-prefix 100" in line)
    for number, kind in ((90, "session-changed"), (91, "session-reset")):
        found = forecast(parse(RUNNING), after, received={(TRANSIT, context): number})
        assert {each.kind for each in found if each.subject == TRANSIT} == {kind}


def test_the_same_option_in_two_families_is_looked_at_in_each() -> None:
    """An option that one family has already is on for the other nevertheless."""
    one = """router bgp 1
 neighbor 192.0.2.1 remote-as 1
 address-family ipv4 unicast
  neighbor 192.0.2.1 addpath-tx-all-paths
 exit-address-family
exit
"""
    family = " address-family ipv6 unicast\n  neighbor 192.0.2.1 activate\n"
    more = f"{family}  neighbor 192.0.2.1 addpath-tx-all-paths\n exit-address-family\nexit\n"
    plain = f"{family} exit-address-family\nexit\n"
    base = one.removesuffix("exit\n")
    found = forecast(parse(base + plain), parse(base + more))
    assert next(each.kind for each in found if each.subject == "192.0.2.1") == "session-reset"


@pytest.mark.parametrize(("release", "said"), [((8, 4), False), ((10, 3), True), ((10, 7), False)])
def test_a_member_of_the_confederation_that_has_a_session_is_a_crash_of_10_3(
    release: tuple[int, int], said: bool
) -> None:
    before = "router bgp 1\n bgp confederation identifier 9\n neighbor 192.0.2.1 remote-as 64496\nexit\n"
    member, other = (before.replace("fier 9", f"fier 9\n bgp confederation peers {asn}") for asn in (64496, 64497))
    notes = [[each.reason for each in forecast(parse(before), parse(text), release)] for text in (member, other)]
    assert [any("crashes" in reason for reason in reasons) for reasons in notes] == [said, False]
