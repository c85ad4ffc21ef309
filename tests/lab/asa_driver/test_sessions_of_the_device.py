"""An ASA serves five sessions, and one whose line was cut is one of them until the device ends it."""

import pytest

from routebook.device.errors import ConnectionFailedError, LostContactError
from tests.lab.asa_driver.changes import Boot, opened
from tests.lab.asa_driver.firewall import Firewall
from tests.lab.waiting import wait_for


def test_a_sixth_login_says_why_it_is_refused_and_works_when_an_idle_one_has_been_ended(
    boot: Boot,
) -> None:
    firewall = boot(minute=2.0)
    idle = [opened(firewall) for _ in range(5)]
    with pytest.raises(ConnectionFailedError, match=r"five sessions at a time.*`ssh timeout`.*nothing was changed"):
        opened(firewall)
    wait_for(lambda: _logs_in(firewall), 30, "a sixth login")
    with pytest.raises(LostContactError):
        idle[0].snapshot()


def _logs_in(firewall: Firewall) -> bool:
    try:
        opened(firewall)
    except ConnectionFailedError:
        return False
    return True
