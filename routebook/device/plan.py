"""A plan as data: on every host the snapshot, the exact change from it, and what that does to sessions and tunnels."""

from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from routebook.device.candidate import Candidate
from routebook.device.values import Change, Effect, Reached, Snapshot


class HostPlan(Struct, frozen=True):
    """One host's part of a plan. `candidate` is what the change was computed for, None where that is a snapshot."""

    snapshot: Snapshot
    change: Change
    candidate: Candidate | None = None
    reached: Reached = field(default_factory=Reached)


class Plan(Struct, frozen=True):
    """A plan for every host that answered, and the error of each that did not. `seconds` is how long each took."""

    hosts: Mapping[str, HostPlan] = field(default_factory=dict)
    errors: Mapping[str, Exception] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    def of(self, hosts: Collection[str]) -> "Plan":
        """The part of the plan that concerns these hosts."""
        return replace(self, hosts={name: host for name, host in self.hosts.items() if name in hosts})

    @property
    def changed(self) -> list[str]:
        """The hosts to which something would be sent."""
        return sorted(name for name, host in self.hosts.items() if host.change)

    def effects(self) -> Iterator[tuple[str, Effect]]:
        """Every effect that the plan contains, with its host."""
        for host, planned in self.hosts.items():
            for effect in planned.change.effects:
                yield host, effect
