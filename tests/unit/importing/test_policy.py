"""The words of policy: each line of lists and route maps that the inventory can say comes back as it was."""

from pathlib import Path

import yaml

from tests.unit.importing.read import imported, reported

EVERYTHING = """\
frr version 8.4.4
interface eth0
 ip address 198.51.100.1/30
exit
bgp as-path access-list UP seq 5 permit ^64496_
bgp community-list expanded ANY seq 5 permit 65000:1.*
bgp community-list standard TWO seq 7 permit 65000:1 65000:2
bgp large-community-list standard LRG seq 5 permit 64500:1:1
ip prefix-list P seq 5 permit 10.0.0.0/8 le 24
ip prefix-list O seq 5 permit 203.0.113.0/24
router bgp 64500
 bgp router-id 10.255.0.1
 no bgp default ipv4-unicast
 neighbor 198.51.100.2 remote-as 64496
 neighbor 198.51.100.2 description Transit NO
 address-family ipv4 unicast
  neighbor 198.51.100.2 activate
  neighbor 198.51.100.2 route-map IN in
  neighbor 198.51.100.2 route-map OUT out
 exit-address-family
exit
route-map OUT permit 10
 match ip address prefix-list O
exit
route-map COMMON permit 10
 description what all have
 set weight 5
exit
route-map IN deny 10
 match as-path UP
 match community TWO exact-match
exit
route-map IN permit 20
 match ip next-hop prefix-list P
 match large-community LRG
 match metric 5
 match tag 7
 match origin igp
 match local-preference 100
 set local-preference +10
 set metric -5
 set comm-list ANY delete
 set ip next-hop 192.0.2.1
 set as-path exclude 64511
 set src 10.255.0.1
 set origin incomplete
 set tag 9
 on-match next
exit
route-map IN permit 35
 call COMMON
 set community none
exit
"""


def test_lists_and_route_maps_are_modelled_with_all_their_words(tmp_path: Path) -> None:
    report = reported(tmp_path, {"edge": EVERYTHING})
    left = [line.text for line in report.hosts[0].lines if line.kind != "modelled"]
    assert left == ["frr version 8.4.4", "interface eth0", "ip address 198.51.100.1/30", "exit"]
    assert report.differing == []


def test_numbers_and_kinds_are_written_only_where_they_matter(tmp_path: Path) -> None:
    policy = yaml.safe_load(imported(tmp_path, {"edge": EVERYTHING}).draft.texts()["policy.yaml"])["policy"]
    assert policy["community_lists"] == {
        "ANY": {"expanded": ["permit 65000:1.*"]},
        "LRG": ["64500:1:1"],
        "TWO": {"standard": ["seq 7 permit 65000:1 65000:2"]},
    }
    assert [entry.get("seq") for entry in policy["route_maps"]["IN"]] == [10, 20, 35]
    assert policy["route_maps"]["OUT"] == [{"permit": {"prefix_list": "O"}}]


def test_what_leaves_by_a_range_of_lengths_is_accepted_by_that_range(tmp_path: Path) -> None:
    longer = EVERYTHING.replace("O seq 5 permit 203.0.113.0/24", "O seq 5 permit 203.0.112.0/20 ge 22 le 24")
    proved = imported(tmp_path, {"edge": longer})
    (session,) = yaml.safe_load(proved.draft.texts()["bgp.yaml"])["bgp"]["sessions"]
    assert session["edge"]["accepted_leaks"] == ["203.0.112.0/20 ge 22 le 24"]


def test_what_leaves_already_and_is_not_ours_is_accepted_by_name(tmp_path: Path) -> None:
    proved = imported(tmp_path, {"edge": EVERYTHING})
    (session,) = yaml.safe_load(proved.draft.texts()["bgp.yaml"])["bgp"]["sessions"]
    assert session["edge"]["accepted_leaks"] == ["203.0.113.0/24"]
    assert any("203.0.113.0/24" in hint and "edge--transit-no" in hint for hint in proved.draft.hints)


def test_a_line_without_a_word_leaves_the_map_and_its_session_alone(tmp_path: Path) -> None:
    report = reported(tmp_path, {"edge": EVERYTHING.replace(" set weight 5", " optimize 5")})
    assert (report.sessions, report.differing) == (0, [])
    why = {line.text: line.why for line in report.hosts[0].lines}
    assert "the inventory has no word for this" in why["optimize 5"]
    assert "route map COMMON, which is left out" in why["call COMMON"]
    assert "route map IN, which is left out" in why["neighbor 198.51.100.2 remote-as 64496"]
