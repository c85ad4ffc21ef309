"""What an ASA does when nobody confirms: its timer, a reboot, and other processes that find a pending change."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from routebook.device.errors import ConnectionFailedError, DriverError
from routebook.platforms.asa.deadman import Marker
from tests.lab.asa_driver.changes import Boot, arm_and_push, candidate, files, opened
from tests.lab.asa_driver.firewall import CHECKOUT, Firewall, napalm
from tests.lab.waiting import wait_for


def test_a_reboot_in_the_middle_comes_back_with_the_old_configuration(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    driver.session.run("write memory")
    before = driver.snapshot()
    arm_and_push(driver, candidate())
    firewall.stop()
    firewall.boot()
    again = opened(firewall)
    assert again.snapshot().fingerprint == before.fingerprint
    pending = again.pending()
    assert pending is not None
    assert (pending.run_id, pending.phase) == ("run-1", "reverted")
    again.rollback()  # finishes the bookkeeping
    assert again.pending() is None
    assert files(firewall) == []


_KILLED = """
import os, sys
sys.path.insert(0, {checkout!r})
from pathlib import Path
from tests.lab.asa_driver import changes as here
from tests.lab.asa_driver.firewall import Firewall
firewall = Firewall(Path(sys.argv[1]), port=int(sys.argv[2]))
driver = here.opened(firewall)
driver.plan(here.candidate(), driver.snapshot())
driver.arm("killed-{blocks}", 60)
session = driver.session
send = session.configure
count = 0
def configure(self, lines, **keywords):
    global count
    count += 1
    if count > {blocks}:
        os.kill(os.getpid(), 9)
    return send(lines, **keywords)
