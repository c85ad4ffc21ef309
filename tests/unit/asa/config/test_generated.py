"""Promises over configurations made at random: lossless reading, the exact change, the way back from anywhere."""

import os
from collections.abc import Iterable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routebook.device.candidate import Section
from routebook.platforms.asa.config import (
    Block,
    Config,
    Delta,
    apply,
    canonical,
    difference,
    parse,
    restoration,
)
from routebook.platforms.asa.config.objects import objects
from routebook.platforms.asa.config.target import ownership
from routebook.platforms.asa.transaction import same_text
from tests.unit.asa.config.generated import FOREIGN, OWNS, Ours, ours
from tests.unit.asa.config.strict_device import StrictDevice

PROFILE = settings(max_examples=int(os.environ.get("EXAMPLES", "15")), suppress_health_check=list(HealthCheck))


def single(blocks: Iterable[Block]) -> list[Block]:
    """Line by line what the blocks do: a push can be cut off between any two of them."""
    return [Block(block.path, (line,)) for block in blocks for line in block.lines]


def running(part: Ours) -> Config:
    """A firewall that has somebody's configuration and a version of ours."""
    foreign = parse(FOREIGN)
    return apply(foreign, difference(foreign, part.sections).commands)


def foreign_lines(config: Config) -> list[str]:
    """Everything that is not ours, as it is written, in its order."""
    owns = ownership([Section("all", "asa", "", OWNS)])
    ours_ = {
        id(node)
        for key, nodes in objects(config.nodes).items()
        for node in nodes
        if (owns.line(node.line) if key[0] in ("nat", "boot") else owns.object(nodes))
    }
    return ["".join(node.texts()) for node in config.commands if id(node) not in ours_]


def owned(config: Config) -> list[str]:
    """What the configuration says of us, but for the list of translations, which is everybody's."""
    owns = ownership([Section("all", "asa", "", OWNS)])
    ours_ = {key for key, nodes in objects(config.nodes).items() if key != ("nat",) and owns.object(nodes)}
    return [line for line in canonical(config) if line.split(": ")[0] in {" ".join(key) for key in ours_}]


@PROFILE
@given(ours(), ours())
def test_the_commands_give_the_candidate_and_touch_nothing_else(before: Ours, after: Ours) -> None:
    device = running(before)
    refused: list[str] = []
    delta = difference(device, after.sections)
    result = apply(device, delta.commands, refused=refused)
    assert not refused
    assert not delta.problems
    assert not difference(result, after.sections)
    assert [line for line in canonical(parse(after.text)) if not line.startswith("nat:")] == owned(result)
    assert foreign_lines(result) == foreign_lines(device) == foreign_lines(parse(FOREIGN))


@PROFILE
@given(ours(), ours())
def test_the_undo_gives_the_running_configuration_back_to_the_byte(before: Ours, after: Ours) -> None:
    device = running(before)
    delta = difference(device, after.sections)
    refused: list[str] = []
    back = apply(apply(device, delta.commands), delta.undo, refused=refused)
    assert canonical(back) == canonical(device)
    assert same_text(str(back), str(device))
    # No byte of a line differs either.
    assert sorted(str(back).splitlines(keepends=True)) == sorted(str(device).splitlines(keepends=True))


@PROFILE
@given(ours(), ours(), st.data())
def test_the_undo_works_from_wherever_the_push_stopped(before: Ours, after: Ours, data: st.DataObject) -> None:
    device = running(before)
    delta = difference(device, after.sections)
    steps = single(delta.commands)
    stopped = apply(device, steps[: data.draw(st.integers(0, len(steps)))])
    assert canonical(apply(stopped, delta.undo)) == canonical(device)


def run(device: Config, delta: Delta, *, back: bool = False) -> Config:
    """Enter every command on a device that refuses to lose what is in use and to use what it does not have."""
    machine = StrictDevice(device)
    steps = single(delta.undo if back else delta.commands)
    for index, step in enumerate(steps):
        answer = machine.enter(step.path, step.lines[0])
        if answer and _is_renewed_at_once(step, steps[index + 1 : index + 2]):
            machine = StrictDevice(apply(machine.config, [step]))
        elif not back:
            assert not answer, (step, answer)
    return machine.config


def _is_renewed_at_once(step: Block, following: list[Block]) -> bool:
    """Whether the only entry of a list of routing policy is replaced: it cannot have its number before it is free."""
    what = step.lines[0].split()
    return what[:2] in (["no", "prefix-list"], ["no", "route-map"]) and any(
        block.lines[0].split()[:2] == what[1:3] or (block.path[:1] and block.path[0].split()[:2] == what[1:3])
        for block in following
    )


@settings(PROFILE, max_examples=8)
@given(ours(), ours())
def test_a_device_that_guards_its_references_takes_the_commands_in_their_order(before: Ours, after: Ours) -> None:
    device = running(before)
    delta = difference(device, after.sections)
    assert canonical(run(run(device, delta), delta, back=True)) == canonical(device)


@PROFILE
@given(ours(), ours())
def test_a_whole_configuration_is_restored_whoever_owns_what(before: Ours, after: Ours) -> None:
    old, new = running(before), running(after)
    delta = restoration(new, old)
    assert canonical(apply(new, delta.commands)) == canonical(old)


@PROFILE
@given(ours())
def test_what_is_there_already_sends_nothing(part: Ours) -> None:
    delta = difference(running(part), part.sections)
    assert not delta
    assert not delta.undo
    assert not delta.diff


@given(st.text(alphabet="ab !\r\n:#*\tquit", max_size=200) | ours().map(lambda part: part.text))
def test_any_text_is_written_back_as_it_was_read(text: str) -> None:
    assert str(parse(text)) == text
    assert str(parse(text.replace("\n", "\r\n"))) == text.replace("\n", "\r\n")
