"""The example network, which is this checkout's own project: copies of it, whole or of some of its hosts and peers."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from routebook.cli.init import make_project

CHECKOUT = Path(__file__).resolve().parents[2]

EDGES = frozenset(
    {f"{site}-edge{number}" for site in ("no", "ch") for number in (1, 2, 3)}
    | {"transit-no", "transit-ch", "ixp-rs1", "ixp-rs2", "rpki-cache"}
)
"""The hosts with both daemons, and who is outside of them."""


def environment() -> dict[str, str]:
    """The environment in which this checkout's `routebook` runs from any folder."""
    return os.environ | {"PYTHONPATH": str(CHECKOUT)}


def copy_project(target: Path) -> Path:
    """A project of the example's inventory, templates, tasks and runbooks."""
    make_project(target)
    return target


def keep_only(project: Path, names: Collection[str]) -> None:
    """Rewrite a project's inventory so that hosts and peers which are not named are nowhere in it."""
    files = {name: project / f"inventory/{name}.yaml" for name in ("hosts", "network", "bgp", "tunnels")}
    found = {name: yaml.safe_load(path.read_text()) for name, path in files.items()}
    members = _members(found["hosts"], found["network"]["peers"])
    others = {*found["hosts"], *found["network"]["peers"]} - set(names)
    left = {name: each - others for name, each in members.items()}
    for name, path in files.items():
        path.write_text(yaml.safe_dump(_kept(found[name], others, left), sort_keys=False))


def _members(hosts: dict[str, Any], peers: dict[str, Any]) -> dict[str, set[str]]:
    """Who is meant by each name: a host, a group, a cluster of Kubernetes nodes."""
    members = {name: {name} for name in hosts}
    for name, host in hosts.items():
        for group in host.get("groups", ()):
            members.setdefault(group, set()).add(name)
    for name, peer in peers.items():
        if "cilium" in peer:
            members.setdefault(peer["cilium"]["cluster"], set()).add(name)
    return members


def _kept(found: Any, others: set[str], members: dict[str, set[str]]) -> Any:
    if isinstance(found, list):
        return [_kept(each, others, members) for each in found if not _concerns_others(each, others, members)]
    if isinstance(found, dict):
        return {
            key: value if key == "links" else _kept(value, others, members)
            for key, value in found.items()
            if key not in others
        }
    return found


def _concerns_others(found: Any, others: set[str], members: dict[str, set[str]]) -> bool:
    if not isinstance(found, dict):
        return False
    if "mesh" in found:
        one, other = (members[side.strip()] for side in found["mesh"].split(" x "))
        return not one or not other or len(one | other) == 1
    named = {*found.get("ends", ()), *([found["hosts"]] if "hosts" in found else ())}
    return bool(named & others) or any(not members[name] for name in named & members.keys())
