"""The device undoes by itself what nobody confirms, and afterwards everything is as it was."""

import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from custom_napalm import strongswan as napalm
from custom_napalm.adapter import over
from routebook.device.errors import DriverError, StaleError
from routebook.device.values import Lock, Pending
from routebook.platforms.strongswan.driver import StrongSwanDriver
from routebook.platforms.strongswan.state import read_ike_sas
from tests.lab.drivers.hosts import LinuxHost, cut_off
from tests.lab.drivers.tunnels import (
    LEFT,
    NAME,
    PSK,
    RIGHT,
    SECRETS,
    Pair,
    candidate,
    etc_files,
    spis,
    together,
    transact,
)
from tests.lab.waiting import wait_for

NEW_PSK = "a-new-key-that-nobody-may-see"
CHANGED = [replace(LEFT, psk=NEW_PSK), replace(RIGHT, psk=NEW_PSK)]


def prepare(driver: StrongSwanDriver, run_id: str, seconds: int) -> None:
    """Plan a change of the pre-shared key, and arm."""
    assert driver.plan(candidate(CHANGED[0]), driver.snapshot())
    driver.arm(run_id, seconds)


def left_overs(host: LinuxHost) -> list[str]:
    """What a run may have left: files besides results, processes, dot-files."""
    files = host.sh(
        "find /run/routebook -mindepth 1 ! -name '*.result' 2>/dev/null; find /etc -name '.routebook*'", check=False
    )
    processes = host.sh("ps -eo args | grep -F /run/routebook | grep -v grep", check=False)
    return [*files.splitlines(), *processes.splitlines()]


