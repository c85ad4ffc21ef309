"""Lines for which there is no word: sent as they stand within their object, and refused where they would leave it."""

import shutil
from pathlib import Path

import pytest

from routebook.project.render import Placeholders, RenderError, render_host
from tests.networks.example import CHECKOUT
from tests.networks.project import Project, asa_project
from tests.unit.intent.test_words import errors, rendered


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def host_line(project: Project, line: str) -> None:
    project.change(
        "hosts", '  groups: ["no", edge]\n  data:\n', f'  groups: ["no", edge]\n  data:\n    extra: [{line}]\n'
    )


def neighbor_line(project: Project, extra: str) -> None:
    project.change("bgp", "        max_prefix: 1000\n", f"        max_prefix: 1000\n        extra: {extra}\n")


def tunnel_line(project: Project, extra: str) -> None:
    project.change(
        "tunnels", "      inner: 10.255.200.0/31\n", f"      inner: 10.255.200.0/31\n      edge1: {{extra: {extra}}}\n"
    )


def router_line(project: Project, extra: str) -> None:
    project.change("bgp", "bgp:\n", f"bgp:\n  options: [{{hosts: edge1, extra: {extra}}}]\n")


def entry_line(project: Project, line: str) -> None:
    project.change(
        "policy",
        "      - permit: {prefix_list: RB-OWN}\n",
        f"      - permit: {{prefix_list: RB-OWN}}\n        extra: [{line}]\n",
    )


def text(project: Project, host: str = "edge1") -> str:
    found = render_host(project.load().hosts[host], CHECKOUT / "templates", Placeholders())
    return "\n".join(section.text for section in found.sections)


def test_a_line_stands_in_its_object(project: Project) -> None:
    host_line(project, "ip nht resolve-via-default")
    router_line(project, "{lines: [bgp bestpath med missing-as-worst], ipv6-unicast: [distance bgp 30 200 200]}")
    neighbor_line(project, "{lines: [dont-capability-negotiate, no capability x], ipv6-unicast: [soo 65550:1]}")
    entry_line(project, "match peer 2001:db8:f001::1")
    tunnel_line(project, "{lines: [fragmentation = no], child: [tfc_padding = 1200]}")
    found = text(project)
    assert errors(project) == []
    assert "\n bgp bestpath med missing-as-worst\n" in found
    assert "\n address-family ipv6 unicast\n  distance bgp 30 200 200\n" in found
    assert (
        "\n neighbor 2001:db8:f001::1 dont-capability-negotiate\n no neighbor 2001:db8:f001::1 capability x\n" in found
    )
    assert "\n  neighbor 2001:db8:f001::1 soo 65550:1\n exit-address-family" in found
    assert " match peer 2001:db8:f001::1\nexit" in found
    assert "    fragmentation = no\n    local {" in found
    assert "        tfc_padding = 1200\n      }" in found
    assert "ip nht resolve-via-default" in rendered(project)
    assert not any("nht" in line or "tfc" in line for line in rendered(project, "edge2"))


