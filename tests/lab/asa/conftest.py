"""Lab ASAs that tests share."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import releases
from tests.lab.asa.units import Unit
from tests.lab.drivers.hosts import can_make_hosts, link


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On the releases that were asked for."""
    releases.parametrize(metafunc, "asa")


@pytest.fixture(scope="session")
def unit(tmp_path_factory: pytest.TempPathFactory, asa_release: str) -> Iterator[Unit]:
    """One ASA without daemons, for what is about the command line alone. Tests leave it as they found it."""
    if not can_make_hosts():
        pytest.skip("lab ASAs need root and the daemons of lab/system-packages.txt")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    running = Unit.start("fw", tmp_path_factory.mktemp("asa"), daemons=False, version=asa_release)
    running.boot()
    yield running
    running.stop()


def make_pair(folder: Path, **settings: Any) -> tuple[Unit, Unit]:
    """Two ASAs whose outside interfaces are joined."""
    one = Unit.start("nl-fw1", folder, outside="192.0.2.1", inside="10.1.0.1", **settings)
    two = Unit.start("gr-fw1", folder, outside="192.0.2.2", inside="10.2.0.1", **settings)
    link(one.host, two.host, "eth0", [], [])
    one.boot()
    two.boot()
    return one, two


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, asa_release: str) -> Iterator[tuple[Unit, Unit]]:
    """Two ASAs with real FRR and charon, joined by their outside interfaces."""
    if not can_make_hosts():
        pytest.skip("lab ASAs need root and the daemons of lab/system-packages.txt")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    folder = tmp_path_factory.mktemp("pair")
    pair = make_pair(
        folder,
        version=asa_release,
        tunnels={
            "192.0.2.1": {"local": ["10.2.0.0/24"], "remote": ["10.1.0.0/24"]},
            "192.0.2.2": {"local": ["10.1.0.0/24"], "remote": ["10.2.0.0/24"]},
        },
    )
    yield pair
    for each in pair:
        each.stop()
