"""A change brings what is Routebook's to the candidate, and touches nothing that somebody made by hand."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routebook.device.candidate import Section
from routebook.device.errors import CandidateError
from routebook.platforms.pfsense.difference import difference
from routebook.platforms.pfsense.tree import Element, canonical, parse
from tests.unit.pfsense.configurations import CONFIG, NEIGHBORS, TUNNELS, bgp, ipsec


def entries(root: Element, *path: str) -> list[Element]:
    holder = root.find(*path[:-1])
    return holder.all(path[-1]) if holder is not None else []


def numbers(root: Element) -> dict[str, tuple[str, str, str]]:
    return {
        entry.value("descr"): (entry.value("ikeid"), entry.value("uniqid"), entry.value("reqid"))
        for kind in ("phase1", "phase2")
        for entry in entries(root, "ipsec", kind)
    }


def test_numbers_are_kept_where_there_are_some_and_chosen_without_collision() -> None:
    found = numbers(difference(parse(CONFIG), [ipsec()], "").after)
    assert found["RB home-ch-edge1"][0] == "4"
    assert found["RB home-ch-edge1 1"] == ("4", "5f0000000000b", "2")
    assert found["RB home-no-edge1"][0] == "2"  # the lowest that is free, as the web interface takes it
    ikeid, uniqid, reqid = found["RB home-no-edge1 1"]
    assert (ikeid, reqid) == ("2", "1")
    assert len(uniqid) == 13
    assert uniqid not in ("5f0000000000a", "5f0000000000b")


def test_the_same_plan_chooses_the_same_numbers() -> None:
    one, other = (difference(parse(CONFIG), [ipsec()], "").after for _ in range(2))
    assert numbers(one) == numbers(other)


def test_a_phase_2_goes_with_the_longest_name() -> None:
    text = (
        "<ipsec><phase1><descr>RB a</descr></phase1><phase1><descr>RB a b</descr></phase1>"
        "<phase2><descr>RB a 1</descr></phase2><phase2><descr>RB a b 1</descr></phase2></ipsec>"
    )
    found = numbers(difference(parse("<pfsense></pfsense>"), [ipsec(text)], "").after)
    assert (found["RB a 1"][0], found["RB a b 1"][0]) == (found["RB a"][0], found["RB a b"][0])


def test_a_second_change_is_none() -> None:
    after = difference(parse(CONFIG), [ipsec(), bgp()], "openbgpd").after
    assert not difference(after, [ipsec(), bgp()], "openbgpd")


def test_what_is_not_intended_goes_away_and_what_is_made_by_hand_stays() -> None:
    after = difference(parse(CONFIG), [ipsec(""), bgp("")], "openbgpd").after
    assert [entry.value("descr") for entry in entries(after, "ipsec", "phase1")] == ["office"]
    assert [entry.value("descr") for entry in entries(after, "ipsec", "phase2")] == ["office"]
    path = ("installedpackages", "openbgpdneighbors", "config")
    assert [entry.value("descr") for entry in entries(after, *path)] == ["by hand"]
    settings = after.find("installedpackages", "openbgpd", "config")
    assert settings is not None
    assert (settings.value("asnum"), settings.value("holdtime"), settings.all("row")) == ("64512", "90", [])


def test_settings_that_are_not_rendered_stay() -> None:
    settings = difference(parse(CONFIG), [bgp()], "openbgpd").after.find("installedpackages", "openbgpd", "config")
    assert settings is not None
    assert (settings.value("holdtime"), settings.value("routerid")) == ("90", "10.255.5.1")
    assert [row.value("networks") for row in settings.all("row")] == ["192.168.1.0/24", "10.255.5.1/32"]


def test_a_hand_made_entry_of_the_same_name_is_not_taken_over() -> None:
    with pytest.raises(CandidateError, match="phase1 office, which ownership"):
        difference(parse(CONFIG), [ipsec(TUNNELS.replace("RB home-no-edge1", "office"))], "")


def test_an_entry_that_is_there_twice_is_there_once_afterwards() -> None:
    config = CONFIG.replace("<descr><![CDATA[by hand]]></descr>", "<descr><![CDATA[RB home-k8s1]]></descr>")
    delta = difference(parse(config), [bgp()], "openbgpd")
    descriptions = [
        entry.value("descr") for entry in entries(delta.after, "installedpackages", "openbgpdneighbors", "config")
    ]
    assert descriptions == ["RB home-k8s1", "RB home-k8s2"]


@pytest.mark.parametrize(
    ("section", "package", "said"),
    [
        (bgp(), "frr", "for the OpenBGPD package, and it has the FRR package"),
        (bgp(), "", "no package that routes BGP is installed"),
        (ipsec("<ipsec><phase2><descr>RB a 1</descr></phase2></ipsec>"), "", "is of no phase 1"),
        (ipsec("<ipsec><phase1></ipsec>"), "", "section ipsec: line 1: mismatched tag"),
        (ipsec("<filter></filter>"), "", "<filter> is not of the part 'ipsec'"),
        (bgp("<installedpackages><package></package></installedpackages>"), "frr", "<package> is of neither"),
        (ipsec(TUNNELS.replace("home-ch-edge1", "home-no-edge1")), "", "phase1 RB home-no-edge1 twice"),
        (Section("x", "ipsec", "", ("filter/rule where descr RB *",)), "", "is not in the part 'ipsec'"),
        (Section("x", "ipsec", "", ("ipsec/phase1 where",)), "", "is no pattern of ownership"),
    ],
)
def test_a_candidate_that_cannot_be_is_refused(section: Section, package: str, said: str) -> None:
    with pytest.raises(CandidateError, match=said):
        difference(parse(CONFIG), [section], package)


def test_of_a_candidate_for_both_packages_the_installed_one_counts() -> None:
    both = NEIGHBORS.replace(
        "</installedpackages>",
        "<frrbgpneighbors><config><descr>RB x</descr><peer>192.0.2.1</peer></config></frrbgpneighbors>"
        "</installedpackages>",
    )
    after = difference(parse(CONFIG), [bgp(both)], "openbgpd").after
    assert after.find("installedpackages", "frrbgpneighbors") is None


def test_20000_lines_of_somebody_elses_stay_equal_and_in_order() -> None:
    choice = random.Random(7)  # noqa: S311  the same shuffle every time
    foreign = [
        f"<phase1><ikeid>{n}</ikeid><descr>office {n}</descr><remote-gateway>10.{n % 256}.0.1</remote-gateway></phase1>"
        for n in range(10, 2010)
    ]
    own = [f"<phase1><ikeid>{n}</ikeid><descr>RB old {n}</descr></phase1>" for n in range(3000, 3050)]
    mixed = [*foreign, *own]
    choice.shuffle(mixed)
    rules = "\n".join(f"<rule><tracker>{n}</tracker><descr>rule {n}</descr></rule>" for n in range(10000))
    config = f"<pfsense><filter>{rules}</filter><ipsec>{chr(10).join(mixed)}</ipsec></pfsense>"
    assert config.count("\n") > 12000
    before = parse(config)
    after = difference(before, [ipsec()], "").after
    kept = [
        canonical(entry) for entry in entries(before, "ipsec", "phase1") if entry.value("descr").startswith("office")
    ]
    found = [
        canonical(entry) for entry in entries(after, "ipsec", "phase1") if entry.value("descr").startswith("office")
    ]
    assert found == kept
    old, new = before.find("filter"), after.find("filter")
    assert old is not None
    assert new is not None
    assert canonical(new) == canonical(old)
    assert [
        entry.value("ikeid") for entry in entries(after, "ipsec", "phase1") if entry.value("descr").startswith("RB ")
    ] == ["1", "2"]


_NAMES = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), unique=True)


def _tunnels(names: list[str], key: str) -> str:
    return (
        "<ipsec>"
        + "".join(
            f"<phase1><descr>RB {name}</descr><pre-shared-key>{key}{name}</pre-shared-key></phase1>" for name in names
        )
        + "".join(f"<phase2><descr>RB {name} 1</descr></phase2>" for name in names)
        + "</ipsec>"
    )


@given(_NAMES, _NAMES)
def test_any_candidate_is_reached_and_then_needs_nothing(first: list[str], second: list[str]) -> None:
    running = difference(parse(CONFIG), [ipsec(_tunnels(first, "1"))], "").after
    after = difference(running, [ipsec(_tunnels(second, "2"))], "").after
    assert not difference(after, [ipsec(_tunnels(second, "2"))], "")
    owned = [entry for entry in entries(after, "ipsec", "phase1") if entry.value("descr").startswith("RB ")]
    assert {entry.value("descr") for entry in owned} == {f"RB {name}" for name in second}
    ikeids = [entry.value("ikeid") for entry in entries(after, "ipsec", "phase1")]
    assert len(set(ikeids)) == len(ikeids)


def test_new_entries_take_the_lowest_free_numbers_as_pfsense_does() -> None:
    """ipsec_ikeid_next() and ipsec_new_reqid() of etc/inc/ipsec.inc; 1 and 4 are phase 1, 7 and 2 phase 2 entries'."""
    running = parse(CONFIG)
    after = difference(running, [ipsec()], "").after
    numbers = {
        entry.value("descr"): (entry.value("ikeid"), entry.value("reqid"))
        for entry in entries(after, "ipsec", "phase2")
    }
    assert numbers["RB home-ch-edge1 1"] == ("4", "2")  # it keeps what it has
    assert numbers["RB home-no-edge1 1"] == ("2", "1")
    assert not difference(after, [ipsec()], "")


