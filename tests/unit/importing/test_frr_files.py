"""What FRR's files become: an inventory as a person would have written it, whose first plan sends nothing."""

from pathlib import Path

import pytest
import yaml

from routebook.importing.found import BadInputError
from routebook.importing.report import as_data, as_markdown, as_text
from tests.unit.importing.read import EDGE, imported, mate, read, reported

BOTH = {"edge1": EDGE, "edge2": mate()}
RECORD = "access-list ROUTEBOOK-879cf506658b remark bgp: router bgp 64500\n"  # from when a router was ours as a whole


def test_a_session_whose_ends_were_both_read_is_one_entry_and_the_first_plan_is_empty(tmp_path: Path) -> None:
    proved = imported(tmp_path, BOTH)
    bgp = yaml.safe_load(proved.draft.texts()["bgp.yaml"])["bgp"]
    assert [entry["ends"] for entry in bgp["sessions"]] == [
        ["edge1", "edge2"], ["edge1", "transit-no"], ["edge2", "transit-no"],
    ]  # fmt: skip
    assert bgp["sessions"][0] == {"ends": ["edge1", "edge2"], "via": "loopback", "next_hop_self": True}
    assert {name: each.difference for name, each in proved.compared.items()} == {"edge1": "", "edge2": ""}
    assert proved.network.warnings == ()


def test_what_all_sessions_say_is_said_once(tmp_path: Path) -> None:
    bgp = yaml.safe_load(imported(tmp_path, BOTH).draft.texts()["bgp.yaml"])["bgp"]
    assert bgp["external"] == {
        "password": {"file": "secrets/{name}.password"},
        "max_prefix": 1000, "prefix_list_in": "FROM-TRANSIT", "export": "TO-TRANSIT",
    }  # fmt: skip
    assert bgp["networks"] == [{"hosts": "all", "prefixes": ["203.0.113.0/24"]}]


def test_policies_keep_their_names_and_what_is_taken_over_is_adopted(tmp_path: Path) -> None:
    texts = imported(tmp_path, {"edge1": EDGE, "edge2": mate()}).draft.texts()
    policy = yaml.safe_load(texts["policy.yaml"])["policy"]
    assert policy["route_maps"] == {"TO-TRANSIT": [{"permit": {"prefix_list": "OWN"}}]}
    adopted = yaml.safe_load(texts["hosts.yaml"])["edge1"]["data"]["adopt"]
    assert {"route-map TO-TRANSIT", "ip prefix-list OWN", "neighbor 198.51.100.2", "network 203.0.113.0/24"} <= {
        *adopted
    }


def test_passwords_are_in_files_of_their_own_and_in_no_text(tmp_path: Path) -> None:
    proved = imported(tmp_path, BOTH)
    assert proved.draft.secrets["secrets/edge1--transit-no.password"] == "s3cr3t-password"
    report = reported(tmp_path, BOTH)
    shown = [
        *proved.draft.texts().values(),
        *as_text(report, every_line=True),
        as_markdown(report),
        str(as_data(report)),
    ]
    assert not any("s3cr3t" in text for text in [*shown, repr(proved.hosts)])


def test_every_line_is_of_one_class_and_has_a_reason(tmp_path: Path) -> None:
    (edge, _) = reported(tmp_path, BOTH).hosts
    assert sum(edge.counts.values()) == len(EDGE.splitlines())
    by_text = {line.text: (line.kind, line.why) for line in edge.lines}
    assert by_text["router ospf"] == ("foreign", "OSPF")
    assert by_text["ip route 203.0.113.0/24 blackhole"] == ("foreign", "static routes")
    assert by_text["neighbor 198.51.100.2 password <secret>"] == ("modelled", "neighbor 198.51.100.2")
    assert edge.counts["refused"] == 0


def test_a_neighbor_with_a_line_that_cannot_be_kept_is_left_alone_as_a_whole(tmp_path: Path) -> None:
    text = EDGE.replace(
        " neighbor 198.51.100.2 password", " neighbor 198.51.100.2 peer-group UP\n neighbor 198.51.100.2 password"
    )
    report = reported(tmp_path, {"edge1": text, "edge2": mate()})
    lines = {line.text: line for line in report.hosts[0].lines}
    assert lines["neighbor 198.51.100.2 remote-as 64496"].kind == "foreign"
    assert "peer-group UP" in lines["neighbor 198.51.100.2 remote-as 64496"].why
    assert lines["ip prefix-list OWN seq 5 permit 203.0.113.0/24"].kind == "foreign"
    assert report.differing == []


