"""Tunnels of a config.xml are taken over with their phase 2 entries, and stay as they are while they mean the same."""

from pathlib import Path

import pytest

from routebook.device.candidate import Section
from routebook.importing.proof import Proved
from routebook.importing.report import as_markdown, report_of
from routebook.platforms.pfsense import manifest
from routebook.platforms.pfsense.adoption import adopted
from routebook.platforms.pfsense.difference import difference, foreign
from routebook.platforms.pfsense.tree import Element, parse
from routebook.project.render import render_host
from tests.unit.importing.pfsense_files import SECRETS, config, half, ipsec, phase1, phase2
from tests.unit.importing.read import imported

FILE = "fw1/config.xml"
LAN, OFFICE = half("lan"), half("network", "10.7.0.0", "16")
GATEWAY = "203.0.113.6"
ONE = ipsec(phase1("office", GATEWAY), phase2(LAN, OFFICE))


class Key:
    def resolve(self, reference: object) -> str:
        del reference
        return SECRETS["psk"]


def taken(folder: Path, text: str, more: str = "") -> Proved:
    folder.mkdir(exist_ok=True)
    return imported(folder, {FILE: config(more, ipsec=text)})


def sections(proved: Proved) -> list[Section]:
    rendered = render_host(proved.network.hosts["fw1"], Path("/nonexistent"), Key()).sections
    return [section for section in rendered if section.part == "ipsec"]


def running(text: str) -> Element:
    return parse(config("", ipsec=text))


def names(root: Element, tag: str) -> list[str]:
    return [entry.value("descr") for entry in manifest.entries(root, ("ipsec", tag))]


def test_a_tunnel_to_somebody_else_is_modelled_and_its_key_is_shown_nowhere(tmp_path: Path) -> None:
    proved = taken(tmp_path, ONE)
    report = report_of(proved)
    assert (report.tunnels, report.hosts[0].difference) == (1, "")
    assert proved.draft.secrets == {"secrets/office.psk": SECRETS["psk"]}
    assert SECRETS["psk"] not in as_markdown(report)
    assert proved.draft.data["hosts"]["fw1"]["data"]["adopt"] == ["phase1 office"]
    kinds = {line.kind for line in report.hosts[0].lines if "<remoteid>" in line.text or "<ikeid>" in line.text}
    assert kinds == {"modelled"}


def test_an_adopted_tunnel_stays_as_it_is_while_another_comes_and_is_ours_from_then_on(tmp_path: Path) -> None:
    proved = taken(tmp_path, ONE)
    (section,) = sections(proved)
    more = "<phase1><descr>RB new</descr><remote-gateway>203.0.113.9</remote-gateway></phase1>"
    both = Section(section.name, "ipsec", section.text.replace("</ipsec>", f"{more}</ipsec>"), section.owns)
    there = running(ONE)
    delta = difference(there, [both], "frr", record=True)
    assert [edit.name for edit in delta.edits][:1] == ["phase1 RB new"]
    assert (names(delta.after, "phase1"), names(delta.after, "phase2")) == (["office", "RB new"], [""])
    assert manifest.read(delta.after)["ipsec"] == {"phase1 RB new", "phase1 office"}
    assert list(foreign(there, [both], "frr")) == []
    unadopted = Section("ipsec", "ipsec", both.text, section.owns[:2])
    assert not difference(delta.after, [unadopted], "frr", record=True)
    gone = difference(delta.after, [Section("ipsec", "ipsec", "", section.owns[:2])], "frr", record=True)
    assert (names(gone.after, "phase1"), names(gone.after, "phase2")) == ([], [])


def test_the_first_change_that_matters_replaces_it_by_routebooks_own(tmp_path: Path) -> None:
    (section,) = sections(taken(tmp_path, ONE))
    changed = Section("ipsec", "ipsec", section.text.replace("<pfsgroup>14", "<pfsgroup>19"), section.owns)
    after = difference(running(ONE), [changed], "frr", record=True).after
    assert (names(after, "phase1"), names(after, "phase2")) == (["RB office"], ["RB office 1"])
    assert adopted("phase1 office", "ipsec", "") == ()


def test_a_tunnel_that_nobody_adopted_stays_beside_and_is_named(tmp_path: Path) -> None:
    (section,) = sections(taken(tmp_path, ONE))
    theirs = ipsec(phase1("office", GATEWAY), phase2(LAN, OFFICE), phase1("theirs", "192.0.2.99", ikeid=2))
    assert list(foreign(running(theirs), [section], "frr")) == ["phase1 theirs"]


