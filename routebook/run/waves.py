"""In which order a run changes its hosts: waves, each pushed and checked before the next."""

from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec import Struct

from routebook.errors import RefusedError
from routebook.intent.model import HostIntent
from routebook.intent.problem import nearest
from routebook.safety.impact import together
from routebook.safety.redundancy import Budget

Group = frozenset[str]


class Waves(Struct, frozen=True):
    """The waves in their order, each of hosts, and what an operator should know of how they came about.

    `conflicts` say which changes take several legs of one failure domain at once and cannot be taken apart.
    """

    waves: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """For people: the waves where there are several, and why they are so."""
        count = len(self.waves)
        waves = [f"wave {number} of {count}: {', '.join(wave)}" for number, wave in enumerate(self.waves, 1)]
        return (*(waves if count > 1 else ()), *self.notes)

    def which(self, hosts: Collection[str]) -> str:
        """Of which of several waves these hosts are, in words."""
        number = next((n for n, wave in enumerate(self.waves, 1) if set(hosts) <= set(wave)), 0)
        return f", wave {number} of {len(self.waves)}" if number and len(self.waves) > 1 else ""

    def partners(self, hosts: Collection[str]) -> frozenset[str]:
        """The hosts, and those that cannot be changed without them."""
        return frozenset(hosts).union(*(group for group in self.groups if group & set(hosts)))


def check_spec(spec: str, intents: Mapping[str, HostIntent]) -> None:
    """Raises RefusedError for a `--waves` that means nothing: site, group:NAME, canary:HOST, or a number of hosts."""
    kind, _, name = spec.partition(":")
    if spec in ("", "site") or (spec.isdigit() and int(spec) > 0):
        return
    names: Mapping[str, Collection[str]] = {
        "group": {group for intent in intents.values() for group in intent.groups},
        "canary": intents.keys(),
    }
    if kind not in names:
        raise RefusedError(f"--waves {spec!r}: write site, group:NAME, canary:HOST, or how many hosts a wave has")
    if name not in names[kind]:
        what = "host" if kind == "canary" else "group"
        raise RefusedError(f"--waves {spec!r}: unknown {what} {name!r}; {nearest(name, names[kind])}")


def arrange(spec: str, budget: Budget) -> Waves:
    """The waves of a plan as `spec` asks for them, with what belongs together kept so, and redundancy kept apart."""
    reasons = together(budget.changed, budget.impacts)
    groups = sorted(reasons, key=lambda group: (_place(spec, group, budget.intents), sorted(group)))
    notes = [f"{reason}: one wave" for reason in _joined(spec, reasons, budget.intents)]
    waves: list[list[Group]] = []
    for group in groups:
        for wave in _wanted(spec, group, waves, budget.intents):
            if not _exhausts(wave, group, budget):
                wave.append(group)
                break
        else:
            waves.append([group])
    named = [frozenset().union(*wave) for wave in waves]
    if budget.domains:
        notes += _kept_apart(named, budget)
    return Waves(
        waves=tuple(tuple(sorted(wave)) for wave in named),
        notes=tuple(notes),
        conflicts=tuple(_conflicts(groups, reasons, budget)),
        groups=tuple(groups),
    )


def _place(spec: str, group: Group, intents: Mapping[str, HostIntent]) -> int:
    """Which wave a group of hosts is meant for; with several, the first."""
    return min(_meant(spec, intents)(host) for host in group)


def _meant(spec: str, intents: Mapping[str, HostIntent]) -> Callable[[str], int]:
    kind, _, name = spec.partition(":")
    if kind == "site":
        sites = list(dict.fromkeys(intent.site for intent in intents.values()))
        return lambda host: sites.index(intents[host].site)
    if kind == "group":
        return lambda host: name not in intents[host].groups
    if kind == "canary":
        return lambda host: host != name
    return lambda _: 0


def _wanted(
    spec: str, group: Group, waves: Sequence[list[Group]], intents: Mapping[str, HostIntent]
) -> list[list[Group]]:
    """The waves so far into which a group may go."""
    if spec.isdigit():
        return [wave for wave in waves[-1:] if sum(map(len, wave)) + len(group) <= int(spec)]
    place = _place(spec, group, intents)
    return [wave for wave in waves if _place(spec, wave[0], intents) == place]


def _exhausts(wave: Sequence[Group], group: Group, budget: Budget) -> bool:
    """Whether the wave would touch two legs of one domain because of the group."""
    joined = group.union(*wave)
    alone = {domain: len(legs) for domain, legs in budget.spent(group).items()}
    return any(len(legs) > max(1, alone.get(domain, 0)) for domain, legs in budget.spent(joined).items())


def _joined(spec: str, reasons: Mapping[Group, Sequence[str]], intents: Mapping[str, HostIntent]) -> list[str]:
    """What keeps hosts in one wave that were meant for several."""
    meant = _meant(spec, intents)
    split = [group for group in reasons if len({meant(host) for host in group}) > 1]
    if spec.isdigit():
        split = [group for group in reasons if len(group) > int(spec)]
    return [reason for group in split for reason in reasons[group]]


def _kept_apart(waves: Sequence[Group], budget: Budget) -> list[str]:
    if len(waves) < 2:
        return []
    worst = {domain: max(len(budget.spent(wave).get(domain, ())) for wave in waves) for domain in budget.domains}
    return [
        f"{' and '.join(leg.name for leg in legs)} are each other's redundancy: not in one wave"
        for domain, legs in budget.spent(frozenset().union(*waves)).items()
        if len(legs) > worst[domain]
    ]


def _conflicts(groups: Sequence[Group], reasons: Mapping[Group, Sequence[str]], budget: Budget) -> list[str]:
    return [
        f"{' and '.join(leg.name for leg in legs)} are each other's redundancy ({domain.name}), and "
        f"{', '.join(sorted(group))} cannot be changed apart: {'; '.join(reasons[group]) or 'it is one host'}"
        for group in groups
        for domain, legs in budget.spent(group).items()
        if len(legs) > 1
    ]
