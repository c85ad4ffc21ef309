"""Lab pfSenses that tests share."""

from collections.abc import Iterator

import pytest

from tests.lab import releases
from tests.lab.conftest import skip_unless_possible
from tests.lab.pfsense.units import Unit


@pytest.fixture(scope="session", params=releases.chosen("pfsense", releases.PLAYED["pfsense"][1:]))
def unit(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unit]:
    """A pfSense of each generation, for what is about its PHP alone. Tests leave it as they found it."""
    skip_unless_possible()
    running = Unit(tmp_path_factory.mktemp("pfsense"), version=request.param)
    yield running
    running.stop()
