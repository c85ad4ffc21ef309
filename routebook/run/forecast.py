"""What a plan means before anybody has approved it: what others will hear, and all that stands in its way."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from routebook.checks.names import named_states
from routebook.device.plan import Plan
from routebook.device.values import State
from routebook.run.let_in import ask
from routebook.run.planning import Goal, make_plan
from routebook.run.running import Running
from routebook.run.sent import list_sent
from routebook.run.watch import read_states
from routebook.run.waves import Waves, arrange
from routebook.safety.accepted import NO_REDUNDANCY, OLD_SECRET, Guard
from routebook.safety.announcing import Hearing, collapses, concerns, hearings, removed_peers, touched_peers
from routebook.safety.impact import impacts
from routebook.safety.management_path import dangers, management_paths, refusals
from routebook.safety.mates import synchronised
from routebook.safety.one_end import far_ends, one_ended
from routebook.safety.redundancy import budget
from routebook.safety.removal import removals, removes

Hears = Callable[[Plan, Mapping[str, State]], list[Hearing]]
"""What other networks hear after a plan whose goal is not the intent, from the states now."""


class Forecast(Struct, frozen=True):
    """What others hear anew and no more, and what stands in the plan's way until it is accepted.

    `warnings` are what is to be said of a host besides what its driver says.
    """

    heard: tuple[Hearing, ...] = ()
    guards: tuple[Guard, ...] = ()
    warnings: Mapping[str, Sequence[str]] = {}


def forecast(running: Running, plan: Plan, goal: Goal, *, removing: bool, hears: Hears | None = None) -> Forecast:
    """Read what a forecast needs, and no more: far ends, and states where something may go or be heard otherwise.

    With `removing` it is the run's purpose that things go. With `hears` the goal is what an earlier run has left, so
    that the intent says nothing of it: what others lose by it is shown, and was decided when it was asked for.
    """
    workspace = running.workspace
    intents = workspace.intents
    heard: list[Hearing] = []
    losses: list[Guard] = []
    states: Mapping[str, State] | None = None
    if concerns(plan):
        seen = read_states(workspace.nornir, workspace.observed)
        states = list_sent(workspace.nornir, seen, touched_peers(plan) if hears else removed_peers(plan)).values
        heard = hears(plan, states) if hears else hearings(plan, intents, states)
        losses = [] if hears else list(collapses(heard, intents, states))
    elif removes(plan) or arrange(running.options.waves, budget(plan, intents)).conflicts:
        states = read_states(workspace.nornir, workspace.observed).values
    named = None if states is None else named_states(intents, states)
    going = () if removing or named is None else removals(plan, intents, named)
    filtered, warnings = ((), {}) if hears else ask(workspace.nornir, plan, intents)
    guards = (
        *going,
        *losses,
        *(() if hears else _one_ended(running, plan, goal)),
        *_in_the_way(running, plan, named),
        *synchronised(plan),
        *filtered,
        *_old_secrets(plan),
    )
    return Forecast(tuple(heard), guards, warnings)


def _one_ended(running: Running, plan: Plan, goal: Goal) -> Iterable[Guard]:
    workspace = running.workspace
    found = impacts(plan, workspace.intents)
    if beyond := far_ends(found, workspace.hosts):
        there = impacts(make_plan(workspace.nornir, beyond, goal), workspace.intents)
        return one_ended(found, there, workspace.hosts)
    return ()


def _in_the_way(running: Running, plan: Plan, states: Mapping[str, State] | None) -> Iterator[Guard]:
    """The plan's own dangers to redundancy and to the way back, by what is up where that was read."""
    intents = running.workspace.intents
    spent = replace(budget(plan, intents), before=states)
    waves: Waves = arrange(running.options.waves, spent)
    paths = management_paths(plan, intents)
    yield from (Guard(NO_REDUNDANCY, text) for text in waves.conflicts)
    yield from refusals(risk for wave in waves.waves for risk in dangers(paths, spent.impacts, intents, wave))


def _old_secrets(plan: Plan) -> Iterator[Guard]:
    old = [f"{host}: {place}" for host, planned in sorted(plan.hosts.items()) for place in planned.change.old_secrets]
    if old:
        yield Guard(OLD_SECRET, f"old secrets would come back ({'; '.join(old)})", asks=True, about=tuple(old))
