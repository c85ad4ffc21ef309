"""What a transaction promises of an ASA, against the lab's command line over SSH."""

import pytest
from napalm.base.exceptions import MergeConfigException, ReplaceConfigException

from routebook.device.candidate import Candidate, Section
from routebook.device.errors import CandidateError, CommandRefusedError, DriverError, StaleError
from routebook.device.values import Lock, Pending
from routebook.platforms.asa.driver import AsaDriver
from tests.lab.asa_driver.changes import OURS, Boot, arm_and_push, candidate, files, opened
from tests.lab.asa_driver.firewall import Firewall, napalm

RUN, OTHER = "20260101-000000-aaaaaa", "20260101-000000-bbbbbb"


def test_connecting_reading_and_planning_change_nothing(firewall: Firewall) -> None:
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
    assert driver.reached().client == "127.0.0.1"
    assert driver.pending() is None
    driver.close()
    assert before.snapshot().parts["asa"] == text == snapshot.parts["asa"]
    assert files(firewall) == []
    assert change.commands
    assert "ours#" not in change.diff + str(change.commands) + str(change.undo)
    assert {effect.kind for effect in change.effects} == {"session-new", "tunnel-new", "prefix-list"}


def test_what_is_pushed_is_what_runs_and_a_second_run_sends_nothing(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    arm_and_push(driver, candidate())
    text = driver.snapshot().parts["asa"]
    assert "pre-shared-key ours#" in text
    assert "event manager" not in text
    pending = driver.pending()
    assert pending is not None
    assert pending == Pending("run-1", "armed", pending.remaining)
    driver.confirm()
    driver.unlock("run-1")
    assert driver.pending() is None
    assert files(firewall) == []
    assert not driver.plan(candidate(), driver.snapshot())
    assert "event manager" not in driver.get_config()["running"]


def test_undone_it_is_as_before_to_the_byte_with_secrets(firewall: Firewall) -> None:
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


def test_a_confirmed_change_is_undone_until_it_is_unlocked_and_saved_so(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    driver.session.run("write memory")
    before = driver.snapshot()
    arm_and_push(driver, candidate())
    driver.confirm()
    driver.confirm()  # idempotent
    assert files(firewall) == ["RB-run-1.done", "RB-run-1.undo"]
    driver.close()
    later = opened(firewall)
    assert later.pending() == Pending("run-1", "confirmed", 0)
    assert not napalm(later).has_pending_commit()
    assert "RB-GCM" in later.get_config("startup")["startup"]
    later.rollback()
    assert later.snapshot().parts["asa"] == before.parts["asa"]
    assert "RB-GCM" not in later.get_config("startup")["startup"]
    assert files(firewall) == []


def test_what_undoes_a_confirmed_change_is_gone_when_it_is_unlocked(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    lock = Lock(RUN, "us@here", 1.0, 2.0)
    driver.lock(lock)
    arm_and_push(driver, candidate(), RUN)
    driver.confirm()
    driver.unlock(OTHER)
    assert files(firewall) == [f"RB-{RUN}.done", f"RB-{RUN}.lck", f"RB-{RUN}.undo"]
    driver.unlock(RUN)
    assert files(firewall) == []
    driver.rollback()
    assert "RB-GCM" in driver.snapshot().parts["asa"]


@pytest.mark.parametrize("step", ["lock", "arm"])
def test_what_a_dead_run_without_a_lock_has_left_the_next_one_deletes(boot: Boot, step: str) -> None:
    firewall = boot()
    driver = opened(firewall)
    arm_and_push(driver, candidate(), "dead")
    driver.confirm()
    driver.close()
    later = opened(firewall)
    if step == "lock":
        later.lock(Lock(RUN, "us@here", 1.0, 2.0))
        assert files(firewall) == [f"RB-{RUN}.lck"]
        later.unlock(RUN)
    else:
        arm_and_push(later, candidate(key="rotated"), "next")
        assert files(firewall) == ["RB-next.run", "RB-next.undo"]
        later.rollback()
    assert files(firewall) == []
    assert "pre-shared-key ours#" in later.snapshot().parts["asa"]


def die_before_saving(driver: AsaDriver) -> None:
    """Confirm, up to the moment at which the running configuration would be saved."""
    timer = driver.timer
    found = timer.find()
    timer.disarm(found)
    timer.keep(found)
    driver.close()


def test_a_confirmation_that_died_before_it_saved_is_completed(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    arm_and_push(driver, candidate())
    die_before_saving(driver)
    later = opened(firewall)
    assert later.pending() == Pending("run-1", "confirmed", 0)
    assert "RB-GCM" not in later.get_config("startup")["startup"]
    later.confirm()
    assert "RB-GCM" in later.get_config("startup")["startup"]


def test_a_device_that_rebooted_before_it_saved_is_not_confirmed_and_its_undo_goes(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    driver.session.run("write memory")
    before = driver.snapshot()
    arm_and_push(driver, candidate())
    die_before_saving(driver)
    firewall.stop()
    firewall.boot()
    later = opened(firewall)
    with pytest.raises(DriverError, match="not confirmed"):
        later.confirm()
    later.rollback()
    assert later.snapshot().fingerprint == before.fingerprint
    assert files(firewall) == []


def test_a_refused_line_stops_the_push_and_the_undo_brings_everything_back(firewall: Firewall) -> None:
    driver = opened(firewall)
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
    somebody.session.configure(["object network NEW", "host 10.9.9.9"])
    with pytest.raises(StaleError):
        driver.arm("run-1", 60)
    assert files(firewall) == []
    assert driver.pending() is None


def test_what_somebody_typed_after_the_push_is_kept_and_named(boot: Boot) -> None:
    """The inverse of the change takes back what it made; whose the rest is, nobody asked."""
    firewall = boot()
    driver, somebody = opened(firewall), opened(firewall)
    before = driver.snapshot()
    arm_and_push(driver, candidate())
    somebody.session.configure(["object network NEW", "host 10.9.9.9"])
    somebody.session.leave_configuration()
    driver.rollback()
    change, now = driver.foreign_change, driver.snapshot()
    assert change is not None
    assert change.kept is not None
    assert change.kept.fingerprint == now.fingerprint
    assert [line for line in change.diff.splitlines() if line[0] in "+-"] == ["+object network NEW", "+ host 10.9.9.9"]
    assert driver.difference(before, now) == change.diff
    assert files(firewall) == []
    assert driver.pending() is None


def test_what_somebody_typed_into_what_was_pushed_goes_with_it_and_is_named(boot: Boot) -> None:
    firewall = boot()
    driver, somebody = opened(firewall), opened(firewall)
    before = driver.snapshot()
    arm_and_push(driver, candidate())
    somebody.session.configure(["interface Tunnel1", "description THEIRS"])
    somebody.session.leave_configuration()
    driver.rollback()
    change = driver.foreign_change
    assert change is not None
    assert change.kept is None
    assert "description THEIRS" in change.diff
    assert driver.snapshot().parts["asa"] == before.parts["asa"]


def test_disarming_leaves_what_was_typed_and_nothing_of_the_run(boot: Boot) -> None:
    firewall = boot()
    driver, somebody = opened(firewall), opened(firewall)
    driver.plan(candidate(), driver.snapshot())
    driver.arm("run-1", 60)
    somebody.session.configure(["object network NEW", "host 10.9.9.9"])
    somebody.session.leave_configuration()
    driver.disarm()
    assert files(firewall) == []
    assert driver.pending() is None
    assert "object network NEW" in driver.snapshot().parts["asa"]
    driver.disarm()  # nothing is left to do


def test_what_was_pushed_cannot_be_disarmed(firewall: Firewall) -> None:
    driver = opened(firewall)
    arm_and_push(driver, candidate())
    with pytest.raises(DriverError, match="the push has begun there: roll it back"):
        driver.disarm()
    driver.rollback()


def test_a_standby_unit_is_refused(boot: Boot) -> None:
    firewall = boot(failover={"unit": "secondary", "state": "standby"})
    driver = firewall.driver()
    with pytest.raises(DriverError, match="standby unit"):
        driver.open()
        driver.snapshot()


def test_napalms_own_way_of_committing(boot: Boot) -> None:
    firewall = boot()
    driver = napalm(opened(firewall))
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


def test_masked_secrets_are_not_taken_for_secrets(firewall: Firewall) -> None:
    driver = napalm(opened(firewall))
    driver.load_replace_candidate(config=OURS.replace("{key}#", "*****"))
    with pytest.raises(ReplaceConfigException, match="asterisks"):
        driver.compare_config()


def test_secrets_are_redacted_unless_they_are_asked_for(firewall: Firewall) -> None:
    driver = opened(firewall, secrets=False)
    assert "theirs-ends-in#" not in driver.get_config()["running"]
    assert "theirs-ends-in#" not in str(driver.cli(["more system:running-config"]))


def test_cli_runs_reading_commands_only(firewall: Firewall) -> None:
    driver = opened(firewall)
    for command in ("configure terminal", "write memory", "reload", "clear crypto ikev2 sa", "no x"):
        with pytest.raises(CommandRefusedError):
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


def test_a_candidate_that_points_at_nothing_or_takes_away_what_others_use_is_refused(boot: Boot) -> None:
    driver = opened(boot())
    before = driver.snapshot()
    dangling = candidate(OURS.replace("match ip address prefix-list RB-OUT", "match ip address prefix-list RB-NONE"))
    with pytest.raises(CandidateError, match=r"prefix-list RB-NONE is not defined .*nothing was changed"):
        driver.plan(dangling, before)
    arm_and_push(driver, candidate())
    without_profile = Candidate((Section("asa", "asa", "", ("crypto ipsec profile RB-*",)),))
    with pytest.raises(CandidateError, match="RB-GCM would no longer be defined and is used by"):
        driver.plan(without_profile, driver.snapshot())
    committing = napalm(driver)
    committing.load_merge_candidate(config="access-list SOMEBODY-ELSE extended permit ip any object NEW")
    with pytest.raises(MergeConfigException, match="object NEW is not defined"):
        committing.compare_config()
