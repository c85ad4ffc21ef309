"""What is somebody else's on an ASA is refused at the plan, with what to write instead, unless adopted by name."""

import pytest

from routebook.device.candidate import Section
from routebook.platforms.asa.claims import claims
from routebook.platforms.asa.config import apply, difference, parse, typed

OWNS = (
    "crypto ikev2 policy 640[0-9][0-9]", "crypto ipsec profile RB-*", "group-policy RB-*", "access-list RB-*",
    "tunnel-group * where default-group-policy RB-*", "interface Tunnel* where tunnel protection ipsec profile RB-*",
    "crypto map * where crypto map * match address RB-*", "crypto map RB-* interface *",
)  # fmt: skip
TUNNEL = """\
interface Tunnel10
 nameif RB-oslo
 tunnel destination 203.0.113.5
 tunnel protection ipsec profile RB-oslo
!
"""
ENTRY = """\
crypto map {map} 10 match address RB-oslo
crypto map {map} 10 set peer 203.0.113.5
"""
GROUP = """\
tunnel-group 203.0.113.5 type ipsec-l2l
tunnel-group 203.0.113.5 general-attributes
 default-group-policy RB-IKEV2
tunnel-group 203.0.113.5 ipsec-attributes
 ikev2 local-authentication pre-shared-key ours
"""


def refused(running: str, candidate: str, *adopted: str) -> list[str]:
    return list(claims(parse(running), [Section("s", "asa", candidate, (*OWNS, *adopted))]))


@pytest.mark.parametrize(
    ("foreign", "candidate", "instead", "adopt"),
    [
        (TUNNEL.replace("RB-", "HQ-"), TUNNEL, "write another `number:` at the tunnel's end (11 is free)",
         "interface Tunnel10"),
        (TUNNEL.replace("RB-", "HQ-") + "interface Tunnel11\n!\n", TUNNEL, "(12 is free)", "interface Tunnel10"),
        ("interface Tunnel10\n shutdown\n!\n", TUNNEL, "`number:`", "interface Tunnel10"),
        (ENTRY.format(map="outside_map").replace("RB-", "HQ-"), ENTRY.format(map="outside_map"), "(11 is free)",
         "crypto map outside_map 10"),
        ("crypto map outside_map 10 ipsec-isakmp dynamic D\n", ENTRY.format(map="outside_map"), "`number:`",
         "crypto map outside_map 10"),
        (GROUP.replace("RB-IKEV2", "HQ").replace("ours", "theirs"), GROUP, "its key goes with it",
         "tunnel-group 203.0.113.5"),
        ("tunnel-group 203.0.113.5 type ipsec-l2l\n", GROUP, "end ours at another address", "tunnel-group 203.0.113.5"),
    ],
)  # fmt: skip
def test_a_claim_on_what_is_somebody_elses_is_refused(foreign: str, candidate: str, instead: str, adopt: str) -> None:
    (sentence,) = refused(foreign, candidate)
    assert sentence.startswith(f"`{adopt}` is somebody else's: ")
    assert instead in sentence
    assert f"adopt: [{adopt}]" in sentence
    assert "theirs" not in sentence
    assert refused(foreign, candidate, adopt, f"{adopt} *") == []


@pytest.mark.parametrize("ours", [TUNNEL, ENTRY.format(map="outside_map"), GROUP])
def test_what_an_earlier_run_made_stays_ours(ours: str) -> None:
    assert refused(ours, ours) == []
    assert refused(ours, ours.replace("203.0.113.5\n", "203.0.113.6\n").replace("ours", "rotated")) == []
    assert not difference(parse(ours), [Section("s", "asa", ours, OWNS)])


def test_an_interface_has_one_crypto_map() -> None:
    foreign = "crypto map outside_map 10 set peer 192.0.2.9\ncrypto map outside_map interface outside\n"
    ours = ENTRY.format(map="RB-outside") + "crypto map RB-outside interface outside\n"
    (sentence,) = refused(foreign, ours)
    assert "would end every tunnel of outside_map" in sentence
    assert "`crypto_map: outside_map`" in sentence
    into_theirs = ENTRY.format(map="outside_map").replace(" 10 ", " 20 ") + "crypto map outside_map interface outside\n"
    assert refused(foreign, into_theirs) == []
    # What is ours may be exchanged, and another interface has its own.
    assert refused(ours, into_theirs) == []
    assert refused(foreign.replace("interface outside", "interface dmz"), ours) == []


