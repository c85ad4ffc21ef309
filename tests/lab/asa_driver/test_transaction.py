"""What a transaction promises of an ASA, against the lab's command line over SSH."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from napalm.base.exceptions import CommandErrorException, ReplaceConfigException

from custom_napalm.asa import AsaDriver
from custom_napalm.contract import (
    Candidate,
    CandidateError,
    ConnectionFailedError,
    DriverError,
    Lock,
    LockedError,
    Pending,
    Section,
    StaleError,
)
from tests.lab.asa_driver.firewall import CHECKOUT, Firewall

Boot = Callable[..., Firewall]

OURS = """crypto ipsec ikev2 ipsec-proposal RB-GCM
 protocol esp encryption aes-gcm-256
 protocol esp integrity null
crypto ipsec profile RB-GCM
 set ikev2 ipsec-proposal RB-GCM
 set pfs group14
tunnel-group 203.0.113.9 type ipsec-l2l
tunnel-group 203.0.113.9 ipsec-attributes
 ikev2 remote-authentication pre-shared-key {key}#
 ikev2 local-authentication pre-shared-key {key}#
interface Tunnel1
 nameif to-gr
 ip address 10.255.200.0 255.255.255.254
 tunnel source interface outside
 tunnel destination 203.0.113.9
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile RB-GCM
prefix-list RB-OUT seq 5 permit 10.1.0.0/16
route-map RB-OUT permit 10
 match ip address prefix-list RB-OUT
router bgp 65550
 bgp log-neighbor-changes
 address-family ipv4 unicast
  neighbor 10.255.200.1 remote-as 65550
  neighbor 10.255.200.1 password bgp#secret
  neighbor 10.255.200.1 activate
  neighbor 10.255.200.1 route-map RB-OUT out
 exit-address-family