class TestTheTimer:
    def test_it_fires_although_connection_and_management_link_are_gone(self, tunnel: Pair) -> None:
        drivers = [tunnel.driver(tunnel.left), tunnel.driver(tunnel.right)]
        files = [etc_files(tunnel.left), etc_files(tunnel.right)]
        transact(drivers, [candidate(end) for end in CHANGED], "lost", seconds=6)
        tunnel.wait_up()
        with cut_off(tunnel.left, tunnel.addresses[tunnel.left.name]):
            tunnel.left.sh("kill $(pgrep -f 'sshd(-session)?: operator')")
            drivers[1].rollback()
            wait_for(lambda: left_overs(tunnel.left) == [], 20, "the device's own revert")
        tunnel.wait_up()
        assert [etc_files(tunnel.left), etc_files(tunnel.right)] == files
        later = tunnel.driver(tunnel.left)
        pending = later.pending()
        assert pending is not None
        assert (pending.run_id, pending.phase) == ("lost", "reverted")
        assert not over(napalm.StrongSwanDriver, later).has_pending_commit()
        later.rollback()  # idempotent

    def test_confirming_after_it_has_fired_fails_and_changes_nothing(self, tunnel: Pair) -> None:
        driver, files = tunnel.driver(tunnel.left), etc_files(tunnel.left)
        prepare(driver, "late", 1)
        driver.push()
        wait_for(lambda: left_overs(tunnel.left) == [], 20, "the device's own revert")
        with pytest.raises(DriverError, match="timer has fired"):
            driver.confirm()
        assert etc_files(tunnel.left) == files

    def test_exactly_one_of_timer_and_confirmation_wins(self, tunnel: Pair) -> None:
        outcomes = set()
        for number in range(8):
            driver, before = tunnel.driver(tunnel.left), etc_files(tunnel.left)
            key = f"key-number-{number}"
            driver.plan(candidate(replace(LEFT, psk=key)), driver.snapshot())
            driver.arm(f"race-{number}", 2)
            driver.push()
            deadline = int(tunnel.left.sh(f"cat /run/routebook/race-{number}/deadline"))
            wait_for_uptime(deadline - 0.02 + 0.03 * number)
            try:
                driver.confirm()
                confirmed = True
            except DriverError:
                confirmed = False
            driver.unlock(f"race-{number}")
            wait_for(lambda: left_overs(tunnel.left) == [], 20, "the end of the run")
            assert (etc_files(tunnel.left) == before) is not confirmed
            phase = tunnel.left.sh(f"sed -n s/^phase=//p /run/routebook/race-{number}.result").strip()
            assert phase == ("confirmed" if confirmed else "reverted")
            outcomes.add(phase)
        assert outcomes <= {"confirmed", "reverted"}

    def test_it_survives_the_death_of_every_process_of_the_session(self, tunnel: Pair) -> None:
        driver, files = tunnel.driver(tunnel.left), etc_files(tunnel.left)
        prepare(driver, "killed", 3)
        driver.push()
        tunnel.left.sh("kill -9 $(pgrep -f 'sshd(-session)?: operator')")
        wait_for(lambda: left_overs(tunnel.left) == [], 20, "the device's own revert")
        assert etc_files(tunnel.left) == files

    def test_it_waits_for_an_extended_deadline(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.left)
        prepare(driver, "extended", 2)
        driver.extend(30)
        pending = driver.pending()
        assert pending is not None
        assert 28 <= pending.remaining <= 30
        begun = time.monotonic()
        wait_for(lambda: time.monotonic() - begun > 3, 5, "the first deadline to pass")
        assert over(napalm.StrongSwanDriver, driver).has_pending_commit()
        driver.rollback()
        assert left_overs(tunnel.left) == []

    def test_a_watcher_that_somebody_killed_is_started_anew_by_extending(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.left)
        prepare(driver, "watched", 60)
        tunnel.left.sh("kill -9 $(cat /run/routebook/watched/watcher)")
        driver.extend(2)
        wait_for(lambda: left_overs(tunnel.left) == [], 20, "the device's own revert")

    def test_it_undoes_a_confirmation_that_died_half_way(self, tunnel: Pair) -> None:
        driver, files = tunnel.driver(tunnel.left), etc_files(tunnel.left)
        prepare(driver, "half", 3)
        driver.push()
        tunnel.left.sh("cd /run/routebook/half && echo confirming >phase && sh ./persist.0-strongswan.sh")
        assert etc_files(tunnel.left) != files
        wait_for(lambda: left_overs(tunnel.left) == [], 20, "the device's own revert")
        assert etc_files(tunnel.left) == files

    def test_reverting_that_died_half_way_is_finished_by_rolling_back(self, tunnel: Pair) -> None:
        driver, files = tunnel.driver(tunnel.left), etc_files(tunnel.left)
        prepare(driver, "dying", 60)
        driver.push()
        tunnel.left.sh("cd /run/routebook/dying && kill -9 $(cat watcher) && echo reverting >phase")
        pending = driver.pending()
        assert pending is not None
        assert pending.phase == "reverting"
        driver.rollback()
        assert etc_files(tunnel.left) == files
        assert left_overs(tunnel.left) == []

    def test_it_costs_no_processor_time(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.left)
        prepare(driver, "idle", 60)
        watcher = tunnel.left.sh("cat /run/routebook/idle/watcher").strip()

        def ticks() -> int:
            fields = tunnel.left.sh(f"cat /proc/{watcher}/stat").rpartition(")")[2].split()
            return sum(map(int, fields[11:15]))

        first, begun = ticks(), time.monotonic()
        wait_for(lambda: time.monotonic() - begun > 3, 5, "three seconds")
        assert ticks() - first <= 1
        driver.rollback()


class TestRebooting:
    def test_in_the_middle_comes_back_with_the_old_configuration(self, tunnel: Pair) -> None:
        drivers = [tunnel.driver(tunnel.left), tunnel.driver(tunnel.right)]
        files = [etc_files(tunnel.left), etc_files(tunnel.right)]
        transact(drivers, [candidate(end) for end in CHANGED], "reboot")
        for host, driver in zip((tunnel.right, tunnel.left), reversed(drivers), strict=True):
            host.stop_strongswan()
            host.sh("kill -9 $(cat /run/routebook/reboot/watcher); rm -rf /run/routebook")
            host.start_strongswan()
            assert driver.pending() is None
        tunnel.wait_up()
        assert [etc_files(tunnel.left), etc_files(tunnel.right)] == files


