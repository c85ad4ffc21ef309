"""A device that is asked for each best path by itself is asked at the first look, and before all is called well."""

import threading
import time
from collections.abc import Sequence
from ipaddress import ip_network

import pytest

from routebook.checks.facts import Explanations
from routebook.checks.findings import Finding, Status
from routebook.device.errors import DriverError
from routebook.device.state import IPNetwork, Route
from routebook.device.values import State
from routebook.run.fan_out import Answers
from routebook.run.watch import Watcher
from tests.unit.engine.world import MemoryDriver, World

HOST = "no-edge1"
PREFIXES = (ip_network("10.3.0.0/16"), ip_network("10.4.0.0/16"))


class Asked:
    """How often the device was asked for paths: with its state, and for them alone."""

    def __init__(self) -> None:
        self.states: list[bool] = []
        self.paths = 0
        self.fails = False


@pytest.fixture
def asked(world: World, monkeypatch: pytest.MonkeyPatch) -> Asked:
    found = Asked()
    world[HOST].state = State((), ())

    def state(_: MemoryDriver, prefixes: Sequence[IPNetwork] = ()) -> State:
        found.states.append(bool(prefixes))
        return State((), (), routes=tuple(Route(each, "192.0.2.1") for each in prefixes))

    def best_paths(_: MemoryDriver, prefixes: Sequence[IPNetwork]) -> tuple[Route, ...]:
        found.paths += 1
        if found.fails:
            raise DriverError("it does not answer")
        return tuple(Route(each, "192.0.2.1") for each in prefixes)

    monkeypatch.setattr(MemoryDriver, "paths_one_by_one", True)
    monkeypatch.setattr(MemoryDriver, "state", state)
    monkeypatch.setattr(MemoryDriver, "best_paths", best_paths)
    return found


def watched(world: World, *statuses: Status, deadline: float = 30) -> Watcher:
    """Look until the statuses are used up; the last one stays."""
    left = list(statuses)

    def judge(seen: Answers[State], explanations: Explanations, *, final: bool) -> list[Finding]:
        del explanations
        status = left.pop(0) if len(left) > 1 else left[0]
        status = "failed" if seen.errors or (final and status == "pending") else status
        return [Finding(HOST, "test.check", HOST, status)]

    workspace = world.workspace()
    watcher = Watcher(
        workspace.nornir, [HOST], deadline, threading.Event(), time.monotonic(),
        prefixes=PREFIXES, judged=[HOST],
    )  # fmt: skip
    watcher.watch(judge)
    return watcher


def test_the_first_look_has_them_and_those_in_between_have_not(world: World, asked: Asked) -> None:
    watcher = watched(world, "pending", "pending", "pending", "ok")
    assert asked.states == [True, False, False, False]
    assert asked.paths == 1
    assert watcher.now[HOST].routes


def test_one_look_that_finds_all_well_asks_once(world: World, asked: Asked) -> None:
    watched(world, "ok")
    assert (asked.states, asked.paths) == ([True], 0)


def test_at_the_deadline_they_are_asked_for_again(world: World, asked: Asked) -> None:
    watcher = watched(world, "pending", deadline=0.5)
    assert asked.states[0] and not any(asked.states[1:])
    assert asked.paths == 1
    assert watcher.now[HOST].routes


def test_a_device_that_does_not_say_them_is_not_called_well(world: World, asked: Asked) -> None:
    asked.fails = True
    watcher = watched(world, "pending", "ok")
    assert HOST not in watcher.now
