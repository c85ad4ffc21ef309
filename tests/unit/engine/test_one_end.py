"""What changes at both ends of a session or tunnel is not pushed at one of them."""

import pytest

from routebook.device.errors import LostContactError
from routebook.device.values import Effect, EffectKind
from routebook.run import commands
from tests.unit.engine.world import World

TUNNEL, SESSION = "no-edge1--ch-edge1", {"no-edge1": "10.255.4.1", "ch-edge1": "10.255.3.1"}


def changing(world: World, kind: EffectKind, *hosts: str) -> None:
    """Hosts on which the intent changes the tunnel between no-edge1 and ch-edge1, or the session."""
    for host in hosts:
        world.wanted[host] = "new\n"
        subject = SESSION[host] if kind.startswith("session") else TUNNEL
        world.effects[host] = (Effect(kind, subject, "another key"),)


@pytest.mark.parametrize("kind", ["tunnel-rekey", "child-rekey", "tunnel-new", "session-reset", "session-new"])
def test_one_end_of_what_changes_at_both_is_refused_with_the_other_ones_name(world: World, kind: EffectKind) -> None:
    changing(world, kind, "no-edge1", "ch-edge1")
    result = world.run("no-edge1,no-edge2")
    assert (result.outcome, result.exit_code) == ("refused", 1)
    assert "no-edge1 – ch-edge1 changes at both ends, and ch-edge1 is not part of this run" in result.message
    assert "--limit ch-edge1,no-edge1,no-edge2" in result.message
    assert not world.steps("lock", "arm", "push")


def test_a_plan_of_one_end_says_so(world: World) -> None:
    changing(world, "tunnel-rekey", "no-edge1", "ch-edge1")
    result = commands.plan(world.running("no-edge1"), world.runbook())
    assert [note for note in result.notes if "changes at both ends, and ch-edge1 is not part of this run" in note]


def test_both_ends_together_are_in_order(world: World) -> None:
    changing(world, "tunnel-rekey", "no-edge1", "ch-edge1")
    assert world.run("no-edge1,ch-edge1").outcome == "confirmed"


def test_an_end_whose_other_one_has_it_already_is_in_order(world: World) -> None:
    changing(world, "tunnel-rekey", "no-edge1")
    assert world.run("no-edge1").outcome == "confirmed"


@pytest.mark.parametrize("kind", ["tunnel-removed", "session-removed"])
def test_what_goes_away_may_go_at_one_end_first(world: World, kind: EffectKind) -> None:
    changing(world, kind, "no-edge1", "ch-edge1")
    assert world.run("no-edge1").outcome == "confirmed"


def test_it_can_be_accepted(world: World) -> None:
    changing(world, "tunnel-rekey", "no-edge1", "ch-edge1")
    assert world.run("no-edge1", accept=frozenset({"one-end", "no-redundancy"})).outcome == "confirmed"


def test_an_other_end_that_cannot_be_read_is_for_the_checks(world: World) -> None:
    changing(world, "tunnel-rekey", "no-edge1", "ch-edge1")
    world["ch-edge1"].fails["snapshot"] = world.raising(LostContactError("gone"), times=9)
    assert "changes at both ends" not in world.run("no-edge1").message