@pytest.mark.parametrize(
    ("write", "said", "fix"),
    [
        (lambda p: neighbor_line(p, "[weight 10]"), "is of an address family", "extra: {ipv4-unicast"),
        (lambda p: neighbor_line(p, "{ipv6-unicast: [weight 10]}"), "Routebook writes itself", "word: weight"),
        (lambda p: neighbor_line(p, "{ipv6-unicast: [port 1179]}"), "is of the session as a whole", "under lines:"),
        (lambda p: neighbor_line(p, "{ipv4-unicast: [soo 65550:1]}"), "it carries no ipv4-unicast", "add the family"),
        (lambda p: neighbor_line(p, "[timers 10 30]"), "Routebook writes itself", "word: keepalive"),
        (lambda p: neighbor_line(p, "[neighbor 192.0.2.9 port 1179]"), "names its neighbor", "leave `neighbor"),
        (lambda p: neighbor_line(p, "[remote-as 64497]"), "Routebook writes itself", "remote-as follows"),
        (lambda p: neighbor_line(p, "[exit]"), "is outside of its object", "of the object alone"),
        (lambda p: neighbor_line(p, "[port 1179, port 1179]"), "is there twice", "remove one"),
        (lambda p: neighbor_line(p, "[password HUNTER]"), "`password <secret>` has", "change the secret"),
        (lambda p: neighbor_line(p, "['port {secret}']"), "and no secret", "secret: {file"),
        (lambda p: neighbor_line(p, "[{line: port 1, secret: {env: A}}]"), "has not one {secret}", "its secret goes"),
        (lambda p: neighbor_line(p, "[{line: 'port {secret}', secret: {env: A}}]"), "FRR has none", "leave"),
        (lambda p: neighbor_line(p, '["port 1\\n exit"]'), "should be one line", ""),
        (lambda p: entry_line(p, "set local-preference 5"), "Routebook writes itself", "word: local_preference"),
        (lambda p: entry_line(p, "ip route 10.0.0.0/8 Null0"), "is neither `match", "another entry"),
        (lambda p: router_line(p, "[neighbor 192.0.2.9 remote-as 1]"), "Routebook writes itself", "inventory's word"),
        (lambda p: router_line(p, "[network 10.0.0.0/8]"), "no option of a router", "where its object is declared"),
        (lambda p: router_line(p, "[bgp cluster-id 1.2.3.4]"), "Routebook writes itself", "word: cluster_id"),
        (lambda p: router_line(p, "[table-map X]"), "is of an address family", "ipv6-unicast"),
        (lambda p: host_line(p, "router ospf"), "opens a context", "single lines"),
        (lambda p: host_line(p, "ip prefix-list X seq 5 permit any"), "Routebook writes itself", "policy:"),
        (lambda p: host_line(p, "hostname x"), "no line of the top level", "where its object"),
        (lambda p: tunnel_line(p, "[dpd_delay = 5s]"), "Routebook writes itself", "word: dpd_delay"),
        (lambda p: tunnel_line(p, "[tfc_padding = 1]"), "is of a child", "under child:"),
        (lambda p: tunnel_line(p, "['local { auth = psk }']"), "is outside of its object", "OPTION = VALUE"),
        (lambda p: tunnel_line(p, "[aggressive = yes]"), "no option that can be kept", "leave"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_stand_there_is_refused_with_its_place(
    project: Project, write: object, said: str, fix: str
) -> None:
    assert callable(write)
    write(project)
    found = [error for error in errors(project) if said in error]
    assert len(found) == 1, errors(project)
    assert fix in found[0]
    assert found[0].startswith("inventory/")
    assert "HUNTER" not in "".join(errors(project))


def test_a_secret_of_a_line_is_by_reference_and_known_to_the_project(project: Project) -> None:
    host_line(project, "{line: 'enable password {secret}', secret: {file: secrets/enable}}")
    assert "enable password <file secrets/enable>" in rendered(project)
    assert any(use.purpose == "an extra line of edge1" for use in project.load().secret_uses)


def test_a_denial_with_a_condition_that_nobody_knows_stops_nothing(project: Project) -> None:
    project.change(
        "policy",
        "      - permit: {prefix_list: RB-OWN}\n",
        "      - deny: all\n        extra: [match peer 10.0.0.1]\n      - permit: all\n",
    )
    assert any("lets everything leave" in error for error in errors(project))


def test_a_platform_without_extra_lines_refuses_them(tmp_path: Path) -> None:
    project = asa_project(Project(tmp_path))
    name = next(name for name, host in project.load().hosts.items() if host.platform == "asa")
    project.write("mine", f"bgp: {{options: [{{hosts: {name}, extra: [bgp suppress-inactive]}}]}}\n")
    assert any("an asa" in error.lower() and "takes no extra lines" in error for error in errors(project)), errors(
        project
    )


def test_templates_that_write_no_extra_lines_are_refused(project: Project, tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "templates" / "frr", tmp_path / "templates" / "frr")
    (tmp_path / "templates" / "frr" / "extra.j2").write_text("")
    host_line(project, "ip nht resolve-via-default")
    with pytest.raises(RenderError, match="`ip nht resolve-via-default` is in none of its sections"):
        render_host(project.load().hosts["edge1"], tmp_path / "templates", Placeholders())
