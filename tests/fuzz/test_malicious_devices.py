"""Devices that lie, shout and never end: a recorded seed of `make fuzz`, short enough for every run of the tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.devices import Devices, devices
from tests.fuzz.trial import Trial, carry_out, make_project, trials

SEED, COUNT = 1, 12


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Devices]]:
    folder = tmp_path_factory.mktemp("fuzz")
    with devices(folder) as made:
        yield make_project(folder, made), made


def test_honest_devices_are_understood(place: tuple[Path, Devices]) -> None:
    """Or nothing that is spoiled would say anything."""
    for command, code in (("plan", 2), ("drift", 2), ("scan", 0)):
        trial = Trial(0, command, "pipe", dict.fromkeys(("edge1", "fw1", "fw2"), "honest"))
        ended = carry_out(trial, *place, SEED)
        assert not ended.wrong
        assert ended.code == code, ended.out + ended.err


@pytest.mark.parametrize("trial", trials(SEED, COUNT), ids=lambda each: f"{each.command}-{each.through}-{each.number}")
def test_no_answer_of_a_device_breaks_a_command(place: tuple[Path, Devices], trial: Trial) -> None:
    ended = carry_out(trial, *place, SEED)
    assert not ended.wrong, f"{trial}\n" + "\n".join(ended.wrong)
