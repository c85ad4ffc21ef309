"""Manifests for Cilium: what its resources take, for groups of nodes with the same needs, and no secret in them."""

# ruff: noqa: E501  pieces of the inventory are easier to read on a line

from pathlib import Path
from typing import Any

import pytest
import yaml

from routebook.platforms.cilium.speakers import clusters
from routebook.project import manifests
from routebook.project.limit import choose
from routebook.project.render import RenderError
from tests.unit.intent.network import Project
from tests.unit.intent.pfsense_network import pfsense_project

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
CLUSTER = "    cilium: {cluster: home-k8s}\n"
# The fields of the resources' schemas, in cilium/cilium: pkg/k8s/apis/cilium.io/client/crds.
FIELDS: dict[str, Any] = {
    "CiliumBGPClusterConfig": {
        "nodeSelector": {"matchExpressions": {"key": str, "operator": str, "values": list}},
        "bgpInstances": {
            "name": str,
            "localASN": int,
            "peers": {"name": str, "peerASN": int, "peerAddress": str, "peerConfigRef": {"name": str}},
        },
    },
    "CiliumBGPPeerConfig": {
        "authSecretRef": str,
        "ebgpMultihop": int,
        "timers": {"connectRetryTimeSeconds": int, "holdTimeSeconds": int, "keepAliveTimeSeconds": int},
        "gracefulRestart": {"enabled": bool, "restartTimeSeconds": int},
        "families": {"afi": str, "safi": str, "advertisements": {"matchLabels": {"advertise": str}}},
    },
    "CiliumBGPAdvertisement": {
        "advertisements": {
            "advertisementType": str,
            "service": {"addresses": list},
            "selector": {"matchExpressions": {"key": str, "operator": str, "values": list}},
        }
    },
    "CiliumBGPPeeringPolicy": {
        "nodeSelector": {"matchExpressions": {"key": str, "operator": str, "values": list}},
        "virtualRouters": {
            "localASN": int,
            "exportPodCIDR": bool,
            "serviceSelector": {"matchExpressions": {"key": str, "operator": str, "values": list}},
            "neighbors": {
                "peerAddress": str,
                "peerASN": int,
                "authSecretRef": str,
                "eBGPMultihopTTL": int,
                "connectRetryTimeSeconds": int,
                "holdTimeSeconds": int,
                "keepAliveTimeSeconds": int,
                "gracefulRestart": {"enabled": bool, "restartTimeSeconds": int},
                "families": {"afi": str, "safi": str},
            },
        },
    },
}


def misfits(value: object, shape: object, path: str = "") -> list[str]:
    """Where a value has a field, or a type, that the shape has not."""
    if isinstance(shape, dict):
        items = value if isinstance(value, list) else [value]
        found = []
        for item in items:
            if not isinstance(item, dict):
                return [f"{path} is {item!r}"]
            for key, inner in item.items():
                found += misfits(inner, shape[key], f"{path}.{key}") if key in shape else [f"{path}.{key} is unknown"]
        return found
    return [] if isinstance(shape, type) and type(value) is shape else [f"{path} is {value!r}"]


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


@pytest.mark.parametrize("section", ["bgp", "peering-policy"])
@pytest.mark.parametrize("same", [True, False])
def test_manifests_have_the_fields_that_cilium_knows(project: Project, section: str, same: bool) -> None:
    project.change("network", CLUSTER + "    interfaces:\n      eth0: {link: home-lan, addresses: [192.168.1.12/24]}",
                   CLUSTER.replace("}", ", advertise: [services, pods]}") + "    interfaces:\n      eth0: {link: home-lan, addresses: [192.168.1.12/24]}")  # fmt: skip
    made = documents(alike(project) if same else project, section)
    for each in made:
        assert not misfits(each["spec"], FIELDS[each["kind"]], each["kind"])
        assert each["apiVersion"] == ("cilium.io/v2" if section == "bgp" else "cilium.io/v2alpha1")
    names = [(each["kind"], each["metadata"]["name"]) for each in made]
    assert len(names) == len(set(names))


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
    made = manifests.render_cluster(manifests.clusters(alike(project).load())["home-k8s"], TEMPLATES)
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
