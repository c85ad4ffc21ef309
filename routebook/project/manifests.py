"""Renders what a Kubernetes cluster needs to be a BGP peer: the manifests of its platform, by its templates."""

from collections.abc import Collection, Mapping
from pathlib import Path

from msgspec import Struct

from routebook.intent.network import Network
from routebook.intent.platform import Described, platform
from routebook.intent.problem import Mark, Problem, nearest
from routebook.intent.registry import load
from routebook.project.render import RenderError, render_template, templates_of


class Cluster(Struct, frozen=True):
    """A cluster: its platform, and what its templates know of it."""

    name: str
    platform: str
    described: Described


def clusters(network: Network) -> dict[str, Cluster]:
    """The network's Kubernetes clusters by name."""
    found: dict[str, Cluster] = {}
    for name in dict.fromkeys(peer.node.platform for peer in network.peers.values() if peer.node is not None):
        its = platform(name)
        described: Mapping[str, Described] = load(its.manifests)(network) if its is not None and its.manifests else {}
        found |= {cluster: Cluster(cluster, name, each) for cluster, each in described.items()}
    return found


def render_cluster(cluster: Cluster, templates: Path, sections: Collection[str] = ()) -> dict[str, str]:
    """The cluster's manifests by the names of their templates; all that its release takes, or the named ones.

    They name Kubernetes Secrets and contain none. Raises RenderError.
    """
    folder = cluster.platform
    known = sorted(path.stem for path in templates_of(templates, folder).glob("*.j2"))
    for name in sections:
        if name not in known:
            place = Mark(f"templates/{folder}", 1)
            raise RenderError(f"no manifest is called {name!r}; {nearest(name, known)}", place, cluster.name)
        if (why := cluster.described.refused.get(name)) is not None:
            raise RenderError(f"{name}: {why.message}; {why.fix}", why.mark, cluster.name)
    return {
        name: render_template(templates, f"{folder}/{name}.j2", {"cluster": cluster.described}, cluster.name, folder)
        for name in known
        if (name in sections if sections else name not in cluster.described.refused)
    }


def check_manifests(network: Network, templates: Path) -> list[Problem]:
    """What is wrong with the templates of the network's clusters, each thing once."""
    found: dict[Problem, None] = {}
    for cluster in clusters(network).values():
        try:
            render_cluster(cluster, templates)
        except RenderError as error:
            found.setdefault(Problem(error.place, error.reason, "correct the template"))
    return list(found)
