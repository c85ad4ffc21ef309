"""What a run is given and what it has prepared: nothing of it changes while the run is at work."""

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct, field
from nornir.core import Nornir

from routebook.device.plan import Plan
from routebook.device.values import State
from routebook.intent.model import HostIntent, IPNetwork
from routebook.run.events import Event, Listener
from routebook.run.judge import Judging
from routebook.run.options import Options
from routebook.run.packets import Packets
from routebook.run.planning import Goal
from routebook.run.waves import Waves
from routebook.safety.accepted import Guard, notes
from routebook.safety.announcing import Hearing
from routebook.safety.impact import Impact
from routebook.safety.management_path import ManagementPath, descriptions, distances
from routebook.safety.redundancy import Budget, budget


class Inputs(Struct, frozen=True):
    """One run on `hosts`. `observed` are these and the far ends of their sessions and tunnels, which are only read.

    `prefixes` are those whose best paths are read.
    """

    nornir: Nornir
    intents: Mapping[str, HostIntent]
    hosts: Collection[str]
    observed: Collection[str]
    run_id: str
    runbook: str
    goal: Goal
    judging: Judging
    listener: Listener
    options: Options = field(default_factory=Options)
    prefixes: Sequence[IPNetwork] = ()
    stop: threading.Event = field(default_factory=threading.Event)

    def packets(self, hosts: Collection[str]) -> Packets:
        """What sends packets through the tunnels of these of its hosts, and between their sites, if any are sent."""
        return Packets(self.nornir, self.judging.intents, hosts if self.options.probe else (), self.stop)

    def report(self, phase: str, message: str, host: str = "", *, failed: bool = False) -> None:
        """Pass an event to the listener."""
        self.listener(Event(phase, message, host, failed))


class Prepared(Struct, frozen=True):
    """The plan of a run, in which waves it is carried out, and what it endangers.

    `before` are the states before the change, `silent` far ends that did not answer then. `stuck` are tunnels and sites
    that packets did not pass then. `cut_off` are hosts that the change cuts off for a while, which was accepted.
    `guards` are what stood in the plan's way, `heard` what others hear anew and no more,
    and `warnings` what is to be said of a host besides what its driver says.
    """

    plan: Plan = field(default_factory=Plan)
    budget: Budget = field(default_factory=lambda: budget(Plan(), {}))
    waves: Waves = field(default_factory=Waves)
    paths: Mapping[str, ManagementPath] = field(default_factory=dict)
    before: Mapping[str, State] = field(default_factory=dict)
    silent: Mapping[str, Exception] = field(default_factory=dict)
    stuck: frozenset[str] = frozenset()
    cut_off: frozenset[str] = frozenset()
    guards: tuple[Guard, ...] = ()
    heard: tuple[Hearing, ...] = ()
    warnings: Mapping[str, Sequence[str]] = {}

    def notes(self, accept: Collection[str]) -> tuple[str, ...]:
        """The sentences about the plan as a whole, with what was accepted."""
        return (*self.waves.lines(), *notes(self.guards, accept))

    @property
    def impacts(self) -> Iterable[Impact]:
        """What the plan does to sessions and tunnels."""
        return self.budget.impacts

    def descriptions(self) -> dict[str, str]:
        """How each changed host is reached, and what the plan does to that."""
        return descriptions(self.paths, self.impacts, self.budget.intents)

    def layers(self, hosts: Collection[str]) -> list[list[str]]:
        """The hosts by how many others they are reached through, the farthest first: what is nearer carries them."""
        return layers(hosts, distances(self.paths, self.budget.intents))


def layers(hosts: Collection[str], distance: Mapping[str, int]) -> list[list[str]]:
    """The hosts by their distance, the farthest first."""
    found: dict[int, list[str]] = {}
    for host in sorted(hosts):
        found.setdefault(distance.get(host, 0), []).append(host)
    return [found[far] for far in sorted(found, reverse=True)]
