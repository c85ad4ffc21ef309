"""Options of sessions: what is written is what a host gets, and what contradicts itself or a platform is refused."""

from pathlib import Path

import pytest

from tests.networks.project import Project, asa_project
from tests.unit.intent.test_words import errors, rendered

LOCAL = "        local_as: 64499\n        local_as_no_prepend: true\n        local_as_replace_as: true\n"


@pytest.fixture
def words(tmp_path: Path) -> Project:
    return Project(tmp_path, "every_word")


@pytest.mark.parametrize(
    "line",
    [
        "neighbor 2001:db8:f001::1 local-as 64499 no-prepend replace-as",
        "neighbor 2001:db8:f001::1 disable-connected-check",
        "neighbor 2001:db8:f001::1 graceful-restart-helper",
        "neighbor 2001:db8:f001::1 advertisement-interval 5",
        "neighbor 2001:db8:f001::1 maximum-prefix 1000 80 restart 5",
        "neighbor 2001:db8:f001::1 maximum-prefix-out 50",
        "neighbor 2001:db8:f001::1 filter-list UPSTREAM in",
        "neighbor 2001:db8:f001::1 allowas-in 2",
        "neighbor 2001:db8:f001::1 as-override",
        "neighbor 2001:db8:f001::1 remove-private-AS all replace-AS",
        "no neighbor 2001:db8:f001::1 send-community extended",
        "neighbor 2001:db8:f001::1 weight 10",
        "neighbor 10.255.4.1 next-hop-self force",
        "neighbor 10.255.4.1 allowas-in origin",
        "neighbor 10.255.4.1 allowas-in",
        "neighbor 10.255.4.1 default-originate",
        "neighbor 10.255.4.1 default-originate route-map COMMON",
        "no neighbor 10.255.4.1 send-community all",
        "neighbor 10.255.4.1 capability extended-nexthop",
        "neighbor 10.255.4.1 graceful-restart",
        "neighbor 10.255.4.1 maximum-prefix 100 warning-only",
        "neighbor 10.255.4.1 filter-list UPSTREAM out",
    ],
)
def test_an_option_is_rendered(words: Project, line: str) -> None:
    assert line in rendered(words)


def test_what_nobody_asks_for_is_not_rendered(words: Project) -> None:
    lines = rendered(words, "edge2")
    assert "neighbor 10.255.3.1 description edge1" in lines
    assert "neighbor 10.255.3.1 route-server-client" in lines
    assert not any(f"10.255.4.1 {word}" in line for line in rendered(words) for word in ("description", "local-as"))
    assert not any(word in line for line in lines for word in ("allowas-in", "weight", "send-community", "-out"))


def test_the_other_end_is_told_the_as_that_one_end_shows(words: Project) -> None:
    words.change("bgp", LOCAL, "")
    (session,) = [each for each in words.load().sessions if each.name == "edge1--upstream"]
    assert [end.neighbor.remote_as for end in session.ends] == [64496, 65550]
    words.change("bgp", "        disable_connected_check", f"{LOCAL}        disable_connected_check")
    (session,) = [each for each in words.load().sessions if each.name == "edge1--upstream"]
    assert [end.neighbor.remote_as for end in session.ends] == [64496, 64499]


MISTAKES = [
    ("        local_as: 64499\n", "", "local_as_no_prepend is of a local_as"),
    ("local_as: 64499", "local_as: 65550", "local_as 65550 is the host's own AS"),
    ("local_as: 64499", "local_as: 64496", "local_as 64496 is the other end's AS"),
    ("        local_as_no_prepend: true\n", "", "local_as_replace_as needs local_as_no_prepend"),
    ("        max_prefix: 1000\n", "", "max_prefix_threshold is of a limit"),
    ("max_prefix_restart: 5", "max_prefix_restart: 5\n        max_prefix_warning_only: true", "warns alone"),
    ("description: none", "description: none\n        as_override: true", "only an external session has as_override"),
    ("as_path_list_in: UPSTREAM", "as_path_list_in: UPSTREM", "unknown as path list 'UPSTREM'"),
    ("ipv6-unicast: COMMON", "ipv6-unicast: COMON", "unknown route map 'COMON'"),
    ("route_server_client: {ipv4", "route_reflector_client: true, route_server_client: {ipv4", "keep one"),
    ("weight: 10", "weight: {ipv4-unicast: 10}", "does not carry ipv4-unicast"),
    ("allowas_in: 2", "allowas_in: 11", "allowas_in"),
    ("send_community: [standard, large]", "send_community: [standard, huge]", "send_community"),
]


