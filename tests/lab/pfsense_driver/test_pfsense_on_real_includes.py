"""The driver on a real pfSense's own code for reading, writing and restoring config.xml, and for IPsec.

It is read from where ROUTEBOOK_PFSENSE_INCLUDES says, and is no part of this project (docs/lab-pfsense.md tells how an
owner copies it). Interfaces, filter and packages are the lab's.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from routebook.device.errors import DriverError
from routebook.platforms.pfsense.driver import PfSenseDriver
from routebook.platforms.pfsense.tree import fingerprint
from tests.lab.pfsense_driver.candidates import frr, frr_neighbor, tunnel, tunnels
from tests.lab.pfsense_driver.firewall import Firewall, plan
from tests.lab.pfsense_driver.test_pfsense_transaction import BY_HAND, make

INCLUDES = os.environ.get("ROUTEBOOK_PFSENSE_INCLUDES", "")
WANTED = (tunnels(tunnel()), frr(frr_neighbor("k8s1", "10.1.0.11", 64512)))

pytestmark = pytest.mark.skipif(not INCLUDES, reason="ROUTEBOOK_PFSENSE_INCLUDES names no real pfSense's includes")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, key: Path) -> Iterator[Firewall]:
    firewall = Firewall(tmp_path_factory.mktemp("real"), key, includes=INCLUDES, package="frr")
    yield firewall
    firewall.stop()


@pytest.fixture
def driver(real: Firewall) -> Iterator[PfSenseDriver]:
    real.sh(
        "rm -rf /cf/conf/routebook /usr/local/etc/rc.d/routebook.sh /cf/conf/backup/*; rm -f /tmp/config.cache;"
        "cp /conf.default/config.xml /cf/conf/config.xml; chmod 644 /cf/conf/config.xml"
    )
    opened = real.driver()
    yield opened
    opened.close()


def test_it_is_the_systems_own_code(real: Firewall) -> None:
    assert "lab_fault" not in real.sh("cd /etc/inc; cat config.lib.inc xmlparse.inc util.inc ipsec.inc")


def test_from_nothing_to_the_candidate_and_back(real: Firewall, driver: PfSenseDriver) -> None:
    """With an empty list in the file, as every factory default has one."""
    assert "<dnsserver></dnsserver>" in real.sh("cat /cf/conf/config.xml")
    before = driver.snapshot()
    make(driver, "run-1", *WANTED)
    assert {session.description for session in driver.state().bgp or ()} == {"RB k8s1"}
    driver.rollback()
    assert driver.snapshot().fingerprint == before.fingerprint
    assert "routebook-run-1.xml" in real.history()[0]
    real.wait_clean()


def test_the_tunnel_is_written_as_the_system_does_and_loaded(real: Firewall, driver: PfSenseDriver) -> None:
    """By its own ipsec_configure(), with the numbers that docs/platforms/pfsense-truths.md tells of."""
    make(driver, "run-1", tunnels(tunnel()))
    text = real.sh("cat /var/etc/ipsec/swanctl.conf")
    assert "con1 {" in text
    assert "reqid = 5001" in text
    assert "dpd_timeout" not in text
    assert "con1" in real.sh("swanctl --list-conns")
    assert "ipsec1" in real.sh("ifconfig -a")
    driver.rollback()
    assert "con1" not in real.sh("swanctl --list-conns")


def test_a_confirmed_change_is_undone_without_a_trace(real: Firewall, driver: PfSenseDriver) -> None:
    before = driver.snapshot()
    make(driver, "run-1", *WANTED)
    driver.confirm()
    driver.unlock("run-1")
    made = driver.snapshot()
    assert not plan(driver, *WANTED)
    assert driver.plan_revert(before, made, made)
    driver.arm("run-1-undo", 120)
    driver.push()
    driver.confirm()
    assert driver.snapshot().fingerprint == before.fingerprint
    assert "<frr" not in real.sh("cat /cf/conf/config.xml")
    driver.unlock("run-1-undo")


def test_the_timer_restores_what_nobody_confirms(real: Firewall, driver: PfSenseDriver) -> None:
    before = driver.snapshot()
    make(driver, "run-1", *WANTED)
    real.sh("/usr/local/bin/php -f /cf/conf/routebook/run-1/boot.php || true")
    assert "RB k8s1" in real.sh("cat /cf/conf/config.xml"), "its timer runs: this is no restart"
    real.sh("echo 0 >/cf/conf/routebook/run-1/deadline")
    real.wait_clean()
    assert driver.snapshot().fingerprint == before.fingerprint


def test_entries_that_are_not_written_move_no_others(real: Firewall, driver: PfSenseDriver) -> None:
    real.sh("sed -i 's|<phase1>|<phase1></phase1><phase1>|;s|<alias>|<alias/><alias>|' /cf/conf/config.xml")
    before = driver.snapshot()
    make(driver, "run-1", *WANTED)
    found = real.config().made("ipsec").all("phase1")
    assert [entry.value("descr") for entry in found] == [BY_HAND, "RB home-edge"]
    driver.rollback()
    assert driver.snapshot().fingerprint == before.fingerprint


def test_somebody_elses_change_in_between_survives_the_rollback(real: Firewall, driver: PfSenseDriver) -> None:
    make(driver, "run-1", *WANTED)
    real.unit.value("sleep(1); config_set_path('system/hostname', 'theirs'); write_config('by hand');")
    driver.rollback()
    assert real.config().value("system", "hostname") == "theirs"
    assert "RB " not in real.sh("cat /cf/conf/config.xml")


def test_a_file_that_breaks_while_a_change_is_pending_is_restored(real: Firewall, driver: PfSenseDriver) -> None:
    before = driver.snapshot()
    make(driver, "run-1", *WANTED)
    real.sh("head -c 2000 /conf.default/config.xml >/cf/conf/config.xml; rm -f /tmp/config.cache")
    with pytest.raises(DriverError, match=r"config\.xml is broken"):
        driver.snapshot()
    driver.rollback()
    assert driver.snapshot().fingerprint == before.fingerprint == fingerprint(real.config())
