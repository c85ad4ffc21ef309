"""What is each other's redundancy: never touched at once, and not at all unless the rest carries traffic just now."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nornir.core import Nornir

from routebook.checks.names import named_states
from routebook.checks.tunnel_causes import sas_of
from routebook.device.contract import State, TransactionDriver
from routebook.intent.model import HostIntent, Interface, IPAddress, IPNetwork, Tunnel
from routebook.intent.platforms import PLATFORMS
from routebook.run.fan_out import on_drivers
from routebook.run.planning import Plan
from routebook.run.watch import read_states
from routebook.safety.impact import NEW, ON_TUNNELS, Touch, tunnels_used

PROBES = 3


@dataclass(frozen=True, slots=True)
class Leg:
    """A tunnel with its ends of ours, or a host of a declared group."""

    name: str
    hosts: frozenset[str]
    tunnel: bool


@dataclass(frozen=True, slots=True)
class Domain:
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


@dataclass(frozen=True, slots=True)
class Budget:
    """What a plan takes of each domain. `before` is what was up, None while that has not been read."""

    intents: Mapping[str, HostIntent]
    domains: tuple[Domain, ...]
    changed: frozenset[str]
    touched: tuple[Touch, ...]
    before: Mapping[str, State] | None = None

    def spent(self, hosts: Collection[str]) -> dict[Domain, list[Leg]]:
        """The legs that carry traffic and that changing `hosts` takes away for a while.

        What is down or new is nobody's redundancy yet: it costs nothing.
        """
        tunnels = {name for touch in self.touched if touch.host in hosts for name in tunnels_used(touch, self.intents)}
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
        new = {t.effect.subject for t in self.touched if t.effect.kind in NEW & ON_TUNNELS}
        return [leg for leg in domain.legs if leg not in spent and leg.name not in new]

    def _stands(self, leg: Leg) -> bool:
        if self.before is None:
            return True
        states = [self.before[host] for host in leg.hosts if host in self.before]
        if leg.tunnel:
            return any(_up(state, leg.name) for state in states)
        return _any_up(states)


def budget(plan: Plan, intents: Mapping[str, HostIntent], touched: Iterable[Touch]) -> Budget:
    """The budget of a plan, before anything was read of what is up."""
    return Budget(intents, domains(intents), frozenset(plan.changed), tuple(touched))


def live(nornir: Nornir, leg: Leg, intents: Mapping[str, HostIntent]) -> str:
    """Why a leg does not carry traffic at this moment, or nothing when it does.

    A tunnel must have an installed child at each end of ours. Where the intent has addresses that it carries, unless an
    end is a firewall, echo requests between them must be answered. A host must answer, with a session or SA up.
    """
    answers = read_states(nornir, leg.hosts)
    if answers.errors:
        host, error = sorted(answers.errors.items())[0]
        return f"{host} cannot be read: {error}"
    states = named_states(intents, answers.values)
    if not leg.tunnel:
        return "" if _any_up(states.values()) else f"nothing is up on {leg.name}"
    down = sorted(host for host, state in states.items() if not _up(state, leg.name))
    return f"it has no installed child on {', '.join(down)}" if down else _unanswered(nornir, leg, intents)


def _any_up(states: Iterable[State]) -> bool:
    return any(
        any(session.established for session in state.bgp or ()) or any(sa.up for sa in state.ike or ())
        for state in states
    )


def _up(state: State, tunnel: str) -> bool:
    return any(sa.up and child.up for sa in sas_of(state, tunnel) for child in sa.children)


def _unanswered(nornir: Nornir, leg: Leg, intents: Mapping[str, HostIntent]) -> str:
    for host in sorted(leg.hosts):
        tunnel = next(each for each in intents[host].tunnels if each.name == leg.name)
        far = intents.get(tunnel.peer_host or "")
        ends = _through(intents[host], far, tunnel) if far is not None and not _filtered(intents[host], far) else None
        if ends is None:
            continue
        source, destination = ends

        def probe(device: TransactionDriver, source: str = source, destination: str = destination) -> Any:
            return device.ping(destination, source=source, count=PROBES, timeout=1)

        said = on_drivers(nornir, [host], probe)
        for error in said.errors.values():
            return f"{host} cannot send echo requests: {error}"
        answer = said.values[host]
        if "success" not in answer:
            return f"{host} cannot send echo requests through it: {answer.get('error', '')}"
        if int(answer["success"]["packet_loss"]) >= PROBES:
            return f"no echo request from {host} ({source}) to {destination} is answered"
        return ""
    return ""


def _through(near: HostIntent, far: HostIntent, tunnel: Tunnel) -> tuple[str, str] | None:
    """A source on this end and an address of the other end between which packets take the tunnel."""
    if tunnel.mode == "route":
        inner = (tunnel.local_inner, tunnel.remote_inner)
        return (str(inner[0]), str(inner[1])) if inner[0] and inner[1] else None
    for interface, source in _within(near, tunnel.local_selectors):
        for _, destination in _within(far, tunnel.remote_selectors):
            if source.version == destination.version:
                return interface.nameif or str(source), str(destination)
    return None


def _filtered(*ends: HostIntent) -> bool:
    return any(PLATFORMS[end.platform].filters for end in ends)


def _within(intent: HostIntent, selectors: Collection[IPNetwork]) -> list[tuple[Interface, IPAddress]]:
    found = [
        (interface, address.ip)
        for interface in intent.interfaces
        for address in interface.addresses
        if any(network.prefixlen and address.ip in network for network in selectors)
    ]
    return sorted(found, key=lambda pair: not pair[0].loopback)


def exhausted(nornir: Nornir, spent: Budget, hosts: Collection[str]) -> str:
    """Why changing `hosts` now may leave nothing to carry the traffic; nothing when one other leg of each domain does.

    Asks the other legs' hosts, which need not be hosts of the run.
    """
    told = []
    for domain, legs in spent.spent(hosts).items():
        reasons: list[str] = []
        for leg in spent.rest(domain, hosts):
            if not (reason := live(nornir, leg, spent.intents)):
                reasons = []
                break
            reasons.append(f"{leg.name}: {reason}")
        if reasons:
            touched = " and ".join(leg.name for leg in legs)
            told.append(
                f"{touched} would be touched while its redundancy does not carry traffic ({'; '.join(reasons)})"
            )
    return "; ".join(told)