"""
OWNS = (
    "crypto ipsec ikev2 ipsec-proposal RB-*",
    "crypto ipsec profile RB-*",
    "tunnel-group 203.0.113.9 *",
    "interface Tunnel1",
    "prefix-list RB-*",
    "route-map RB-*",
    "router bgp 65550",
)


def candidate(text: str = OURS, key: str = "ours") -> Candidate:
    return Candidate((Section("asa", "asa", text.replace("{key}", key), OWNS),))


def opened(firewall: Firewall, **arguments: object) -> AsaDriver:
    driver = firewall.driver(**arguments)
    driver.open()
    return driver


def files(firewall: Firewall) -> list[str]:
    return sorted(file.name for file in firewall.disk.rglob("RB-*"))


def eventually(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def arm_and_push(driver: AsaDriver, wanted: Candidate, run_id: str = "run-1", seconds: int = 60) -> None:
    assert driver.plan(wanted, driver.snapshot())
    driver.arm(run_id, seconds)
    driver.push()
    driver.activate()


def test_connecting_reading_and_planning_change_nothing(boot: Boot) -> None:
    firewall = boot()
    before = opened(firewall)
    text = before.snapshot().parts["asa"]
    driver = opened(firewall)
    snapshot = driver.snapshot()
    change = driver.plan(candidate(), snapshot)
    driver.state()
    driver.get_facts()
    driver.get_interfaces()
    driver.get_interfaces_ip()
    driver.get_config()
    assert driver.pending() is None
    driver.close()
    assert before.snapshot().parts["asa"] == text == snapshot.parts["asa"]
    assert files(firewall) == []
    assert change.commands
    assert "ours#" not in change.diff + str(change.commands) + str(change.undo)
    assert {effect.kind for effect in change.effects} == {"session-new", "tunnel-new"}


def test_what_is_pushed_is_what_runs_and_a_second_run_sends_nothing(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    arm_and_push(driver, candidate())
    text = driver.snapshot().parts["asa"]
    assert "pre-shared-key ours#" in text
    assert "event manager" not in text
    assert driver.pending() == Pending("run-1", "armed", driver.pending().remaining)  # type: ignore[union-attr]
    driver.confirm()
    assert driver.pending() is None
    assert files(firewall) == []
    assert not driver.plan(candidate(), driver.snapshot())
    assert "event manager" not in driver.get_config()["running"]


def test_undone_it_is_as_before_to_the_byte_with_secrets(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    before = driver.snapshot()
    assert "theirs-ends-in#" in before.parts["asa"]
    arm_and_push(driver, candidate())
    driver.rollback()
    after = driver.snapshot()
    assert after.parts["asa"] == before.parts["asa"]
    assert after.fingerprint == before.fingerprint
    assert files(firewall) == []
    assert driver.pending() is None
    driver.rollback()  # nothing is pending, so nothing happens


def test_a_change_of_a_key_is_undone_to_the_old_key(boot: Boot) -> None:
    driver = opened(boot())
    arm_and_push(driver, candidate())
    driver.confirm()
    before = driver.snapshot()
    change = driver.plan(candidate(key="rotated"), before)
    assert [effect.kind for effect in change.effects] == ["tunnel-rekey"]
    arm_and_push(driver, candidate(key="rotated"), "run-2")
    assert "rotated#" in driver.snapshot().parts["asa"]
    driver.rollback()
    assert driver.snapshot().parts["asa"] == before.parts["asa"]
    assert "ours#" in before.parts["asa"]


def test_write_memory_comes_with_confirmation_and_not_before(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    arm_and_push(driver, candidate())
    assert "RB-GCM" not in driver.get_config("startup")["startup"]
    driver.confirm()
    startup = driver.get_config("startup")["startup"]
    assert "RB-GCM" in startup
    assert "event manager" not in startup


def test_a_reboot_in_the_middle_comes_back_with_the_old_configuration(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    driver._session.run("write memory")
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
from tests.lab.asa_driver import test_transaction as here
from tests.lab.asa_driver.firewall import Firewall
firewall = Firewall(Path(sys.argv[1]), port=int(sys.argv[2]))
driver = here.opened(firewall)
driver.plan(here.candidate(), driver.snapshot())
driver.arm("killed", 6)
session = driver._session
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


@pytest.mark.parametrize("blocks", [1, 3, 5])
def test_killed_in_the_middle_of_a_push_it_is_back_by_itself_without_a_reboot(
    boot: Boot, tmp_path: Path, blocks: int
) -> None:
    firewall = boot()
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
    assert (pending.run_id, pending.phase) == ("killed", "armed")
    eventually(lambda: watcher.snapshot().parts["asa"] == before.parts["asa"])
    eventually(lambda: files(firewall) == ["RB-killed.run"])
    (marker,) = firewall.disk.rglob("RB-killed.run")
    assert "#" not in marker.read_text()  # every secret here ends in one
    pending = watcher.pending()
    assert pending is not None
    assert (pending.run_id, pending.phase) == ("killed", "reverted")
    assert watcher.get_facts()["uptime"] >= uptime
    watcher.rollback()
    assert watcher.pending() is None
    assert files(firewall) == []


def test_another_process_rolls_back_with_what_is_on_the_device(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    before = driver.snapshot()
    arm_and_push(driver, candidate())
    driver.close()
    other = opened(firewall)
    other.rollback()
    assert other.snapshot().parts["asa"] == before.parts["asa"]
    assert files(firewall) == []


def test_another_process_confirms(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    arm_and_push(driver, candidate())
    driver.close()
    other = opened(firewall)
    assert other.has_pending_commit()
    other.confirm_commit()
    assert not other.has_pending_commit()
    assert "RB-GCM" in other.get_config("startup")["startup"]


def test_a_confirmation_after_the_timer_is_refused_and_saves_nothing(boot: Boot) -> None:
    driver = opened(boot())
    before = driver.snapshot()
    arm_and_push(driver, candidate(), seconds=3)
    eventually(lambda: driver.snapshot().fingerprint == before.fingerprint)
    with pytest.raises(DriverError, match="timer has fired"):
        driver.confirm()
    assert "RB-GCM" not in driver.get_config("startup")["startup"]


def test_extending_moves_the_timer(boot: Boot) -> None:
    driver = opened(boot())
    before = driver.snapshot()
    arm_and_push(driver, candidate(), seconds=30)
    driver.extend(300)
    pending = driver.pending()
    assert pending is not None
    assert 290 <= pending.remaining <= 300
    driver.extend(2)
    eventually(lambda: driver.snapshot().fingerprint == before.fingerprint)


def test_a_refused_line_stops_the_push_and_the_undo_brings_everything_back(boot: Boot) -> None:
    driver = opened(boot())
    before = driver.snapshot()
    wrong = OURS.replace(" tunnel destination 203.0.113.9", " tunnel destination nonsense")
    assert driver.plan(candidate(wrong), before)
    driver.arm("run-1", 60)
    with pytest.raises(CandidateError, match="nonsense") as caught:
        driver.push()
    assert caught.value.changed
    driver.rollback()
    assert driver.snapshot().parts["asa"] == before.parts["asa"]


def test_a_device_that_changed_since_the_plan_is_refused_before_anything_is_stored(boot: Boot) -> None:
    firewall = boot()
    driver, somebody = opened(firewall), opened(firewall)
    driver.plan(candidate(), driver.snapshot())
    somebody._session.configure(["object network NEW", "host 10.9.9.9"])
    with pytest.raises(StaleError):
        driver.arm("run-1", 60)
    assert files(firewall) == []
    assert driver.pending() is None


def test_a_second_run_is_refused_while_one_is_pending(boot: Boot) -> None:
    firewall = boot()
    first, second = opened(firewall), opened(firewall)
    second.plan(candidate(key="other"), second.snapshot())
    arm_and_push(first, candidate())
    with pytest.raises(DriverError, match="run run-1 left an unconfirmed change"):
        second.arm("run-2", 60)
    first.rollback()


def test_somebody_elses_change_in_the_meantime_is_undone_with_ours(boot: Boot) -> None:
    firewall = boot()
    driver, somebody = opened(firewall), opened(firewall)
    before = driver.snapshot()
    arm_and_push(driver, candidate())
    somebody._session.configure(["object network NEW", "host 10.9.9.9"])
    driver.rollback()
    assert driver.snapshot().parts["asa"] == before.parts["asa"]


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


def test_a_standby_unit_is_refused(boot: Boot) -> None:
    firewall = boot(failover={"unit": "secondary", "state": "standby"})
    driver = firewall.driver()
    with pytest.raises(DriverError, match="standby unit"):
        driver.open()
        driver.snapshot()


def test_napalms_own_way_of_committing(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    before = driver.get_config("running")["running"]
    driver.load_merge_candidate(config=OURS.replace("{key}", "napalm"))
    assert "+interface Tunnel1" in driver.compare_config()
    assert "napalm#" not in driver.compare_config()
    driver.commit_config(revert_in=60)
    assert driver.has_pending_commit()
    driver.confirm_commit()
    assert not driver.has_pending_commit()
    assert driver.compare_config() == ""
    driver.load_replace_candidate(config=before)
    assert "-interface Tunnel1" in driver.compare_config()
    driver.commit_config()
    assert driver.get_config("running")["running"].split("\n")[:-3] == before.split("\n")[:-3]
    driver.rollback()
    assert "interface Tunnel1" in driver.get_config("running")["running"]


def test_masked_secrets_are_not_taken_for_secrets(boot: Boot) -> None:
    driver = opened(boot())
    driver.load_replace_candidate(config=OURS.replace("{key}#", "*****"))
    with pytest.raises(ReplaceConfigException, match="asterisks"):
        driver.compare_config()


def test_secrets_are_redacted_unless_they_are_asked_for(boot: Boot) -> None:
    driver = boot().driver(secrets=False)
    driver.open()
    assert "theirs-ends-in#" not in driver.get_config()["running"]
    assert "theirs-ends-in#" not in str(driver.cli(["more system:running-config"]))


@pytest.mark.parametrize("command", ["configure terminal", "write memory", "reload", "clear crypto ikev2 sa", "no x"])
def test_cli_runs_reading_commands_only(boot: Boot, command: str) -> None:
    driver = opened(boot())
    with pytest.raises(CommandErrorException):
        driver.cli([command])


def test_on_the_active_unit_of_a_pair_the_mate_has_it_before_the_push_is_done(boot: Boot) -> None:
    firewall = boot(failover={"unit": "primary", "state": "active"})
    driver = opened(firewall)
    before = driver.snapshot()
    arm_and_push(driver, candidate())
    driver.rollback()
    assert driver.snapshot().parts["asa"] == before.parts["asa"]
    arm_and_push(driver, candidate(), "run-2")
    driver.confirm()
    assert not driver.plan(candidate(), driver.snapshot())


def test_in_a_context_there_is_no_eem_and_a_change_goes_there_and_back(boot: Boot) -> None:
    firewall = boot(contexts=["admin", "customer"])
    driver = opened(firewall, context="customer")
    driver.plan(candidate("object network RB-ONE\n host 10.9.9.9\n"), driver.snapshot())
    wanted = Candidate((Section("asa", "asa", "object network RB-ONE\n host 10.9.9.9\n", ("object network RB-*",)),))
    assert driver.plan(wanted, driver.snapshot())
    with pytest.raises(DriverError, match="multiple context mode"):
        driver.arm("run-1", 60)
    driver.close()
    driver = opened(firewall, context="customer", dead_man="none", accept_no_dead_man=True)
    before = driver.snapshot()
    arm_and_push(driver, wanted)
    assert "RB-ONE" in driver.snapshot().parts["asa"]
    driver.rollback()
    assert driver.snapshot().parts["asa"] == before.parts["asa"]
    arm_and_push(driver, wanted, "run-2")
    driver.confirm()
    assert not driver.plan(wanted, driver.snapshot())


class TestTheLock:
    def test_of_two_runs_one_has_it_and_the_other_is_told_whose_it_is(self, boot: Boot) -> None:
        firewall = boot()
        first, second = opened(firewall), opened(firewall)
        ours = Lock("20260101-000000-aaaaaa", "us@here", 1.0, 2.0)
        theirs = Lock("20260101-000000-bbbbbb", "them@there", 1.0, 2.0)
        first.lock(ours)
        with pytest.raises(LockedError, match="us@here"):
            second.lock(theirs)
        first.lock(replace(ours, decided=True))
        assert second.locked() == replace(ours, decided=True)
        second.unlock(theirs.run_id)
        assert second.locked() is not None
        first.unlock(ours.run_id)
        assert second.locked() is None
        second.lock(theirs)
        second.unlock(theirs.run_id)

    def test_it_is_nobodys_unfinished_change(self, boot: Boot) -> None:
        driver = opened(boot())
        before = driver.snapshot()
        driver.lock(Lock("20260101-000000-aaaaaa", "us@here", 1.0, 2.0))
        assert driver.pending() is None
        assert driver.snapshot() == before
        driver.unlock("20260101-000000-aaaaaa")
