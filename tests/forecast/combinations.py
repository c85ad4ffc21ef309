"""Random combinations: a walk in which each step changes two to four options at once, to any of their states."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.forecast.changes import Change

FEWEST, MOST = 2, 4


@dataclass(frozen=True, slots=True)
class Step:
    """Which options change, each as "name: state", and the world that comes of it."""

    changed: tuple[str, ...]
    world: Any


def walks(
    changes: Sequence[Change], begin: Callable[[], Any], seed: int, number: int, length: int
) -> Iterator[tuple[Step, ...]]:
    """So many walks of so many steps each from the first world; the same ones for the same seed."""
    options: dict[str, list[Change]] = {}
    for change in changes:
        options.setdefault(change.option, []).append(change)
    dice = random.Random(seed)  # noqa: S311  repeatable, and no secret
    for _ in range(number):
        at: dict[str, tuple[Change, int]] = {}  # the changes that are made at the moment, and to which state
        steps = []
        for _ in range(length):
            before = world_of(begin(), at)
            while True:
                changed, after = _step(dice, options, at)
                world = world_of(begin(), after)
                if len(changed) >= FEWEST and world != before:
                    break
            at = after
            steps.append(Step(changed, world))
        yield tuple(steps)


def _step(
    dice: random.Random, options: Mapping[str, Sequence[Change]], at: Mapping[str, tuple[Change, int]]
) -> tuple[tuple[str, ...], dict[str, tuple[Change, int]]]:
    """Some options with another state than they have; of an option that was changed, the first one too."""
    after, changed = dict(at), []
    for option in dice.sample(sorted(options), dice.randint(FEWEST, MOST)):
        there = [change for change, _ in at.values() if change.option == option]
        change = dice.choice(there) if there and dice.random() < 0.5 else dice.choice(list(options[option]))
        known = after.get(change.name)
        states = [state for state in range(-1, len(change.states)) if state != (known[1] if known else -1)]
        state = dice.choice(states)
        after.pop(change.name, None)
        if state >= 0:
            if any(change.excludes(other) for other, _ in after.values()):
                if known:
                    after[change.name] = known
                continue
            after[change.name] = (change, state)
        changed.append(f"{change.name}: {change.states[state][0] if state >= 0 else 'as at first'}")
    return tuple(changed), after


def world_of(world: Any, at: Mapping[str, tuple[Change, int]]) -> Any:
    """The world with these changes made, each to its state."""
    # Where a list gets another name, everything that names it then does.
    for _, (change, state) in sorted(at.items(), key=lambda item: (item[1][0].option.startswith("name of"), item[0])):
        world = change.states[state][1](world)
    return world


def replayed(changed: str, at: dict[str, tuple[Change, int]], known: Mapping[str, Change]) -> None:
    """Make in `at` the changes that a step's name tells of."""
    for part in changed.split("; "):
        name, _, words = part.rpartition(": ")
        states = [state for state, _ in known[name].states]
        if words in states:
            at[name] = (known[name], states.index(words))
        else:
            del at[name]
