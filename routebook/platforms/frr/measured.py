"""What bgpd does to a live session when one of its settings changes, measured on each release.

`measured.json` has for each release, and for each setting as "neighbor OPTION", "family OPTION", "router …" or the name
of an object, what happened to sessions of either kind: "reset", "at times" (it depends on more than the setting),
"prefixes", "refreshed" or "nothing"; each by how the setting changes. `make forecast` writes it.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

from routebook.platforms.frr.options import Way

Kind = Literal["internal", "external"]
Table = Mapping[str, Mapping[Way, Mapping[str, str]]]
"""The outcome by setting, how it changes, and kind of session."""

TABLES = Path(__file__).with_name("measured.json")


@lru_cache(maxsize=1)
def tables() -> Mapping[tuple[int, int], Table]:
    """The table of each release that was measured, as (8, 4), oldest first."""
    found: dict[str, Table] = json.loads(TABLES.read_text())
    numbered = {_number(release): table for release, table in found.items()}
    return dict(sorted(numbered.items()))


@lru_cache(maxsize=8)
def of_release(has: tuple[int, int]) -> Table:
    """What counts for a release: of each change its own measurement, else that of the newest release before it that has
    one, else that of the oldest after it.
    """
    known = tables()
    before, after = ([each for each in known if (each <= has) is older] for older in (True, False))
    found: dict[str, dict[Way, dict[str, str]]] = {}
    for release in (*reversed(after), *before):
        for setting, ways in known[release].items():
            for way, kinds in ways.items():
                found.setdefault(setting, {}).setdefault(way, {}).update(kinds)
    return found


def resets(table: Table, setting: str, way: Way, kind: Kind) -> bool:
    """Whether a session of that kind resets when the setting changes in that way."""
    return table.get(setting, {}).get(way, {}).get(kind) == "reset"


def _number(release: str) -> tuple[int, int]:
    major, minor, *_ = release.split(".")
    return int(major), int(minor)
