"""A run is not called well before its devices have certainly begun to use what they were given."""

import time

import pytest
from msgspec.structs import replace

from routebook.device.candidate import Candidate
from routebook.device.values import Change, Snapshot
from tests.unit.engine.world import MemoryDriver, World


def test_what_shows_only_then_rolls_the_run_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.wanted = {"no-edge1": "new\n"}
    plan = MemoryDriver.plan

    def slow(self: MemoryDriver, candidate: Candidate, snapshot: Snapshot) -> Change:
        return replace(plan(self, candidate, snapshot), takes=1.0)

    monkeypatch.setattr(MemoryDriver, "plan", slow)
    pushed: list[float] = []

    def leaks(view: object) -> list[str]:
        del view
        if world["no-edge1"].running == "new\n":
            pushed.append(time.monotonic())
        return ["no-edge1"] if pushed and time.monotonic() - pushed[0] > 0.5 else []

    world.failing = leaks
    result = world.run()
    assert result.outcome == "rolled_back"
    assert world["no-edge1"].running == "old\n"
