"""What a run would do: on every host the snapshot and the exact change from it. Devices are only read."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from nornir.core import Nornir
from nornir.core.task import Task

from routebook.checks.names import named_effects, owners, with_peers
from routebook.device.contract import Candidate, Change, Effect, Reached, Snapshot, TransactionDriver
from routebook.errors import RefusedError
from routebook.run.fan_out import driver, on_hosts, read_first
from routebook.run.runbook import Render


@dataclass(frozen=True, slots=True)
class HostPlan:
    """One host's part of a plan. `candidate` is what the change was computed for, None where that is a snapshot."""

    snapshot: Snapshot
    change: Change
    candidate: Candidate | None = None
    reached: Reached = field(default_factory=Reached)


Goal = Callable[[Task, TransactionDriver, Snapshot], HostPlan]
"""Plans, with a host's driver, the change from its snapshot to where the run wants it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan for every host that answered, and the error of each that did not. `seconds` is how long each took."""

    hosts: Mapping[str, HostPlan]
    errors: Mapping[str, Exception]
    seconds: Mapping[str, float] = field(default_factory=dict)

    def of(self, hosts: Collection[str]) -> "Plan":
        """The part of the plan that concerns these hosts."""
        return replace(self, hosts={name: host for name, host in self.hosts.items() if name in hosts})

    @property
    def changed(self) -> list[str]:
        """The hosts to which something would be sent."""
        return sorted(name for name, host in self.hosts.items() if host.change)


def effects(plan: Plan) -> Iterator[tuple[str, Effect]]:
    """Every effect that the plan contains, with its host."""
    for host, planned in plan.hosts.items():
        for effect in planned.change.effects:
            yield host, effect


def to_candidate(render: Render) -> Goal:
    """The goal of a runbook: what `render` makes of the host's intent."""

    def goal(task: Task, device: TransactionDriver, snapshot: Snapshot) -> HostPlan:
        candidate = render(task).result
        return HostPlan(snapshot, device.plan(candidate, snapshot), candidate)

    return goal


def _undisturbed(host: str, device: TransactionDriver) -> Snapshot:
    """A host's configuration. Raises RefusedError while a change waits there that nobody has confirmed."""
    pending = device.pending()
    if pending is not None and pending.phase in ("armed", "reverting"):
        raise RefusedError(
            f"run {pending.run_id} left an unconfirmed change on {host}, which the device undoes "
            f"by itself in {pending.remaining} s; wait for that or finish it with `routebook recover`"
        )
    return device.snapshot()


def make_plan(nornir: Nornir, hosts: Collection[str], goal: Goal) -> Plan:
    """Connect to `hosts`, read each one's configuration and compute its change."""

    def step(task: Task) -> HostPlan:
        snapshot = read_first(task, partial(_undisturbed, task.host.name))
        device = driver(task)
        planned = goal(task, device, snapshot)
        intent = task.host.data["intent"]
        named = with_peers(intent, names, named_effects(intent.tunnels, planned.change.effects))
        reached = device.reached() if planned.change else Reached()
        return replace(planned, change=replace(planned.change, effects=named), reached=reached)

    names = owners(host.data["intent"] for host in nornir.inventory.hosts.values())
    outcome = on_hosts(nornir, hosts, step)
    return Plan(outcome.values, outcome.errors, outcome.seconds)
