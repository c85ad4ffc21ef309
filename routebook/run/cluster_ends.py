"""Asks Kubernetes clusters for what their nodes publish of our sessions; nothing is changed there."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from routebook.checks.clusters import Published, check_clusters
from routebook.checks.findings import Finding
from routebook.device.errors import DriverError
from routebook.errors import RefusedError
from routebook.intent.platform import platform
from routebook.intent.registry import known, load
from routebook.project.private_files import read_private
from routebook.run.running import Running

_MOST = 1024 * 1024  # bytes of a kubeconfig

Ask = Callable[[str, Path, Iterable[str]], Published]


def cluster_findings(running: Running, kubeconfigs: Mapping[str, Path]) -> list[Finding]:
    """What the named clusters say of the sessions of the hosts that are verified. Raises RefusedError."""
    intents = {name: running.workspace.judged[name] for name in running.workspace.hosts}
    nodes: dict[str, set[str]] = {}
    for intent in intents.values():
        for neighbor in intent.neighbors:
            if neighbor.cluster:
                nodes.setdefault(neighbor.cluster, set()).add(neighbor.cluster_node)
    if unknown := sorted(kubeconfigs.keys() - nodes.keys()):
        there = ", ".join(sorted(nodes)) or "none"
        raise RefusedError(f"no session of these hosts is with a node of {unknown[0]}; clusters with one: {there}")
    texts = {name: read_private(path, _MOST).decode("utf-8", "replace") for name, path in kubeconfigs.items()}
    published: dict[str, Published | str] = {}
    for name, text in texts.items():
        try:
            published[name] = _ask()(text, kubeconfigs[name].parent, sorted(nodes[name]))
        except DriverError as error:
            published[name] = str(error)
    return list(check_clusters(intents, published))


def _ask() -> Ask:
    """What asks a cluster: that of the one platform which is a cluster's."""
    (found,) = (each.clusters for name in known() if (each := platform(name)) is not None and each.clusters)
    ask: Ask = load(found)
    return ask
