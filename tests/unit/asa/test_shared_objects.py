"""In `router bgp` and among policies of any name, what is ours changes and what is somebody else's stays."""

from dataclasses import replace

import pytest

from routebook.device.candidate import Section
from routebook.platforms.asa.claims import claims
from routebook.platforms.asa.config import apply, canonical, difference, parse, typed
from routebook.platforms.asa.foreign import left_alone
from routebook.platforms.asa.words import adopted, managed
from routebook.project.render import section_templates
from tests.unit.test_render_asa import TEMPLATES

OWNS = {section.name: section.owns for section in section_templates(TEMPLATES, "asa")}
OURS = """\
router bgp 65550
 bgp log-neighbor-changes
 bgp router-id 10.0.0.1
 address-family ipv4 unicast
  neighbor 10.0.0.9 remote-as 64496
  neighbor 10.0.0.9 activate
  network 10.3.0.0 mask 255.255.0.0
  no auto-summary
  no synchronization
 exit-address-family
!
"""
THEIRS = """\
router bgp 65550
 bgp router-id 10.0.0.1
 bgp graceful-restart
 address-family ipv4 unicast
  neighbor 192.0.2.1 remote-as 64500
  neighbor 192.0.2.1 timers 60 180
  neighbor 192.0.2.1 password s#cret
  neighbor 192.0.2.1 route-map THEIRS in
  network 10.9.0.0 mask 255.255.0.0
  maximum-paths 4
 exit-address-family
 address-family ipv6 unicast
  neighbor 2001:db8::1 remote-as 64500
 exit-address-family
!
"""
LIST = "prefix-list CUSTOMERS seq 5 permit 10.0.0.0/8\n"
THEIR_POLICY = "route-map THEIRS permit 10\n set local-preference 50\n!\n"


def sections(bgp: str = "", policy: str = "", *more: str) -> list[Section]:
    return [
        Section("policy", "asa", policy, (*OWNS["policy"], *more)),
        Section("bgp", "asa", bgp, (*OWNS["bgp"], *more)),
    ]


def pushed(running: str, bgp: str = "", policy: str = "", *more: str) -> str:
    """What runs after a change; its undo gives the text back, and the same again sends nothing."""
    before, wanted = parse(running), sections(bgp, policy, *more)
    assert list(claims(before, wanted)) == []
    delta = difference(before, wanted, record=True)
    after = apply(before, delta.commands)
    assert not difference(after, wanted, record=True)
    back = apply(after, delta.undo)
    assert canonical(back) == canonical(before)
    return str(after)


def of(text: str, start: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith(start)]


def test_our_neighbor_comes_and_goes_beside_theirs() -> None:
    there = THEIR_POLICY + THEIRS
    with_ours = pushed(there, OURS)
    assert of(with_ours, "neighbor 192.0.2.1") == of(THEIRS, "neighbor 192.0.2.1")
    assert of(with_ours, "neighbor 10.0.0.9") == of(OURS, "neighbor 10.0.0.9")
    assert of(with_ours, "bgp ") == ["bgp router-id 10.0.0.1", "bgp graceful-restart"]
    assert of(with_ours, "access-list ROUTEBOOK") == [
        "access-list ROUTEBOOK remark bgp:",
        "access-list ROUTEBOOK remark bgp: router bgp 65550 / bgp router-id",
        "access-list ROUTEBOOK remark bgp: router bgp 65550 / ipv4 unicast / network 10.3.0.0 mask 255.255.0.0",
        "access-list ROUTEBOOK remark bgp: router bgp 65550 / neighbor 10.0.0.9",
        "access-list ROUTEBOOK remark policy:",
    ]
    changed = pushed(with_ours, OURS.replace("10.3.0.0", "10.4.0.0").replace("64496", "64497"))
    assert sorted(of(changed, "network")) == [
        "network 10.4.0.0 mask 255.255.0.0",
        "network 10.9.0.0 mask 255.255.0.0",
    ]
    nothing = "access-list ROUTEBOOK remark bgp:\naccess-list ROUTEBOOK remark policy:\n"
    assert canonical(parse(pushed(changed))) == canonical(parse(nothing + there))


