"""Of two runs that want an ASA one has its lock, and the lock is nobody's unfinished change."""

from dataclasses import replace

import pytest

from custom_napalm.contract import Lock, LockedError
from tests.lab.asa_driver.changes import opened
from tests.lab.asa_driver.firewall import Firewall

OURS = Lock("20260101-000000-aaaaaa", "us@here", 1.0, 2.0)
THEIRS = Lock("20260101-000000-bbbbbb", "them@there", 1.0, 2.0)


def test_of_two_runs_one_has_it_and_the_other_is_told_whose_it_is(firewall: Firewall) -> None:
    first, second = opened(firewall), opened(firewall)
    first.lock(OURS)
    with pytest.raises(LockedError, match="us@here"):
        second.lock(THEIRS)
    first.lock(replace(OURS, decided=True))
    assert second.locked() == replace(OURS, decided=True)
    second.unlock(THEIRS.run_id)
    assert second.locked() is not None
    first.unlock(OURS.run_id)
    assert second.locked() is None
    second.lock(THEIRS)
    second.unlock(THEIRS.run_id)


def test_it_is_nobodys_unfinished_change(firewall: Firewall) -> None:
    driver = opened(firewall)
    before = driver.snapshot()
    driver.lock(OURS)
    assert driver.pending() is None
    assert driver.snapshot() == before
    driver.unlock(OURS.run_id)
