"""NAPALM finds a driver for every platform, and a device's errors are those that users of NAPALM catch."""

import subprocess
import sys
from pathlib import Path

import pytest
from napalm import get_network_driver
from napalm.base.exceptions import (
    CommandErrorException,
    ConnectionClosedException,
    ConnectionException,
    NapalmException,
)

from custom_napalm.adapter import Adapter, over
from custom_napalm.frr import FRRDriver
from routebook.device.errors import (
    CommandRefusedError,
    ConnectionFailedError,
    DriverError,
    LostContactError,
    PrivilegeError,
)
from routebook.device.values import Snapshot
from routebook.platforms.frr import driver

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("platform", ["asa", "edge", "frr", "pfsense", "strongswan"])
def test_napalm_finds_the_adapter_of_each_platform(platform: str) -> None:
    assert issubclass(get_network_driver(platform), Adapter)


@pytest.mark.parametrize(
    ("raised", "caught"),
    [
        (ConnectionFailedError, ConnectionException),
        (LostContactError, ConnectionClosedException),
        (CommandRefusedError, CommandErrorException),
        (PrivilegeError, NapalmException),
    ],
)
def test_errors_become_napalms_with_their_sentence(raised: type[DriverError], caught: type[Exception]) -> None:
    class Failing(driver.FRRDriver):
        def get_facts(self) -> dict[str, object]:
            raise raised("edge1 says no; nothing was changed")

    with pytest.raises(caught, match="edge1 says no; nothing was changed") as error:
        over(FRRDriver, Failing("192.0.2.1", "operator", "")).get_facts()
    assert type(error.value) is caught


def test_an_answer_that_no_reader_foresaw_is_the_devices_error() -> None:
    class Odd(driver.FRRDriver):
        def snapshot(self) -> Snapshot:
            answer: dict[str, Snapshot] = {}
            return answer["running"]

    with pytest.raises(DriverError, match=r"192\.0\.2\.1 answered something that is not understood \(snapshot: KeyErr"):
        Odd("192.0.2.1", "operator", "").snapshot()


@pytest.mark.parametrize("platform", ["asa", "edge", "frr", "pfsense", "strongswan"])
def test_a_platforms_driver_needs_neither_napalm_nor_netmiko(platform: str) -> None:
    code = (
        f"import sys, routebook.platforms.{platform}.driver; "
        "sys.exit(' '.join({'napalm', 'netmiko', 'custom_napalm'} & {*sys.modules}) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