def test_what_is_theirs_is_named_in_the_plan() -> None:
    (said, *more) = left_alone(parse(THEIR_POLICY + THEIRS), sections(OURS))
    assert said == (
        "somebody else's in `router bgp 65550` and left alone: bgp graceful-restart, ipv4 unicast / maximum-paths, "
        "ipv4 unicast / network 10.9.0.0 mask 255.255.0.0, neighbor 192.0.2.1, neighbor 2001:db8::1"
    )
    assert more == ["somebody else's and left alone: route-map THEIRS"]


@pytest.mark.parametrize(
    ("theirs", "name"),
    [
        (THEIRS.replace("192.0.2.1", "10.0.0.9"), "neighbor 10.0.0.9"),
        (THEIRS.replace("router-id 10.0.0.1", "router-id 10.0.0.2"), "bgp router-id"),
        (THEIRS.replace("10.9.0.0 mask 255.255.0.0", "10.3.0.0 mask 255.255.0.0 route-map THEIRS"),
         "network 10.3.0.0 mask 255.255.0.0"),
    ],
)  # fmt: skip
def test_what_is_theirs_is_changed_only_when_it_is_adopted(theirs: str, name: str) -> None:
    (sentence,) = claims(parse(theirs), sections(OURS))
    assert f"adopt: [{name}]" in sentence
    assert "s#cret" not in sentence
    (pattern,) = adopted(name, "asa", OURS)
    after = pushed(THEIR_POLICY + theirs, OURS, "", pattern)
    line = next(line for line in OURS.splitlines() if name in line)
    assert line.strip() in map(str.strip, after.splitlines())


def test_a_router_that_an_earlier_version_made_stays_ours_as_a_whole() -> None:
    record = "access-list ROUTEBOOK remark bgp:\naccess-list ROUTEBOOK remark bgp: router bgp 65550\n"
    assert not difference(parse(record + OURS), sections(OURS), record=True)
    with_more = OURS.replace("  network", "  neighbor 10.0.0.7 remote-as 64499\n  network")
    after = pushed(record + with_more, OURS)
    assert "10.0.0.7" not in after
    assert "remark bgp: router bgp 65550\n" not in after
    assert "remark bgp: router bgp 65550 / neighbor 10.0.0.9" in after
    # Without a record nothing says who made it, and what is as intended is nobody's question.
    assert not difference(parse(OURS), sections(OURS), record=True)
    assert "10.0.0.7" in pushed(with_more, OURS)


def test_a_host_whose_router_is_managed_as_a_whole_has_nothing_of_others() -> None:
    assert managed("asa", OURS) == ["router bgp 65550"]
    after = pushed(THEIR_POLICY + THEIRS, OURS, "", "router bgp 65550")
    assert "192.0.2.1" not in after
    assert "remark bgp: router bgp 65550\n" in after


def test_our_router_goes_as_a_whole() -> None:
    nothing = pushed(pushed("", OURS))
    kept = [line for line in nothing.splitlines() if line.strip() not in ("exit-address-family", "!")]
    assert kept == ["access-list ROUTEBOOK remark bgp:", "access-list ROUTEBOOK remark policy:"]
    typed_since = f"{nothing}route-map RB-BY-HAND permit 10\n"
    assert pushed(typed_since) == typed_since


