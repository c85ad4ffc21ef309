"""Manifests for Cilium: what its resources take, for groups of nodes with the same needs, and no secret in them."""

# ruff: noqa: E501  pieces of the inventory are easier to read on a line

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from routebook.platforms.cilium.speakers import clusters
from routebook.project import manifests
from routebook.project.limit import choose
from routebook.project.render import RenderError
from tests.networks.project import Project, pfsense_project
from tests.unit.cilium_crds import refusals

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
CLUSTER = "    cilium: {cluster: home-k8s}\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two nodes of a cluster, of which one has sessions of both families."""
    made = pfsense_project(Project(tmp_path))
    for node in ("k8s1", "k8s2"):
        made.change("network", f"  {node}:\n    asn: 64512\n", f"  {node}:\n    asn: 64512\n{CLUSTER}")
    return made


def alike(project: Project) -> Project:
    """Let both nodes have the same session, with one password."""
    a, b = (
        project.text("bgp").index("    - ends: [home-fw1, k8s1]"),
        project.text("bgp").index("    - ends: [home-fw1, edge1]"),
    )
    project.write(
        "bgp",
        project.text("bgp")[:a] + project.text("bgp")[b:]
        + "  meshes:\n    - {mesh: home-fw1 x home-k8s, hold_time: 9, password: {file: secrets/k8s.password}}\n",
    )  # fmt: skip
    return project


def documents(project: Project, section: str) -> list[dict[str, Any]]:
    cluster = manifests.clusters(project.load())["home-k8s"]
    return [
        each for each in yaml.safe_load_all(manifests.render_cluster(cluster, TEMPLATES, [section])[section]) if each
    ]


RELEASES = {
    "1.15": {"peering-policy": "cilium.io/v2alpha1"},
    "1.16": {"bgp": "cilium.io/v2alpha1", "peering-policy": "cilium.io/v2alpha1"},
    "1.17": {"bgp": "cilium.io/v2alpha1", "peering-policy": "cilium.io/v2alpha1"},
    "1.18": {"bgp": "cilium.io/v2", "peering-policy": "cilium.io/v2alpha1"},
    "1.19": {"bgp": "cilium.io/v2"},
    "1.20": {"bgp": "cilium.io/v2"},
}


def on(project: Project, release: str, node: str = "k8s1", more: str = "") -> Project:
    """Let a node say which release its cluster runs, as `cilium version` shows it."""
    return say(project, node, f'release: "v{release}.4"{more}')


def say(project: Project, node: str, what: str) -> Project:
    """Say more of a node."""
    entry = f"  {node}:\n    asn: 64512\n{CLUSTER}"
    project.change("network", entry, entry.replace("}", f", {what}}}"))
    return project


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("same", [True, False])
def test_every_release_gets_the_manifests_that_its_api_server_takes(project: Project, release: str, same: bool) -> None:
    for node in ("k8s1", "k8s2"):
        on(project, release, node, ", advertise: [services, pods]")
    cluster = manifests.clusters((alike(project) if same else project).load())["home-k8s"]
    made = manifests.render_cluster(cluster, TEMPLATES)
    assert set(made) == set(RELEASES[release])
    for section, text in made.items():
        documents = [each for each in yaml.safe_load_all(text) if each]
        assert {each["apiVersion"] for each in documents} == {RELEASES[release][section]}
        assert [why for each in documents for why in refusals(each, release)] == []
        names = [(each["kind"], each["metadata"]["name"]) for each in documents]
        assert len(names) == len(set(names))


