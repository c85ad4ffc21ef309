"""Lab ASAs without daemons for the driver's tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import releases
from tests.lab.asa_driver.changes import close_all
from tests.lab.asa_driver.firewall import Firewall


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On the oldest and the newest release where that takes seconds."""
    releases.parametrize(metafunc, "asa", ("test_dead_man.py", "test_releases.py", "test_transaction.py"))


@pytest.fixture(scope="session")
def firewall(tmp_path_factory: pytest.TempPathFactory, asa_release: str) -> Iterator[Firewall]:
    """A lab ASA that tests share: each leaves it as it found it."""
    running = Firewall(tmp_path_factory.mktemp("asa"), {"version": asa_release})
    running.boot()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def boot(tmp_path: Path, asa_release: str) -> Iterator[Callable[..., Firewall]]:
    """Start a lab ASA with some settings."""
    running: list[Firewall] = []

    def start(**settings: Any) -> Firewall:
        running.append(Firewall(tmp_path / f"asa{len(running)}", {"version": asa_release, **settings}))
        running[-1].boot()
        return running[-1]

    yield start
    for firewall in running:
        firewall.stop()
