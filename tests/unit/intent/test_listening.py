"""Ranges from which sessions are taken: what is rendered, what is refused, and that such sessions are no strangers."""

from pathlib import Path

import pytest

from tests.networks.project import Project, asa_project
from tests.unit.intent.test_words import errors, rendered


@pytest.fixture
def words(tmp_path: Path) -> Project:
    return Project(tmp_path, "every_word")


@pytest.mark.parametrize(
    "line",
    [
        "bgp listen limit 50",
        "bgp listen range 10.4.0.0/24 peer-group LAN",
        "bgp listen range 2001:db8:8e20:4::/64 peer-group LAN",
        "neighbor LAN remote-as 64513",
        "neighbor LAN password <environment variable BGP_PASSWORD>",
        "neighbor LAN route-map INTERNAL out",
        "neighbor INNER remote-as internal",
        "neighbor INNER next-hop-self",
        "neighbor OUTSIDE remote-as external",
        "neighbor OUTSIDE prefix-list FAR in",
    ],
)
def test_a_range_is_rendered_where_it_is_said(words: Project, line: str) -> None:
    assert line in rendered(words, "edge2")
    assert line not in rendered(words, "edge1")


def test_the_host_has_what_its_ranges_need_and_the_password_is_known(words: Project) -> None:
    network = words.load()
    assert "route-map OUT permit 10" in rendered(words, "edge2")
    assert "range LAN" in {use.purpose for use in network.secret_uses}


MISTAKES = [
    ("export: OUT}", "export: INTERNAL}", "lets everything leave to whoever comes from it"),
    ("prefix_list_in: FAR", "import: INTERNAL", "takes our own 2001:db8:8e20::/48"),
    (", export: OUT}", "}", "external sessions have no policy out"),
    ("prefixes: [10.5.0.0/16]", "prefixes: [10.4.0.0/16]", "has addresses of the range LAN"),
    ("name: INNER", "name: LAN", "edge2 has a range LAN already"),
    ("export: OUT}", "export: OUTT}", "unknown route map 'OUTT'"),
    ("prefix_list_in: FAR", "prefix_list_in: FARR", "unknown prefix list 'FARR'"),
    ("remote_as: external", "remote_as: outside", "remote_as"),
]


@pytest.mark.parametrize(("old", "new", "says"), MISTAKES)
def test_a_mistake_is_told(words: Project, old: str, new: str, says: str) -> None:
    words.change("bgp", old, new)
    assert any(says in each for each in errors(words)), errors(words)


def test_what_leaks_there_is_accepted_by_name(words: Project) -> None:
    words.change("bgp", "export: OUT}", 'export: INTERNAL, accepted_leaks: ["::/0 le 128"]}')
    assert errors(words) == []


def test_a_firewall_listens_to_no_range(words: Project) -> None:
    asa_project(words)
    listen = "  listen: [{hosts: fw1, name: X, prefixes: [10.9.0.0/16], remote_as: 64513, families: [ipv4-unicast]}]\n"
    words.write("bgp", words.text("bgp").rstrip("\n") + "\n" + listen)
    assert any("fw1 is an ASA and takes no sessions from ranges" in each for each in errors(words)), errors(words)
