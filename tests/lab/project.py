"""Projects for tests: copies of the example, worked on by this checkout's code."""

import os
import shutil
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
OWN_FOLDERS = ("inventory", "templates", "tasks", "runbooks")


def environment() -> dict[str, str]:
    """The environment in which this checkout's `routebook` runs from any folder."""
    return os.environ | {"PYTHONPATH": str(CHECKOUT)}


def copy_project(target: Path) -> Path:
    """A project of the example's inventory, templates, tasks and runbooks."""
    for folder in OWN_FOLDERS:
        shutil.copytree(CHECKOUT / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return target
