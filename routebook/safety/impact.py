"""Which sessions and tunnels a plan touches, and which hosts must therefore be changed together."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from routebook.checks.names import ON_TUNNELS as ON_TUNNELS
from routebook.checks.names import owners
from routebook.checks.paths import tunnels_beneath
from routebook.device.contract import Effect, EffectKind
from routebook.intent.model import HostIntent
from routebook.run.planning import Plan

ON_SESSIONS: frozenset[EffectKind] = frozenset({"session-new", "session-reset", "session-removed"})
NEW: frozenset[EffectKind] = frozenset({"session-new", "tunnel-new"})


@dataclass(frozen=True, slots=True)
class Touch:
    """What a host's change does to one session or tunnel. `far` is the host of ours at the other end, if it is one."""

    host: str
    effect: Effect
    far: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """The same for both ends of a tunnel, and of the sessions between two hosts."""
        if self.effect.kind in ON_TUNNELS and not self.far:
            return ("tunnel", self.effect.subject)
        kind = "tunnel" if self.effect.kind in ON_TUNNELS else "session"
        return (kind, *sorted((self.host, self.far))) if self.far else (kind, self.host, self.effect.subject)


def touches(plan: Plan, intents: Mapping[str, HostIntent]) -> list[Touch]:
    """Every session and tunnel that the plan's forecast names."""
    known = owners(intents.values())
    return [
        Touch(host, effect, _far(intents[host], effect, known, intents))
        for host, planned in sorted(plan.hosts.items())
        for effect in planned.change.effects
        if effect.kind in ON_SESSIONS | ON_TUNNELS
    ]


def _far(intent: HostIntent, effect: Effect, owners: Mapping[str, str], intents: Mapping[str, HostIntent]) -> str:
    for tunnel in intent.tunnels:
        if effect.kind in ON_TUNNELS and tunnel.name == effect.subject:
            return tunnel.peer_host or ""
    for neighbor in intent.bgp.neighbors if intent.bgp else ():
        if effect.kind in ON_SESSIONS and _same(str(neighbor.address), effect.subject):
            return neighbor.peer_host or ""
    # What is removed is not in the intent any more: its name, or an address of the other end, tells whose it was.
    named = {name for name in effect.subject.split("--") if name in intents} - {intent.name}
    return named.pop() if len(named) == 1 else owners.get(_canonical(effect.subject), "")


def together(changed: Collection[str], touched: Iterable[Touch]) -> dict[frozenset[str], tuple[str, ...]]:
    """The changed hosts in groups that cannot be taken apart, each with what holds it together.

    Both ends of a session or tunnel that the plan touches at both are changed at the same time: with one end only, no
    check could expect it to be up.
    """
    groups = {host: frozenset({host}) for host in changed}
    reasons: dict[str, list[str]] = {host: [] for host in changed}
    ends: dict[tuple[str, ...], list[Touch]] = {}
    for touch in touched:
        if touch.host in groups:
            ends.setdefault(touch.key, []).append(touch)
    for found in ends.values():
        hosts = sorted({touch.host for touch in found})
        if len(hosts) < 2:
            continue
        what = "tunnel" if found[0].effect.kind in ON_TUNNELS else "session"
        reasons[hosts[0]].append(f"the {what} {' – '.join(hosts)} changes at both ends")
        joined = frozenset().union(*(groups[host] for host in hosts))
        groups |= dict.fromkeys(joined, joined)
    return {
        group: tuple(dict.fromkeys(reason for host in sorted(group) for reason in reasons[host]))
        for group in sorted(set(groups.values()), key=sorted)
    }


def tunnels_used(touch: Touch, intents: Mapping[str, HostIntent]) -> Iterator[str]:
    """The tunnels of which the touch takes something away for a while: itself, or the one beneath a session."""
    if touch.effect.kind in NEW:
        return
    if touch.effect.kind in ON_TUNNELS:
        yield touch.effect.subject
        return
    bgp = intents[touch.host].bgp
    for neighbor in bgp.neighbors if bgp else ():
        if _same(str(neighbor.address), touch.effect.subject):
            beneath = tunnels_beneath(intents, touch.host, neighbor)
            if len(beneath) == 1:  # of several, routing inside a site decides: none of them is lost with the session
                yield beneath[0]


def _same(address: str, subject: str) -> bool:
    return address == _canonical(subject)


def _canonical(subject: str) -> str:
    try:
        return str(ip_address(subject))
    except ValueError:
        return subject
