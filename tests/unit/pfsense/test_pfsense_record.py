"""What Routebook owns of config.xml is recorded in it: what it has made goes, what has its names by chance stays."""

from dataclasses import replace

import pytest

from routebook.device.candidate import Section
from routebook.device.errors import CandidateError
from routebook.platforms.pfsense import manifest
from routebook.platforms.pfsense.changes import parts_between, parts_of
from routebook.platforms.pfsense.difference import difference, foreign, released_by
from routebook.platforms.pfsense.hand_made import refuse_doubled
from routebook.platforms.pfsense.taking_back import taken_back
from routebook.platforms.pfsense.tree import Element, parse

EMPTY = parse("<pfsense><installedpackages><package><name>frr</name></package></installedpackages></pfsense>")
TUNNELS = ("ipsec/phase1 where descr RB *", "ipsec/phase2 where descr RB *")
LISTS = ("installedpackages/frrglobalprefixes/config where name RB-*",)


def phase1(descr: str, gateway: str = "198.51.100.1", life: int = 28800) -> str:
    return (
        f"<phase1><descr>{descr}</descr><remote-gateway>{gateway}</remote-gateway><iketype>ikev2</iketype>"
        f"<lifetime>{life}</lifetime></phase1>"
    )


def ipsec(*entries: str, owns: tuple[str, ...] = TUNNELS) -> Section:
    return Section("ipsec", "ipsec", f"<ipsec>{''.join(entries)}</ipsec>", owns)


def bgp(*names: str) -> Section:
    lists = "".join(f"<config><name>{name}</name></config>" for name in names)
    text = f"<installedpackages><frrglobalprefixes>{lists}</frrglobalprefixes></installedpackages>"
    return Section("bgp", "bgp", text, LISTS)


def after(running: Element, *sections: Section) -> Element:
    delta = difference(running, sections, "frr", record=True)
    return delta.after if delta else running


def with_entry(root: Element, path: str, text: str) -> Element:
    """The configuration with an entry that somebody has made by hand."""
    found = root.copy()
    found.made(*path.split("/")).children.append(parse(f"<pfsense>{text}</pfsense>").children[0])
    return found


def names(root: Element, *path: str) -> list[str]:
    return [entry.value("descr") for entry in manifest.entries(root, path)]


MADE = after(EMPTY, ipsec(phase1("RB a")), bgp("RB-OWN"))


def test_a_change_brings_the_record_and_nothing_is_sent_a_second_time() -> None:
    assert manifest.read(MADE) == {"ipsec": {"phase1 RB a"}, "bgp": {"frrglobalprefixes RB-OWN"}}
    assert after(MADE, ipsec(phase1("RB a")), bgp("RB-OWN")) is MADE


def test_the_record_alone_is_no_change_and_applies_nothing() -> None:
    bare = difference(EMPTY, [ipsec(phase1("RB a"))], "frr").after
    assert not difference(bare, [ipsec(phase1("RB a"))], "frr", record=True)
    delta = difference(bare, [ipsec(phase1("RB a"), phase1("RB b", "198.51.100.2"))], "frr", record=True)
    assert manifest.read(delta.after)["ipsec"] == {"phase1 RB a", "phase1 RB b"}
    assert parts_of(delta.edits, "frr") == ("ipsec",)
    assert parts_between(bare, delta.after, "frr") == ("ipsec",)


def test_without_a_record_what_has_our_names_is_ours() -> None:
    bare = difference(EMPTY, [ipsec(phase1("RB a"), phase1("RB b", "198.51.100.2"))], "frr").after
    assert names(after(bare, ipsec(phase1("RB a"))), "ipsec", "phase1") == ["RB a"]


def test_what_is_recorded_and_no_longer_intended_goes_and_what_is_not_recorded_stays() -> None:
    running = with_entry(MADE, "ipsec", phase1("RB by hand", "203.0.113.9"))
    changed = after(running, ipsec(), bgp("RB-OWN"))
    assert names(changed, "ipsec", "phase1") == ["RB by hand"]
    assert list(foreign(running, [ipsec(), bgp("RB-OWN")], "frr")) == ["phase1 RB by hand"]
    assert manifest.read(changed) == {"ipsec": frozenset(), "bgp": {"frrglobalprefixes RB-OWN"}}


def test_a_name_that_somebody_else_has_is_refused_unless_it_is_adopted() -> None:
    running = with_entry(MADE, "ipsec", phase1("RB b", "203.0.113.9"))
    wanted = phase1("RB a"), phase1("RB b", "203.0.113.9", 3600)
    with pytest.raises(CandidateError, match=r"phase1 RB b is somebody else's.*`adopt: \[phase1 RB b\]`"):
        after(running, ipsec(*wanted))
    changed = after(running, ipsec(*wanted, owns=(*TUNNELS, "ipsec/phase1 where descr RB b")))
    assert manifest.read(changed)["ipsec"] == {"phase1 RB a", "phase1 RB b"}


def test_one_of_somebody_else_to_the_same_gateway_is_refused_whatever_it_is_called() -> None:
    running = with_entry(MADE, "ipsec", phase1("RB by hand", "198.51.100.2"))
    delta = difference(running, [ipsec(phase1("RB a"), phase1("RB c", "198.51.100.2"))], "frr", record=True)
    with pytest.raises(CandidateError, match=r"phase 1 RB by hand .* is somebody else's"):
        refuse_doubled(delta.after, delta.edits)


def test_a_section_that_is_not_in_the_plan_stays_recorded() -> None:
    changed = after(MADE, ipsec())
    assert manifest.read(changed)["bgp"] == {"frrglobalprefixes RB-OWN"}


def test_the_record_says_so_when_nothing_is_ours_any_more() -> None:
    nothing = after(MADE, ipsec(), bgp())
    assert manifest.read(nothing) == {"ipsec": frozenset(), "bgp": frozenset()}
    by_hand = with_entry(nothing, "ipsec", phase1("RB by-hand"))
    assert not difference(by_hand, [ipsec(), bgp()], "frr", record=True)


def test_what_is_released_stays_and_the_record_has_it_no_more() -> None:
    let_go = [replace(ipsec(), releases=frozenset({"phase1 RB a"})), bgp("RB-OWN")]
    made = after(EMPTY, ipsec(phase1("RB a")), bgp("RB-OWN"))
    assert released_by(made, let_go, "frr") == ["phase1 RB a"]
    gone = after(made, *let_go)
    assert names(gone, "ipsec", "phase1") == ["RB a"]
    assert manifest.read(gone)["ipsec"] == frozenset()
    assert not difference(gone, let_go, "frr", record=True)
    assert not difference(gone, [ipsec(), bgp("RB-OWN")], "frr", record=True)


def test_what_a_change_recorded_is_taken_back_with_it_and_a_later_one_stays() -> None:
    second = after(MADE, ipsec(phase1("RB a"), phase1("RB b", "198.51.100.2")), bgp("RB-OWN"))
    third = after(second, ipsec(phase1("RB a"), phase1("RB b", "198.51.100.2")), bgp("RB-OWN", "RB-MORE"))
    delta, found = taken_back(MADE, second, third)
    assert found.overlaps == ()
    assert manifest.read(delta.after) == {
        "ipsec": {"phase1 RB a"},
        "bgp": {"frrglobalprefixes RB-OWN", "frrglobalprefixes RB-MORE"},
    }
