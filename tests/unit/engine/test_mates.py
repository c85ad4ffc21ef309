"""What a device sends to its mate before anybody has confirmed it is said by the plan, and refused unless accepted."""

from routebook.run import commands
from tests.unit.engine.world import World

SENT = "it sends ipsec to its mate 10.0.0.2 by itself"


def sending(world: World) -> None:
    world.wanted["no-edge1"] = "new\n"
    world.synchronised["no-edge1"] = (SENT,)


def test_it_is_refused_with_the_word_that_accepts_it(world: World) -> None:
    sending(world)
    result = world.run("no-edge1")
    assert (result.outcome, result.exit_code) == ("refused", 1)
    assert f"no-edge1: {SENT} (to do it all the same: --accept ha-sync)" in result.message
    assert result.message.endswith("nothing was changed")
    assert not world.steps("lock", "arm", "push")


def test_a_plan_says_so(world: World) -> None:
    sending(world)
    result = commands.plan(world.running("no-edge1"), world.runbook())
    assert [note for note in result.notes if note.startswith(f"danger: no-edge1: {SENT}")]


def test_it_can_be_accepted(world: World) -> None:
    sending(world)
    assert world.run("no-edge1", accept=frozenset({"ha-sync", "no-redundancy"})).outcome == "confirmed"


def test_without_a_change_nothing_is_sent(world: World) -> None:
    world.synchronised["no-edge1"] = (SENT,)
    assert world.run("no-edge1").outcome == "unchanged"
