"""One look tells everything, places stay right across files, and nothing is made up because something else is broken."""

# ruff: noqa: E501  tables of text are easier to read with a row on a line

import copy
import functools
import operator
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from routebook.intent.capabilities import BOTH, Capabilities
from routebook.intent.platform import platform
from routebook.intent.registry import REGISTERED
from tests.networks.project import NETWORKS, Project


def test_a_sound_network_has_no_problem(project: Project) -> None:
    assert project.problems() == ()


def test_the_example_inventory_is_sound_and_is_the_reference_network() -> None:
    network = Project.__new__(Project)
    network.folder = Path(__file__).resolve().parents[3]
    loaded = network.load()
    cilium = ("nl-k8s1", "nl-k8s2", "gr-k8s1", "gr-k8s2")
    home = [f"home-k8s{number}" for number in (1, 2, 3)]
    internal = [session for session in loaded.sessions if not session.external]
    assert loaded.warnings == ()
    assert (len(internal), len(loaded.sessions) - len(internal), len(loaded.tunnels)) == (39, 11, 14)
    between_ours = {("home-fw1", "no-edge1"), ("home-fw1", "ch-edge1")}
    external = [session for session in loaded.sessions if session.external]
    assert {tuple(end.name for end in session.ends if not end.managed) for session in external} - {()} == {
        (name,) for name in ("transit-no", "transit-ch", "ixp-rs1", "ixp-rs2", *cilium)
    }
    assert {
        tuple(end.name for end in session.ends) for session in external if all(end.managed for end in session.ends)
    } == between_ours
    outside = {end.name for session in internal for end in session.ends if not end.managed}
    assert outside == set(home), "Cilium nodes in their firewall's own AS"


def test_problems_of_several_files_come_at_once_sorted_by_file_and_line(project: Project) -> None:
    project.change("bgp", "import: RB-IN", "import: RB-INN")
    project.change("bgp", "via: loopback", "via: loopbacks")
    project.change("network", "asn: 64496", "asn: true")
    project.change("hosts", "10.4.0.1/24", "10.4.0.1/33")
    project.change("tunnels", "inner: 10.255.200.0/31", "innr: 10.255.200.0/31")
    problems = project.problems()
    places = [(problem.mark.file, problem.mark.line) for problem in problems]
    assert places == sorted(places)
    assert {(file.removeprefix("inventory/"), line) for file, line in places} >= {
        ("bgp.yaml", project.line("bgp", "via: loopbacks")),
        ("network.yaml", project.line("network", "asn: true")),
        ("hosts.yaml", project.line("hosts", "10.4.0.1/33")),
        ("tunnels.yaml", project.line("tunnels", "innr")),
    }


def test_a_broken_host_does_not_make_its_name_unknown(project: Project) -> None:
    project.change("hosts", "10.4.0.1/24", "10.4.0.1/33")
    assert [problem.mark.line for problem in project.problems()] == [project.line("hosts", "10.4.0.1/33")]


def test_a_file_that_is_not_yaml_does_not_make_its_names_unknown(project: Project) -> None:
    project.change("hosts", "edge2:\n", "edge2\n")
    project.change("network", "asn: 64496", "asn: x")
    assert {problem.mark.file for problem in project.problems()} == {"inventory/hosts.yaml", "inventory/network.yaml"}


def test_a_problem_reads_as_file_line_message_and_fix(project: Project) -> None:
    project.change("bgp", "import: RB-IN", "import: RB-INN")
    assert [str(problem) for problem in project.problems()] == [
        "inventory/bgp.yaml:7: unknown route map 'RB-INN'; did you mean 'RB-IN'?"
    ]


def test_intent_may_be_spread_over_files_and_a_contradiction_names_both_places(project: Project) -> None:
    project.write(
        "more",
        "bgp:\n  sessions:\n    - ends: [edge2, upsteam]\n  defaults: {connect_retry: 10}\npolicy:\n  prefix_lists: {RB-OWN: []}\n",
    )
    said = {str(problem) for problem in project.problems()}
    assert "inventory/more.yaml:3: unknown host or peer 'upsteam'; did you mean 'upstream'?" in said
    assert "inventory/policy.yaml:3: 'RB-OWN' is already set at inventory/more.yaml:6; set it in one place" in said


