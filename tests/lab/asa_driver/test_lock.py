"""Of two runs that want an ASA one has its lock, and the lock is nobody's unfinished change."""

import re
import time

import pytest
from msgspec.structs import replace
from napalm.base.exceptions import CommitError

from routebook.device.errors import LockedError
from routebook.device.values import Lock
from tests.lab.asa_driver.changes import Boot, arm_and_push, candidate, files, opened
from tests.lab.asa_driver.firewall import Firewall, napalm

OURS = Lock("20260101-000000-aaaaaa", "us@here", 1.0, 2.0)
THEIRS = Lock("20260101-000000-bbbbbb", "them@there", 1.0, 2.0)


def test_of_two_runs_one_has_it_and_the_other_is_told_whose_it_is(firewall: Firewall) -> None:
    first, second = opened(firewall), opened(firewall)
    first.lock(OURS)
    with pytest.raises(LockedError, match="us@here"):
        second.lock(THEIRS)
    decided = replace(OURS, decided=({"fw1": "before"},))
    first.lock(decided)
    assert second.locked() == decided
    second.unlock(THEIRS.run_id)
    assert second.locked() is not None
    first.unlock(OURS.run_id)
    assert second.locked() is None
    second.lock(THEIRS)
    second.unlock(THEIRS.run_id)


def test_one_that_is_there_in_part_may_be_of_a_run_that_is_alive(firewall: Firewall) -> None:
    driver = opened(firewall)
    (firewall.disk / f"disk0/RB-{THEIRS.run_id}.0123456789ab.lck").write_text('{"run_id')
    found = driver.locked()
    assert found is not None
    assert found.run_id == THEIRS.run_id
    assert found.expires > time.time()
    with pytest.raises(LockedError, match="just taking it"):
        driver.lock(OURS)
    driver.unlock(THEIRS.run_id)
    assert files(firewall) == []


def test_it_is_nobodys_unfinished_change(firewall: Firewall) -> None:
    driver = opened(firewall)
    before = driver.snapshot()
    driver.lock(OURS)
    assert driver.pending() is None
    assert driver.snapshot() == before
    driver.unlock(OURS.run_id)


def test_a_commit_of_somebody_else_is_refused_and_told_whose_it_is(firewall: Firewall) -> None:
    driver, other = opened(firewall), opened(firewall)
    driver.lock(OURS)
    try:
        committing = napalm(other)
        committing.load_merge_candidate(config="object network RB-ONE\n host 10.9.9.9\n")
        with pytest.raises(CommitError, match="locked by run 20260101-000000-aaaaaa of us@here"):
            committing.commit_config()
    finally:
        driver.unlock(OURS.run_id)
    assert files(firewall) == []
    assert "RB-ONE" not in driver.snapshot().parts["asa"]


def test_a_commit_that_nobody_has_to_confirm_leaves_nothing(boot: Boot) -> None:
    firewall = boot()
    driver = opened(firewall)
    committing = napalm(driver)
    committing.load_merge_candidate(config="object network RB-ONE\n host 10.9.9.9\n")
    committing.commit_config()
    assert files(firewall) == []
    assert "RB-ONE" in driver.get_config("startup")["startup"]
    committing.rollback()
    assert files(firewall) == []
    assert "RB-ONE" not in driver.snapshot().parts["asa"]


def test_what_is_called_like_a_runs_file_and_is_none_is_neither_read_nor_overwritten_nor_deleted(
    boot: Boot,
) -> None:
    """Flash is everybody's who may log in, and the names of runs can be foreseen."""
    firewall = boot()
    foreign = {f"RB-{OURS.run_id}{kind}": f"somebody's {kind}\n" for kind in (".lck", ".undo", ".run", ".done")}
    foreign["RB-notes.done"] = "kept\n"
    for name, text in foreign.items():
        (firewall.disk / f"disk0/{name}").write_text(text)
    driver = opened(firewall)
    driver.lock(OURS)
    arm_and_push(driver, candidate(), OURS.run_id)
    made = {path.name for path in (firewall.disk / "disk0").iterdir()} - set(foreign)
    assert {re.sub(r"\.[0-9a-f]{12}\.", ".", name) for name in made if name.startswith("RB-")} == {
        f"RB-{OURS.run_id}.lck", f"RB-{OURS.run_id}.run", f"RB-{OURS.run_id}.undo",
    }  # fmt: skip
    driver.confirm()
    driver.unlock(OURS.run_id)
    driver.lock(THEIRS)
    driver.unlock(THEIRS.run_id)
    left = {path.name: path.read_text() for path in (firewall.disk / "disk0").glob("RB-*")}
    assert left == foreign
