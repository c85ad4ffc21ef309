"""The edges and who is outside of them: enough for what does not depend on the platform, and faster."""

from collections.abc import Collection

import pytest

from tests.networks.example import EDGES


@pytest.fixture(scope="module")
def part() -> Collection[str]:
    return EDGES