def test_without_hosts_the_missing_file_is_named(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "inventory/hosts.yaml").unlink()
    assert "there is no such file" in str(project.problems()[0])


def test_a_file_that_is_not_text_is_refused(project: Project) -> None:
    (project.folder / "inventory/bgp.yaml").write_bytes(b"bgp:\n  defaults: {}\n  # \xff\n")
    assert [str(problem) for problem in project.problems()] == [
        "inventory/bgp.yaml:3: is not UTF-8 text; save the file as UTF-8"
    ]


def test_an_alias_of_an_alias_of_itself_is_refused(project: Project) -> None:
    project.write("loop", "policy: &all\n  prefix_lists: {RB-X: [*all]}\n")
    assert any("an alias contains itself" in problem.message for problem in project.problems())


def test_anchors_and_merge_keys_work_and_own_keys_win(project: Project) -> None:
    project.change(
        "bgp",
        "    - ends: [edge1, edge2]\n      via: loopback\n",
        "    - &mine\n      ends: [edge1, edge2]\n      via: loopback\n",
    )
    project.change(
        "bgp",
        "bgp:\n",
        "bgp:\n  x-common: &retry {connect_retry: 7, hold_time: 30}\n  defaults: {<<: *retry, hold_time: 90}\n",
    )
    neighbor = project.load().sessions[0].ends[0].neighbor
    assert (neighbor.connect_retry, neighbor.hold_time, neighbor.keepalive) == (7, 90, 30)


