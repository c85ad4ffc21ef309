"""Lab ASAs without daemons, for rendered configuration."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import releases
from tests.lab.asa_driver.firewall import Firewall
from tests.networks.project import Project, asa_project


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On the releases that were asked for."""
    releases.parametrize(metafunc, "asa", ("test_the_device_takes_and_keeps_it.py",))


@pytest.fixture
def firewall(tmp_path: Path, asa_release: str) -> Iterator[Firewall]:
    """A running lab ASA with somebody's configuration."""
    running = Firewall(tmp_path / "asa", {"version": asa_release})
    running.boot()
    yield running
    running.stop()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The small network with ASAs."""
    (tmp_path / "project").mkdir()
    return asa_project(Project(tmp_path / "project"))
