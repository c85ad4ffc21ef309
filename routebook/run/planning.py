"""What a run would do: on every host the snapshot and the exact change from it. Devices are only read."""

from collections.abc import Callable, Collection
from functools import partial

from msgspec.structs import replace
from nornir.core import Nornir
from nornir.core.task import Task

from routebook.checks.names import named_effects, owners, with_peers
from routebook.device.contract import TransactionDriver
from routebook.device.plan import HostPlan, Plan
from routebook.device.values import Reached, Snapshot
from routebook.errors import RefusedError
from routebook.run.fan_out import driver, on_hosts, read_first
from routebook.run.runbook import Render

Goal = Callable[[Task, TransactionDriver, Snapshot], HostPlan]
"""Plans, with a host's driver, the change from its snapshot to where the run wants it."""


def to_candidate(render: Render) -> Goal:
    """The goal of a runbook: what `render` makes of the host's intent."""

    def goal(task: Task, device: TransactionDriver, snapshot: Snapshot) -> HostPlan:
        candidate = render(task).result
        return HostPlan(snapshot, device.plan(candidate, snapshot), candidate)

    return goal


def undisturbed(host: str, device: TransactionDriver) -> Snapshot:
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
        snapshot = read_first(task, partial(undisturbed, task.host.name))
        device = driver(task)
        planned = goal(task, device, snapshot)
        intent = task.host.data["intent"]
        named = with_peers(intent, names, named_effects(intent.tunnels, planned.change.effects))
        reached = device.reached() if planned.change else Reached()
        return replace(planned, change=replace(planned.change, effects=named), reached=reached)

    names = owners(host.data["intent"] for host in nornir.inventory.hosts.values())
    outcome = on_hosts(nornir, hosts, step)
    return Plan(outcome.values, outcome.errors, outcome.seconds)
