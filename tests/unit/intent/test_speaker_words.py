"""Options of a host's BGP speaker and what it aggregates: rendered where they are said, or refused."""

from pathlib import Path

import pytest

from tests.networks.project import Project, asa_project
from tests.unit.intent.test_words import errors, rendered


@pytest.fixture
def words(tmp_path: Path) -> Project:
    return Project(tmp_path, "every_word")


@pytest.mark.parametrize(
    ("host", "line"),
    [
        ("edge1", "bgp log-neighbor-changes"),
        ("edge1", "bgp deterministic-med"),
        ("edge1", "bgp always-compare-med"),
        ("edge1", "bgp bestpath compare-routerid"),
        ("edge1", "bgp bestpath as-path multipath-relax"),
        ("edge1", "no bgp ebgp-requires-policy"),
        ("edge1", "bgp default local-preference 150"),
        ("edge1", "bgp cluster-id 10.255.3.9"),
        ("edge1", "bgp graceful-restart"),
        ("edge1", "bgp graceful-restart restart-time 60"),
        ("edge1", "bgp graceful-restart stalepath-time 90"),
        ("edge1", "maximum-paths 4"),
        ("edge1", "maximum-paths ibgp 2"),
        ("edge1", "aggregate-address 2001:db8:8e20::/48 as-set route-map COMMON"),
        ("edge2", "aggregate-address 10.4.0.0/16 summary-only"),
        ("edge2", "bgp confederation identifier 64500"),
        ("edge2", "bgp confederation peers 65551 65552"),
        ("edge2", "bgp graceful-restart-disable"),
        ("edge2", "redistribute kernel metric 5"),
        ("edge2", "redistribute ospf route-map INTERNAL"),
        ("edge2", "redistribute ospf6"),
    ],
)
def test_it_is_rendered_where_it_is_said(words: Project, host: str, line: str) -> None:
    assert line in rendered(words, host)
    assert line not in rendered(words, "edge2" if host == "edge1" else "edge1") or "bgp " in line


def test_whether_networks_are_in_the_routing_table_is_asked_where_that_is_said(words: Project) -> None:
    assert "no bgp network import-check" not in rendered(words)
    words.change("bgp", "      network_import_check: true\n", "")
    assert "no bgp network import-check" in rendered(words)


MISTAKES = [
    (
        "    - hosts: edge2\n      conf",
        "    - hosts: all\n      graceful_restart: true\n      conf",
        "graceful_restart already",
    ),
    ("cluster_id: 10.255.3.9", 'cluster_id: "2001:db8::1"', "is no cluster ID"),
    ("[10.4.0.0/16, 10.3.0.0/16]", "[10.4.0.0/16, 10.4.0.0/16]", "aggregates 10.4.0.0/16 already"),
    ("[10.4.0.0/16, 10.3.0.0/16]", "[192.0.2.0/24]", "192.0.2.0/24 is not this network's"),
    ("as_set: true, route_map: COMMON", "route_map: COMON", "unknown route map 'COMON'"),
    ("from: ospf6, families: [ipv6-unicast]", "from: ospf6", "ospf6 has no routes of ipv4-unicast"),
    ("restart_time: 60", "restart_time: 5000", "restart_time"),
    ("multipath_relax: true", "multipath_relaxed: true", "did you mean 'multipath_relax'?"),
]


@pytest.mark.parametrize(("old", "new", "says"), MISTAKES)
def test_a_mistake_is_told(words: Project, old: str, new: str, says: str) -> None:
    words.change("bgp", old, new)
    assert any(says in each for each in errors(words)), errors(words)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("  options: [{hosts: fw1, deterministic_med: true}]\n", "fw1 is an ASA and has no deterministic_med here"),
        ("  aggregates: [{hosts: fw1, prefixes: [10.1.0.0/16]}]\n", "fw1 is an ASA and has no aggregates here"),
    ],
)
def test_a_firewall_has_none_of_it(words: Project, text: str, says: str) -> None:
    asa_project(words)
    words.write("bgp", words.text("bgp").rstrip("\n") + "\n" + text)
    assert any(says in each for each in errors(words)), errors(words)


def test_a_firewall_takes_no_routes_of_the_kernel(words: Project) -> None:
    asa_project(words)
    words.change("bgp", "from: connected, route_map", "from: kernel, route_map")
    assert any("fw1 is an ASA and takes over no kernel routes" in each for each in errors(words))