def test_the_facts_refuse_what_an_api_server_refuses(project: Project) -> None:
    config, peer, advertisement = documents(alike(on(project, "1.18")), "bgp")
    assert refusals(config, "1.18") == []
    assert refusals(config, "1.17") == ["1.17 has no CiliumBGPClusterConfig in cilium.io/v2"]
    peer["spec"]["transport"] = {"localPort": 179}
    peer["spec"]["timers"]["keepAliveTimeSeconds"] = 10
    assert refusals(peer, "1.18") == [
        "CiliumBGPPeerConfig.transport.localPort is unknown",
        "a keepalive of 10 s is longer than the hold time, 9 s",
    ]
    del advertisement["spec"]["advertisements"][0]["selector"]
    assert refusals(advertisement, "1.18") == ["Service without a selector selects nothing"]
    del config["spec"]["bgpInstances"][0]["peers"][0]["peerAddress"]
    assert refusals(config, "1.18") == ["CiliumBGPClusterConfig.bgpInstances[0].peers[0].peerAddress is missing"]


@pytest.mark.parametrize(
    ("release", "section", "says"),
    [
        ("1.15", "bgp", "bgp: home-k8s runs Cilium 1.15, and CiliumBGPClusterConfig came with 1.16; render `peering-policy`"),
        ("1.19", "peering-policy", "peering-policy: home-k8s runs Cilium 1.19, and 1.19 removed CiliumBGPPeeringPolicy; render `bgp`"),
        ("", "peering-policy", "nothing says which release of Cilium home-k8s runs, and 1.19 removed CiliumBGPPeeringPolicy; write `release: \"1.18\"`"),
    ],
)  # fmt: skip
def test_what_a_release_does_not_have_is_refused_where_it_is_said(
    project: Project, release: str, section: str, says: str
) -> None:
    if release:
        on(project, release)
    said = "release:" if release else "cilium:"
    line = next(n for n, text in enumerate(project.text("network").splitlines(), 1) if said in text)
    with pytest.raises(RenderError, match=re.escape(says)) as refused:
        documents(project, section)
    assert str(refused.value).startswith(f"home-k8s: inventory/network.yaml:{line}: ")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('"1.14"', "Cilium 1.14 is not known: manifests are written for 1.15 to 1.20"),
        ('"1.21.0-rc.1"', "Cilium 1.21 is not known"),
        ("newest", "'newest' is no release of Cilium: write 1.16, as `cilium version` shows it"),
        ("1.16", "cilium.release should be text"),
    ],
)
def test_a_release_that_is_none_is_refused(project: Project, written: str, says: str) -> None:
    say(project, "k8s2", f"release: {written}")
    (problem,) = [each for each in project.problems() if "release" in each.message or "known" in each.message]
    assert says in problem.message
    assert problem.mark.file == "inventory/network.yaml"


def test_nodes_of_one_cluster_run_one_release(project: Project) -> None:
    on(on(project, "1.17"), "1.18", "k8s2")
    said = [str(problem) for problem in project.problems()]
    assert any("k8s2 runs 1.18, and k8s1 of the same cluster home-k8s runs 1.17" in each for each in said), said


def test_nodes_with_the_same_needs_share_one_configuration(project: Project) -> None:
    (config, peer, advertisement) = documents(alike(project), "bgp")
    assert config["spec"]["nodeSelector"]["matchExpressions"][0]["values"] == ["k8s1", "k8s2"]
    (instance,) = config["spec"]["bgpInstances"]
    (own,) = instance["peers"]
    assert (instance["localASN"], own["peerASN"], own["peerAddress"]) == (64512, 64512, "192.168.1.1")
    assert own["peerConfigRef"]["name"] == peer["metadata"]["name"]
    assert peer["spec"]["timers"] == {"connectRetryTimeSeconds": 10, "holdTimeSeconds": 9, "keepAliveTimeSeconds": 3}
    selected = peer["spec"]["families"][0]["advertisements"]["matchLabels"]
    assert selected.items() <= advertisement["metadata"]["labels"].items()


def test_every_node_is_selected_once(project: Project) -> None:
    selected = [
        node
        for each in documents(project, "bgp")
        if each["kind"] == "CiliumBGPClusterConfig"
        for node in each["spec"]["nodeSelector"]["matchExpressions"][0]["values"]
    ]
    assert sorted(selected) == ["k8s1", "k8s2"]


