"""What a plan takes away that is alive: sessions and tunnels that are up, and prefixes that a device originates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from routebook.checks.tunnel_causes import tunnel_up
from routebook.device.naming import parsed
from routebook.device.plan import Plan
from routebook.device.state import BgpSession
from routebook.device.values import Effect, EffectKind, State
from routebook.intent.model import HostIntent
from routebook.safety.accepted import REMOVAL, Guard

_REMOVED: Mapping[EffectKind, EffectKind] = {
    "session-removed": "session-new",
    "tunnel-removed": "tunnel-new",
    "prefix-removed": "prefix-new",
}
"""What goes, each with how it would come again in the same change."""
MANY = 3
"""More than one of so many sessions of a host that are up is said apart, and first."""


class _Removal(Struct, frozen=True):
    """Something that is alive and goes from a host, in words. `known` is whether the inventory still has it."""

    host: str
    kind: EffectKind
    text: str
    known: bool


def removes(plan: Plan) -> bool:
    """Whether a plan takes anything away, alive or not."""
    return any(_gone(effects) for effects in _by_host(plan).values())


def removals(plan: Plan, intents: Mapping[str, HostIntent], states: Mapping[str, State]) -> list[Guard]:
    """A guard for each host and kind of what goes, those with which a host loses many of its sessions first.

    `states` are as they were when the plan was made, with the intent's names. Of a host that is not among them all is
    taken for alive; what is down is nobody's loss.
    """
    many, few = [], []
    for host, effects in sorted(_by_host(plan).items()):
        found = [
            _Removal(host, effect.kind, _named(effect), _known(intents.get(host), effect))
            for effect in _gone(effects)
            if _alive(states.get(host), effect)
        ]
        sessions = [each for each in found if each.kind == "session-removed"]
        up = sum(session.established for session in _sessions(states.get(host)))
        if up and len(sessions) * MANY > up:
            names = ", ".join(each.text for each in sessions)
            text = f"{host} would lose {len(sessions)} of its {up} live sessions: {names}"
            about = (f"{host} many sessions", *_about(sessions))
            many.append(Guard(REMOVAL, text, asks=True, about=about))
            found = [each for each in found if each not in sessions]
        few += [Guard(REMOVAL, text, asks=True, about=_about(those)) for text, those in _sentences(host, found)]
    return [*many, *few]


def _by_host(plan: Plan) -> dict[str, tuple[Effect, ...]]:
    return {host: planned.change.effects for host, planned in plan.hosts.items() if planned.change}


def _gone(effects: Iterable[Effect]) -> list[Effect]:
    """What goes, and does not come again in the same change."""
    effects = tuple(effects)
    stays = {(effect.kind, effect.subject) for effect in effects}
    return [e for e in effects if e.kind in _REMOVED and (_REMOVED[e.kind], e.subject) not in stays]


def _alive(state: State | None, effect: Effect) -> bool:
    if state is None or effect.kind == "prefix-removed":
        return True
    if effect.kind == "tunnel-removed":
        return tunnel_up(state, effect.subject)
    if (address := parsed(effect.subject)) is None:
        return True  # a neighbor by its interface: no state says whether it is up
    return any(session.peer == address and session.established for session in _sessions(state))


def _sessions(state: State | None) -> tuple[BgpSession, ...]:
    return (state.bgp if state else None) or ()


def _known(intent: HostIntent | None, effect: Effect) -> bool:
    if intent is None:
        return False
    if effect.kind == "tunnel-removed":
        return any(tunnel.name == effect.subject for tunnel in intent.tunnels)
    if effect.kind == "prefix-removed":
        return effect.subject in map(str, intent.networks)
    return any(neighbor.address == parsed(effect.subject) for neighbor in intent.neighbors)


def _named(effect: Effect) -> str:
    return f"{effect.peer} ({effect.subject})" if effect.peer else effect.subject


def _about(found: Iterable[_Removal]) -> tuple[str, ...]:
    return tuple(f"{each.host} {each.kind} {each.text}" for each in found)


def _sentences(host: str, found: Sequence[_Removal]) -> Iterator[tuple[str, list[_Removal]]]:
    for kind, verb, one, several, alive in (
        ("session-removed", "lose", "the live session with ", "the live sessions with ", ""),
        ("tunnel-removed", "lose", "the tunnel ", "the tunnels ", " up"),
        ("prefix-removed", "no longer originate", "", "", ""),
    ):
        of_kind = [each for each in found if each.kind == kind]
        for known in (False, True):
            those = [each for each in of_kind if each.known is known]
            if not (names := [each.text for each in those]):
                continue
            is_ = "is" if len(names) == 1 else "are"
            told = [f"which {is_}{alive}" if alive else "", "" if known else f"{is_} no longer in the inventory"]
            said = " and ".join(filter(None, told))
            said = said if said.startswith("which") or not said else f"which {said}"
            noun = one if len(names) == 1 else several
            yield f"{host} would {verb} {noun}{', '.join(names)}" + (f", {said}" if said else ""), those
