"""Rendering for ASA: its spelling, nothing that it does not show, and what it owns and does not own."""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from routebook.device.candidate import Section
from routebook.platforms.asa.config import apply, difference, parse
from routebook.project.render import Placeholders, render_host, section_templates
from routebook.project.secrets import SecretError
from tests.networks.project import Project, asa_project
from tests.unit.one_secret import OneSecret

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
# Rendered and not owned: added where it lacks, and left there.
SHARED = ("crypto ikev2 enable outside", "bgp-community new-format")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return asa_project(Project(tmp_path))


def text(project: Project, section: str, host: str = "fw1") -> str:
    candidate = render_host(project.load().hosts[host], TEMPLATES, Placeholders(), [section])
    return candidate.sections[0].text


def test_an_asa_has_five_sections_of_one_configuration() -> None:
    sections = section_templates(TEMPLATES, "asa")
    assert [section.name for section in sections] == ["policy", "crypto", "vti", "cryptomap", "bgp"]
    assert {section.part for section in sections} == {"asa"}


@pytest.mark.parametrize("host", ["fw1", "fw2"])
def test_every_object_is_owned_by_its_own_section_or_shared(project: Project, host: str) -> None:
    for section in render_host(project.load().hosts[host], TEMPLATES, Placeholders()).sections:
        running = apply(parse(""), difference(parse(""), [section], record=True).commands)
        left = apply(running, difference(running, [_empty(section.name, section.owns)], record=True).commands)
        nothing = f"access-list ROUTEBOOK remark {section.name}:"  # the record that the section has nothing there
        assert {node.line for node in left.commands} <= {*SHARED, nothing}, section.name


def test_removing_everything_leaves_what_is_shared(project: Project) -> None:
    candidate = render_host(project.load().hosts["fw1"], TEMPLATES, Placeholders())
    running = parse("".join(section.text for section in candidate.sections))
    assert not difference(running, candidate.sections)
    project.write("tunnels", "tunnels: {}\n")
    project.write("bgp", "bgp: {}\n")
    gone = difference(running, render_host(project.load().hosts["fw1"], TEMPLATES, Placeholders()).sections)
    commands = [line for block in gone.commands for line in block.lines]
    assert all(line.startswith(("no ", "clear configure ")) for line in commands)
    assert not any(shared in line for line in commands for shared in SHARED)


@pytest.mark.parametrize(
    "theirs",
    [
        "crypto ikev2 policy 6400",
        "crypto ikev2 policy 10",
        "crypto ipsec profile VPN",
        "crypto map outside_map interface outside",
        "crypto map outside_map 1 match address outside_acl",
        "group-policy DfltGrpPolicy internal",
        "group-policy VPN attributes",
        "tunnel-group 203.0.113.1 type ipsec-l2l",
        "interface Tunnel1",
        "access-list outside_acl extended permit ip any any",
        "ip local pool X 10.0.0.1-10.0.0.9",
        "router ospf 1",
        "router bgp 65000 vrf X",
    ],
)
def test_nothing_of_somebody_elses_is_owned(theirs: str) -> None:
    for section in section_templates(TEMPLATES, "asa"):
        plain = [pattern for pattern in section.owns if " where " not in pattern]
        assert not any(fnmatchcase(theirs, pattern) for pattern in plain), section.name
        assert not difference(parse(f"{theirs}\n"), [_empty(section.name, section.owns)])


def _empty(name: str, owns: tuple[str, ...]) -> Section:
    return Section(name, "asa", "", owns)


def test_hashes_are_spelled_by_where_they_stand(project: Project) -> None:
    crypto = text(project, "crypto")
    assert "\n integrity sha256\n group 19\n prf sha256\n" in crypto
    assert "\n protocol esp integrity sha-256\n" in crypto
    assert "\n encryption aes-gcm-256\n integrity null\n" in crypto


def test_what_the_device_does_not_show_is_not_rendered(project: Project) -> None:
    project.change("tunnels", "dpd_delay: 20", "dpd_delay: 10")
    project.change("tunnels", "    child_rekey: 3600\n", "")
    project.change("bgp", "hold_time: 9", "hold_time: 180")
    assert "keepalive" not in text(project, "crypto")
    assert "security-association lifetime" not in text(project, "crypto") + text(project, "cryptomap")
    assert "timers" not in text(project, "bgp")


