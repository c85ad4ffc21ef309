"""What a plan does, short enough to approve it: counted, by name, without a difference having been read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from routebook.device.values import Effect, EffectKind
from routebook.report.text import label

_HEARD = ("announced", "withdrawn")
_FEW = 6
"""As many of a kind are named one by one; beyond that, each host's number is shown."""


class Item(Struct, frozen=True):
    """Something that the plan does: on which hosts (both ends of a tunnel, say), to what, and why."""

    hosts: tuple[str, ...]
    effect: Effect

    @property
    def text(self) -> str:
        """As an operator calls it."""
        if self.effect.kind.startswith("session-"):
            return f"{self.hosts[0]} – {label(self.effect)}"
        if self.effect.kind in _HEARD:
            return f"{self.effect.subject} to {self.effect.peer} ({', '.join(self.hosts)})"
        return f"{label(self.effect)} ({', '.join(self.hosts)})"

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        effect = self.effect
        return {
            "hosts": list(self.hosts),
            "subject": effect.subject,
            "peer": effect.peer,
            "foreign": effect.foreign,
            "reason": effect.reason,
        }


_KINDS: Mapping[str, tuple[str, tuple[EffectKind, ...]]] = {
    "sessions_reset": ("sessions that reset", ("session-reset",)),
    "sessions_removed": ("sessions that go", ("session-removed",)),
    "sessions_new": ("new sessions", ("session-new",)),
    "tunnels_rekeyed": ("tunnels that re-key", ("tunnel-rekey", "child-rekey")),
    "tunnels_removed": ("tunnels that go", ("tunnel-removed",)),
    "tunnels_new": ("new tunnels", ("tunnel-new",)),
    "prefixes_removed": ("prefixes that go", ("prefix-removed",)),
    "prefixes_new": ("prefixes that come", ("prefix-new",)),
    "prefix_lists": ("prefix lists that change", ("prefix-list",)),
    "withdrawn": ("announcements that go", ("withdrawn",)),
    "announced": ("announcements that come", ("announced",)),
}


class Summary(Struct, frozen=True):
    """What a plan does to all of its hosts. `items` are by the keys of the machine-readable summary."""

    hosts: tuple[str, ...]
    commands: int
    items: Mapping[str, tuple[Item, ...]]
    foreign: tuple[Item, ...]
    warnings: Mapping[str, tuple[str, ...]]

    def __bool__(self) -> bool:
        return bool(self.hosts)

    def to_json(self) -> dict[str, Any]:
        """For programs: every single item, whatever is folded for people."""
        return {
            "hosts": list(self.hosts),
            "commands": self.commands,
            **{key: [item.to_json() for item in self.items[key]] for key in _KINDS},
            "foreign": [item.to_json() for item in self.foreign],
            "warnings": {host: list(said) for host, said in self.warnings.items()},
        }

    def lines(self) -> list[tuple[str, str]]:
        """A headline and a line for each kind of thing that happens, and only for those."""
        changed = f"{_counted(len(self.hosts), 'host')}, {_counted(self.commands, 'command')}"
        lines = [(changed, ", ".join(self.hosts))]
        for key, (words, _) in _KINDS.items():
            if items := self.items[key]:
                lines.append((f"{len(items)} {_singular(words, len(items))}", _listed(items)))
        if not any(self.items[key] for key in _KINDS if key.startswith(("session", "tunnel"))):
            lines.append(("no session and no tunnel", "comes, goes, resets or re-keys"))
        if self.foreign:
            lines.append((f"{len(self.foreign)} foreign, touched", _listed(self.foreign)))
        if self.warnings:
            number = sum(map(len, self.warnings.values()))
            said = dict.fromkeys(text for texts in self.warnings.values() for text in texts)
            shown = list(said)[: _FEW // 2]
            more = [f"and {len(said) - len(shown)} more"] if len(said) > len(shown) else []
            lines.append((_counted(number, "warning"), "; ".join([*shown, *more])))
        return lines


class Changed(Protocol):
    """What the summary reads of a host's result."""

    @property
    def changed(self) -> bool:
        """Whether anything of it changes."""

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What the change is going to do."""

    @property
    def commands(self) -> tuple[str, ...]:
        """What is sent."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to think of before."""


def summary(hosts: Mapping[str, Changed]) -> Summary:
    """The summary of what is, or was, to be sent to these hosts."""
    changed = {name: host for name, host in hosts.items() if host.changed}
    effects = [(name, effect) for name, host in changed.items() for effect in host.effects]
    return Summary(
        hosts=tuple(changed),
        commands=sum(len(host.commands) for host in changed.values()),
        items={key: tuple(_items(effects, kinds)) for key, (_, kinds) in _KINDS.items()},
        foreign=tuple(Item((name,), effect) for name, effect in effects if effect.foreign),
        warnings={name: host.warnings for name, host in changed.items() if host.warnings},
    )


def _items(effects: Sequence[tuple[str, Effect]], kinds: Sequence[EffectKind]) -> Iterable[Item]:
    """Each session, tunnel or prefix once: what two hosts of ours have between them is in the forecast of both."""
    chosen = [(host, effect) for host, effect in effects if effect.kind in kinds]
    if kinds[0].startswith("session-"):
        return _sessions(chosen)
    found: dict[tuple[str, str], list[tuple[str, Effect]]] = {}
    for host, effect in chosen:
        peer = effect.peer if effect.kind in _HEARD else ""
        found.setdefault((effect.subject, peer), []).append((host, effect))
    return [Item(tuple(dict.fromkeys(host for host, _ in ends)), ends[0][1]) for ends in found.values()]


def _sessions(effects: Sequence[tuple[str, Effect]]) -> list[Item]:
    ends: dict[tuple[str, str], list[Effect]] = {}
    for host, effect in effects:
        ends.setdefault((host, effect.peer or effect.subject), []).append(effect)
    found: list[Item] = []
    for (host, peer), here in ends.items():
        there = ends.get((peer, host), [])
        # The end that names more of the sessions between the two; the first of both where that is the same.
        if (len(here), peer) > (len(there), host) or not there:
            found += [Item((host, peer) if there else (host,), effect) for effect in here]
    return found


def _listed(items: Sequence[Item]) -> str:
    if len(items) <= _FEW:
        return "; ".join(item.text for item in items)
    counts: dict[str, int] = {}
    for item in items:
        for host in item.hosts[:1]:
            counts[host] = counts.get(host, 0) + 1
    return ", ".join(f"{host} {count}" for host, count in counts.items())


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _singular(words: str, number: int) -> str:
    if number != 1:
        return words
    for many, one in (
        ("sessions", "session"), ("tunnels", "tunnel"), ("prefixes", "prefix"), ("lists", "list"),
        ("announcements", "announcement"),
        ("reset", "resets"), ("go", "goes"), ("re-key", "re-keys"), ("come", "comes"), ("change", "changes"),
    ):  # fmt: skip
        words = " ".join(one if word == many else word for word in words.split(" "))
    return words