def test_a_node_is_called_by_its_name_in_the_cluster(project: Project) -> None:
    project.change(
        "network",
        f"  k8s2:\n    asn: 64512\n{CLUSTER}",
        f"  k8s2:\n    asn: 64512\n{CLUSTER.replace('}', ', node: worker-2}')}",
    )
    config = documents(alike(project), "bgp")[0]
    assert config["spec"]["nodeSelector"]["matchExpressions"][0]["values"] == ["k8s1", "worker-2"]


def test_a_password_is_named_and_never_there(project: Project) -> None:
    (project.folder / "secrets").mkdir()
    (project.folder / "secrets" / "k8s.password").write_text("hunter2\n")
    made = manifests.render_cluster(manifests.clusters(alike(on(project, "1.18")).load())["home-k8s"], TEMPLATES)
    assert len(made) == 2
    for text in made.values():
        assert "hunter2" not in text
        assert 'authSecretRef: "bgp-home-k8s-home-fw1"' in text
        assert "# tr -d '\\n' < secrets/k8s.password | kubectl create secret generic -n kube-system" in text


def test_a_new_node_is_one_entry_where_a_mesh_names_the_cluster(project: Project) -> None:
    alike(project)
    project.change(
        "network",
        "  k8s2:\n",
        "  k8s3:\n    asn: 64512\n"
        + CLUSTER
        + "    interfaces:\n      eth0: {link: home-lan, addresses: [192.168.1.13/24]}\n  k8s2:\n",
    )
    network = project.load()
    assert {"home-fw1--k8s1", "home-fw1--k8s2", "home-fw1--k8s3"} <= {session.name for session in network.sessions}
    assert clusters(network)["home-k8s"].groups[0].nodes == ("k8s1", "k8s2", "k8s3")


def test_routers_of_a_cluster_can_be_chosen(project: Project) -> None:
    hosts = project.load().hosts
    assert choose("cluster=*", hosts) == choose("cluster=home-k8s", hosts) == {"home-fw1"}


def test_an_unknown_manifest_is_refused(project: Project) -> None:
    with pytest.raises(RenderError, match="no manifest is called 'bpg'; did you mean 'bgp'"):
        manifests.render_cluster(manifests.clusters(project.load())["home-k8s"], TEMPLATES, ["bpg"])


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("bgp", "      hold_time: 9\n", "      hold_time: 9\n      bfd: true\n", "k8s1 is a Kubernetes node, and Cilium has no BFD"),
        ("bgp", "    - ends: [home-fw1, k8s2]\n", "    - ends: [home-fw1, k8s2]\n      k8s2: {passive: true}\n", "and Cilium does not listen"),
        ("network", f"  k8s2:\n    asn: 64512\n{CLUSTER}", "  k8s2:\n    asn: 64512\n    cilium: {cluster: home}\n", "'home' is the name of something else too"),
        ("network", f"  k8s2:\n    asn: 64512\n{CLUSTER}", f"  k8s2:\n    asn: 64512\n{CLUSTER.replace('}', ', node: k8s1}')}", "k8s2 is the same node of home-k8s as k8s1"),
        ("network", f"  k8s2:\n    asn: 64512\n{CLUSTER}", "  k8s2:\n    asn: 64512\n    cilium: {cluster: Home}\n", "is no name in Kubernetes"),
        ("bgp", "  networks:\n", "  meshes:\n    - {mesh: home-k8s x home-k8s}\n  networks:\n", "neither side of the mesh is a host of ours"),
    ],
)  # fmt: skip
def test_what_cilium_cannot_do_is_refused(project: Project, file: str, old: str, new: str, says: str) -> None:
    project.change(file, old, new)
    assert any(says in problem.message for problem in project.problems()), "\n".join(map(str, project.problems()))