def test_another_crypto_map_of_ours_takes_the_binding_and_the_undo_gives_it_back() -> None:
    before = parse(ENTRY.format(map="RB-old") + "crypto map RB-old interface outside\n")
    after = ENTRY.format(map="RB-new") + "crypto map RB-new interface outside\n"
    delta = difference(before, [Section("s", "asa", after, OWNS)])
    lines = typed(delta.commands).splitlines()
    assert "crypto map RB-new interface outside" in lines
    assert "-crypto map RB-old interface outside" in delta.diff
    there = apply(before, delta.commands)
    assert [node.line for node in there.commands if "interface" in node.line] == ["crypto map RB-new interface outside"]
    back = apply(there, delta.undo)
    assert sorted(str(back).splitlines()) == sorted(str(before).splitlines())
    assert typed(delta.undo).splitlines()[-1:] == ["crypto map RB-old interface outside"]


RECORD = "access-list ROUTEBOOK remark s:\n{}"


def recorded(*names: str) -> str:
    return RECORD.format("".join(f"access-list ROUTEBOOK remark s: {name}\n" for name in names))


def pushed(running: str, candidate: str, name: str = "s") -> str:
    """What runs after a change with its record; the undo of each gives the text back."""
    before = parse(running)
    delta = difference(before, [Section(name, "asa", candidate, OWNS)], record=True)
    after = apply(before, delta.commands)
    assert sorted(str(apply(after, delta.undo)).splitlines()) == sorted(running.splitlines())
    return str(after)


def test_a_change_brings_the_record_along_and_a_second_one_sends_nothing() -> None:
    after = pushed("", TUNNEL + GROUP)
    assert [line for line in after.splitlines() if "ROUTEBOOK" in line] == [
        "access-list ROUTEBOOK remark s:",
        "access-list ROUTEBOOK remark s: interface Tunnel10",
        "access-list ROUTEBOOK remark s: tunnel-group 203.0.113.5",
    ]
    assert pushed(after, TUNNEL + GROUP) == after
    assert "tunnel-group" not in pushed(after, TUNNEL)
    # Where nothing is owned any more, it says that: no name makes anything ours again.
    assert pushed(after, "").strip() == "access-list ROUTEBOOK remark s:"


def test_a_host_of_an_earlier_release_has_no_record_and_its_first_plan_is_empty() -> None:
    assert pushed(TUNNEL + GROUP, TUNNEL + GROUP) == TUNNEL + GROUP
    # Its first change brings one.
    assert "remark s: interface Tunnel10" in pushed(TUNNEL + GROUP, TUNNEL + GROUP.replace("ours", "rotated"))


def test_with_a_record_a_name_alone_makes_nothing_ours() -> None:
    theirs = "access-list RB-theirs extended permit ip any4 any4\ngroup-policy RB-oslo internal\n"
    there = recorded("interface Tunnel10") + theirs + TUNNEL
    (sentence,) = refused(there, TUNNEL + "group-policy RB-oslo internal\ngroup-policy RB-oslo attributes\n")
    assert sentence.startswith("`group-policy RB-oslo` is somebody else's: rename it there, or adopt it by name")
    left = pushed(there, "")
    assert "access-list RB-theirs" in left
    assert "group-policy RB-oslo" in left
    assert "Tunnel10" not in left


def test_what_is_recorded_stays_ours_whatever_has_become_of_it() -> None:
    drifted = TUNNEL.replace("profile RB-oslo", "profile HANDMADE")
    assert refused(recorded("interface Tunnel10") + drifted, TUNNEL) == []
    assert refused(drifted, TUNNEL) != []
    assert "HANDMADE" not in pushed(recorded("interface Tunnel10") + drifted, TUNNEL)


def test_the_record_of_other_sections_stays() -> None:
    other = "access-list ROUTEBOOK remark other:\naccess-list ROUTEBOOK remark other: router bgp 1\n"
    assert set(other.splitlines()) <= set(pushed(other, TUNNEL).splitlines())


def test_a_list_of_somebody_elses_with_that_name_stays() -> None:
    theirs = "access-list ROUTEBOOK extended permit ip any4 any4\n"
    assert theirs in pushed(theirs, TUNNEL)
    assert "remark" not in pushed(theirs, TUNNEL)


def test_bgp_in_another_as_is_said() -> None:
    owns = ("router bgp [0-9][0-9][0-9]",)
    section = [Section("s", "asa", "router bgp 200\n bgp router-id 10.0.0.1\n", owns)]
    there = recorded("interface Tunnel10") + "router bgp 100\n bgp router-id 10.0.0.1\n"
    (sentence,) = claims(parse(there), section)
    assert "`router bgp 100` is somebody else's, and an ASA runs BGP in one AS" in sentence