def test_what_a_first_plan_would_take_away_is_refused_and_shown(tmp_path: Path) -> None:
    text = EDGE.replace(" no bgp default", " neighbor UP peer-group\n no bgp default") + RECORD
    report = reported(tmp_path, {"edge1": text, "edge2": mate()})
    assert report.differing == ["edge1"]
    assert "-  neighbor UP peer-group" in report.hosts[0].difference
    refused = [line for line in report.hosts[0].lines if line.kind == "refused"]
    assert [line.text for line in refused] == ["neighbor UP peer-group", RECORD.strip()]
    assert "would take it away" in refused[0].why


def test_ends_that_disagree_are_a_finding_with_both_places(tmp_path: Path) -> None:
    other = mate().replace("neighbor 10.255.0.1 remote-as 64500", "neighbor 10.255.0.1 remote-as 64501")
    (finding,) = reported(tmp_path, {"edge1": EDGE, "edge2": other}).findings
    there, here = (f"{tmp_path}/{name}/frr.conf:27" for name in ("edge2", "edge1"))
    assert f"edge2 expects AS 64501 ({there}) of edge1, which is AS 64500 ({here})" in finding.message


def test_an_end_without_the_other_is_a_finding(tmp_path: Path) -> None:
    other = "".join(line for line in mate().splitlines(keepends=True) if " 10.255.0.1 " not in line)
    (finding,) = reported(tmp_path, {"edge1": EDGE, "edge2": other}).findings
    assert "which is edge2, and edge2 has none back" in finding.message


def test_an_address_that_is_in_no_file_has_to_be_filled_in(tmp_path: Path) -> None:
    text = EDGE.replace("interface eth0\n ip address 198.51.100.1/30\nexit\n", "")
    report = reported(tmp_path, {"edge1": text, "edge2": mate()})
    assert ["ip -o address show" in each.fix for each in report.missing] == [True]
    addresses = "1: lo    inet 10.255.0.1/32 scope global lo\n2: eth0    inet 198.51.100.1/30 scope global eth0\n"
    filled = {"edge1": text, "edge1/ip-address.txt": addresses, "edge2": mate()}
    report = reported(tmp_path, filled)
    assert (report.missing, report.sessions, report.differing) == ((), 3, [])


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"a": "Current configuration:\n!\nrouter bgp 1\n"}, "has no `end`: half of the file"),
        ({"a": EDGE[: EDGE.index(" exit-address-family")]}, "ends inside `address-family ipv4 unicast`"),
        ({"a": EDGE + "ip prefix-l"}, "ends within a line: `ip prefix-l`"),
        ({"a": ""}, "has no line of configuration"),
        ({"a": "router bgp 1\x07\n"}, r"the character '\x07'"),
        ({"a": "ASA Version 9.16(4)\nhostname fw\n"}, "has no `: end`: half of the file"),
        ({"a/x.conf": "nothing that anybody knows\n"}, "is of no kind that is imported"),
        ({"a": EDGE.replace("s3cr3t-password", "*****")}, "the password is masked; read it where it is in clear"),
        ({"a/bgpd.conf": "router bgp 1\n", "a/zebra.conf": "router bgp 2\n"}, "`router bgp 2` contradicts"),
        ({"a": "router bgp 1\nrouter bgp 2\n"}, "is a second one beside AS 1"),
    ],
    ids=["output", "context", "line", "empty", "binary", "asa", "unknown", "masked", "two", "as"],
)  # fmt: skip
def test_bad_input_is_one_sentence_with_file_and_line(tmp_path: Path, texts: dict[str, str], message: str) -> None:
    with pytest.raises(BadInputError) as caught:
        read(tmp_path, texts)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/a/")
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("text", [EDGE.replace("\n", "\r\n"), EDGE.rstrip("\n"), "\ufeff" + EDGE])
def test_line_ends_do_not_matter(tmp_path: Path, text: str) -> None:
    report = reported(tmp_path, {"edge1": text, "edge2": mate()})
    assert (report.differing, report.sessions) == ([], 3)
    assert len(report.hosts[0].lines) == len(text.splitlines())


def test_a_daemons_own_file_beside_frr_conf_is_not_read(tmp_path: Path) -> None:
    report = reported(tmp_path, {"edge1": EDGE, "edge1/bgpd.conf": "router bgp 1\n", "edge2": mate()})
    (line,) = [each for each in report.hosts[0].lines if each.file.endswith("bgpd.conf")]
    assert (line.kind, line.why) == ("foreign", "a file that FRR does not read beside frr.conf")


def test_a_name_that_means_two_things_is_left_out_where_fewer_mean_it(tmp_path: Path) -> None:
    other = mate().replace("OWN seq 5 permit 203.0.113.0/24", "OWN seq 5 permit 203.0.113.0/25")
    report = reported(tmp_path, {"edge1": EDGE, "edge2": other})
    why = next(line.why for line in report.hosts[1].lines if line.text.startswith("ip prefix-list OWN"))
    assert "is another one than OWN of edge1" in why
    assert report.differing == []
