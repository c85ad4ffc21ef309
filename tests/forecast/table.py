"""Makes the tables that drivers and documents use of the rows that were measured."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from routebook.platforms.frr.options import Way
from tests.forecast.changes import Change
from tests.forecast.combinations import replayed, world_of
from tests.forecast.happened import RESTARTS
from tests.forecast.rendered import changed
from tests.forecast.routers import SESSIONS
from tests.forecast.rows import singles

ROWS = Path(__file__).with_name("measured")
"""What was measured, one row a line, in a file for each daemon and release."""

_PREFIXES, _REFRESHED, _NOTHING = "prefixes", "refreshed", "nothing"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

Rows = Sequence[Mapping[str, Any]]
Table = dict[str, dict[Way, dict[str, str]]]
Rated = Mapping[tuple[str, str, str], tuple[Any, Any]]
"""The worlds before and after a change, by the names that a row has for both and for it."""


def worlds(changes: Iterable[Change], begin: Callable[[], Any]) -> Rated:
    """The worlds of every change by itself."""
    found = {}
    for journey in singles(changes, begin):
        before, world = journey.begins, begin()
        for stop in journey.stops:
            found[stop.change, before, stop.name] = (world, stop.world)
            before, world = stop.name, stop.world
    return found


def worlds_of_walks(rows: Rows, changes: Iterable[Change], begin: Callable[[], Any]) -> Rated:
    """The worlds of random combinations, as their rows tell of them."""
    known = {change.name: change for change in changes}
    found = {}
    steps = {(walk, int(step)): row for row in rows for walk, step in [row["after"].split(".")]}
    for walk in sorted({walk for walk, _ in steps}):
        at: dict[str, tuple[Change, int]] = {}
        world, step = begin(), 1
        while (row := steps.get((walk, step))) is not None:
            replayed(row["change"], at, known)
            before, world = world, world_of(begin(), at)
            found[row["change"], row["before"], row["after"]] = (before, world)
            step += 1
    return found


def read(path: Path) -> Rows:
    """The rows of a file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def releases(daemon: str) -> list[str]:
    """The releases of a daemon that were measured, oldest first."""
    found = [path.name.removeprefix(f"{daemon}-").removesuffix(".jsonl") for path in ROWS.glob(f"{daemon}-*.jsonl")]
    return sorted((each for each in found if "-" not in each), key=lambda text: [int(part) for part in text.split(".")])


def of_sessions(rows: Rows, rated: Rated) -> Table:
    """What happened to sessions of either kind when a setting changed.

    A row in which several settings change counts for the one of them that is in no row by itself.
    """
    ways = [(changed(*rated[row["change"], row["before"], row["after"]]), row) for row in rows]
    alone = {name for settings, _ in ways if len(settings) == 1 for name, _ in settings}
    outcomes: dict[tuple[str, Way, str], set[str]] = {}
    for settings, row in ways:
        others = {each for each in settings if each[0] not in alone}
        meant = settings if len(settings) == 1 else others if len({name for name, _ in others}) == 1 else set()
        for kind, found in _outcomes(row):
            for name, way in meant:
                outcomes.setdefault((name, way, kind), set()).update(found)
    table: Table = {}
    for (name, way, kind), found in sorted(outcomes.items()):
        table.setdefault(name, {}).setdefault(way, {})[kind] = _summary(found)
    return table


def _outcomes(row: Mapping[str, Any]) -> Iterable[tuple[str, set[str]]]:
    """The outcomes by kind of session: of the session that the change is of, or of all where it is of none."""
    of = [name for name in SESSIONS if row["change"].startswith(name)]
    for kind in ("internal", "external"):
        names = [name for name in of or SESSIONS if SESSIONS[name].kind == kind]
        found = {row["happened"].get(name, _NOTHING) for name in names} - {"down"}
        if found:
            yield kind, found


def _summary(found: set[str]) -> str:
    if found & RESTARTS:
        return "reset" if found <= RESTARTS - {"over limit"} else "at times"
    return next(each for each in (_PREFIXES, _REFRESHED, _NOTHING) if each in found)


def of_tunnels(rows: Rows) -> dict[str, str]:
    """What happened to a tunnel when an option of it changed."""
    found: dict[str, set[str]] = {}
    for row in rows:
        about, _, option = row["change"].partition(": ")
        name = about.partition(",")[0]
        where = about.partition(", ")[2]
        outcome = {each for tunnel, each in row["happened"].items() if tunnel.startswith(name)} or {_NOTHING}
        found.setdefault(f"{option}{f', at the {where} end' if where else ''}", set()).update(outcome)
    return {option: ", ".join(sorted(outcomes)) for option, outcomes in sorted(found.items())}


def documented(title: str, tables: Mapping[str, Mapping[str, str]]) -> str:
    """Markdown of a table with a column for each release."""
    names = sorted({name for table in tables.values() for name in table})
    lines = [f"| {title} | {' | '.join(tables)} |", "|---" * (len(tables) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(table.get(name, '') for table in tables.values())} |" for name in names]
    return "\n".join(lines)


def sessions_documented(tables: Mapping[str, Table]) -> str:
    """The table of sessions by setting, with how it changes and with the kind of session where that matters."""

    def cell(found: dict[str, str]) -> str:
        outcomes = set(found.values())
        return (
            found.popitem()[1] if len(outcomes) == 1 else "; ".join(f"{name}: {what}" for name, what in found.items())
        )

    return documented(
        "setting",
        {
            f"FRR {release}": {
                f"`{name}`": cell({way: cell(dict(kinds)) for way, kinds in ways.items()})
                for name, ways in table.items()
            }
            for release, table in tables.items()
        },
    )


def put(page: str, table: str) -> str:
    """The page with the table between the marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"