def test_what_is_released_stays_and_the_record_has_it_no_more() -> None:
    made = pushed(THEIR_POLICY + THEIRS, OURS)
    without = "".join(line for line in OURS.splitlines(keepends=True) if "neighbor 10.0.0.9" not in line)
    let_go = [replace(each, releases=frozenset({"neighbor 10.0.0.9"})) for each in sections(without)]
    delta = difference(parse(made), let_go, record=True)
    after = str(apply(parse(made), delta.commands))
    assert of(after, "neighbor 10.0.0.9") == of(made, "neighbor 10.0.0.9") != []
    assert [line for line in made.splitlines() if line not in after.splitlines()] == [
        "access-list ROUTEBOOK remark bgp: router bgp 65550 / neighbor 10.0.0.9"
    ]
    assert any("released" in said for said in left_alone(parse(made), let_go))
    assert pushed(after, without) == after
    assert not difference(parse(after), let_go, record=True)


def test_another_as_beside_theirs_is_refused_and_beside_ours_alone_is_not() -> None:
    other = OURS.replace("65550", "65551")
    (sentence,) = claims(parse(THEIRS), sections(other))
    assert "an ASA runs BGP in one AS" in sentence
    after = pushed(pushed("", OURS), other)
    assert "router bgp 65551" in after
    assert "router bgp 65550" not in after


def test_a_policy_of_any_name_is_ours_by_the_record_alone() -> None:
    foreign = LIST.replace("CUSTOMERS", "RB-THEIRS")
    record = "access-list ROUTEBOOK remark policy:\naccess-list ROUTEBOOK remark policy: prefix-list CUSTOMERS\n"
    after = pushed(record + foreign + LIST, "", LIST.replace("10.0.0.0/8", "10.0.0.0/9"))
    assert foreign in after
    assert of(after, "prefix-list CUSTOMERS") == ["prefix-list CUSTOMERS seq 5 permit 10.0.0.0/9"]
    assert "CUSTOMERS" not in pushed(after, OURS)
    # An earlier version's host, without a record: what is called RB- goes, as it did.
    assert "RB-THEIRS" not in pushed(foreign + LIST)
    assert LIST in pushed(foreign + LIST)


@pytest.mark.parametrize("kind", ["prefix-list {} seq 5 permit {}", "ipv6 prefix-list {} seq 5 permit {}"])
def test_a_list_of_theirs_with_the_name_of_ours_is_refused_unless_adopted(kind: str) -> None:
    theirs, ours = (kind.format("CUSTOMERS", each) + "\n" for each in ("10.0.0.0/8", "10.0.0.0/9"))
    name = kind.partition(" {}")[0] + " CUSTOMERS"
    (sentence,) = claims(parse(theirs), sections("", ours))
    assert sentence.startswith(f"`{name}` is somebody else's: rename it there, or adopt it by name: `adopt: [{name}]`")
    assert ours in pushed(theirs, "", ours, *adopted(name, "asa", ours))
    assert list(claims(parse(theirs), sections("", theirs))) == []


def test_each_entry_of_an_ipv6_list_was_recorded_by_itself_and_the_list_stays_ours() -> None:
    ours = "ipv6 prefix-list RB-X seq 5 permit 2001:db8::/32\n"
    record = f"access-list ROUTEBOOK remark policy:\naccess-list ROUTEBOOK remark policy: {ours}"
    assert not difference(parse(record + ours), sections("", ours), record=True)
    changed = ours.replace("/32", "/33")
    before = parse(record + ours)
    delta = difference(before, sections("", changed), record=True)
    lines = typed(delta.commands).splitlines()
    assert lines[:2] == [f"no {ours.strip()}", changed.strip()]
    assert "remark policy: ipv6 prefix-list RB-X\n" in str(apply(before, delta.commands))


def test_a_policy_of_ours_that_they_use_is_left_to_them() -> None:
    ours = "route-map THEIRS permit 10\n match ip address prefix-list CUSTOMERS\n!\n"
    there = pushed(pushed("", "", LIST + ours) + THEIRS, "", LIST + ours)
    assert "route-map THEIRS is not needed any more" in " ".join(left_alone(parse(there), sections()))
    after = pushed(there)
    assert "route-map THEIRS permit 10" in after
    assert LIST in after
    assert "route-map" not in pushed(after.replace("  neighbor 192.0.2.1 route-map THEIRS in\n", ""))