def test_what_goes_away_gives_its_numbers_back_with_the_next_change() -> None:
    """The SA of the removed one may still live while the new one is loaded."""
    one, other = (_tunnels([name], "k") for name in ("a", "b"))
    running = difference(parse("<pfsense></pfsense>"), [ipsec(one)], "").after
    after = difference(running, [ipsec(other)], "").after
    assert [entry.value("ikeid") for entry in entries(after, "ipsec", "phase1")] == ["2"]
    again = difference(after, [ipsec(one)], "").after
    assert [entry.value("ikeid") for entry in entries(again, "ipsec", "phase1")] == ["1"]


def test_the_maps_of_vti_numbers_are_neither_written_nor_taken_away() -> None:
    """Since 2.5 nothing reads them, and upgrade_config.inc deletes them."""
    left = "<vtimaps><item><reqid>4</reqid><index>0</index><ifnum>9</ifnum></item></vtimaps>"
    running = parse(CONFIG.replace("<mobilekey>", f"{left}<mobilekey>"))
    assert entries(difference(parse(CONFIG), [ipsec()], "").after, "ipsec", "vtimaps", "item") == []
    after = difference(running, [ipsec("")], "").after
    assert [entry.value("ifnum") for entry in entries(after, "ipsec", "vtimaps", "item")] == ["9"]
