"""Lab ASAs without daemons, for rendered configuration."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.asa_driver.firewall import Firewall
from tests.networks.project import Project, asa_project


@pytest.fixture
def firewall(tmp_path: Path) -> Iterator[Firewall]:
    """A running lab ASA with somebody's configuration."""
    running = Firewall(tmp_path / "asa", {})
    running.boot()
    yield running
    running.stop()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The small network with ASAs."""
    (tmp_path / "project").mkdir()
    return asa_project(Project(tmp_path / "project"))
