"""Peer-groups stay what they are on the device: members say what is their own, and the group the rest."""

from pathlib import Path

import pytest
import yaml

from routebook.device.candidate import Section
from routebook.importing.proof import Proved
from routebook.intent.load import load
from routebook.intent.problem import IntentError
from routebook.platforms.frr.effects import forecast
from routebook.platforms.frr.meaning import explicit
from routebook.platforms.frr.tree import Tree, lines_of, parse
from routebook.project.render import render_host
from tests.unit.importing.read import imported, reported
from tests.unit.importing.test_any_configuration import Anything

TEXT = """\
interface eth0
 ip address 198.51.100.1/24
exit
interface lo
 ip address 10.255.0.1/32
exit
ip prefix-list IN seq 5 permit 0.0.0.0/0 le 24
ip prefix-list O seq 5 permit 203.0.113.0/24
route-map OUT permit 10
 match ip address prefix-list O
exit
router bgp 64500
 bgp router-id 10.255.0.1
 no bgp default ipv4-unicast
 no bgp network import-check
 neighbor MESH peer-group
 neighbor MESH remote-as internal
 neighbor MESH update-source lo
 neighbor MESH timers 3 9
 neighbor UPSTREAM peer-group
 neighbor UPSTREAM password a-long-password
 neighbor UPSTREAM bfd
 neighbor 10.255.0.2 peer-group MESH
 neighbor 10.255.0.3 peer-group MESH
 neighbor 10.255.0.3 timers 10 30
 neighbor 198.51.100.2 remote-as 64600
 neighbor 198.51.100.2 peer-group UPSTREAM
 neighbor 198.51.100.2 description one
 neighbor 198.51.100.3 remote-as 64601
 neighbor 198.51.100.3 peer-group UPSTREAM
 neighbor 198.51.100.3 description other
 neighbor LAN peer-group
 neighbor LAN remote-as 64512
 bgp listen range 198.51.100.128/25 peer-group LAN
 !
 address-family ipv4 unicast
  neighbor MESH activate
  neighbor MESH next-hop-self
  neighbor UPSTREAM activate
  neighbor UPSTREAM prefix-list IN in
  neighbor UPSTREAM route-map OUT out
  neighbor 198.51.100.3 weight 10
  neighbor LAN activate
  neighbor LAN prefix-list IN in
  neighbor LAN route-map OUT out
 exit-address-family
exit
"""


def lines(proved: Proved) -> set[str]:
    """The lines of sessions that the host would be configured with."""
    rendered = render_host(proved.network.hosts["edge"], Path("/nonexistent"), Anything()).sections
    return {line for _, line in lines_of(explicit(tree(rendered))) if "neighbor" in line or "listen" in line}


def tree(sections: tuple[Section, ...]) -> Tree:
    return parse("\n".join(section.text for section in sections))


def test_groups_and_their_members_are_modelled_line_by_line(tmp_path: Path) -> None:
    proved = imported(tmp_path, {"edge": TEXT})
    assert proved.compared["edge"].difference == ""
    assert lines(proved) == {each.strip() for each in TEXT.splitlines() if "neighbor" in each or "listen" in each}
    report = reported(tmp_path, {"edge": TEXT})
    assert report.sessions == 4
    assert {each.kind for each in report.hosts[0].lines if "neighbor" in each.text} == {"modelled"}


def test_what_a_group_says_is_written_with_the_group_alone(tmp_path: Path) -> None:
    proved = imported(tmp_path, {"edge": TEXT})
    bgp = yaml.safe_load(proved.draft.texts()["bgp.yaml"])["bgp"]
    assert bgp["peer_groups"] == [
        {
            "hosts": "edge", "name": "MESH", "families": ["ipv4-unicast"], "keepalive": 3, "hold_time": 9,
            "remote_as": "internal", "next_hop_self": True, "update_source": "lo",
        },
        {
            "hosts": "edge", "name": "UPSTREAM", "families": ["ipv4-unicast"], "bfd": True, "prefix_list_in": "IN",
            "export": "OUT", "password": {"file": "secrets/edge-upstream.password"},
        },
    ]  # fmt: skip
    assert bgp["listen"] == [
        {
            "hosts": "edge", "name": "LAN", "prefixes": ["198.51.100.128/25"], "remote_as": 64512,
            "families": ["ipv4-unicast"], "prefix_list_in": "IN", "export": "OUT",
        }
    ]  # fmt: skip
    other = next(each for each in bgp["sessions"] if "other" in each["ends"])
    assert other == {"ends": ["edge", "other"], "edge": {"peer_group": "UPSTREAM", "weight": 10}}


def test_what_checks_expect_of_a_member_is_what_its_group_says(tmp_path: Path) -> None:
    neighbors = {str(each.address): each for each in imported(tmp_path, {"edge": TEXT}).network.hosts["edge"].neighbors}
    upstream, mate, slow = (neighbors[each] for each in ("198.51.100.2", "10.255.0.2", "10.255.0.3"))
    assert (upstream.bfd, upstream.families[0].route_map_out, upstream.families[0].prefix_list_in) == ("", "OUT", "IN")
    assert (mate.hold_time, mate.source_interface, mate.families[0].next_hop_self) == (9, "lo", True)
    assert slow.hold_time == 30


