"""NAPALM's own driver suites pass against real FRR and strongSwan, over SSH as a non-root operator."""

import os
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# NAPALM's suite reads this when it is imported: 0 means a real device.
os.environ["NAPALM_TEST_MOCK"] = "0"

import pytest
from napalm import get_network_driver
from napalm.base.test import conftest as napalm_conftest
from napalm.base.test.base import TestConfigNetworkDriver as NapalmConfigSuite
from napalm.base.test.getters import BaseTestGetters as NapalmGetterSuite

from custom_napalm.adapter import Adapter
from tests.lab.drivers.hosts import OPERATOR, LinuxHost, manage

# The suite returns what it checked.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestReturnNotNoneWarning")

DATA = Path(__file__).with_name("napalm")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """NAPALM's suite wants a test case's name; on a real device it is not used."""
    napalm_conftest.pytest_generate_tests(metafunc, __file__)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, key: Path) -> Iterator[tuple[LinuxHost, str, dict[str, Any]]]:
    """A host with both daemons, its address, and the drivers' optional_args."""
    folder = tmp_path_factory.mktemp("napalm")
    machine = LinuxHost("edge", folder / "edge", [Path(f"{key}.pub").read_text()])
    try:
        machine.start_sshd()
        machine.start_frr()
        machine.start_strongswan()
        # 8.8.8.8 is what NAPALM's suite pings; here it is the host itself.
        machine.sh("ip addr add 10.9.0.1/24 dev lo; ip addr add 8.8.8.8/32 dev lo")
        address = manage(machine)
        known_hosts = folder / "known_hosts"
        known_hosts.write_text(f"{address} {machine.host_key}\n")
        yield machine, address, {"key_file": str(key), "known_hosts_file": str(known_hosts)}
    finally:
        machine.stop()


def open_driver(host: tuple[LinuxHost, str, dict[str, Any]], platform: str) -> Adapter:
    """The driver that NAPALM finds for a platform, open."""
    driver = get_network_driver(platform)(host[1], OPERATOR.name, "", timeout=10, optional_args=host[2])
    assert isinstance(driver, Adapter)
    driver.open()
    return driver


class ConfigSuite(NapalmConfigSuite):
    """NAPALM's configuration tests for one platform."""

    platform = ""
    vendor: str
    device: Adapter

    @classmethod
    def setUpClass(cls) -> None:
        """The device is made by the fixture."""

    @classmethod
    def tearDownClass(cls) -> None:
        """The device is closed by the fixture."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def device_at_its_initial_configuration(cls, host: tuple[LinuxHost, str, dict[str, Any]]) -> Iterator[None]:
        cls.vendor = str(DATA / cls.platform)
        cls.device = open_driver(host, cls.platform)
        cls.device.load_replace_candidate(filename=f"{cls.vendor}/initial.conf")
        cls.device.commit_config()
        yield
        cls.device.close()


class GetterSuite(NapalmGetterSuite):
    """NAPALM's getter tests for one platform."""

    platform = ""
    driver: type[Adapter]
    device: Adapter

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def device_under_test(cls, host: tuple[LinuxHost, str, dict[str, Any]]) -> Iterator[None]:
        cls.device = open_driver(host, cls.platform)
        cls.driver = type(cls.device)
        yield
        cls.device.close()


class TestFrrConfig(ConfigSuite, unittest.TestCase):
    platform = "frr"


class TestStrongswanConfig(ConfigSuite, unittest.TestCase):
    platform = "strongswan"

    def test_load_template(self) -> None:
        self.skipTest("set_hostname is nothing that strongSwan configures")


class TestEdgeConfig(ConfigSuite, unittest.TestCase):
    platform = "edge"


class TestFrrGetters(GetterSuite):
    platform = "frr"


class TestStrongswanGetters(GetterSuite):
    platform = "strongswan"


class TestEdgeGetters(GetterSuite):
    platform = "edge"
