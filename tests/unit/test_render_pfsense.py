"""Rendering for pfSense: entries of config.xml, for either BGP package, with secrets that no escaping hides."""

# ruff: noqa: S314  what is parsed was just rendered

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from routebook.project.render import Placeholders, render_host, section_templates
from routebook.project.secrets import SecretError
from routebook.redaction.redactor import REDACTED, Redactor
from tests.networks.project import Project, pfsense_project
from tests.unit.one_secret import OneSecret

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
PACKAGES = ["openbgpd", "frr"]


@pytest.fixture
def frr(tmp_path: Path) -> Project:
    return pfsense_project(Project(tmp_path))


@pytest.fixture
def openbgpd(tmp_path: Path) -> Project:
    return pfsense_project(Project(tmp_path), "openbgpd")


def tree(project: Project, section: str, secrets: Placeholders | OneSecret | None = None) -> ET.Element:
    candidate = render_host(project.load().hosts["home-fw1"], TEMPLATES, secrets or Placeholders(), [section])
    return ET.fromstring(candidate.sections[0].text)


def entry(root: ET.Element, path: str, tag: str, value: str) -> ET.Element:
    return next(each for each in root.findall(path) if each.findtext(tag) == value)


def rows(neighbor: ET.Element) -> list[str]:
    return [f"{row.findtext('parameters')} {row.findtext('parmvalue')}".strip() for row in neighbor.findall("row")]


def test_a_pfsense_has_two_sections() -> None:
    assert [(s.name, s.part) for s in section_templates(TEMPLATES, "pfsense")] == [("ipsec", "ipsec"), ("bgp", "bgp")]


def test_what_a_host_adopts_by_its_description_is_owned_by_the_section_that_renders_such_things(frr: Project) -> None:
    adopt = "    bgp_package: frr\n    adopt: [phase1 office, phase2 office 1, neighbor upstream]\n"
    frr.change("hosts", "    bgp_package: frr\n", adopt)
    ipsec, bgp = render_host(frr.load().hosts["home-fw1"], TEMPLATES, Placeholders()).sections
    assert ipsec.owns[-2:] == ("ipsec/phase1 where descr office", "ipsec/phase2 where descr office 1")
    neighbors = "installedpackages/frrbgpneighbors/config"
    assert bgp.owns[-2:] == (f"{neighbors} where descr upstream", f"{neighbors} where peer upstream")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_entry_is_recognised_as_routebooks(tmp_path: Path, package: str) -> None:
    project = pfsense_project(Project(tmp_path), package)
    for name in ("phase1", "phase2"):
        assert all(each.findtext("descr", "").startswith("RB ") for each in tree(project, "ipsec").findall(name))
    for group in tree(project, "bgp"):
        if group.tag not in ("openbgpd", "frr", "frrbgp"):
            for config in group:
                mark = config.findtext("descr", "") + config.findtext("name", "")
                assert mark.startswith(("RB ", "RB-")), group.tag


@pytest.mark.parametrize("package", PACKAGES)
def test_numbers_are_left_to_the_firewall(tmp_path: Path, package: str) -> None:
    candidate = render_host(
        pfsense_project(Project(tmp_path), package).load().hosts["home-fw1"], TEMPLATES, Placeholders()
    )
    assert not any(tag in section.text for section in candidate.sections for tag in ("ikeid", "uniqid", "reqid"))


@pytest.mark.parametrize("package", PACKAGES)
def test_only_the_installed_package_is_configured(tmp_path: Path, package: str) -> None:
    tags = {group.tag for group in tree(pfsense_project(Project(tmp_path), package), "bgp")}
    assert all(tag.startswith(package) for tag in tags)


def test_a_firewall_with_nothing_intended_has_empty_sections(frr: Project) -> None:
    frr.write("tunnels", "tunnels: {}\n")
    frr.write("bgp", "bgp: {}\n")
    candidate = render_host(frr.load().hosts["home-fw1"], TEMPLATES, Placeholders())
    assert [section.text.strip() for section in candidate.sections] == ["", ""]


