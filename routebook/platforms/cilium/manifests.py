"""Renders what a Kubernetes cluster needs to be a BGP peer: manifests for Cilium, by the project's templates."""

from collections.abc import Collection
from pathlib import Path

from routebook.intent.network import Network
from routebook.intent.problem import Mark, Problem, nearest
from routebook.platforms.cilium.speakers import Cluster, clusters
from routebook.project.render import RenderError, render_template

_FOLDER = "cilium"


def render_cluster(cluster: Cluster, templates: Path, sections: Collection[str] = ()) -> dict[str, str]:
    """The cluster's manifests by the names of their templates; all of them, or the named ones.

    They name Kubernetes Secrets and contain none. Raises RenderError.
    """
    known = sorted(path.stem for path in (templates / _FOLDER).glob("*.j2"))
    for name in sections:
        if name not in known:
            place = Mark(f"templates/{_FOLDER}", 1)
            raise RenderError(f"no manifest is called {name!r}; {nearest(name, known)}", place, cluster.name)
    return {
        name: render_template(templates, f"{_FOLDER}/{name}.j2", {"cluster": cluster}, cluster.name)
        for name in known
        if not sections or name in sections
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
