"""An earlier change of config.xml is taken back alone: entries that were made or changed since stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routebook.device.candidate import Section
from routebook.platforms.pfsense.difference import difference
from routebook.platforms.pfsense.ownership import LISTS
from routebook.platforms.pfsense.taking_back import taken_back
from routebook.platforms.pfsense.tree import Element, parse, parse_fragment
from tests.unit.pfsense.configurations import CONFIG, NEIGHBORS, SECRET, TUNNELS, bgp, ipsec

RUNNING = parse(CONFIG)
LISTS_AROUND = {path[-2] for path in LISTS}
tunnels = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["k1", "k2"]))
neighbors = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["64501", "64502"]))


def brought(root: Element, having: dict[str, str], peers: dict[str, str]) -> Element:
    """What a run makes of a configuration."""
    text = "".join(
        f"<phase1><descr>RB {name}</descr><pre-shared-key>{key}</pre-shared-key></phase1>"
        f"<phase2><descr>RB {name} 1</descr></phase2>"
        for name, key in having.items()
    )
    entries = "".join(
        f"<config><descr>RB {name}</descr><row><parameters>remote-as</parameters><parmvalue>{asn}</parmvalue></row>"
        "</config>"
        for name, asn in peers.items()
    )
    rows = "".join(f"<row><networks>10.{number}.0.0/16</networks></row>" for number in range(1 + len(peers)))
    sections = [
        ipsec(f"<ipsec>{text}</ipsec>"),
        bgp(
            f"<installedpackages><openbgpd><config>{rows}</config></openbgpd>"
            f"<openbgpdneighbors>{entries}</openbgpdneighbors></installedpackages>"
        ),
    ]
    return difference(root, sections, "openbgpd").after


def by_hand(root: Element) -> Element:
    """What somebody adds in the web interface, which also says when."""
    after = root.copy()
    after.made("ipsec").children += parse_fragment(
        "<phase1><ikeid>99</ikeid><descr>mine</descr><pre-shared-key>hush</pre-shared-key></phase1>"
    ).children
    after.made("interfaces", "wan", "descr").text = "renamed"
    after.made("revision", "time").text = "1732009999"
    return after


@given(tunnels, neighbors, tunnels, neighbors)
def test_without_a_later_change_it_is_exactly_what_was_before(
    one: dict[str, str], peers: dict[str, str], other: dict[str, str], others: dict[str, str]
) -> None:
    before = brought(RUNNING, one, peers)
    made = brought(before, other, others)
    delta, found = taken_back(before, made, made)
    assert found.overlaps == ()
    assert members(delta.after) == members(before)


@given(tunnels, neighbors, tunnels, neighbors)
def test_what_somebody_made_in_the_web_interface_since_stays(
    one: dict[str, str], peers: dict[str, str], other: dict[str, str], others: dict[str, str]
) -> None:
    before = brought(RUNNING, one, peers)
    made = brought(before, other, others)
    delta, found = taken_back(before, made, by_hand(made))
    assert found.overlaps == ()
    assert members(delta.after) == members(by_hand(before))


def members(root: Element) -> object:
    """The configuration, with the entries of a list in any order: one that comes back is put at its end.

    A list that is empty is one that is not there.
    """

    def shape(element: Element) -> tuple[str, str, tuple[object, ...]]:
        children = [shape(child) for child in element.children if child.tag not in LISTS_AROUND or child.children]
        return element.tag, element.text, tuple(sorted(children, key=repr))

    return shape(Element("pfsense", "", [child for child in root.children if child.tag != "revision"]))


def test_another_tunnel_of_a_later_run_stays() -> None:
    before = brought(RUNNING, {"a": "k1"}, {})
    made = brought(before, {"a": "k2"}, {})
    now = brought(made, {"a": "k2", "b": "k1"}, {"c": "64501"})
    delta, found = taken_back(before, made, now)
    assert found.overlaps == ()
    assert members(delta.after) == members(brought(now, {"a": "k1", "b": "k1"}, {"c": "64501"}))
    (told,) = found.old_secrets
    assert told.startswith("ipsec/phase1 RB a")
    assert told.endswith("pre-shared-key <redacted>")


def test_the_same_entry_that_was_changed_again_is_in_the_way_without_its_key() -> None:
    before = brought(RUNNING, {"a": "k1"}, {})
    made = brought(before, {"a": "k2"}, {})
    (overlap,) = taken_back(before, made, brought(made, {"a": "another-key"}, {}))[1].overlaps
    assert overlap.where == "ipsec/phase1 RB a"
    assert "another-key" not in str(overlap)


def test_an_entry_that_the_change_made_and_that_has_more_to_it_now_is_in_the_way() -> None:
    made = brought(RUNNING, {"a": "k1"}, {})
    now = made.copy()
    (number,) = (entry.value("ikeid") for entry in made.made("ipsec").all("phase1") if entry.value("descr") == "RB a")
    now.made("ipsec").children += parse_fragment(
        f"<phase2><ikeid>{number}</ikeid><descr>mine</descr></phase2>"
    ).children
    (overlap,) = taken_back(RUNNING, made, now)[1].overlaps
    assert overlap.where == "phase2 mine is of a phase 1 that is not there"


def test_a_number_that_somebody_else_has_now_is_in_the_way() -> None:
    before = brought(RUNNING, {"a": "k1"}, {})
    made = brought(before, {}, {})
    now = made.copy()
    (number,) = (e.value("ikeid") for e in before.made("ipsec").all("phase1") if e.value("descr") == "RB a")
    now.made("ipsec").children += parse_fragment(
        f"<phase1><ikeid>{number}</ikeid><descr>mine</descr></phase1>"
    ).children
    (overlap,) = taken_back(before, made, now)[1].overlaps
    assert overlap.where == f"two phase 1 entries have the ikeid {number}"


def test_a_route_map_that_the_change_made_and_that_is_used_since_is_in_the_way() -> None:
    made = RUNNING.copy()
    made.made("installedpackages").children += parse_fragment(
        "<frrglobalroutemaps><config><name>RB-X</name><seq>10</seq></config></frrglobalroutemaps>"
    ).children
    now = made.copy()
    now.made("installedpackages").children += parse_fragment(
        "<frrbgpneighbors><config><descr>mine</descr><routemap_in>RB-X</routemap_in></config></frrbgpneighbors>"
    ).children
    (overlap,) = taken_back(RUNNING, made, now)[1].overlaps
    assert overlap.where == "frrbgpneighbors mine uses RB-X, which is not there"


@pytest.mark.parametrize("sections", [[ipsec(TUNNELS)], [bgp(NEIGHBORS)], [ipsec(TUNNELS), bgp(NEIGHBORS)]])
def test_what_the_example_renders_is_taken_back(sections: list[Section]) -> None:
    made = difference(RUNNING, sections, "openbgpd").after
    delta, found = taken_back(RUNNING, made, made)
    assert members(delta.after) == members(RUNNING)
    assert SECRET not in str(found.overlaps) + str(found.old_secrets)
    again, _ = taken_back(made, delta.after, delta.after)
    assert members(again.after) == members(made)
