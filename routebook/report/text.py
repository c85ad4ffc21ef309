"""Counted words, and times that people read."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from routebook.checks.findings import SEVERITY, Finding, Key
from routebook.device.values import Effect, EffectKind

MOST_SUBJECTS = 4


def alike(effects: Iterable[Effect]) -> list[Effect]:
    """The effects, those of one kind and reason as a single one: what a speaker announces concerns every session."""
    subjects: dict[tuple[EffectKind, str], list[str]] = {}
    for effect in effects:
        subjects.setdefault((effect.kind, effect.reason), []).append(label(effect))
    return [Effect(kind, _several(kind, names), reason) for (kind, reason), names in subjects.items()]


def label(effect: Effect) -> str:
    """What an effect is on, by name and address: `transit-no (2001:db8:f001::1)`."""
    named = f"{effect.peer} ({effect.subject})" if effect.peer else effect.subject
    return f"{named}, foreign" if effect.foreign else named


def _several(kind: EffectKind, names: list[str]) -> str:
    if len(names) <= MOST_SUBJECTS or kind not in ("policy", "session-changed"):  # what interrupts traffic is named
        return ", ".join(names)
    return f"{', '.join(names[:MOST_SUBJECTS])} and {len(names) - MOST_SUBJECTS} more"


def seconds(value: float) -> str:
    """A duration: `0.4 s`, `12 s`, `3 min 5 s`."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def moment(epoch: float) -> str:
    """A moment in UTC, ISO 8601 to the second."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def tally(findings: Iterable[Finding]) -> str:
    """Findings counted by status, worst first: `2 failed, 31 ok`."""
    counts = Counter(finding.status for finding in findings)
    return ", ".join(f"{counts[status]} {status}" for status in SEVERITY if counts[status]) or "no checks"


def consequences(findings: Iterable[Finding]) -> dict[Key, list[str]]:
    """What follows from each finding, by its key: how many, and a line for each check and host with the subjects."""
    grouped: dict[Key, dict[tuple[str, str], list[str]]] = {}
    for each in findings:
        if each.follows is not None:
            grouped.setdefault(each.follows, {}).setdefault((each.check, each.host), []).append(each.subject)
    found = {}
    for root, lines in grouped.items():
        number = sum(map(len, lines.values()))
        counted = f"{number} finding{'s follow' if number > 1 else ' follows'} from it"
        found[root] = [counted, *(f"{check} on {host}: {', '.join(them)}" for (check, host), them in lines.items())]
    return found
