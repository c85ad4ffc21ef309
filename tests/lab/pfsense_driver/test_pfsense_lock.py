"""Of two runs that want a pfSense one has its lock."""

import pytest
from msgspec.structs import replace

from routebook.device.errors import LockedError
from routebook.device.values import Lock
from tests.lab.pfsense_driver.firewall import Firewall

OURS = Lock("20260101-000000-aaaaaa", "us@here", 1.0, 2.0)
THEIRS = Lock("20260101-000000-bbbbbb", "them@there", 1.0, 2.0)


@pytest.mark.parametrize(("user", "password"), [("root", ""), ("operator", "")])
def test_of_two_runs_one_has_it_and_the_other_is_told_whose_it_is(firewall: Firewall, user: str, password: str) -> None:
    first, second = firewall.driver(user, password), firewall.driver("root")
    first.lock(OURS)
    with pytest.raises(LockedError, match="us@here"):
        second.lock(THEIRS)
    decided = replace(OURS, decided=({"fw1": "before"},))
    first.lock(decided)
    assert second.locked() == decided
    assert second.pending() is None
    second.unlock(THEIRS.run_id)
    assert second.locked() is not None
    first.unlock(OURS.run_id)
    assert second.locked() is None
    second.lock(THEIRS)
    second.unlock(THEIRS.run_id)
