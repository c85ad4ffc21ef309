import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.engine.world import World
from tests.unit.engine.world import world as a_world


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with a_world(tmp_path / "project") as made:
        clock = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: clock() + made.now)
        # Devices in memory do not come up by waiting.
        monkeypatch.setattr("routebook.cli.recover.DEADLINE", 0.0)
        yield made
