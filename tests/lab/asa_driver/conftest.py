"""Lab ASAs without daemons for the driver's tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.asa_driver.firewall import Firewall


@pytest.fixture
def boot(tmp_path: Path) -> Iterator[Callable[..., Firewall]]:
    """Start a lab ASA with some settings."""
    running: list[Firewall] = []

    def start(**settings: Any) -> Firewall:
        running.append(Firewall(tmp_path / f"asa{len(running)}", settings))
        running[-1].boot()
        return running[-1]

    yield start
    for firewall in running:
        firewall.stop()