def test_adopting_names_groups_and_ranges(tmp_path: Path) -> None:
    hosts = yaml.safe_load(imported(tmp_path, {"edge": TEXT}).draft.texts()["hosts.yaml"])
    adopted = set(hosts["edge"]["data"]["adopt"])
    assert {
        "neighbor UPSTREAM",
        "neighbor 198.51.100.2",
        "neighbor LAN",
        "bgp listen range 198.51.100.128/25",
    } <= adopted


def test_a_group_with_a_member_that_cannot_be_said_is_left_alone_with_all_of_them(tmp_path: Path) -> None:
    evpn = " address-family l2vpn evpn\n  neighbor 198.51.100.3 activate\n exit-address-family\nexit\n"
    text = TEXT.replace(" exit-address-family\nexit\n", f" exit-address-family\n{evpn}")
    report = reported(tmp_path, {"edge": text})
    kinds = {line.text: line.kind for line in report.hosts[0].lines}
    assert kinds["neighbor UPSTREAM bfd"] == kinds["neighbor 198.51.100.2 remote-as 64600"] == "foreign"
    assert kinds["neighbor MESH timers 3 9"] == "modelled"
    assert report.differing == []


def test_the_other_end_says_itself_what_the_group_says_for_both(tmp_path: Path) -> None:
    other = """\
interface lo
 ip address 10.255.0.2/32
exit
router bgp 64500
 bgp router-id 10.255.0.2
 no bgp default ipv4-unicast
 neighbor 10.255.0.1 remote-as 64500
 neighbor 10.255.0.1 update-source 10.255.0.2
 neighbor 10.255.0.1 timers 3 9
 address-family ipv4 unicast
  neighbor 10.255.0.1 activate
 exit-address-family
exit
"""
    report = reported(tmp_path, {"edge": TEXT, "mate": other})
    assert (report.differing, report.findings, report.sessions) == ([], (), 4)


def test_a_change_of_a_group_is_forecast_for_its_members() -> None:
    before = parse(TEXT)
    after = parse(TEXT.replace("UPSTREAM bfd\n", "UPSTREAM bfd\n neighbor UPSTREAM ebgp-multihop 3\n"))
    resets = {each.subject for each in forecast(before, after) if each.kind == "session-reset"}
    assert resets == {"198.51.100.2", "198.51.100.3"}


def test_a_member_that_says_so_itself_does_not_follow_its_group() -> None:
    said = TEXT.replace("198.51.100.3 description other", "198.51.100.3 ebgp-multihop 9")
    before = parse(said)
    after = parse(said.replace("UPSTREAM bfd\n", "UPSTREAM bfd\n neighbor UPSTREAM ebgp-multihop 3\n"))
    assert {each.subject for each in forecast(before, after) if each.kind == "session-reset"} == {"198.51.100.2"}


def test_a_new_member_and_its_end_concern_nobody_else() -> None:
    before = parse(TEXT)
    after = parse(
        TEXT.replace(" neighbor LAN peer-group\n", " neighbor 10.255.0.4 peer-group MESH\n neighbor LAN peer-group\n")
    )
    assert [(each.kind, each.subject) for each in forecast(before, after)] == [("session-new", "10.255.0.4")]
    assert [(each.kind, each.subject) for each in forecast(after, before)] == [("session-removed", "10.255.0.4")]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("peer_group: UPSTREAM", "peer_group: UPSTREAN", "edge has no peer group 'UPSTREAN'; did you mean 'UPSTREAM'"),
        ("remote_as: internal", "remote_as: 64999", "its peer group MESH is for AS 64999, and it is with AS 64500"),
        ("remote_as: internal", "remote_as: external", "its peer group MESH is for external sessions"),
        ("weight: 10", "weight: 10, export: none", "takes back what its peer group UPSTREAM says"),
        ("update_source: lo", "update_source: eth0", "update_source is eth0, which has 198.51.100.1 first"),
        ("update_source: lo", "update_source: lo\n      link: x", "says link, which is of each session by itself"),
        ("name: LAN", "name: MESH", "edge has a peer group MESH, too"),
    ],
)  # fmt: skip
def test_what_contradicts_a_group_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    texts = imported(tmp_path, {"edge": TEXT}).draft.texts()
    folder = tmp_path / "project"
    (folder / "inventory").mkdir(parents=True)
    assert old in texts["bgp.yaml"]
    for name, text in texts.items():
        (folder / "inventory" / name).write_text(text.replace(old, new) if name == "bgp.yaml" else text)
    with pytest.raises(IntentError) as caught:
        load(folder)
    assert any(message in str(each) for each in caught.value.problems), [*map(str, caught.value.problems)]
