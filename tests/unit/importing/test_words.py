"""The words of sessions and of speakers: each line that FRR has and the inventory can say comes back as it was."""

from pathlib import Path

import pytest
import yaml

from tests.unit.importing.read import imported, reported

TEXT = """\
interface eth0
 ip address 198.51.100.1/30
exit
bgp as-path access-list UP seq 5 permit ^64600_
ip prefix-list IN seq 5 deny 203.0.113.0/24 le 32
ip prefix-list IN seq 10 permit any
ip prefix-list O seq 5 permit 203.0.113.0/24
route-map OUT permit 10
 match ip address prefix-list O
exit
router bgp 64500
 bgp router-id 10.255.0.1
 bgp log-neighbor-changes
 bgp always-compare-med
 bgp bestpath as-path multipath-relax
 bgp default local-preference 150
 bgp cluster-id 10.255.0.9
 bgp graceful-restart restart-time 60
 no bgp default ipv4-unicast
 neighbor 198.51.100.2 remote-as 64600
 neighbor 198.51.100.2 local-as 64499 no-prepend replace-as
 neighbor 198.51.100.2 disable-connected-check
 neighbor 198.51.100.2 graceful-restart-helper
 neighbor 198.51.100.2 advertisement-interval 5
 !
 address-family ipv4 unicast
  network 203.0.113.0/24
  aggregate-address 203.0.113.0/24 summary-only
  redistribute ospf metric 5 route-map OUT
  maximum-paths 4
  neighbor 198.51.100.2 activate
  neighbor 198.51.100.2 next-hop-self force
  neighbor 198.51.100.2 remove-private-AS all replace-AS
  neighbor 198.51.100.2 as-override
  neighbor 198.51.100.2 default-originate route-map OUT
  no neighbor 198.51.100.2 send-community extended
  neighbor 198.51.100.2 allowas-in 2
  neighbor 198.51.100.2 weight 10
  neighbor 198.51.100.2 maximum-prefix 1000 80 restart 5
  neighbor 198.51.100.2 maximum-prefix-out 50
  neighbor 198.51.100.2 filter-list UP in
  neighbor 198.51.100.2 prefix-list IN in
  neighbor 198.51.100.2 route-map OUT out
 exit-address-family
exit
"""


def test_sessions_and_speakers_are_modelled_with_all_their_words(tmp_path: Path) -> None:
    report = reported(tmp_path, {"edge": TEXT})
    left = {line.text: line.why for line in report.hosts[0].lines if line.kind != "modelled"}
    assert left.keys() == {"interface eth0", "ip address 198.51.100.1/30", "exit", "!"}, left
    assert report.differing == []


def test_they_are_written_where_an_inventory_has_them(tmp_path: Path) -> None:
    bgp = yaml.safe_load(imported(tmp_path, {"edge": TEXT}).draft.texts()["bgp.yaml"])["bgp"]
    (session,) = bgp["sessions"]
    assert session["edge"]["description"] == "none"
    assert session["edge"]["send_community"] == ["standard", "large"]
    assert session["edge"]["remove_private_as"] == "all-replace"
    assert bgp["options"] == [
        {
            "hosts": "edge", "log_neighbor_changes": True, "always_compare_med": True, "multipath_relax": True,
            "default_local_preference": 150, "cluster_id": "10.255.0.9", "restart_time": 60,
            "maximum_paths": {"ipv4-unicast": 4}, "network_import_check": True,
        }
    ]  # fmt: skip
    assert bgp["aggregates"] == [{"hosts": "edge", "prefixes": ["203.0.113.0/24"], "summary_only": True}]


@pytest.mark.parametrize("line", ["peer-group UP", "interface eth0"])
def test_a_neighbor_with_another_line_is_left_alone(tmp_path: Path, line: str) -> None:
    text = TEXT.replace(
        " neighbor 198.51.100.2 disable", f" neighbor 198.51.100.2 {line}\n neighbor 198.51.100.2 disable"
    )
    report = reported(tmp_path, {"edge": text})
    assert (report.sessions, report.differing) == (0, [])


def test_where_ipv4_is_active_by_itself_it_stays_so(tmp_path: Path) -> None:
    text = TEXT.replace(" no bgp default ipv4-unicast\n", " neighbor 2001:db8::2 remote-as 64601\n")
    text = text.replace(" ip address 198.51.100.1/30\n", " ip address 198.51.100.1/30\n ipv6 address 2001:db8::1/64\n")
    sixth = """\
  no neighbor 2001:db8::2 activate
 exit-address-family
 address-family ipv6 unicast
  neighbor 2001:db8::2 activate
  neighbor 2001:db8::2 route-map ALL in
  neighbor 2001:db8::2 route-map ALL out
 exit-address-family
exit
route-map ALL permit 10
exit
"""
    proved = imported(tmp_path, {"edge": text.replace(" exit-address-family\nexit\n", sixth)})
    bgp = yaml.safe_load(proved.draft.texts()["bgp.yaml"])["bgp"]
    assert bgp["options"][0]["default_ipv4_unicast"] is True
    assert {entry["ends"][1] for entry in bgp["sessions"]} == {"as64600", "as64601"}
    assert proved.compared["edge"].difference == ""


