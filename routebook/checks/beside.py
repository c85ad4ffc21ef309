"""What somebody else has made on a device of the kinds that Routebook makes: new since it was last known, or known."""

from collections.abc import Collection, Iterable, Iterator

from routebook.checks.findings import Finding, Status
from routebook.checks.normal import Normal
from routebook.device.values import Beside

EXTRA = "config.extra"
_MOST_LINES, _MOST_NAMES = 40, 5


def check(host: str, found: Iterable[Beside], normal: Normal) -> Iterator[Finding]:
    """One finding for what is there of others: a failure where something has appeared, and a warning where no run that
    was confirmed, and nobody who accepted it, has seen that section there. Nothing where nothing is.
    """
    seen = normal.foreign.get(host, frozenset())
    groups: dict[Status, list[str]] = {"failed": [], "warning": [], "ok": []}
    for each in found:
        status: Status = "ok" if _text(each) in seen else "failed" if _kind(each.section) in seen else "warning"
        groups[status].append(each.name)
    words = {
        "failed": (
            "not in the intent, and not there at the last confirmed run or accepted baseline: take it away, adopt it, "
            "or accept it (routebook verify --accept-baseline)"
        ),
        "warning": "not in the intent; `routebook verify --accept-baseline` takes what is there now for known",
        "ok": "not in the intent, and known",
    }
    worst: Status | None = next((status for status, names in groups.items() if names), None)
    if worst is None:
        return
    lines = [f"{host}: {name}: {words[status].partition(':')[0]}" for status, names in groups.items() for name in names]
    more = [f"{host}: and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
    cause = f"{_listed(groups[worst])}: {words[worst]}"
    yield Finding(host, EXTRA, host, worst, (*lines[:_MOST_LINES], *more), cause)


def known(before: Collection[str], sections: Iterable[str], found: Iterable[Beside]) -> frozenset[str]:
    """What is known as foreign on a host, once its `sections` were looked at and this was found beside them."""
    kinds = {_kind(section) for section in sections}
    rest = {text for text in before if _kind_of(text) not in kinds}
    return frozenset(rest | kinds | {_text(each) for each in found})


def is_beside(text: str) -> bool:
    """Whether a text among what is known as foreign is of an object, or says that a section was looked at."""
    return text.startswith("config.")


def _kind(section: str) -> str:
    return f"config.{section}"


def _kind_of(text: str) -> str:
    return text.partition(" ")[0]


def _text(beside: Beside) -> str:
    return f"{_kind(beside.section)} {beside.name}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
