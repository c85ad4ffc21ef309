"""A pfSense's config.xml is taken over object by object: what means what Routebook would write, and nothing else."""

from pathlib import Path

import pytest

from routebook.importing.found import BadInputError
from routebook.importing.proof import Proved
from routebook.importing.report import HostReport, as_data, as_markdown, report_of
from tests.unit.importing.pfsense_files import (
    EDGE,
    POLICIES,
    SECRETS,
    area,
    community_list,
    config,
    neighbor,
    prefix_list,
    route_map,
    settings,
)
from tests.unit.importing.read import imported, read

FILE = "fw1/config.xml"


def taken(folder: Path, text: str) -> Proved:
    return imported(folder, {FILE: text})


def whose(proved: Proved) -> HostReport:
    (host,) = report_of(proved).hosts
    return host


def classes(host: HostReport, part: str) -> set[str]:
    return {line.kind for line in host.lines if part in line.text}


def firewall(*neighbors: str, policies: str = POLICIES, more: str = "") -> str:
    return config(settings("203.0.113.0/24", more=more) + area("frrbgpneighbors", *neighbors) + policies)


def one(more: str = "", asnum: str = "64496", peer: str = "198.51.100.2") -> str:
    usual = "prefixfilter_in=FROM-TRANSIT;routemap_out=TO-TRANSIT"
    return firewall(neighbor(peer, "Transit NO", asnum, f"{usual};{more}"))


def test_sessions_policies_and_networks_are_modelled_under_their_own_names(
    tmp_path: Path,
) -> None:
    proved = taken(tmp_path, EDGE)
    report = report_of(proved)
    assert (report.sessions, report.hosts[0].difference) == (1, "")
    data = proved.draft.data
    assert set(data["policy"]["policy"]["route_maps"]) == {"TO-TRANSIT"}
    host = data["hosts"]["fw1"]["data"]
    assert host["bgp_package"] == "frr"
    assert host["adopt"][-1] == "neighbor 198.51.100.2"
    assert classes(report.hosts[0], "<asnum>") == classes(report.hosts[0], "<routemap_out>") == {"modelled"}
    assert classes(report.hosts[0], "<adjacencylog>") == classes(report.hosts[0], "<if>vtnet0") == {"foreign"}


def test_secrets_go_into_files_and_into_nothing_that_is_shown(tmp_path: Path) -> None:
    proved = taken(tmp_path, EDGE)
    assert list(proved.draft.secrets.values()) == [SECRETS["password"]]
    report = report_of(proved)
    shown = as_markdown(report) + str(as_data(report)) + repr(proved) + "".join(proved.draft.texts().values())
    assert [value for value in (*SECRETS.values(), "vtysh-pw-s3cr3t") if value in shown] == []


@pytest.mark.parametrize(
    "secret",
    [
        "<custom>$6$salt$abcdefgh</custom>",
        f"<blob>{SECRETS['prv']}</blob>",
        "<password>first\nsecond-line\nthird</password>",
        "<password><![CDATA[ab<!--c]]></password>",
        "<password>a<!-- x -->b-s3cr3t</password>",
        "<!-- a-s3cr3t -->",
        "<presharedkey>wireguard-s3cr3t=</presharedkey><descr>wireguard-s3cr3t=</descr>",
    ],
)
@pytest.mark.parametrize("place", ["x", "ipsec"])
def test_what_is_a_secret_by_its_tag_by_its_looks_or_elsewhere_is_shown_nowhere(
    tmp_path: Path, secret: str, place: str
) -> None:
    text = config(settings(), more=f"\t<{place}>\n{secret}\n\t</{place}>\n\t<last></last>\n")
    host = whose(taken(tmp_path, text))
    shown = "\n".join(line.text for line in host.lines)
    assert [w for w in ("s3cr3t", "salt", "UFJJVkFURSBL", "second-line", "third", "ab<!--c") if w in shown] == []
    assert [line.text for line in host.lines if line.number == text[: text.index("<last>")].count("\n") + 1] == [
        "<last>"
    ]


