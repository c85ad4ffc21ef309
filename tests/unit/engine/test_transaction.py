"""The transaction over hosts that do as they are told, and over some that do not."""

import pytest

from routebook.device.errors import DriverError, LostContactError
from tests.unit.engine.world import World

ALL = ("ch-edge1", "ch-edge2", "no-edge1", "no-edge2")


def refuse(message: str) -> None:
    raise DriverError(message)


def test_a_change_is_confirmed_everywhere_and_survives_a_reboot(world: World) -> None:
    world.wanted = dict.fromkeys(ALL, "new\n")
    assert world.run().outcome == "confirmed"
    assert {device.saved for device in world.devices.values()} == {"new\n"}
    assert all(device.pending is None for device in world.devices.values())


def test_every_host_is_armed_before_the_first_push_anywhere(world: World) -> None:
    world.wanted = dict.fromkeys(ALL, "new\n")
    world.run()
    order = [step for step, _ in world.steps("arm", "push")]
    assert order == ["arm"] * 4 + ["push"] * 4


def test_a_failed_check_on_one_host_rolls_all_of_them_back(world: World) -> None:
    world.wanted = dict.fromkeys(ALL, "new\n")
    world.failing = lambda view: ["ch-edge1"] if view.before else []
    result = world.run()
    assert result.outcome == "rolled_back"
    assert set(world.texts().values()) == {"old\n"}


@pytest.mark.parametrize("step", ["push", "activate", "confirm"])
def test_a_host_that_fails_in_the_middle_rolls_all_of_them_back(world: World, step: str) -> None:
    world.wanted = dict.fromkeys(ALL, "new\n")
    world["no-edge2"].fails[step] = lambda: refuse("the disk is on fire")
    result = world.run()
    assert result.outcome == "rolled_back"
    assert result.exit_code == 3
    assert "on fire" in result.hosts["no-edge2"].message
    assert set(world.texts().values()) == {"old\n"}
    assert all(device.pending is None for device in world.devices.values())


NO_CHARON = DriverError("charon does not answer")


class TestRollingBackFails:
    """A device that answers, but whose daemon is not there, or that is lost."""

    def fails(self, world: World, *, times: int, seconds: float = 0.0, error: Exception = NO_CHARON) -> None:
        world.wanted = dict.fromkeys(ALL, "new\n")
        world["no-edge2"].fails["push"] = lambda: refuse("the disk is on fire")
        world["no-edge2"].fails["rollback"] = world.raising(error, times=times, seconds=seconds)

    def test_it_is_tried_again(self, world: World) -> None:
        self.fails(world, times=2)
        assert world.run().outcome == "rolled_back"
        assert set(world.texts().values()) == {"old\n"}

    def test_one_that_needs_long_to_fail_is_tried_once_more_and_not_for_ever(self, world: World) -> None:
        self.fails(world, times=2, seconds=90.0)
        assert world.run().outcome == "needs_attention"

    def test_what_one_that_does_not_come_back_said_last_is_told(self, world: World) -> None:
        self.fails(world, times=100, seconds=30.0, error=LostContactError("no-edge2 does not answer"))
        result = world.run()
        assert result.hosts["no-edge2"].message == "lost: it did not answer again; look at it by its console"
        assert world.told().count("roll back no-edge2 no-edge2 does not answer") == 2  # at first, and at last

    def test_one_on_which_it_goes_on_failing_needs_attention(self, world: World) -> None:
        self.fails(world, times=100, seconds=30.0)
        result = world.run()
        assert result.outcome == "needs_attention"
        assert result.hosts["no-edge2"].message == "charon does not answer"
        assert {host: state.state for host, state in result.hosts.items()} == {
            **dict.fromkeys(ALL, "rolled_back"), "no-edge2": "needs_attention"
        }  # fmt: skip