class TestArming:
    def test_is_refused_while_another_run_is_pending(self, tunnel: Pair) -> None:
        first, second = tunnel.driver(tunnel.left), tunnel.driver(tunnel.left)
        prepare(first, "first", 60)
        second.plan(candidate(CHANGED[0]), second.snapshot())
        with pytest.raises(DriverError, match="run first left an unconfirmed change") as caught:
            second.arm("second", 60)
        assert not caught.value.changed
        first.rollback()
        second.arm("second", 60)
        second.rollback()

    def test_is_refused_when_the_configuration_has_changed_since_the_plan(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.left)
        driver.plan(candidate(CHANGED[0]), driver.snapshot())
        tunnel.left.write(SECRETS, tunnel.left.read(SECRETS).replace(PSK, "edited-by-someone"))
        with pytest.raises(StaleError, match="no longer the one"):
            driver.arm("stale", 60)
        assert left_overs(tunnel.left) == []

    @pytest.mark.parametrize("full", ["/run/routebook", "/etc/swanctl/conf.d"])
    def test_on_a_full_disk_changes_nothing_and_leaves_nothing(self, tunnel: Pair, full: str) -> None:
        driver = tunnel.driver(tunnel.left)
        snapshot = driver.snapshot()
        driver.plan(candidate(CHANGED[0]), snapshot)
        tunnel.left.sh(f"""
            mkdir -p {full}; cp -a {full} /tmp/kept.$$
            mount -t tmpfs -o size=32k,mode=755 tmpfs {full}
            cp -a /tmp/kept.$$/. {full}; rm -rf /tmp/kept.$$
            head -c 100000 /dev/zero >{full}/filler 2>/dev/null || true""")
        try:
            with pytest.raises(DriverError, match=r"full|left, which|cannot be made") as caught:
                driver.arm("full", 60)
            assert not caught.value.changed
        finally:
            tunnel.left.sh(f"umount {full}")
        assert left_overs(tunnel.left) == []
        assert driver.snapshot() == snapshot


class TestConfirming:
    def test_writes_the_files_and_leaves_nothing_but_a_small_result(self, tunnel: Pair) -> None:
        drivers = [tunnel.driver(tunnel.left), tunnel.driver(tunnel.right)]
        transact(drivers, [candidate(end) for end in CHANGED], "good")
        assert PSK in tunnel.left.read(SECRETS)
        for driver in drivers:
            driver.confirm()
            driver.unlock("good")
        tunnel.wait_up()
        assert NEW_PSK in tunnel.left.read(SECRETS)
        assert (tunnel.left.folder / SECRETS.lstrip("/")).stat().st_mode & 0o777 == 0o600
        assert left_overs(tunnel.left) == []
        assert tunnel.left.sh("cat /run/routebook/*.result") == "phase=confirmed\nby=driver\n"
        assert not drivers[0].plan(candidate(CHANGED[0]), drivers[0].snapshot())

    def test_works_from_another_connection_that_knows_nothing(self, tunnel: Pair) -> None:
        drivers = [tunnel.driver(tunnel.left), tunnel.driver(tunnel.right)]
        transact(drivers, [candidate(end) for end in CHANGED], "other")
        tunnel.close()
        for host in (tunnel.left, tunnel.right):
            tunnel.driver(host).confirm()
        assert NEW_PSK in tunnel.left.read(SECRETS)

    def test_that_cannot_write_leaves_the_timer_armed(self, tunnel: Pair) -> None:
        driver, files = tunnel.driver(tunnel.left), etc_files(tunnel.left)
        prepare(driver, "read-only", 60)
        driver.push()
        tunnel.left.sh(
            "mount --bind /etc/swanctl/conf.d /etc/swanctl/conf.d; mount -o remount,bind,ro /etc/swanctl/conf.d"
        )
        try:
            with pytest.raises(DriverError, match="cannot be written") as caught:
                driver.confirm()
        finally:
            tunnel.left.sh("umount /etc/swanctl/conf.d")
        assert caught.value.changed
        assert over(napalm.StrongSwanDriver, driver).has_pending_commit()
        driver.rollback()
        assert etc_files(tunnel.left) == files
        assert left_overs(tunnel.left) == []


