"""What is each other's redundancy: never touched at once, and not at all unless the rest carries traffic just now."""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from routebook.checks.names import ON_TUNNELS
from routebook.checks.tunnel_causes import tunnel_up
from routebook.device.plan import Plan
from routebook.device.values import State
from routebook.intent.model import HostIntent
from routebook.safety.impact import NEW, Impact, impacts, tunnels_interrupted


class Leg(Struct, frozen=True):
    """A tunnel with its ends of ours, or a host of a declared group."""

    name: str
    hosts: frozenset[str]
    tunnel: bool


class Domain(Struct, frozen=True):
    """Legs of which one carries the traffic while another is worked on."""

    name: str
    legs: tuple[Leg, ...]


def domains(intents: Mapping[str, HostIntent]) -> tuple[Domain, ...]:
    """The failure domains of the intent: the tunnels of each pair of sites, and hosts with the same `redundancy`."""
    pairs: dict[str, dict[str, set[str]]] = {}
    groups: dict[str, set[str]] = {}
    for host, intent in intents.items():
        for tunnel in intent.tunnels:
            peer = intents.get(tunnel.peer_host or "")
            far = peer.site if peer is not None else tunnel.peer
            legs = pairs.setdefault(" – ".join(sorted((intent.site, far))), {})
            legs.setdefault(tunnel.name, set()).add(host)
        if intent.redundancy:
            groups.setdefault(intent.redundancy, set()).add(host)
    found = [
        Domain(f"tunnels {pair}", tuple(Leg(name, frozenset(hosts), True) for name, hosts in sorted(legs.items())))
        for pair, legs in sorted(pairs.items())
    ]
    found += [
        Domain(f"hosts {name}", tuple(Leg(host, frozenset({host}), False) for host in sorted(hosts)))
        for name, hosts in sorted(groups.items())
    ]
    return tuple(domain for domain in found if len(domain.legs) > 1)


class Budget(Struct, frozen=True):
    """What a plan takes of each domain. `before` is what was up, None while that has not been read."""

    intents: Mapping[str, HostIntent]
    domains: tuple[Domain, ...]
    changed: frozenset[str]
    impacts: tuple[Impact, ...]
    before: Mapping[str, State] | None = None

    def spent(self, hosts: Collection[str]) -> dict[Domain, list[Leg]]:
        """The legs that carry traffic and that changing `hosts` takes away for a while.

        What is down or new is nobody's redundancy yet: it costs nothing.
        """
        tunnels = {
            name
            for impact in self.impacts
            if impact.host in hosts
            for name in tunnels_interrupted(impact, self.intents)
        }
        found: dict[Domain, list[Leg]] = {}
        for domain in self.domains:
            for leg in domain.legs:
                taken = leg.name in tunnels if leg.tunnel else leg.name in hosts and leg.name in self.changed
                if taken and self._stands(leg):
                    found.setdefault(domain, []).append(leg)
        return found

    def rest(self, domain: Domain, hosts: Collection[str]) -> list[Leg]:
        """The domain's legs that changing `hosts` leaves alone, without those that the plan is still to make."""
        spent = self.spent(hosts).get(domain, [])
        new = {each.effect.subject for each in self.impacts if each.effect.kind in NEW & ON_TUNNELS}
        return [leg for leg in domain.legs if leg not in spent and leg.name not in new]

    def _stands(self, leg: Leg) -> bool:
        if self.before is None:
            return True
        states = [self.before[host] for host in leg.hosts if host in self.before]
        if leg.tunnel:
            return any(tunnel_up(state, leg.name) for state in states)
        return anything_up(states)


def budget(plan: Plan, intents: Mapping[str, HostIntent]) -> Budget:
    """The budget of a plan, before anything was read of what is up."""
    return Budget(intents, domains(intents), frozenset(plan.changed), tuple(impacts(plan, intents)))


def anything_up(states: Iterable[State]) -> bool:
    """Whether any session or SA is up in these states."""
    return any(
        any(session.established for session in state.bgp or ()) or any(sa.up for sa in state.ike or ())
        for state in states
    )