@pytest.mark.parametrize(("old", "new", "says"), MISTAKES)
def test_a_mistake_is_told(words: Project, old: str, new: str, says: str) -> None:
    words.change("bgp", old, new)
    assert any(says in each for each in errors(words)), errors(words)


def test_a_default_route_to_somebody_else_is_a_leak_unless_it_is_accepted(words: Project) -> None:
    words.change("bgp", "        weight: 10\n", "        default_originate: true\n")
    (found,) = errors(words)
    assert "lets the default route, by default_originate, leave to edge1--upstream" in found
    words.change("bgp", "default_originate: true\n", 'default_originate: true\n        accepted_leaks: ["::/0"]\n')
    assert errors(words) == []


def test_an_as_path_list_alone_stops_nothing_for_sure_and_is_a_policy(words: Project) -> None:
    words.change("bgp", "        export: OUT\n", "        as_path_list_out: UPSTREAM\n")
    assert any("lets everything leave to edge1--upstream" in each for each in errors(words))
    assert not any("has no policy" in each for each in errors(words))


def test_a_limit_that_only_warns_is_told(words: Project) -> None:
    words.change("bgp", "max_prefix_restart: 5", "max_prefix_warning_only: true")
    assert any("has no limit on prefixes" in str(each) for each in words.problems())


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("max_prefix_out: 5", "has no max_prefix_out"),
        ("allowas_in: true", "has no allowas_in"),
        ("graceful_restart: true", "has no graceful_restart"),
        ("next_hop_self: force", "has no next_hop_self: force"),
        ("as_path_list_in: UPSTREAM", "calls lists of AS paths by numbers up to 500, not UPSTREAM"),
        ("remove_private_as: all", "removes private AS numbers in one way"),
        ("extended_nexthop: true", "has no extended_nexthop"),
    ],
)
def test_a_firewall_has_not_every_option(words: Project, option: str, says: str) -> None:
    asa_project(words)
    words.change(
        "bgp", "        import: RB-IN\n        export", f"        {option}\n        import: RB-IN\n        export"
    )
    (found,) = [problem for problem in words.problems() if says in problem.message]
    assert found.severity == "error"
    assert found.mark.line == words.line("bgp", f"        {option}\n")


def test_a_link_local_address_is_of_its_interface(words: Project) -> None:
    assert "neighbor fe80::1 interface fab0" in rendered(words, "edge2")
    assert "neighbor fe80::1 remote-as 64515" in rendered(words, "edge2")
    assert not any(" interface " in line for line in rendered(words, "edge1"))


def test_a_link_local_address_is_twice_on_two_links_and_not_on_one(words: Project) -> None:
    words.change("network", 'addresses: ["fe80::1/64"]', 'addresses: ["fe80::2/64"]')
    assert any("fe80::2 on eth0 of leaf is already on fab0 of edge2" in each for each in errors(words)), errors(words)


def test_a_firewall_has_no_session_with_a_link_local_address(words: Project) -> None:
    asa_project(words)
    words.change("hosts", '"2001:db8:8e20:100::1/64"]', '"2001:db8:8e20:100::1/64", "fe80::3/64"]')
    leaf = 'interfaces: {eth0: {link: nl-lan, addresses: ["fe80::1/64"]}}'
    words.write(
        "network", words.text("network").replace("peers:\n", f"peers:\n  leaf:\n    asn: 64515\n    {leaf}\n", 1)
    )
    session = "    - ends: [fw1, leaf]\n      families: [ipv6-unicast]\n      fw1: {import: RB-IN, export: RB-OUT}\n"
    words.write("bgp", words.text("bgp").replace("  sessions:\n", f"  sessions:\n{session}", 1))
    assert any("has no session with a link-local address, fe80::1" in each for each in errors(words)), errors(words)