def test_what_is_of_neither_interfaces_nor_ipsec_nor_frr_is_shown_by_its_tags_alone(tmp_path: Path) -> None:
    more = '\t<tool key="a"><note>no tag says that this is s3cr3t</note>\n<url>https://x?token=s3cr3t</url></tool>\n'
    lines = whose(taken(tmp_path, config(settings(), more=more))).lines
    assert [line.text for line in lines if "tool" in line.text] == ["<tool><note>", "</tool><url>"]
    assert not any("s3cr3t" in line.text for line in lines)


@pytest.mark.parametrize("change", ["as it is", "crlf", "no line end", "one line", "blank lines"])
def test_every_line_is_of_one_class_however_the_file_is_laid_out(tmp_path: Path, change: str) -> None:
    text = {
        "as it is": EDGE,
        "crlf": EDGE.replace("\n", "\r\n"),
        "no line end": EDGE.rstrip("\n"),
        "one line": EDGE.replace("\n", "").replace("\t", ""),
        "blank lines": EDGE.replace("\n", "\n\n"),
    }[change]
    host = whose(taken(tmp_path, text))
    assert [line.number for line in host.lines] == list(range(1, len(text.splitlines()) + 1))
    assert sum(host.counts.values()) == len(text.splitlines())
    assert host.difference == ""


def test_a_line_of_several_objects_is_not_called_modelled(tmp_path: Path) -> None:
    two = config(settings("203.0.113.0/24", "198.18.0.0/15")).replace("</row>\n\t\t\t\t<row>", "</row><row>")
    host = whose(taken(tmp_path, two))
    assert {(line.kind, line.why) for line in host.lines if "</row><row>" in line.text} == {
        ("foreign", "several things on one line")
    }
    assert classes(host, "<distributeroutevalue>") == {"modelled"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "---- BEGIN config.xml ----\nU2FsdGVkX18=\n---- END config.xml ----\n",
            "is an encrypted backup; take it again",
        ),
        (EDGE[: len(EDGE) // 2], "half of the file is missing; take it again"),
        ("<?xml version='1.0'?>\n<ipsec><phase1></phase1></ipsec>\n", "begins with <ipsec>"),
        ("<?xml version='1.0'?>\n<opnsense></opnsense>\n", "begins with <opnsense>"),
        ("", "is empty"),
        (EDGE.replace("<asnum>64500</asnum>", "<asnum>64500</asn>"), r"mismatched tag"),
    ],
)
def test_what_is_no_whole_config_xml_is_refused_with_how_to_get_one(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said) as raised:
        read(tmp_path, {FILE: text})
    assert "Diagnostics / Backup & Restore" in str(raised.value)


@pytest.mark.parametrize(
    "more",
    [
        "passive=on", "shutdown=on", "timers_keepalive=10;timers_holdtime=30", "timers_connect=10",
        "nexthopself=enabled", "softreconfigurationinbound=on", "addpathtxallpaths=on", "ebgpmultihop=3",
        "ttlsecurityhops=2", "maximumprefix_num=100", "sendcommunity=standard", "weight=;ebgpmultihop=1",
    ],
)  # fmt: skip
def test_each_option_that_a_session_has_here_is_modelled(tmp_path: Path, more: str) -> None:
    report = report_of(taken(tmp_path, one(more)))
    assert (report.sessions, report.hosts[0].difference) == (1, "")


@pytest.mark.parametrize(
    "more",
    [
        "weight=5", "sendcommunity=disabled", "nexthopself=force", "allowasin=2", "bfdenable=on", "bothaf=on",
        "distribute_in=10", "aspathfilter_in=PATHS", "peergroup=GROUP", "updatesource=lan", "grmode=helper",
        "localas_num=64999", "defaultoriginate=yes", "password=x;password_type=kernel", "attributeunchanged=on",
        "removeprivateas=on", "timers_keepalive=10", "maximumprefix_num=10;maximumprefix_warnonly=on",
    ],
)  # fmt: skip
def test_a_neighbor_with_another_option_is_left_alone_with_the_reason(tmp_path: Path, more: str) -> None:
    report = report_of(taken(tmp_path, one(more)))
    assert (report.sessions, report.hosts[0].difference) == (0, "")
    assert classes(report.hosts[0], "<peer>") == {"foreign"}
    assert all(":" in line.why for line in report.hosts[0].lines if "<peer>" in line.text)


