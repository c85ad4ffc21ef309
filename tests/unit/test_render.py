"""Rendering: owned sections, no defaults, secrets only where asked for, and errors that find their line."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from routebook.device.candidate import Candidate, Section
from routebook.intent.load import load
from routebook.intent.model import HostIntent, SecretRef
from routebook.platforms.frr.candidate import Wanted
from routebook.platforms.frr.tree import lines_of, parse
from routebook.platforms.frr.words import adopted
from routebook.project.render import (
    Placeholders,
    RenderError,
    check_rendering,
    render_host,
    render_template,
    section_templates,
)
from routebook.project.secrets import SecretError, Secrets

PROJECT = Path(__file__).resolve().parents[2]
TEMPLATES = PROJECT / "templates"
NETWORK = load(PROJECT)
EDGE1, REFLECTOR = NETWORK.hosts["no-edge1"], NETWORK.hosts["nl-rr1"]


def section(candidate: Candidate, name: str) -> Section:
    return next(section for section in candidate.sections if section.name == name)


def text(intent: HostIntent, name: str) -> str:
    return section(render_host(intent, TEMPLATES, Placeholders()), name).text


def changed(intent: HostIntent, **neighbor: Any) -> HostIntent:
    """The host with other values in its first session."""
    assert intent.bgp is not None
    first, *rest = intent.bgp.neighbors
    bgp = replace(intent.bgp, neighbors=(replace(first, **neighbor), *rest))
    return replace(intent, bgp=bgp)


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    return tmp_path / "templates"


def test_an_edge_has_the_sections_of_both_daemons_and_all_of_them_private() -> None:
    candidate = render_host(EDGE1, TEMPLATES, Placeholders())
    assert [s.name for s in candidate.sections] == ["policy", "bfd", "rpki", "bgp", "extra", "connections", "secrets"]
    assert {s.part for s in candidate.sections} == {
        "frr",
        "/etc/swanctl/conf.d/routebook.conf",
        "/etc/swanctl/conf.d/routebook-secrets.conf",
    }
    assert all(s.mode == 0o600 for s in candidate.sections)


@pytest.mark.parametrize("name", NETWORK.hosts)
def test_every_top_level_line_of_frr_is_one_that_its_section_owns(name: str) -> None:
    for part in render_host(NETWORK.hosts[name], TEMPLATES, Placeholders()).sections:
        if part.part == "frr":
            whole = parse(part.text)
            assert lines_of(Wanted((), part.owns).owned_part(whole)) == lines_of(whole)


def test_any_as_number_of_the_default_instance_is_owned_and_no_vrf() -> None:
    owns = section(render_host(EDGE1, TEMPLATES, Placeholders()), "bgp").owns
    owned = Wanted((), owns)
    assert all(owned.names(f"router bgp {number} / neighbor 192.0.2.1") for number in (1, 4200000000))
    assert not owned.names("router bgp 65550 vrf red / neighbor 192.0.2.1")


@pytest.mark.parametrize(
    ("name", "owns"),
    [
        ("neighbor 10.255.4.1", ["router bgp 65550 / neighbor 10.255.4.1"]),
        ("router bgp 65550 / bgp router-id", ["router bgp 65550 / bgp router-id"]),
        ("router bgp 65550", ["router bgp 65550"]),
        # What is not rendered any more is ours as well, so that it goes.
        ("neighbor 192.0.2.200", ["router bgp 65550 / neighbor 192.0.2.200"]),
        (
            "network 10.3.0.0/16",
            [f"router bgp 65550 / {family} / network 10.3.0.0/16" for family in ("ipv4 unicast", "ipv6 unicast")],
        ),
        ("route-map OLD", []),  # of another section
    ],
)
def test_a_name_in_adopt_means_an_object_of_the_section_that_has_such(name: str, owns: list[str]) -> None:
    text = "router bgp 65550\n bgp router-id 10.255.3.1\n neighbor 10.255.4.1 remote-as 65550\nexit\n"
    assert adopted(name, "frr", text) == owns
    assert adopted(name, "/etc/swanctl/conf.d/routebook.conf", text) == ()


def test_a_host_that_manages_all_owns_its_router_as_a_whole() -> None:
    assert "router bgp 65550" not in section(render_host(EDGE1, TEMPLATES, Placeholders()), "bgp").owns
    whole = render_host(replace(EDGE1, manage="all"), TEMPLATES, Placeholders())
    assert "router bgp 65550" in section(whole, "bgp").owns


def test_nothing_intended_renders_nothing_so_that_what_is_owned_goes_away() -> None:
    bare = HostIntent(name="bare", site="no", platform="edge")
    assert {s.text for s in render_host(bare, TEMPLATES, Placeholders()).sections} == {""}


def test_timers_are_rendered_whatever_they_are_for_their_default_depends_on_the_devices_profile() -> None:
    first = EDGE1.bgp.neighbors[0].address if EDGE1.bgp else None
    rendered = text(changed(EDGE1, keepalive=60, hold_time=180, connect_retry=120), "bgp")
    assert f" neighbor {first} timers 60 180\n neighbor {first} timers connect 120\n" in rendered


@pytest.mark.parametrize(
    ("neighbor", "line"),
    [
        ({"ebgp_multihop": 1}, "ebgp-multihop"),
        ({"local_as": 65550}, "local-as"),
    ],
)
def test_a_default_of_bgpd_is_not_rendered(neighbor: dict[str, object], line: str) -> None:
    first = EDGE1.bgp.neighbors[0].address if EDGE1.bgp else None
    assert f"neighbor {first} {line}" not in text(changed(EDGE1, **neighbor), "bgp")


@pytest.mark.parametrize(
    ("neighbor", "line"),
    [
        ({"keepalive": 60, "hold_time": 181}, "timers 60 181"),
        ({"connect_retry": 10}, "timers connect 10"),
        ({"ebgp_multihop": 2}, "ebgp-multihop 2"),
        ({"ttl_security_hops": 1}, "ttl-security hops 1"),
        ({"local_as": 64999}, "local-as 64999"),
        ({"bfd": ""}, "bfd"),
        ({"bfd": "RB-X"}, "bfd profile RB-X"),
        ({"passive": True}, "passive"),
        ({"shutdown": True}, "shutdown"),
        ({"description": "two words"}, "description two words"),
        ({"password": SecretRef(env="PW")}, "password <environment variable PW>"),
    ],
)
def test_what_is_intended_of_a_session_is_rendered(neighbor: dict[str, object], line: str) -> None:
    first = EDGE1.bgp.neighbors[0].address if EDGE1.bgp else None
    assert f" neighbor {first} {line}\n" in text(changed(EDGE1, **neighbor), "bgp")


def test_an_ipv6_session_is_not_in_the_ipv4_family() -> None:
    ipv4, _, ipv6 = text(EDGE1, "bgp").partition("address-family ipv6 unicast")
    assert "neighbor 2001:db8:f001::1 activate" not in ipv4
    assert "neighbor 2001:db8:f001::1 activate" in ipv6


def test_a_reflector_reflects_to_edges_and_an_edge_to_nobody() -> None:
    assert text(REFLECTOR, "bgp").count("route-reflector-client") == 13  # six edges, two families, and a firewall
    assert "route-reflector-client" not in text(EDGE1, "bgp")


def test_exactly_one_end_of_a_tunnel_starts_it() -> None:
    edges = {name: host for name, host in NETWORK.hosts.items() if host.platform == "edge"}
    starts = {name: text(host, "connections").count("start_action") for name, host in edges.items()}
    assert starts == {name: int(name in ("no-edge1", "no-edge2")) for name in edges}  # firewalls start all others


def test_placeholders_say_where_a_secret_comes_from_and_need_none(tmp_path: Path) -> None:
    del tmp_path
    assert "secret = <file secrets/no-edge1--ch-edge1.psk>" in text(EDGE1, "secrets")


def test_a_secret_stands_in_base64_in_swanctls_file_and_nowhere_else(tmp_path: Path) -> None:
    secrets = _secrets(tmp_path, '0x"quoted" # {}', "simple")
    candidate = render_host(EDGE1, TEMPLATES, secrets)
    assert "secret = 0sMHgicXVvdGVkIiAjIHt9\n" in section(candidate, "secrets").text
    others = "".join(s.text for s in candidate.sections if s.name != "secrets")
    assert "MHgi" not in others
    assert "<secret>" in secrets.redactor.scrub(section(candidate, "secrets").text)


@pytest.mark.parametrize("password", ["two words", "x" * 81, "ü" * 41])
def test_a_password_that_tcp_md5_or_frr_cannot_take_is_refused_without_being_told(
    tmp_path: Path, password: str
) -> None:
    secrets = _secrets(tmp_path, "psk", password)
    with pytest.raises(SecretError, match=r"no-edge1: file secrets/no-edge1--transit-no\.password") as caught:
        render_host(EDGE1, TEMPLATES, secrets)
    assert password not in str(caught.value)


def _secrets(folder: Path, psk: str, password: str) -> Secrets:
    (folder / "secrets").mkdir(mode=0o700)
    ends = ("nl-fw1", "gr-fw1", "home-fw1")
    keys = [(f"{name}.psk", psk) for name in ("no-edge1--ch-edge1", *(f"{end}--no-edge1" for end in ends))]
    others = ("home-fw1--no-edge1.password", "good")
    for name, value in (*keys, others, ("no-edge1--transit-no.password", password)):
        (folder / "secrets" / name).write_text(value)
        (folder / "secrets" / name).chmod(0o600)
    return Secrets(folder)


def test_only_the_named_sections_are_rendered_and_their_secrets_needed() -> None:
    candidate = render_host(EDGE1, TEMPLATES, Secrets(Path("/nonexistent")), ("policy", "connections"))
    assert [s.name for s in candidate.sections] == ["policy", "connections"]


def test_a_section_that_the_platform_lacks_is_left_out_and_one_that_none_has_is_refused() -> None:
    only_tunnels = replace(EDGE1, platform="strongswan")
    assert render_host(only_tunnels, TEMPLATES, Placeholders(), ("bgp",)).sections == ()
    with pytest.raises(RenderError, match="no platform has a section 'bpg'; did you mean 'bgp'"):
        render_host(EDGE1, TEMPLATES, Placeholders(), ("bpg",))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{{ host.bgpp.asn }}", "'routebook.intent.model.HostIntent object' has no attribute 'bgpp'"),
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ host.name + 1 }}", "can only concatenate str"),
        ("{{ host.name | nofilter }}", "No filter named 'nofilter'"),
        ("{% if %}", "Expected an expression"),
        ("{% include 'frr/gone.j2' %}", "frr/gone.j2"),
    ],
)
def test_an_error_in_a_template_names_host_file_line_and_what(templates: Path, line: str, says: str) -> None:
    path = templates / "frr/bfd.j2"
    path.write_text("first\nsecond\n" + line + "\n")
    with pytest.raises(RenderError) as caught:
        render_host(EDGE1, templates, Placeholders())
    assert str(caught.value).startswith("no-edge1: templates/frr/bfd.j2:3: ")
    assert says in str(caught.value)


def test_check_tells_a_templates_error_once_for_all_hosts(templates: Path) -> None:
    (templates / "frr/bfd.j2").write_text("{{ nothing }}")
    assert [str(problem) for problem in check_rendering(NETWORK, templates)] == [
        "templates/frr/bfd.j2:1: 'nothing' is undefined; correct the template"
    ]


@pytest.mark.parametrize(
    ("ownership", "says"),
    [
        (None, "No such file or directory; it declares what the templates of frr own"),
        ("sections: {gone: {part: frr, owns: []}}", "there is no templates/frr/gone.j2"),
        ("sections: {bgp: {part: frr, own: []}}", "sections.bgp.own"),
        ("sections: [", "node content"),
        ("use: [edge]", "goes round in a circle: edge uses frr uses edge"),
        (
            "sections: {connections: {part: frr, owns: []}}",
            "frr/connections.j2 and strongswan/connections.j2 have one name",
        ),
    ],
)
def test_a_wrong_declaration_of_ownership_is_refused(templates: Path, ownership: str | None, says: str) -> None:
    path = templates / "frr/ownership.yaml"
    (templates / "frr/connections.j2").write_text("")
    path.unlink() if ownership is None else path.write_text(ownership)
    with pytest.raises(RenderError) as caught:
        section_templates(templates, "edge")
    assert says in str(caught.value)
    assert "ownership.yaml" in str(caught.value)


def test_rendering_twice_gives_the_same_text() -> None:
    assert render_host(EDGE1, TEMPLATES, Placeholders()) == render_host(EDGE1, TEMPLATES, Placeholders())


@pytest.mark.parametrize(("mode", "kept"), [(0o700, True), (0o750, False), (0o777, False)])
def test_compiled_templates_are_kept_where_nobody_else_can_read_or_write(
    mode: int, kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "routebook"
    folder.mkdir()
    folder.chmod(mode)
    templates = tmp_path / "templates"
    (templates / "frr").mkdir(parents=True)
    (templates / "frr/one.j2").write_text("{{ word }}")
    assert render_template(templates, "frr/one.j2", {"word": "text"}, "host", "frr") == "text"
    assert bool(list(folder.iterdir())) is kept