type(session).configure = configure
driver.push()
"""


@pytest.mark.parametrize("blocks", [1, 5])
def test_killed_in_the_middle_of_a_push_it_is_back_by_itself_without_a_reboot(
    firewall: Firewall, tmp_path: Path, blocks: int
) -> None:
    watcher = opened(firewall)
    before = watcher.snapshot()
    uptime = watcher.get_facts()["uptime"]
    script = tmp_path / "killed.py"
    script.write_text(_KILLED.format(checkout=str(CHECKOUT), blocks=blocks))
    done = subprocess.run(
        [sys.executable, str(script), str(firewall.folder), str(firewall.port)],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL
    half = watcher.snapshot()
    assert half.fingerprint != before.fingerprint
    assert "router bgp" not in half.parts["asa"]
    pending = watcher.pending()
    assert pending is not None
    assert (pending.run_id, pending.phase) == (f"killed-{blocks}", "armed")
    watcher.extend(2)  # nobody wants to wait for a whole minute
    wait_for(lambda: watcher.snapshot().parts["asa"] == before.parts["asa"], 15, "its own undo")
    wait_for(lambda: files(firewall) == [f"RB-killed-{blocks}.run"], 15, "the end of the undo")
    (marker,) = firewall.disk.rglob("RB-killed-*.run")
    assert "#" not in marker.read_text()  # every secret here ends in one
    pending = watcher.pending()
    assert pending is not None
    assert (pending.run_id, pending.phase) == (f"killed-{blocks}", "reverted")
    assert watcher.get_facts()["uptime"] >= uptime
    watcher.rollback()
    assert watcher.pending() is None
    assert files(firewall) == []


def test_another_process_rolls_back_with_what_is_on_the_device(firewall: Firewall) -> None:
    driver = opened(firewall)
    before = driver.snapshot()
    arm_and_push(driver, candidate())
    driver.close()
    other = opened(firewall)
    other.rollback()
    assert other.snapshot().parts["asa"] == before.parts["asa"]
    assert files(firewall) == []


class TestFilesThatArrivedInPart:
    """A run was killed while it stored them."""

    def test_a_marker_is_of_a_run_that_has_armed_nothing(self, firewall: Firewall) -> None:
        driver = opened(firewall)
        (firewall.disk / "disk0/RB-torn.0123456789ab.run").write_text('{"run": "to')
        assert driver.pending() is None
        driver.rollback()
        arm_and_push(driver, candidate())
        driver.rollback()
        assert files(firewall) == []

    def test_an_undo_that_nothing_needs_is_not_used(self, firewall: Firewall) -> None:
        driver = opened(firewall)
        before = driver.snapshot()
        marker = Marker("torn", "RB-torn", "eem", before.fingerprint)
        (firewall.disk / "disk0/RB-torn.0123456789ab.run").write_text(marker.text())
        (firewall.disk / "disk0/RB-torn.0123456789ab.undo").write_text("no prefix-list HAND")
        driver.rollback()
        assert driver.snapshot() == before
        assert files(firewall) == []


def test_another_process_confirms(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    arm_and_push(driver, candidate())
    driver.close()
    other = opened(firewall)
    assert napalm(other).has_pending_commit()
    napalm(other).confirm_commit()
    assert not napalm(other).has_pending_commit()
    assert files(firewall) == []
    assert "RB-GCM" in other.get_config("startup")["startup"]


def test_a_confirmation_after_the_timer_is_refused_and_saves_nothing(firewall: Firewall) -> None:
    driver = opened(firewall)
    before = driver.snapshot()
    arm_and_push(driver, candidate(), "late", seconds=5)
    wait_for(lambda: driver.snapshot().fingerprint == before.fingerprint, 15, "its own undo")
    with pytest.raises(DriverError, match="timer has fired"):
        driver.confirm()
    assert "RB-GCM" not in driver.get_config("startup")["startup"]
    driver.rollback()  # finishes the bookkeeping


def test_extending_moves_the_timer(firewall: Firewall) -> None:
    driver = opened(firewall)
    before = driver.snapshot()
    arm_and_push(driver, candidate(), "extended", seconds=30)
    driver.extend(300)
    pending = driver.pending()
    assert pending is not None
    assert 290 <= pending.remaining <= 300
    driver.extend(2)
    wait_for(lambda: driver.snapshot().fingerprint == before.fingerprint, 15, "its own undo")
    driver.rollback()  # finishes the bookkeeping


def test_a_second_run_is_refused_while_one_is_pending(firewall: Firewall) -> None:
    first, second = opened(firewall), opened(firewall)
    second.plan(candidate(key="other"), second.snapshot())
    arm_and_push(first, candidate())
    with pytest.raises(DriverError, match="run run-1 left an unconfirmed change"):
        second.arm("run-2", 60)
    first.rollback()


def test_reload_is_the_dead_man_only_where_it_is_asked_for(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall, dead_man="reload")
    before = driver.snapshot()
    arm_and_push(driver, candidate(), seconds=240)
    pending = driver.pending()
    assert pending is not None
    assert 120 <= pending.remaining <= 240
    assert "event manager" not in driver.get_config("running")["running"]
    driver.rollback()
    assert driver.snapshot().parts["asa"] == before.parts["asa"]
    assert "No reload is scheduled" in str(driver.cli(["show reload"]))
    arm_and_push(driver, candidate(), "run-2", seconds=240)
    driver.confirm()
    assert "No reload is scheduled" in str(driver.cli(["show reload"]))
    assert "RB-GCM" in driver.get_config("startup")["startup"]


def test_no_dead_man_only_with_an_acknowledgement(boot: Boot) -> None:
    firewall = boot()
    with pytest.raises(ConnectionFailedError, match="accept_no_dead_man"):
        firewall.driver(dead_man="none")
    driver = opened(firewall, dead_man="none", accept_no_dead_man=True)
    before = driver.snapshot()
    arm_and_push(driver, candidate())
    pending = driver.pending()
    assert pending is not None
    assert pending.detail == "the device has no timer for it"
    driver.close()
    other = opened(firewall, dead_man="none", accept_no_dead_man=True)
    other.rollback()
    assert other.snapshot().parts["asa"] == before.parts["asa"]
