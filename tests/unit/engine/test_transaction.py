"""The transaction over hosts that do as they are told, and over some that do not."""

import pytest

from custom_napalm.contract import DriverError
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
