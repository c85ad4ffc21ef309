"""NAPALM finds the driver by its name, and its own suites pass against the lab pfSense."""

import os
import unittest
from collections.abc import Iterator
from pathlib import Path

# NAPALM's suite reads this when it is imported: 0 means a real device.
os.environ["NAPALM_TEST_MOCK"] = "0"

import pytest
from napalm import get_network_driver
from napalm.base.test import conftest as napalm_conftest
from napalm.base.test.base import TestConfigNetworkDriver as NapalmConfigSuite
from napalm.base.test.getters import BaseTestGetters as NapalmGetterSuite

from custom_napalm.pfsense import PfSenseDriver
from tests.lab.pfsense_driver.firewall import Firewall, napalm

# The suite returns what it checked.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestReturnNotNoneWarning")

DATA = Path(__file__).with_name("napalm")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """NAPALM's suite wants a test case's name; on a real device it is not used."""
    napalm_conftest.pytest_generate_tests(metafunc, __file__)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, key: Path, pfsense_release: str) -> Iterator[PfSenseDriver]:
    """An open driver, at the suite's initial configuration."""
    firewall = Firewall(tmp_path_factory.mktemp("napalm"), key, version=pfsense_release)
    firewall.ip("addr add 8.8.8.8/32 dev lo")  # what the suite pings
    assert get_network_driver("pfsense") is PfSenseDriver
    driver = napalm(firewall.driver("admin"))
    driver.load_replace_candidate(filename=f"{DATA}/initial.conf")
    driver.commit_config()
    yield driver
    driver.close()
    firewall.stop()


class TestConfig(NapalmConfigSuite, unittest.TestCase):
    """NAPALM's configuration tests, on the part "bgp"."""

    vendor = str(DATA)
    device: PfSenseDriver

    @classmethod
    def setUpClass(cls) -> None:
        """The device is made by the fixture."""

    @classmethod
    def tearDownClass(cls) -> None:
        """The device is closed by the fixture."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def device_under_test(cls, opened: PfSenseDriver) -> None:
        cls.device = opened

    def test_load_template(self) -> None:
        self.skipTest("the host's name is nothing that this driver's parts configure")


class TestGetters(NapalmGetterSuite):
    """NAPALM's getter tests."""

    driver = PfSenseDriver
    device: PfSenseDriver

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def device_under_test(cls, opened: PfSenseDriver) -> None:
        cls.device = opened


def test_the_whole_configuration_can_be_loaded_again_and_is_no_change(opened: PfSenseDriver) -> None:
    opened._driver.shows_secrets = True
    whole = opened.get_config(retrieve="running")["running"]
    opened._driver.shows_secrets = False
    assert "nobody-may-see-this" in whole
    assert "nobody-may-see-this" not in opened.get_config(retrieve="running")["running"]
    opened.load_replace_candidate(config=whole)
    assert opened.compare_config() == ""
    opened.load_replace_candidate(config=whole.replace("<domain>home.arpa<", "<domain>example.net<"))
    assert "-    domain home.arpa\n+    domain example.net" in opened.compare_config()
    opened.commit_config()
    assert opened.get_facts()["fqdn"].endswith("example.net")
    opened.rollback()
    assert opened.get_facts()["fqdn"].endswith("home.arpa")