def test_a_neighbor_that_carries_another_family_is_left_alone(tmp_path: Path) -> None:
    evpn = " address-family l2vpn evpn\n  neighbor 198.51.100.2 activate\n exit-address-family\nexit\n"
    report = reported(tmp_path, {"edge": TEXT.replace(" exit-address-family\nexit\n", f" exit-address-family\n{evpn}")})
    assert (report.sessions, report.differing) == (0, [])
    assert any("it carries l2vpn evpn" in line.why for line in report.hosts[0].lines)


NAMED = """\
int eth0
 ip address 198.51.100.1/30
interface eth1
 ip address 10.0.0.1/24
interface lo
 ip address 10.255.0.1/32
router bgp 64500
 timers bgp 3 9
 no bgp ebgp-requires-policy
 neighbor 198.51.100.2 remote-as external
 neighbor 198.51.100.2 update-source 198.51.100.1
 neighbor 10.0.0.2 remote-as internal
 neighbor 10.0.0.2 update-source eth1
 neighbor 10.255.0.2 remote-as internal
 neighbor 10.255.0.2 update-source lo
 neighbor 10.0.0.9 remote-as auto
 address-family ipv4
  network 10.3.0.0/16
 exit-address-family
exit
"""


def test_what_a_router_is_told_by_a_word_or_chooses_itself_stays_so(tmp_path: Path) -> None:
    proved = imported(tmp_path, {"edge": NAMED})
    texts = {name: yaml.safe_load(text) for name, text in proved.draft.texts().items()}
    assert texts["hosts.yaml"]["edge"]["data"]["router_id"] == "none"
    assert texts["network.yaml"]["peers"]["external"]["asn"] == "external"
    sides = {session["ends"][1]: session["edge"] for session in texts["bgp.yaml"]["bgp"]["sessions"]}
    assert {name: (side["remote_as"], side["update_source"]) for name, side in sides.items()} == {
        "external": ("external", "address"), "as64500": ("internal", "eth1"), "as64500-2": ("internal", "lo"),
    }  # fmt: skip
    assert texts["bgp.yaml"]["bgp"]["options"][0] == {
        "hosts": "edge", "keepalive": 3, "hold_time": 9, "ebgp_requires_policy": False,
        "network_import_check": True, "default_ipv4_unicast": True,
    }  # fmt: skip
    assert proved.compared["edge"].difference == ""


def test_what_leaves_a_router_without_policies_is_accepted_by_name(tmp_path: Path) -> None:
    proved = imported(tmp_path, {"edge": NAMED})
    side = yaml.safe_load(proved.draft.texts()["bgp.yaml"])["bgp"]["sessions"][0]["edge"]
    assert side["accepted_leaks"] == ["0.0.0.0/0 le 32", "::/0 le 128"]
    assert any("lets 0.0.0.0/0 le 32, ::/0 le 128 leave" in hint for hint in proved.draft.hints)


def test_an_as_that_nothing_says_is_asked_for(tmp_path: Path) -> None:
    proved = imported(tmp_path, {"edge": NAMED})
    assert [each.message for each in proved.missing] == ["edge: nothing says in which AS 10.0.0.9 is"]


def test_words_for_an_as_that_contradict_it_are_a_finding(tmp_path: Path) -> None:
    other = NAMED.replace("10.255.0.1/32", "10.255.0.2/32").replace("10.255.0.2 ", "10.255.0.1 ")
    other = other.replace("ip address 198.51.100.1/30", "ip address 198.51.100.5/30").replace(
        "10.0.0.1/24", "10.0.0.2/24"
    )
    other = other.replace("198.51.100.2 ", "198.51.100.6 ").replace("source 198.51.100.1", "source 198.51.100.5")
    other = other.replace("neighbor 10.0.0.2 ", "neighbor 10.0.0.1 ")
    assert reported(tmp_path, {"edge": NAMED, "other": other}).findings == ()
    wrong = other.replace("router bgp 64500", "router bgp 64501")
    said = [each.message for each in reported(tmp_path, {"edge": NAMED, "other": wrong}).findings]
    assert any("says remote-as internal" in each and "which is AS 64501" in each for each in said)