class TestUntilItIsUnlocked:
    """What undoes a confirmed change stays on the device until its run unlocks it."""

    def test_a_confirmed_change_is_undone_from_another_connection_on_disk_too(self, tunnel: Pair) -> None:
        drivers = [tunnel.driver(tunnel.left), tunnel.driver(tunnel.right)]
        files = [etc_files(tunnel.left), etc_files(tunnel.right)]
        transact(drivers, [candidate(end) for end in CHANGED], "kept")
        for driver in drivers:
            driver.confirm()
            driver.confirm()  # idempotent
        assert NEW_PSK in tunnel.left.read(SECRETS)
        tunnel.close()
        later = [tunnel.driver(tunnel.left), tunnel.driver(tunnel.right)]
        assert [driver.pending() for driver in later] == [Pending("kept", "confirmed", 0)] * 2
        assert not over(napalm.StrongSwanDriver, later[0]).has_pending_commit()
        together(later, lambda driver: driver.rollback())
        tunnel.wait_up()
        assert [etc_files(tunnel.left), etc_files(tunnel.right)] == files
        assert left_overs(tunnel.left) == left_overs(tunnel.right) == []

    def test_it_has_no_timer_any_more_and_nobody_else_can_read_it(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.left)
        prepare(driver, "kept", 600)
        driver.push()
        watcher = tunnel.left.sh("cat /run/routebook/kept/watcher").strip()
        driver.confirm()
        wait_for(lambda: not tunnel.left.sh(f"ls /proc/{watcher}/cmdline 2>/dev/null", check=False), 20, "the watcher")
        tunnel.left.sh("sh /run/routebook/kept/revert.sh timer || true")  # a timer that comes late
        assert NEW_PSK in tunnel.left.read(SECRETS)
        assert PSK in tunnel.left.sh("cat /run/routebook/kept/swanctl.old/conf.d/*")
        assert tunnel.left.sh("find /run/routebook -perm /077") == ""
        driver.unlock("another")
        assert driver.pending() == Pending("kept", "confirmed", 0)
        driver.unlock("kept")
        assert driver.pending() is None
        assert left_overs(tunnel.left) == []
        driver.rollback()  # nothing is left to do
        assert NEW_PSK in tunnel.left.read(SECRETS)

    @pytest.mark.parametrize("step", ["lock", "arm"])
    def test_what_a_dead_run_without_a_lock_has_left_the_next_one_takes_away(self, tunnel: Pair, step: str) -> None:
        driver = tunnel.driver(tunnel.left)
        prepare(driver, "dead", 60)
        driver.push()
        driver.confirm()
        if step == "lock":
            driver.lock(Lock("20260101-000000-aaaaaa", "us@here", 1.0, 2.0))
            assert left_overs(tunnel.left) == ["/run/routebook/lock"]
            driver.unlock("20260101-000000-aaaaaa")
        else:
            driver.plan(candidate(LEFT), driver.snapshot())
            driver.arm("next", 60)
            assert tunnel.left.sh("ls -d /run/routebook/*/").strip() == "/run/routebook/next/"
            driver.rollback()
        assert left_overs(tunnel.left) == []
        assert NEW_PSK in tunnel.left.read(SECRETS)


class TestRollingBack:
    def test_works_from_another_connection_and_twice(self, tunnel: Pair) -> None:
        drivers = [tunnel.driver(tunnel.left), tunnel.driver(tunnel.right)]
        files = [etc_files(tunnel.left), etc_files(tunnel.right)]
        transact(drivers, [candidate(end) for end in CHANGED], "back")
        tunnel.close()
        for host in (tunnel.left, tunnel.right):
            driver = tunnel.driver(host)
            driver.rollback()
            driver.rollback()
        tunnel.wait_up()
        assert [etc_files(tunnel.left), etc_files(tunnel.right)] == files
        assert left_overs(tunnel.left) == left_overs(tunnel.right) == []

    def test_before_the_push_disturbs_no_sa(self, tunnel: Pair) -> None:
        driver, old = tunnel.driver(tunnel.left), spis(tunnel.left)
        prepare(driver, "unpushed", 60)
        driver.rollback()
        assert spis(tunnel.left) == old

    def test_that_fails_says_so_and_can_be_tried_again(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.right)
        driver.plan(candidate(CHANGED[1]), driver.snapshot())
        driver.arm("dead", 60)
        driver.push()
        tunnel.right.stop_strongswan()
        with pytest.raises(DriverError, match="charon does not answer") as caught:
            driver.rollback()
        assert caught.value.changed
        pending = driver.pending()
        assert pending is not None
        assert pending.phase == "failed"
        assert "charon does not answer" in pending.detail
        tunnel.right.start_strongswan()
        driver.rollback()
        assert left_overs(tunnel.right) == []


