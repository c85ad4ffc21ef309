"""Projects for tests: copies of the example, worked on by this checkout's code."""

import os
from pathlib import Path

from routebook.cli.init import make_project

CHECKOUT = Path(__file__).resolve().parents[2]


def environment() -> dict[str, str]:
    """The environment in which this checkout's `routebook` runs from any folder."""
    return os.environ | {"PYTHONPATH": str(CHECKOUT)}


def copy_project(target: Path) -> Path:
    """A project of the example's inventory, templates, tasks and runbooks."""
    make_project(target)
    return target
