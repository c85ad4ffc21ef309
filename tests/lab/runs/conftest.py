"""The example network, deployed once; every test leaves it so."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab import devices
from tests.lab.conftest import RunningLab


@pytest.fixture(scope="module")
def from_nothing(lab: RunningLab) -> dict[str, Any]:
    """The result of the first `run deploy` on a lab with nothing configured."""
    before = devices.read_all(lab)
    assert all(not configuration.sessions and not configuration.tunnels for configuration in before.values())
    done = lab.routebook("run", "deploy", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture
def standing(lab: RunningLab, from_nothing: dict[str, Any]) -> RunningLab:
    """The lab with everything as intended, for tests that show with `unchanged` that they left it so."""
    assert from_nothing["outcome"] == "confirmed"
    return lab


@pytest.fixture
def deployed(standing: RunningLab) -> Iterator[RunningLab]:
    """The lab with everything as intended, before the test and after it."""
    yield standing
    done = standing.routebook("verify", "--wait", "60")
    assert done.returncode == 0, f"the test left the network broken:\n{done.stdout}{done.stderr}"


@contextmanager
def edited(lab: RunningLab, name: str, pattern: str, replacement: str) -> Iterator[Path]:
    """A file of the project with its first match of `pattern` replaced."""
    path = lab.project / name
    original = path.read_text()
    changed, count = re.subn(pattern, replacement, original, count=1)
    assert count == 1, f"{pattern!r} is not in {name}"
    path.write_text(changed)
    try:
        yield path
    finally:
        path.write_text(original)


Unchanged = Callable[[], None]


@pytest.fixture
def unchanged(standing: RunningLab) -> Unchanged:
    """Asserts that configuration, files, sessions and SAs of every host are those from before the test."""
    before = devices.read_all(standing)
    assert any(configuration.sessions for configuration in before.values())

    def check() -> None:
        now = devices.read_all(standing)
        for host, configuration in before.items():
            assert now[host] == configuration, host

    return check


def failures(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The failed findings of a run's JSON."""
    return [finding for finding in result["findings"] if finding["status"] == "failed"]
