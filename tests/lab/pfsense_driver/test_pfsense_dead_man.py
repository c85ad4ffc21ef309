"""A pfSense undoes by itself what nobody confirms: on time, without SSH, after a crash, after a restart."""

import threading
import time

import pytest

from routebook.device.errors import DriverError
from routebook.platforms.pfsense.driver import PfSenseDriver
from tests.lab.pfsense_driver.candidates import neighbor, openbgpd, tunnel, tunnels
from tests.lab.pfsense_driver.firewall import Firewall, plan
from tests.lab.waiting import wait_for, wait_reachable

WANTED = (tunnels(tunnel()), openbgpd(neighbor("k8s1", "10.1.0.11", 64512)))


def armed(driver: PfSenseDriver) -> None:
    """With a timer that fires when a test lets it: however long everything takes until then."""
    assert plan(driver, *WANTED)
    driver.arm("run-1", 600)


def let_fire(firewall: Firewall) -> None:
    """The time of the run that is pending is up."""
    firewall.sh("echo 0 >/cf/conf/routebook/run-1/deadline")


def pushing_in_background(driver: PfSenseDriver, failed: list[DriverError]) -> threading.Thread:
    """A push that is on its way; what it ends with comes into `failed`."""

    def push() -> None:
        try:
            driver.push()
        except DriverError as error:
            failed.append(error)

    thread = threading.Thread(target=push)
    thread.start()
    return thread


def is_back(firewall: Firewall, before: str) -> bool:
    """Whether config.xml and the daemons are as they were, and the run is over."""
    driver = firewall.driver()
    try:
        pending = driver.pending()
        return (
            (pending is None or pending.phase == "reverted")
            and driver.snapshot().fingerprint == before
            and "10.1.0.11" not in firewall.unit.run("bgpctl -n show neighbor").stdout
            and "con1" not in firewall.unit.run("swanctl --list-conns").stdout
        )
    finally:
        driver.close()


def test_the_timer_restores_what_nobody_confirms_although_nobody_can_log_in(
    firewall: Firewall, driver: PfSenseDriver
) -> None:
    before = driver.snapshot().fingerprint
    armed(driver)
    driver.push()
    driver.activate()
    assert "RB k8s1" in firewall.sh("cat /cf/conf/config.xml")
    driver.extend(2)  # from now: less than it was
    firewall.ip("link set mgmt0 down")
    try:
        wait_for(lambda: "RB k8s1" not in firewall.sh("cat /cf/conf/config.xml"), 60, "the timer")
        firewall.wait_clean()
    finally:
        firewall.ip("link set mgmt0 up")
        wait_reachable(firewall.address)
    wait_for(lambda: is_back(firewall, before), 60, "the daemons")
    found = firewall.driver()
    pending = found.pending()
    assert pending is not None
    assert (pending.run_id, pending.phase) == ("run-1", "reverted")
    with pytest.raises(DriverError, match="no change is pending"):
        found.confirm()


def test_extending_moves_the_timer(firewall: Firewall, driver: PfSenseDriver) -> None:
    armed(driver)
    driver.push()
    driver.extend(1200)
    pending = driver.pending()
    assert pending is not None
    assert 600 < pending.remaining <= 1200
    driver.confirm()
    assert "RB k8s1" in firewall.sh("cat /cf/conf/config.xml")


def test_killed_between_writing_and_checking_the_firewall_restores_itself(
    firewall: Firewall, driver: PfSenseDriver
) -> None:
    before = driver.snapshot().fingerprint
    armed(driver)
    firewall.fault("openbgpd_install_conf", "hang")
    failed: list[DriverError] = []
    pushing = pushing_in_background(driver, failed)
    wait_for(lambda: "RB k8s1" in firewall.sh("cat /cf/conf/config.xml"), 30, "config.xml")
    wait_for(lambda: "con1" in firewall.unit.run("swanctl --list-conns").stdout, 30, "charon")
    firewall.fault("openbgpd_install_conf")
    firewall.sh("kill -9 $(cat /cf/conf/routebook/run-1/pusher)")
    pushing.join(60)
    assert failed
    let_fire(firewall)
    wait_for(lambda: is_back(firewall, before), 60, "the snapshot")


