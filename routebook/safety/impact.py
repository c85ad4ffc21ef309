"""The impact of a plan: what it does to sessions and tunnels, and which hosts must be changed together for that."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from routebook.checks.names import ON_TUNNELS, owners
from routebook.checks.paths import tunnels_beneath
from routebook.device.naming import canonical
from routebook.device.plan import Plan
from routebook.device.values import Effect, EffectKind
from routebook.intent.model import HostIntent

ON_SESSIONS: frozenset[EffectKind] = frozenset({"session-new", "session-reset", "session-removed"})
NEW: frozenset[EffectKind] = frozenset({"session-new", "tunnel-new"})


class Impact(Struct, frozen=True):
    """What a host's change does to one session or tunnel. `far` is the host of ours at its other end, if any."""

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


def impacts(plan: Plan, intents: Mapping[str, HostIntent]) -> list[Impact]:
    """What the plan's forecast says of every session and tunnel that it names."""
    known = owners(intents.values())
    return [
        Impact(host, effect, _far_end(intents[host], effect, known, intents))
        for host, effect in sorted(plan.effects(), key=lambda found: found[0])
        if effect.kind in ON_SESSIONS | ON_TUNNELS
    ]


def _far_end(intent: HostIntent, effect: Effect, owners: Mapping[str, str], intents: Mapping[str, HostIntent]) -> str:
    for tunnel in intent.tunnels:
        if effect.kind in ON_TUNNELS and tunnel.name == effect.subject:
            return tunnel.peer_host or ""
    for neighbor in intent.neighbors:
        if effect.kind in ON_SESSIONS and str(neighbor.address) == canonical(effect.subject):
            return neighbor.peer_host or ""
    # What is removed is not in the intent any more: its name, or an address of the other end, shows whose it was.
    named = {name for name in effect.subject.split("--") if name in intents} - {intent.name}
    return named.pop() if len(named) == 1 else owners.get(canonical(effect.subject), "")


def together(changed: Collection[str], found: Iterable[Impact]) -> dict[frozenset[str], tuple[str, ...]]:
    """The changed hosts in groups that cannot be taken apart, each with what holds it together.

    Both ends of a session or tunnel that the plan changes at both are changed at the same time: with one end only, no
    check could expect it to be up.
    """
    groups = {host: frozenset({host}) for host in changed}
    reasons: dict[str, list[str]] = {host: [] for host in changed}
    ends: dict[tuple[str, ...], list[Impact]] = {}
    for impact in found:
        if impact.host in groups:
            ends.setdefault(impact.key, []).append(impact)
    for both in ends.values():
        hosts = sorted({impact.host for impact in both})
        if len(hosts) < 2:
            continue
        what = "tunnel" if both[0].effect.kind in ON_TUNNELS else "session"
        reasons[hosts[0]].append(f"the {what} {' – '.join(hosts)} changes at both ends")
        joined = frozenset().union(*(groups[host] for host in hosts))
        groups |= dict.fromkeys(joined, joined)
    return {
        group: tuple(dict.fromkeys(reason for host in sorted(group) for reason in reasons[host]))
        for group in sorted(set(groups.values()), key=sorted)
    }


def tunnels_interrupted(impact: Impact, intents: Mapping[str, HostIntent]) -> Iterator[str]:
    """The tunnels that carry less for a while: the one that is changed, or the one beneath a session."""
    if impact.effect.kind in NEW:
        return
    if impact.effect.kind in ON_TUNNELS:
        yield impact.effect.subject
        return
    bgp = intents[impact.host].bgp
    for neighbor in bgp.neighbors if bgp else ():
        if str(neighbor.address) == canonical(impact.effect.subject):
            beneath = tunnels_beneath(intents, impact.host, neighbor)
            if len(beneath) == 1:  # of several, routing inside a site decides: none of them is lost with the session
                yield beneath[0]
