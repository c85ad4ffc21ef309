"""What a device's own packet filter drops of what a plan adds is said before a push, with the rule to write."""

from collections.abc import Callable

import pytest

from routebook.device.errors import DriverError
from routebook.device.packet_filter import PASSES, Flow, Verdict
from routebook.device.values import Effect, EffectKind
from routebook.run import commands
from tests.unit.engine.world import World

TUNNEL, SESSION = "no-edge1--ch-edge1", {"no-edge1": "10.255.4.1", "ch-edge1": "10.255.3.1"}
DROPS = Verdict(passes=False, by="its rule 7", rule="permit it")


def adding(world: World, kind: EffectKind = "tunnel-new") -> None:
    for host in ("no-edge1", "ch-edge1"):
        world.wanted[host] = "new\n"
        subject = SESSION[host] if kind.startswith("session") else TUNNEL
        world.effects[host] = (Effect(kind, subject, "new"),)


def filtering(verdict: Verdict, which: Callable[[Flow], bool]) -> Callable[[Flow], Verdict]:
    return lambda flow: verdict if which(flow) else PASSES


def notes(world: World) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """The dangers of the plan, and each host's warnings."""
    result = commands.plan(world.running("no-edge1,ch-edge1"), world.runbook())
    dangers = [note for note in result.notes if note.startswith("danger: ")]
    return dangers, {name: host.warnings for name, host in result.hosts.items() if host.warnings}


def responder(world: World) -> str:
    intents = world.workspace().intents
    return next(
        host for host in ("no-edge1", "ch-edge1")
        for tunnel in intents[host].tunnels if tunnel.name == TUNNEL and not tunnel.initiator
    )  # fmt: skip


def test_what_the_end_that_waits_drops_is_a_danger_with_the_rule_to_write(world: World) -> None:
    adding(world)
    host = responder(world)
    world[host].filter = filtering(DROPS, lambda flow: flow.port == 500)
    (danger,), warnings = notes(world)
    assert danger.startswith(f"danger: {host}: its own packet filter drops UDP 500 from ")
    assert "its rule 7; to let it in: permit it" in danger
    assert danger.endswith("--accept filtered)")
    assert not warnings


def test_a_run_that_nobody_is_asked_about_is_refused_and_one_that_is_accepted_is_not(world: World) -> None:
    adding(world)
    world[responder(world)].filter = filtering(DROPS, lambda flow: flow.port == 500)
    result = world.run("no-edge1,ch-edge1")
    assert (result.outcome, result.exit_code) == ("refused", 1)
    assert "drops UDP 500" in result.message
    assert not world.steps("lock", "arm", "push")
    assert world.run("no-edge1,ch-edge1", accept=frozenset({"filtered", "no-redundancy"})).outcome == "confirmed"


def test_where_it_is_let_in_only_as_an_answer_the_end_that_begins_is_warned(world: World) -> None:
    adding(world)
    host = "ch-edge1" if responder(world) == "no-edge1" else "no-edge1"
    world[host].filter = filtering(DROPS, lambda flow: flow.port == 500 and not flow.answer)
    dangers, warnings = notes(world)
    assert not dangers
    assert "it can come up only when this end begins" in warnings[host][0]
    world[host].filter = filtering(DROPS, lambda flow: flow.port == 500)
    assert len(notes(world)[0]) == 1


def test_nat_traversal_is_a_warning_as_it_may_not_be_needed(world: World) -> None:
    adding(world)
    world[responder(world)].filter = filtering(DROPS, lambda flow: flow.port == 4500)
    dangers, warnings = notes(world)
    assert not dangers
    assert warnings[responder(world)][0].endswith("(needed only where there is NAT on the way)")


def test_a_session_that_either_end_can_begin_is_a_danger_when_both_drop_it(world: World) -> None:
    adding(world, "session-new")
    drops = filtering(DROPS, lambda flow: flow.protocol == "tcp" and not flow.answer)
    world["no-edge1"].filter = drops
    dangers, warnings = notes(world)
    assert not dangers
    assert list(warnings) == ["no-edge1"]
    assert "drops TCP 179 from 10.255.4.1 to 10.255.3.1, for the session with ch-edge1" in warnings["no-edge1"][0]
    world["ch-edge1"].filter = drops
    assert len(notes(world)[0]) == 2


def test_a_rule_that_is_not_understood_is_named_and_nothing_is_claimed(world: World) -> None:
    adding(world)
    world["no-edge1"].filter = filtering(Verdict(None, "a strange rule"), lambda flow: flow.protocol == "esp")
    dangers, warnings = notes(world)
    assert not dangers
    assert warnings["no-edge1"][0].endswith("is not known: it has a strange rule")


def test_a_device_that_cannot_say_is_warned_of(world: World) -> None:
    adding(world)
    world["no-edge1"].fails["let_in"] = world.raising(DriverError("it refuses"), times=9)
    dangers, warnings = notes(world)
    assert not dangers
    assert warnings["no-edge1"][0].endswith("is not known: it refuses")


@pytest.mark.parametrize("kind", ["tunnel-rekey", "session-reset"])
def test_what_was_there_is_not_asked_unless_it_moves_to_an_address_that_is_new(world: World, kind: EffectKind) -> None:
    adding(world, kind)
    for host in ("no-edge1", "ch-edge1"):
        for tunnel in world.workspace().intents[host].tunnels:
            world[host].running += f"{tunnel.local_address} {tunnel.remote_address} {SESSION[host]};\n"
    notes(world)
    assert not world.steps("let_in")
    world["no-edge1"].running = "old\n"
    notes(world)
    assert world.steps("let_in") == [("let_in", "no-edge1")]


def test_a_plan_that_adds_nothing_asks_nobody(world: World) -> None:
    world.wanted["no-edge1"] = "new\n"
    notes(world)
    assert not world.steps("let_in")