def test_a_system_function_that_hangs_does_not_hold_up_the_rollback(firewall: Firewall, driver: PfSenseDriver) -> None:
    before = driver.snapshot().fingerprint
    armed(driver)
    firewall.fault("ipsec_configure", "hang")
    failed: list[DriverError] = []
    pushing = pushing_in_background(driver, failed)
    wait_for(lambda: "RB k8s1" in firewall.sh("cat /cf/conf/config.xml"), 30, "config.xml")
    firewall.fault("ipsec_configure")
    let_fire(firewall)
    wait_for(lambda: is_back(firewall, before), 120, "the snapshot")
    pushing.join(30)
    assert failed


@pytest.mark.parametrize("pushed", [True, False])
def test_a_restart_puts_back_what_nobody_confirmed(firewall: Firewall, driver: PfSenseDriver, *, pushed: bool) -> None:
    before = driver.snapshot().fingerprint
    armed(driver)
    if pushed:
        driver.push()
        driver.activate()
        startup = driver.get_config(retrieve="startup")["startup"]
        assert "RB k8s1" not in startup
    boot = firewall.sh("cat /run/lab/boot-time; stat -c %i /run/lab/boot-time")
    time.sleep(1)  # the lab tells starts apart by whole seconds
    firewall.unit.run("reboot")
    wait_for(
        lambda: firewall.unit.run("cat /run/lab/boot-time; stat -c %i /run/lab/boot-time").stdout != boot, 30, "it"
    )
    wait_for(firewall.unit.listens, 60, "the system")
    wait_for(lambda: is_back(firewall, before), 60, "the snapshot")
    firewall.wait_clean()


def test_starting_packages_again_while_the_timer_runs_is_no_restart(firewall: Firewall, driver: PfSenseDriver) -> None:
    armed(driver)
    driver.push()
    firewall.sh("/usr/local/etc/rc.d/routebook.sh start")
    assert "RB k8s1" in firewall.sh("cat /cf/conf/config.xml")
    pending = driver.pending()
    assert pending is not None
    assert pending.phase == "armed"
    driver.confirm()


def test_while_packages_wait_for_their_installation_nothing_is_armed(firewall: Firewall, driver: PfSenseDriver) -> None:
    """rc.start_packages runs nothing then, so that no restart would take an unconfirmed change back."""
    firewall.sh("touch /cf/conf/needs_package_sync")
    try:
        with pytest.raises(
            DriverError, match=r"packages wait to be installed again after an upgrade.*nothing was changed"
        ):
            armed(driver)
    finally:
        firewall.sh("rm /cf/conf/needs_package_sync")
    firewall.wait_clean()


def test_a_start_that_runs_no_script_is_told_and_can_be_rolled_back(firewall: Firewall, driver: PfSenseDriver) -> None:
    before = driver.snapshot().fingerprint
    armed(driver)
    driver.push()
    firewall.sh(
        "kill -9 $(cat /cf/conf/routebook/run-1/timer.pid); touch /cf/conf/needs_package_sync; /etc/rc.start_packages"
    )
    try:
        pending = driver.pending()
        assert pending is not None
        assert (pending.phase, pending.remaining) == ("failed", 0)
        assert "its timer does not run any more" in pending.detail
        assert "packages wait to be installed again" in pending.detail
        driver.rollback()
    finally:
        firewall.sh("rm -f /cf/conf/needs_package_sync")
    assert driver.snapshot().fingerprint == before
    firewall.wait_clean()


def test_a_second_start_of_packages_within_90_s_of_one_that_hangs_runs_no_script(firewall: Firewall) -> None:
    """etc/rc.start_packages of the source; otherwise it runs what is of no package in the background."""
    firewall.sh(
        "printf '#!/bin/sh\ntouch /tmp/started\n' >/usr/local/etc/rc.d/own.sh; chmod +x /usr/local/etc/rc.d/own.sh"
    )
    try:
        firewall.sh("touch /tmp/.rc.start_packages.running; /etc/rc.start_packages; [ ! -e /tmp/started ]")
        firewall.sh("touch -d '-91 seconds' /tmp/.rc.start_packages.running; /etc/rc.start_packages")
        wait_for(lambda: firewall.unit.run("[ -e /tmp/started ]").returncode == 0, 20, "the script")
    finally:
        firewall.sh("rm -f /usr/local/etc/rc.d/own.sh /tmp/started /tmp/.rc.start_packages.running")


def test_a_rollback_by_another_process_needs_nothing_but_the_device(firewall: Firewall, driver: PfSenseDriver) -> None:
    before = driver.snapshot().fingerprint
    armed(driver)
    driver.push()
    driver.close()
    other = firewall.driver("admin")
    other.rollback()
    assert other.snapshot().fingerprint == before
    assert is_back(firewall, before)
