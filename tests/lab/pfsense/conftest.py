"""Lab pfSenses that tests share."""

from collections.abc import Iterator

import pytest

from tests.lab.conftest import skip_unless_possible
from tests.lab.pfsense.units import Unit


@pytest.fixture(scope="session", params=["2.7.2-RELEASE", "2.8.1-RELEASE", "2.9.0-RELEASE"])
def unit(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unit]:
    """A pfSense of each generation, for what is about its PHP alone. Tests leave it as they found it."""
    skip_unless_possible()
    running = Unit(tmp_path_factory.mktemp("pfsense"), version=request.param)
    yield running
    running.stop()
