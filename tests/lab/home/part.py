"""The project of a home site: the example's templates, tasks and runbooks, and an inventory of its own."""

from pathlib import Path
from typing import Any

import yaml

from tests.lab.project import copy_project

HOSTS = ("ch-edge1", "home-fw1", "no-edge1")
NEW_NODE = "home-k8s3"


def home_project(folder: Path) -> Path:
    """The project, with one of the three nodes not yet in its cluster."""
    project = copy_project(folder)
    for path in (project / "inventory").glob("*.yaml"):
        if path.stem != "defaults":
            path.unlink()
    content = yaml.safe_load(Path(__file__).with_name("inventory.yaml").read_text())
    for name, each in content.items():
        write(project, name, each)
    return project


def add_node(project: Path) -> None:
    """Say in the inventory that the third node is one of the cluster."""
    network = yaml.safe_load((project / "inventory" / "network.yaml").read_text())
    network["peers"][NEW_NODE]["cilium"] = {"cluster": "home-k8s"}
    write(project, "network", network)


def write(project: Path, name: str, content: Any) -> None:
    """Write a file of the inventory."""
    (project / "inventory" / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