def test_suites_are_offered_in_their_order_and_gcm_takes_its_hash_from_the_prf(frr: Project) -> None:
    phase1 = entry(tree(frr, "ipsec"), "phase1", "descr", "RB home-fw1--edge1")
    offered = [
        "-".join(str(item.findtext(tag)) for tag in ("encryption-algorithm/name", "encryption-algorithm/keylen",
                                                     "hash-algorithm", "prf-algorithm", "dhgroup"))
        for item in phase1.findall("encryption/item")
    ]  # fmt: skip
    assert offered == ["aes256gcm-128-sha256-sha256-14", "aes-256-sha384-sha384-19"]
    assert phase1.find("prfselect_enable") is None


def test_a_prf_of_its_own_is_selected(frr: Project) -> None:
    frr.change("tunnels", "integrity: sha384, dh_group", "integrity: sha384, prf: prfsha512, dh_group")
    phase1 = entry(tree(frr, "ipsec"), "phase1", "descr", "RB home-fw1--edge1")
    assert phase1.findtext("prfselect_enable") == "yes"
    assert [item.findtext("prf-algorithm") for item in phase1.findall("encryption/item")] == ["sha256", "sha512"]


def test_one_end_starts_a_tunnel_and_starts_it_again(frr: Project) -> None:
    ipsec = tree(frr, "ipsec")
    first = entry(ipsec, "phase1", "descr", "RB home-fw1--edge1")
    second = entry(ipsec, "phase1", "descr", "RB edge2--home-fw1")
    assert [first.findtext(tag) for tag in ("startaction", "closeaction")] == ["start", "start"]
    assert [second.findtext(tag) for tag in ("startaction", "closeaction")] == ["none", "none"]
    kept = [phase2.findtext("descr") for phase2 in ipsec.findall("phase2") if phase2.find("keepalive") is not None]
    assert kept == ["RB home-fw1--edge1 1"]


def test_a_tunnel_is_rekeyed_when_it_is_told_and_before_it_ends(frr: Project) -> None:
    ipsec = tree(frr, "ipsec")
    for path, descr, rekey in (("phase1", "RB home-fw1--edge1", 9000), ("phase2", "RB home-fw1--edge1 1", 1800)):
        found = entry(ipsec, path, "descr", descr)
        assert int(found.findtext("rekey_time", "")) == rekey < int(found.findtext("lifetime", ""))


def test_a_tunnel_in_mode_route_is_a_vti_with_its_inner_addresses(frr: Project) -> None:
    phase2 = entry(tree(frr, "ipsec"), "phase2", "descr", "RB home-fw1--edge1 1")
    assert phase2.findtext("mode") == "vti"
    assert [phase2.findtext(f"localid/{tag}") for tag in ("type", "address", "netbits")] == [
        "network", "10.255.200.24", "31",
    ]  # fmt: skip
    assert phase2.findtext("remoteid/address") == "10.255.200.25"


def test_a_tunnel_in_mode_policy_has_an_entry_for_each_pair_of_one_family(frr: Project) -> None:
    frr.change(
        "tunnels", "192.168.2.0/24]}", '"2001:db8:5::/64"]}\n      edge2: {selectors: [10.4.0.0/16, "2001:db8:4::/64"]}'
    )
    found = [
        tuple(str(phase2.findtext(tag)) for tag in ("mode", "localid/address", "remoteid/address"))
        for phase2 in tree(frr, "ipsec").findall("phase2")
        if phase2.findtext("descr", "").startswith("RB edge2--home-fw1 ")
    ]
    assert found == [("tunnel", "192.168.1.0", "10.4.0.0"), ("tunnel6", "2001:db8:5::", "2001:db8:4::")]


def test_openbgpd_says_the_remote_as_and_its_own_address_in_rows(openbgpd: Project) -> None:
    neighbors = tree(openbgpd, "bgp")
    k8s1 = entry(neighbors, "openbgpdneighbors/config", "descr", "RB home-fw1--k8s1")
    assert rows(k8s1) == [
        "remote-as 64512",
        "local-address 192.168.1.1",
        "holdtime 9",
        "max-prefix 100",
        "set nexthop self",
    ]
    edge = entry(neighbors, "openbgpdneighbors/config", "descr", "RB home-fw1--edge1")
    assert rows(edge)[2:] == ["max-prefix 100", "set localpref 200", "set metric 5"]
    assert all(each.findtext("groupname") == "" for each in neighbors.findall("openbgpdneighbors/config"))


