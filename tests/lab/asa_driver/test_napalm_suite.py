"""NAPALM finds the driver by its name, and its own suite of getters passes against the lab ASA."""

import os
from collections.abc import Iterator

# NAPALM's suite reads this when it is imported: 0 means a real device.
os.environ["NAPALM_TEST_MOCK"] = "0"

import pytest
from napalm import get_network_driver
from napalm.base.test import conftest as napalm_conftest
from napalm.base.test.getters import BaseTestGetters as NapalmGetterSuite

from custom_napalm.adapter import over
from custom_napalm.asa import AsaDriver
from tests.lab.asa_driver.firewall import Firewall

# The suite returns what it checked.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestReturnNotNoneWarning")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """NAPALM's suite wants a test case's name; on a real device it is not used."""
    napalm_conftest.pytest_generate_tests(metafunc, __file__)


@pytest.fixture(scope="class")
def set_device_parameters(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, asa_release: str
) -> Iterator[None]:
    """The device that the suite asks."""
    firewall = Firewall(tmp_path_factory.mktemp("napalm") / "asa", {"version": asa_release})
    firewall.boot()
    assert get_network_driver("asa") is AsaDriver
    request.cls.driver = AsaDriver
    request.cls.device = over(AsaDriver, firewall.driver())
    request.cls.device.open()
    yield
    request.cls.device.close()
    firewall.stop()


@pytest.mark.usefixtures("set_device_parameters")
class TestGetters(NapalmGetterSuite):
    """NAPALM's getter tests."""

    def test_get_bgp_neighbors_detail(self) -> None:
        pytest.skip("the suite wants a neighbor, and no BGP runs here; see test_on_daemons")
