"""A healer can ask which tunnels are being worked on, and a run that died does not keep it away for ever."""

import time

import pytest

from routebook.device.values import Effect
from routebook.project.state_folder import state_folder
from routebook.run import commands
from routebook.run.leases import Lease, current
from tests.unit.engine.test_waves import FIRST, SECOND
from tests.unit.engine.world import World


@pytest.fixture
def during(world: World) -> list[Lease]:
    """The leases while a host is being pushed."""
    world.wanted = {"no-edge1": "new\n"}
    world.effects = {
        "no-edge1": (Effect("tunnel-rekey", FIRST, "key"), Effect("session-reset", "10.255.4.1", "password"))
    }
    found: list[Lease] = []
    world["no-edge1"].fails["push"] = lambda: found.extend(current(state_folder(world.project).leases))
    world.run()
    return found


def test_it_names_what_is_touched_while_that_is_touched(during: list[Lease]) -> None:
    (lease,) = during
    assert (lease.hosts, lease.tunnels, lease.sessions) == (("no-edge1",), (FIRST,), ("no-edge1 10.255.4.1",))
    assert lease.covers(FIRST)
    assert not lease.covers(SECOND)
    assert 120 <= lease.until - lease.since <= 240


def test_it_is_over_when_the_run_is(world: World, during: list[Lease]) -> None:
    assert during
    assert current(state_folder(world.project).leases) == []


def test_that_of_a_run_that_died_is_over_when_its_devices_have_undone_the_change(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(BaseException):
        """SIGKILL."""

    def die() -> None:
        raise KilledError

    world.wanted = {"no-edge1": "new\n"}
    world["no-edge1"].fails["push"] = die
    with pytest.raises(KilledError):
        world.run(confirm_timeout=60)
    (lease,) = current(state_folder(world.project).leases)
    monkeypatch.setattr(time, "time", lambda: lease.until + 1)
    assert current(state_folder(world.project).leases) == []


def test_a_dry_run_takes_none(world: World) -> None:
    world.wanted = {"no-edge1": "new\n"}
    commands.plan(world.running(), world.runbook())
    assert not state_folder(world.project).leases.exists()