@pytest.mark.parametrize(
    "more",
    [
        "startaction=start", "startaction=none", "startaction=trap", "closeaction=start", "responderonly=",
        "lifetime=86400", "lifetime=7205", "dpd_delay=;dpd_maxfail=", "mobike=", "nat_traversal=on",
        "myid_type=fqdn;myid_data=fw1.example.net", "peerid_type=user_fqdn;peerid_data=a@example.net",
        "peerid_type=address;peerid_data=10.9.9.9", "prfselect_enable=yes", "lifetime=28800;rekey_time=20000",
    ],
)  # fmt: skip
def test_phase_1_entries_of_these_kinds_are_modelled(tmp_path: Path, more: str) -> None:
    report = report_of(taken(tmp_path, ipsec(phase1("office", GATEWAY, more), phase2(LAN, OFFICE))))
    if more.endswith("rekey_time=20000"):  # between the two there is more than Routebook leaves
        assert (report.tunnels, report.hosts[0].difference) == (0, "")
    else:
        assert (report.tunnels, report.hosts[0].difference) == (1, "")


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("iketype=ikev1", "", "it has not IKEv2"),
        ("authentication_method=cert", "", "it has not IKEv2"),
        ("remote-gateway=vpn.example.net", "", "is no address"),
        ("interface=opt1", "", "is not in config.xml"),
        ("peerid_type=any", "", "an identity of the type any"),
        ("dpd_maxfail=3", "", "fails after 3"),
        ("mobike=on", "", "<mobike>"),
        ("disabled=", "", "<disabled>"),
        ("rand_time=60", "", "<rand_time>"),
        ("descr=two words", "", "is no name"),
        ("", "disabled=", "disabled"),
        ("", "pfsgroup=0", "DH group"),
        ("", "protocol=ah", "would write it otherwise"),
        ("", "natlocalid=<type>network</type>", "<natlocalid>"),
        ("", "encryption-algorithm-option=<name>3des</name>", "the cipher 3des"),
        ("", "mode=transport", "would write it otherwise"),
        ("", "remoteid=<type>mobile</type>", "no network"),
    ],
)
def test_another_tunnel_is_left_alone_with_the_reason(tmp_path: Path, first: str, second: str, why: str) -> None:
    report = report_of(taken(tmp_path, ipsec(phase1("office", GATEWAY, first), phase2(LAN, OFFICE, second))))
    assert (report.tunnels, report.hosts[0].difference) == (0, "")
    assert any(why in line.why for line in report.hosts[0].lines if "<reqid>" in line.text)


def test_several_networks_are_modelled_where_each_pair_has_a_phase_2(tmp_path: Path) -> None:
    more = half("network", "10.8.0.0", "16")
    whole = ipsec(phase1("office", GATEWAY), phase2(LAN, OFFICE), phase2(LAN, more, reqid=2))
    assert report_of(taken(tmp_path / "whole", whole)).tunnels == 1
    other = half("network", "10.99.0.0", "24")
    part = ipsec(phase1("office", GATEWAY), phase2(LAN, OFFICE), phase2(other, more, reqid=2))
    report = report_of(taken(tmp_path / "part", part))
    assert (report.tunnels, report.hosts[0].difference) == (0, "")


def _pair(folder: Path, mode: str) -> Proved:
    folder.mkdir(exist_ok=True)
    ends = []
    for mine, theirs, peer in (("10.0.0.0", "10.0.0.1", GATEWAY), ("10.0.0.1", "10.0.0.0", "198.51.100.1")):
        if mode == "vti":
            inner = phase2(half("network", mine, "31"), half("address", theirs), "mode=vti")
        else:
            inner = phase2(LAN, half("network", "10.2.0.0" if peer == GATEWAY else "10.1.0.0", "24"))
        ends.append(config("", ipsec=ipsec(phase1("fw1--fw2", peer), inner)))
    second = ends[1].replace("<ipaddr>198.51.100.1</ipaddr>", f"<ipaddr>{GATEWAY}</ipaddr>")
    second = second.replace("<ipaddr>10.1.0.1</ipaddr>", "<ipaddr>10.2.0.1</ipaddr>").replace("db8:1::1", "db8:2::1")
    return imported(folder, {FILE: ends[0], "fw2/config.xml": second})


@pytest.mark.parametrize("mode", ["tunnel", "vti"])
def test_the_two_ends_of_a_tunnel_become_one(tmp_path: Path, mode: str) -> None:
    proved = _pair(tmp_path, mode)
    report = report_of(proved)
    assert (report.tunnels, report.differing, report.findings) == (1, [], ())
    assert "outside" not in str(proved.draft.data["tunnels"])


def test_a_masked_key_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the pre-shared key is masked"):
        taken(tmp_path, ipsec(phase1("office", GATEWAY, psk="*****"), phase2(LAN, OFFICE)))
