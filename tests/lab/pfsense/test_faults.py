"""What goes wrong on the lab pfSense really goes wrong, in the way that it does on a pfSense."""

from collections.abc import Iterator
from typing import Literal

import pytest

from tests.lab.conftest import skip_unless_possible
from tests.lab.pfsense import faults
from tests.lab.pfsense.faults import Fault
from tests.lab.pfsense.units import Unit

CHANGE = "config_set_path('installedpackages/labtest', ['a' => str_repeat('x', 20000)]);"


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unit]:
    skip_unless_possible()
    running = Unit(tmp_path_factory.mktemp("fragile"), version="2.8.1-RELEASE", config_disk=2)
    yield running
    running.stop()


@pytest.fixture
def broken(fragile: Unit) -> Iterator["Broken"]:
    breaking = Broken(fragile)
    yield breaking
    for fault in breaking.faults:
        fragile.sh(fault.mends)
    fragile.sh("cp /conf.default/config.xml /cf/conf/config.xml; rm -f /tmp/config.cache /cf/conf/backup/*")


class Broken:
    """The unit with faults, which are mended after the test."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.faults: list[Fault] = []

    def by(self, fault: Fault) -> Unit:
        self.unit.sh(fault.breaks)
        self.faults.append(fault)
        return self.unit


def test_on_a_full_disk_nothing_can_be_written_and_the_configuration_stays(broken: Broken) -> None:
    before = broken.unit.sh("cat /cf/conf/config.xml")
    unit = broken.by(faults.FULL_DISK)
    assert unit.value(f"{CHANGE} return write_config('lost');") == -1
    assert unit.sh("cat /cf/conf/config.xml") == before
    assert unit.run("echo x >/cf/one-more-byte && cat /cf/one-more-byte").stdout == ""


def test_a_read_only_disk_is_an_error_of_write_config(broken: Broken) -> None:
    unit = broken.by(faults.READ_ONLY)
    assert unit.value(f"{CHANGE} return write_config('lost');") == -1


@pytest.mark.parametrize(("kind", "status"), [("die", 0), ("fatal", 255), ("throw", 255)])
def test_a_function_that_ends_the_program_has_the_status_that_php_gives(
    broken: Broken, kind: Literal["die", "fatal", "throw"], status: int
) -> None:
    unit = broken.by(faults.function("write_config", kind))
    done = unit.php("write_config('x'); echo 'went on';")
    assert done.returncode == status
    assert "went on" not in done.stdout
    assert ("write_config() cannot go on" in done.stdout) == (kind == "die")
    assert ("<pre style=" in done.stdout) == (kind != "die")  # the system prints fatal errors as HTML


def test_a_cut_off_file_is_replaced_by_a_backup_and_the_backup_is_another_configuration(broken: Broken) -> None:
    broken.unit.value("config_set_path('installedpackages/labtest', ['a' => 'first']); write_config('one');")
    broken.unit.value("config_set_path('installedpackages/labtest', ['a' => 'second']); write_config('two');")
    unit = broken.by(faults.BROKEN_CONFIGURATION)
    assert unit.value("return config_get_path('installedpackages/labtest/a');") in (None, "first")


def test_a_package_that_is_removed_is_gone(broken: Broken) -> None:
    assert broken.unit.value("require_once('pkg-utils.inc'); return is_package_installed('openbgpd');")
    unit = broken.by(faults.no_package("openbgpd"))
    assert not unit.value("require_once('pkg-utils.inc'); return is_package_installed('openbgpd');")
    assert unit.php("openbgpd_install_conf();", include="openbgpd.inc").returncode == 255