class TestLeavingNoTrace:
    def test_reading_and_planning_leave_nothing_on_the_device(self, tunnel: Pair) -> None:
        driver = tunnel.driver(tunnel.left)
        log = tunnel.left.sh("wc -l </var/log/charon.log")
        tunnel.left.sh("touch /var/log/before")
        driver.plan(candidate(CHANGED[0]), driver.snapshot())
        driver.state()
        driver.pending()
        driver.get_facts()
        driver.get_config()
        driver.explain(NAME, 60)
        assert tunnel.left.sh("ls -d /run/routebook", check=False) == ""
        changed = tunnel.left.sh(
            "find / -xdev -newer /var/log/before -type f ! -path '/proc/*' ! -path '/sys/*' -path '/etc/*'"
        )
        assert changed == ""
        assert tunnel.left.sh("wc -l </var/log/charon.log") == log

    def test_no_secret_is_in_a_process_list_or_a_log(self, tunnel: Pair) -> None:
        drivers = [tunnel.driver(tunnel.left), tunnel.driver(tunnel.right)]
        seen: set[bytes] = set()
        done = threading.Event()

        def sample() -> None:
            while not done.is_set():
                for process in Path("/proc").iterdir():
                    if process.name.isdigit():
                        with suppress(OSError):  # it may have ended meanwhile
                            seen.add((process / "cmdline").read_bytes())

        sampler = threading.Thread(target=sample)
        sampler.start()
        try:
            transact(drivers, [candidate(end) for end in CHANGED], "secret")
            for driver in drivers:
                driver.get_config()
                driver.explain(NAME, 60)
                driver.rollback()
        finally:
            done.set()
            sampler.join()
        assert any(b"swanctl" in line for line in seen)
        assert not [line for line in seen if PSK.encode() in line or NEW_PSK.encode() in line]
        for host in (tunnel.left, tunnel.right):
            assert (
                host.sh(f"grep -rlF -e {PSK} -e {NEW_PSK} /var/log /run /tmp/routebook* 2>/dev/null", check=False) == ""
            )


def test_sas_of_other_tunnels_are_never_touched(tunnel: Pair) -> None:
    tunnel.left.sh("ip addr add 10.1.9.1/24 dev lo")
    tunnel.right.sh("ip addr add 10.2.9.1/24 dev lo")
    other: dict[str, Any] = {"name": "other--tunnel", "psk": "the-other-key"}
    ends = [
        replace(LEFT, local_ts="10.1.9.0/24", remote_ts="10.2.9.0/24", local_id="o1", remote_id="o2", **other),
        replace(RIGHT, local_ts="10.2.9.0/24", remote_ts="10.1.9.0/24", local_id="o2", remote_id="o1", **other),
    ]
    drivers = [tunnel.driver(tunnel.left), tunnel.driver(tunnel.right)]
    old = spis(tunnel.left)
    transact(drivers, [candidate(LEFT, ends[0]), candidate(RIGHT, ends[1])], "second")
    wait_for(lambda: len(spis(tunnel.left)) == 4, 10, "the second tunnel")
    assert old < spis(tunnel.left)
    for driver in drivers:
        driver.rollback()
    assert spis(tunnel.left) == old
    assert {sa.name for sa in read_ike_sas(tunnel.right.shell)} == {NAME}


def wait_for_uptime(seconds: float) -> None:
    """Wait until the machine has been up for so long."""
    wait_for(lambda: float(Path("/proc/uptime").read_text().split()[0]) >= seconds, 10, "the deadline")