def test_networks_lose_the_mask_of_their_class(project: Project) -> None:
    lines = text(project, "bgp").splitlines()
    assert [line.strip() for line in lines if line.startswith("  network")] == [
        "network 10.0.0.0",
        "network 10.1.0.0 mask 255.255.0.0",
        "network 192.168.1.0",
        "network 2001:db8:8e20:100::/56",
    ]


def test_communities_are_numbers_where_asa_has_no_name(project: Project) -> None:
    policy = text(project, "policy")
    assert "community-list standard RB-DRAINED permit 65535:0\n" in policy
    assert " set community 64512:1 no-export additive\n" in policy
    assert policy.endswith("bgp-community new-format\n")
    assert "bgp-community" not in text(project, "policy", "fw2")


def test_families_have_their_own_neighbors(project: Project) -> None:
    four, six = text(project, "bgp").split(" address-family ipv6 unicast\n")
    assert "2001:db8" not in four
    assert "neighbor 10." not in six
    assert "  neighbor 2001:db8:8e20:100::50 prefix-list RB-K8S-V6 out\n" in six


def test_redistribution_is_rendered_with_its_route_map_which_the_host_gets(project: Project) -> None:
    project.change("bgp", "        export: RB-OUT\n", "        prefix_list_out: RB-K8S\n")
    bgp = text(project, "bgp")
    assert "  redistribute connected route-map RB-OUT\n  redistribute static metric 10\n" in bgp
    assert "route-map RB-OUT permit 10\n" in text(project, "policy")


def test_two_tunnels_to_one_peer_have_one_tunnel_group(project: Project) -> None:
    project.change("hosts", "addresses: [198.51.100.1/24]}", "addresses: [198.51.100.1/24, 198.51.100.9/24]}")
    project.change(
        "tunnels", "  list:\n",
        "  list:\n    - ends: [fw1, edge1]\n      name: first\n      mode: route\n      inner: 10.255.200.0/31\n"
        "      fw1: {address: 198.51.100.9}\n",
    )  # fmt: skip
    assert text(project, "crypto").count("tunnel-group 198.51.100.3 type ipsec-l2l\n") == 1
    assert text(project, "vti").count("tunnel destination 198.51.100.3\n") == 2


def test_a_selector_of_one_address_is_a_host_and_of_all_is_any(project: Project) -> None:
    project.change(
        "tunnels", "    - ends: [fw1, fw2]\n", "    - ends: [fw1, fw2]\n      fw2: {selectors: [0.0.0.0/0]}\n"
    )
    assert "access-list RB-fw1--fw2 extended permit ip host 10.255.1.1 any4\n" in text(project, "cryptomap")


def test_ipv6_selectors_pair_with_ipv6(project: Project) -> None:
    project.change(
        "tunnels", "    - ends: [fw1, fw2]\n",
        "    - ends: [fw1, fw2]\n      fw1: {selectors: [10.1.0.0/16, \"2001:db8:1::/48\"]}\n"
        "      fw2: {selectors: [10.2.0.0/16, \"2001:db8:2::1/128\"]}\n",
    )  # fmt: skip
    assert text(project, "cryptomap").split("crypto map")[0].splitlines() == [
        "access-list RB-fw1--fw2 extended permit ip 10.1.0.0 255.255.0.0 10.2.0.0 255.255.0.0",
        "access-list RB-fw1--fw2 extended permit ip 2001:db8:1::/48 host 2001:db8:2::1",
    ]


@pytest.mark.parametrize("value", ["with space", "what?", "pässwort", "tab\there", "*****", "x" * 129, "new\nline"])
def test_a_key_that_the_command_line_would_garble_is_refused_without_showing_it(project: Project, value: str) -> None:
    with pytest.raises(SecretError) as caught:
        render_host(project.load().hosts["fw1"], TEMPLATES, OneSecret(value), ["crypto"])
    assert value not in str(caught.value)
    assert str(caught.value).startswith("fw1: environment variable PSK ")


def test_a_key_keeps_its_characters(project: Project) -> None:
    key = 'a#b"c!d%e\\f|g'
    candidate = render_host(project.load().hosts["fw1"], TEMPLATES, OneSecret(key), ["crypto"])
    assert f" ikev2 local-authentication pre-shared-key {key}\n" in candidate.sections[0].text


def test_a_firewall_with_nothing_intended_has_empty_sections(project: Project) -> None:
    project.write("tunnels", "tunnels: {}\n")
    project.write("bgp", "bgp: {}\n")
    candidate = render_host(project.load().hosts["fw2"], TEMPLATES, Placeholders())
    assert [section.text.strip() for section in candidate.sections] == [""] * 5
