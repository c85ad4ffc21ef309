"""The project of the home site with FRR: the example's templates, tasks and runbooks, and an inventory of its own."""

from pathlib import Path

import yaml

from tests.lab.project import copy_project

HOSTS = ("ch-edge1", "home-fw1", "no-edge1")


def home_project(folder: Path) -> Path:
    """The project."""
    project = copy_project(folder)
    for path in (project / "inventory").glob("*.yaml"):
        if path.stem != "defaults":
            path.unlink()
    content = yaml.safe_load(Path(__file__).with_name("inventory.yaml").read_text())
    for name, each in content.items():
        (project / "inventory" / f"{name}.yaml").write_text(yaml.safe_dump(each, sort_keys=False))
    return project