def test_openbgpd_originates_prefixes_and_what_it_takes_over(openbgpd: Project) -> None:
    openbgpd.change("bgp", "from: static}", "from: static, metric: 5, families: [ipv4-unicast, ipv6-unicast]}")
    found = [row.text for row in tree(openbgpd, "bgp").findall("openbgpd/config/row/networks")]
    assert found == ["192.168.1.0/24", "2001:db8:5::/64", "inet static set metric 5", "inet6 static set metric 5"]


def test_frr_leaves_no_field_to_chance_that_the_package_would_write_a_line_for(frr: Project) -> None:
    maps = tree(frr, "bgp").findall("frrglobalroutemaps/config")
    assert [f"{each.findtext('name')} {each.findtext('seq')}" for each in maps] == ["RB-IN 10", "RB-IN 20", "RB-OUT 10"]
    assert all(each.findtext("acl_match") == "none" for each in maps)
    assert maps[1].findtext("community_set") == "64512:1 65535:65281"
    assert maps[0].findtext("localpref_value") == "0"


def test_frr_gives_a_password_to_the_kernel_as_well(frr: Project) -> None:
    neighbors = tree(frr, "bgp", OneSecret("pass")).findall("frrbgpneighbors/config")
    found = {each.findtext("descr"): (each.findtext("password"), each.findtext("password_type")) for each in neighbors}
    assert found["RB home-fw1--k8s1"] == ("pass", "both-bidir")
    assert found["RB home-fw1--k8s2"] == ("", "none")


@pytest.mark.parametrize("key", ["a&b<c>d\"e'f", "]]>", "&amp", "x" * 200])
def test_a_pre_shared_key_keeps_its_characters_and_is_redacted_as_it_is_escaped(frr: Project, key: str) -> None:
    candidate = render_host(frr.load().hosts["home-fw1"], TEMPLATES, OneSecret(key), ["ipsec"])
    text = candidate.sections[0].text
    assert ET.fromstring(text).findtext("phase1/pre-shared-key") == key
    redactor = Redactor()
    redactor.add(key)
    scrubbed = redactor.scrub(text)
    assert ET.fromstring(scrubbed.replace(REDACTED, "")).findtext("phase1/pre-shared-key") == ""


@pytest.mark.parametrize("key", [" leading", "trailing ", "\u00a0", "naïve ö", "&amp;", "a&#65;b"])
def test_a_key_that_pfsense_would_not_keep_is_refused_without_showing_it(frr: Project, key: str) -> None:
    with pytest.raises(SecretError) as caught:
        render_host(frr.load().hosts["home-fw1"], TEMPLATES, OneSecret(key), ["ipsec"])
    assert str(caught.value).startswith("home-fw1: environment variable PSK ")


@pytest.mark.parametrize(
    ("password", "written"),
    [
        ("plain.word_1", "plain.word_1"),
        ("a/b+c=", '"a/b+c="'),
        ("12345", '"12345"'),
        ("two words", '"two words"'),
        ("-x", '"-x"'),
    ],
)
def test_a_password_is_quoted_where_bgpd_would_not_take_it_as_a_word(
    openbgpd: Project, password: str, written: str
) -> None:
    k8s1 = entry(tree(openbgpd, "bgp", OneSecret(password)), "openbgpdneighbors/config", "descr", "RB home-fw1--k8s1")
    assert k8s1.findtext("md5sigpass") == written


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("password", ['dou"ble', "back\\slash", "pässwort", "x" * 81])
def test_a_password_that_could_not_be_carried_is_refused_without_showing_it(
    tmp_path: Path, package: str, password: str
) -> None:
    project = pfsense_project(Project(tmp_path), package)
    with pytest.raises(SecretError) as caught:
        render_host(project.load().hosts["home-fw1"], TEMPLATES, OneSecret(password), ["bgp"])
    assert password not in str(caught.value)