@pytest.mark.parametrize("asnum", ["internal", "external", "", "1.5"])
def test_a_neighbor_without_a_number_is_left_alone(tmp_path: Path, asnum: str) -> None:
    report = report_of(taken(tmp_path, one(asnum=asnum)))
    assert (report.sessions, report.hosts[0].difference) == (0, "")


def test_a_group_and_its_members_are_left_alone(tmp_path: Path) -> None:
    text = firewall(neighbor("GROUP", "", "64496"), neighbor("198.51.100.2", "x", "", "peergroup=GROUP"))
    report = report_of(taken(tmp_path, text))
    assert (report.sessions, report.hosts[0].difference) == (0, "")
    assert any("a group of neighbors" in line.why for line in report.hosts[0].lines)


def test_an_ipv6_neighbor_is_modelled_where_it_carries_no_ipv4(tmp_path: Path) -> None:
    both = area(
        "frrglobalprefixes",
        prefix_list("OUT6", "5 permit 2001:db8:8::/48", family="IPv6"),
        prefix_list("IN6", "5 deny 2001:db8:8::/48 - 128", "10 permit any", family="IPv6"),
    )
    peer = neighbor("2001:db8:1::2", "six", "64496", "prefixfilter_in=IN6;prefixfilter_out=OUT6;updatesource_type=ipv6")
    sessions = []
    for index, more in enumerate(("", "\t\t\t\t<nodefipv4unicast>on</nodefipv4unicast>\n")):
        folder = tmp_path / str(index)
        folder.mkdir()
        text = config(settings("2001:db8:8::/48", more=more) + area("frrbgpneighbors", peer) + both)
        report = report_of(taken(folder, text))
        assert report.hosts[0].difference == ""
        sessions.append(report.sessions)
    assert sessions == [0, 1]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("<enable>on</enable>", "", "BGP is switched off"),
        ("<asnum>64500</asnum>", "<asnum>0.64500</asnum>", "AS number is 0.64500"),
        (
            "\t\t<frrbgp>",
            "\t\t<frrglobalraw><config><frr>cm91dGVyIGJncA==</frr></config></frrglobalraw>\n\t\t<frrbgp>",
            "FRR runs by a raw configuration",
        ),
    ],
)
def test_bgp_whose_settings_are_not_what_routebook_would_write_is_left_alone(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    report = report_of(taken(tmp_path, EDGE.replace(old, new)))
    assert (report.sessions, report.hosts[0].difference) == (0, "")
    assert any(why in line.why for line in report.hosts[0].lines if "<peer>" in line.text)


def test_a_router_id_that_is_left_to_the_daemon_stays_so(tmp_path: Path) -> None:
    proved = taken(tmp_path, EDGE.replace("<routerid>10.255.0.1</routerid>", ""))
    assert proved.draft.data["hosts"]["fw1"]["data"]["router_id"] == "none"
    assert (report_of(proved).sessions, whose(proved).difference) == (1, "")


def test_the_router_id_of_bgp_or_of_frr_is_taken_and_neither_is_written(tmp_path: Path) -> None:
    own = EDGE.replace("<asnum>", "<routerid>10.255.0.9</routerid>\n<asnum>")
    proved = taken(tmp_path, own)
    assert proved.draft.data["hosts"]["fw1"]["data"]["router_id"] == "10.255.0.9"
    assert whose(proved).difference == ""


MAPS = (
    ("metric_action=set;metric_value=50", True), ("localpref_action=set;localpref_value=200", True),
    ("aspath_action=setprepend;aspath_value=64500 64500", True),
    ("community_action=match;community_match=MARKED", True),
    ("community_action=set;community_set=64500:9 no-export 64500:1", True),
    ("community_action=set;community_set=64500:9;community_additive=on", True),
    ("call=OTHER", False), ("exitaction=next", False), ("acl_match=10", False), ("weight=5", False),
    ("metric_action=match;metric_value=50", False), ("aspath_action=setexclude;aspath_value=64501", False),
    ("nexthop_action=set;nexthop_peer=unchanged", False), ("origin_value=igp", False), ("rpki_state=valid", False),
    ("community_action=matchexact;community_match=MARKED", False), ("tag_action=set;tag_value=5", False),
    ("aspath_action=match;aspath_match=PATHS", False), ("metric_action=settype1;metric_value=5", False),
)  # fmt: skip


@pytest.mark.parametrize(("more", "modelled"), MAPS)
def test_a_route_map_is_modelled_as_a_whole_or_not_at_all(tmp_path: Path, more: str, modelled: bool) -> None:
    policies = POLICIES.replace(
        route_map("TO-TRANSIT", "permit", 10, "prefix_match=OWN"),
        route_map("TO-TRANSIT", "deny", 5, f"prefix_match=SOME;{more}" if "_match=M" in more else "prefix_match=SOME")
        + route_map("TO-TRANSIT", "permit", 10, "prefix_match=OWN" + (f";{more}" if "_match=M" not in more else "")),
    ).replace("\t\t<frrglobalprefixes>\n", "\t\t<frrglobalprefixes>\n" + prefix_list("SOME", "5 permit 10.9.0.0/16"))
    policies += area("frrbgpcommunities", community_list("MARKED", "64500:1", "no-export"))
    text = firewall(
        neighbor("198.51.100.2", "x", "64496", "prefixfilter_in=FROM-TRANSIT;routemap_out=TO-TRANSIT"),
        policies=policies,
    )
    report = report_of(taken(tmp_path, text))
    assert (report.sessions, report.hosts[0].difference) == (int(modelled), "")


def test_what_a_network_has_beside_its_prefix_leaves_it_alone(tmp_path: Path) -> None:
    rows = (
        "<row><distributeroutevalue>192.0.2.0/24</distributeroutevalue><distributeroutemap>TO-TRANSIT"
        "</distributeroutemap></row>\n<row><distributeroutevalue>10.1.2.3/16</distributeroutevalue></row>\n<row></row>\n"
    )
    proved = taken(tmp_path, firewall(more=rows))
    assert whose(proved).difference == ""
    assert proved.draft.data["bgp"]["bgp"]["networks"] == [{"hosts": "fw1", "prefixes": ["203.0.113.0/24"]}]


def test_what_is_redistributed_is_modelled(tmp_path: Path) -> None:
    text = firewall().replace(">no</redistributestatic>", ">ipv4</redistributestatic>")
    proved = taken(tmp_path, text)
    assert whose(proved).difference == ""
    assert proved.draft.data["bgp"]["bgp"]["redistribute"] == [
        {"hosts": "fw1", "from": "static", "families": ["ipv4-unicast"]}
    ]


def test_the_two_ends_of_a_session_become_one(tmp_path: Path) -> None:
    ours = firewall(neighbor("10.1.0.2", "fw2", "64500"))
    theirs = firewall(neighbor("10.1.0.1", "fw1", "64500")).replace("10.1.0.1</ipaddr>", "10.1.0.2</ipaddr>")
    theirs = theirs.replace("10.255.0.1", "10.255.0.2").replace("198.51.100.1<", "198.51.100.5<").replace(
        "2001:db8:1::1", "2001:db8:2::1"
    )  # fmt: skip
    report = report_of(imported(tmp_path, {FILE: ours, "fw2/config.xml": theirs}))
    assert (report.sessions, report.differing, report.findings) == (1, [], ())


def test_openbgpd_is_left_alone_with_the_reason(tmp_path: Path) -> None:
    text = config(
        "\t\t<openbgpd><config><asnum>64500</asnum></config></openbgpd>\n\t\t<openbgpdneighbors>\n<config>\n"
        "<descr>x</descr><neighbor>198.51.100.2</neighbor>\n</config></openbgpdneighbors>\n"
    ).replace("<name>frr</name>", "<name>OpenBGPD</name>")
    report = report_of(taken(tmp_path, text))
    assert (report.sessions, report.hosts[0].difference) == (0, "")
    assert any("no package since pfSense 2.5.0" in line.why for line in report.hosts[0].lines)