def test_a_platform_without_ipv6_over_tunnels_refuses_the_family_there(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_ipv4 = Capabilities(
        families={"link": BOTH, "loopback": BOTH, "tunnel": frozenset({"ipv4-unicast"})},
        ipsec=True,
        bfd=True,
        rpki=True,
    )
    edge = platform("edge")
    assert edge is not None
    monkeypatch.setitem(REGISTERED, "edge", replace(edge, can=only_ipv4))
    project.change("bgp", "via: loopback", "tunnel: edge1--edge2")
    told = project.problems()
    assert {problem.mark.line for problem in told} == {project.line("bgp", "families: [ipv4-unicast, ipv6-unicast]")}
    assert "edge1 is a edge and cannot carry ipv6-unicast over a tunnel" in told[0].message


@pytest.mark.parametrize(("platform", "says"), [("strongswan", "speaks no BGP"), ("frr", "ends no tunnels")])
def test_a_platform_is_not_asked_for_what_it_lacks(project: Project, platform: str, says: str) -> None:
    project.change("groups", "platform: edge", f"platform: {platform}")
    assert any(says in problem.message for problem in project.problems())


def test_the_same_session_twice_is_refused_also_when_a_mesh_makes_one_of_them(project: Project) -> None:
    project.change("bgp", "  sessions:\n", "  meshes:\n    - {mesh: edge x edge, via: loopback}\n  sessions:\n")
    [problem] = project.problems()
    assert "the session edge1 – edge2 is declared already at inventory/bgp.yaml:" in problem.message


def test_the_same_tunnel_twice_is_refused(project: Project) -> None:
    project.write("more", "tunnels:\n  meshes:\n    - mesh: no x ch\n")
    [problem] = project.problems()
    assert str(problem.mark) == "inventory/tunnels.yaml:11" or str(problem.mark) == "inventory/more.yaml:3"
    assert "the tunnel edge1--edge2 is declared already at" in problem.message


def test_two_tunnels_between_the_same_addresses_are_refused(project: Project) -> None:
    project.change("tunnels", "  list:\n", "  list:\n    - {ends: [edge1, edge2], name: second}\n")
    said = [problem.message for problem in project.problems()]
    assert any("has the outer addresses of second at edge1" in message for message in said)


def test_two_route_based_tunnels_with_one_key_are_refused(project: Project) -> None:
    project.change("tunnels", "  list:\n", "  list:\n    - {ends: [edge1, edge2], name: second, mode: route, key: 9}\n")
    project.change(
        "tunnels", "      inner: 10.255.200.0/31", "      inner: 10.255.200.0/31\n      mode: route\n      key: 9"
    )
    assert any("have the same key 9 at edge1" in problem.message for problem in project.problems())


def test_a_group_and_a_site_of_one_name_with_different_hosts_is_ambiguous(project: Project) -> None:
    project.change("hosts", "groups: [ch, edge]", 'groups: [ch, "no", edge]')
    project.change("bgp", "  sessions:\n", '  graceful_shutdown: ["no"]\n  sessions:\n')
    assert any("'no' is a group and a site, with different hosts" in problem.message for problem in project.problems())


@pytest.mark.parametrize("section", ["route_maps", "prefix_lists", "community_lists"])
@pytest.mark.parametrize("value", ["7", "{a: b}", "[7]", "x"])
def test_a_policy_of_the_wrong_shape_is_a_problem_and_no_crash(project: Project, section: str, value: str) -> None:
    project.write("more", f"policy:\n  {section}: {{RB-NEW: {value}}}\n")
    assert any(problem.mark.file == "inventory/more.yaml" for problem in project.problems())


def test_a_key_whose_content_was_commented_out_is_as_good_as_absent(project: Project) -> None:
    project.write("tunnels", "tunnels:\n  defaults:\n  list:\n  #  - ends: [edge1, edge2]\n")
    project.write("bgp", "bgp:\n  sessions:\n  networks:\n")
    assert project.load().sessions == ()


VALUES: list[object] = [
    None,
    7,
    -1,
    True,
    "",
    [],
    {},
    [1],
    {"a": "b"},
    "edge1",
    "no",
    "all",
    "10.0.0.0/8",
    "::/0",
    "RB-IN",
    1.5,
    [[]],
    [None],
]
TREES = {path.stem: yaml.safe_load(path.read_text()) for path in (NETWORKS / "two_edges").iterdir()}
KEYS = [
    "mesh",
    "meshes",
    "reflect",
    "tunnel",
    "mode",
    "key",
    "bfd",
    "selectors",
    "address",
    "hold_time",
    "remote_as",
    "external",
    "ipsec",
    "asn",
]


def places(tree: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a tree."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(place for key, value in items for place in places(value, (*path, key)))]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_that_can_be_written_makes_it_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    project = Project(tmp_path_factory.mktemp("project"))
    name = data.draw(st.sampled_from(sorted(TREES)))
    tree = copy.deepcopy(TREES[name])
    place = data.draw(st.sampled_from([place for place in places(tree) if place]))
    parent = functools.reduce(operator.getitem, place[:-1], tree)
    value = data.draw(st.sampled_from([*VALUES, parent[place[-1]]]))
    change = data.draw(st.sampled_from(["replace", "remove", "add"]))
    if change == "remove":
        del parent[place[-1]]
    elif change == "replace":
        parent[place[-1]] = value
    elif isinstance(parent, dict):
        parent[data.draw(st.sampled_from(KEYS))] = value
    else:
        parent.append(value)
    project.write(name, yaml.safe_dump(tree))
    for problem in project.problems():
        if problem.mark.file != "inventory":
            assert 1 <= problem.mark.line <= project.text(Path(problem.mark.file).stem).count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "esp:\n      - {encryption: aes256gcm16, dh_group: modp2048}",
            "esp:\n      - {encryption: 3des, dh_group: modp2048}",
        ),
        ("psk: {env: PSK}", "psk: hunter2"),
        ("inner: 10.255.200.0/31", "inner: 10.255.200.0/33"),
        ("ends: [edge1, edge2]", "ends: [edge1, egde2]"),
        ("link: internet", "link: interne"),
        ("mode", "moed"),
    ],
)
def test_one_mistake_in_a_tunnel_is_one_error(project: Project, old: str, new: str) -> None:
    project.change("bgp", "via: loopback", "tunnel: edge1--edge2")
    project.change("tunnels", "      inner:", "      mode: policy\n      inner:")
    project.change("bgp", "families: [ipv4-unicast, ipv6-unicast]", "families: [ipv4-unicast]")
    assert project.problems() == ()
    project.change("tunnels", old, new)
    assert len(project.problems()) == 1, "\n".join(map(str, project.problems()))


def test_a_tunnel_that_nobody_declared_is_named(project: Project) -> None:
    project.change("bgp", "via: loopback", "tunnel: edge1--egde2")
    [problem] = project.problems()
    assert ("unknown tunnel 'edge1--egde2'" in problem.message, problem.fix) == (True, "did you mean 'edge1--edge2'?")
