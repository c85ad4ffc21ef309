"""Writes what was measured to where drivers and operators read it: the driver's table, and the tables of two pages."""

import json
from pathlib import Path

from routebook.platforms.frr.measured import TABLES
from tests.forecast import routers
from tests.forecast.speaker_changes import every
from tests.forecast.table import (
    ROWS,
    Table,
    documented,
    of_sessions,
    of_tunnels,
    put,
    read,
    releases,
    sessions_documented,
    worlds,
)

PAGES = Path(__file__).resolve().parents[2] / "docs/platforms"


def sessions() -> dict[str, Table]:
    """The table of each release of FRR."""
    rated = worlds(every(), routers.start)
    return {release: of_sessions(read(ROWS / f"frr-{release}.jsonl"), rated) for release in releases("frr")}


def tunnels() -> dict[str, dict[str, str]]:
    """The table of each release of strongSwan."""
    return {
        f"strongSwan {release}": of_tunnels(read(ROWS / f"strongswan-{release}.jsonl"))
        for release in releases("strongswan")
    }


def driver_table(found: dict[str, Table]) -> str:
    """What the driver reads."""
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def pages(found: dict[str, Table]) -> dict[Path, str]:
    """The two pages with their tables."""
    written = {"frr": sessions_documented(found), "strongswan": documented("option", tunnels())}
    return {PAGES / f"{name}.md": put((PAGES / f"{name}.md").read_text(), table) for name, table in written.items()}


def write_tables() -> None:
    """Write all of it anew."""
    found = sessions()
    TABLES.write_text(driver_table(found))
    for page, text in pages(found).items():
        page.write_text(text)
