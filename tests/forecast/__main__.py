"""`python -m tests.forecast`: measure changes on live sessions and tunnels, and print how well they were forecast.

What was measured before and is in the files is not measured again; without them, everything is.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.forecast import accuracy, gateways, routers
from tests.forecast.changes import Change
from tests.forecast.report import write_tables
from tests.forecast.rows import LENGTH, Journey, Lab, Row, combinations, on_labs, singles
from tests.forecast.speaker_changes import every
from tests.forecast.star import Star
from tests.forecast.swans import Swans
from tests.forecast.table import ROWS, Rows, read, worlds, worlds_of_walks
from tests.forecast.tunnel_changes import every_of_tunnels


@dataclass(frozen=True, slots=True)
class Kind:
    """What is measured: of which daemon, the lab, its first world and every change."""

    daemon: str
    lab: Callable[[Path], Lab]
    begin: Callable[[], Any]
    changes: Callable[[], Sequence[Change]]


KINDS = {
    "sessions": Kind("frr", Star, routers.start, every),
    "tunnels": Kind("strongswan", Swans, gateways.start, every_of_tunnels),
}


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m tests.forecast", description=__doc__)
    parser.add_argument("what", choices=KINDS)
    parser.add_argument("--labs", type=int, default=3, help="how many sets of hosts at once (default 3)")
    parser.add_argument("--only", action="append", help="changes of which the name has this, or one of these, in it")
    parser.add_argument("--combinations", type=int, default=0, metavar="N", help="so many combinations instead")
    parser.add_argument("--seed", type=int, default=1, help="of the combinations (default 1)")
    parser.add_argument("--out", type=Path, default=ROWS, help="the folder of the files")
    arguments = parser.parse_args()
    kind = KINDS[arguments.what]
    folder = Path(tempfile.mkdtemp(prefix="routebook-forecast-"))
    changes = [each for each in kind.changes() if any(part in each.name for part in arguments.only or [""])]
    if arguments.combinations:
        number = arguments.combinations // LENGTH
        journeys = list(combinations(changes, kind.begin, arguments.seed, number, LENGTH))
    else:
        journeys = list(singles(changes, kind.begin))
    path = (
        arguments.out
        / f"{kind.daemon}-{_release(kind, folder)}{'-combinations' if arguments.combinations else ''}.jsonl"
    )
    if arguments.combinations and path.exists():
        journeys = [each for each in journeys if not _gone_otherwise(each, read(path))]
    failures = _measure(kind, journeys, path, folder, arguments.labs)
    rows = read(path)
    rated = worlds_of_walks(rows, kind.changes(), kind.begin) if arguments.combinations else worlds(changes, kind.begin)
    rows = [row for row in rows if (row["change"], row["before"], row["after"]) in rated]
    release = path.stem.split("-")[1]
    if kind.daemon == "frr":
        found = accuracy.of_sessions(rows, rated, release, routers.SESSIONS)
    else:
        found = accuracy.of_tunnels(rows, rated, release)
    print(found.table("reset" if kind.daemon == "frr" else "made anew"))
    for name in ("missed", "surplus", "over_limit", "at_times"):
        for case in getattr(found, name):
            print(f"{name}: {case}")
    if arguments.out == ROWS:
        write_tables()
    return 0 if found.good and not failures else 1


def _release(kind: Kind, folder: Path) -> str:
    lab = kind.lab(folder / "release")
    try:
        return lab.release
    finally:
        lab.stop()


def _measure(kind: Kind, journeys: Sequence[Journey], path: Path, folder: Path, labs: int) -> list[str]:
    """Go on the journeys of which rows are missing; what failed."""
    have = {(row["change"], row["before"], row["after"]) for row in read(path)} if path.exists() else set()
    due = [each for each in journeys if not have >= set(_names(each))]
    total, begun, failures, made = sum(len(each.stops) for each in due), time.monotonic(), list[str](), 0
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as out:

        def done(row: Row) -> None:
            nonlocal made
            made += 1
            if (row.change, row.before, row.after) not in have:
                print(json.dumps(row.as_json()), file=out, flush=True)
            if made % 20 == 0:
                print(f"{made} of {total} after {time.monotonic() - begun:.0f} s", flush=True)

        def failed(why: str) -> None:
            failures.append(why)
            print(f"failed: {why}", flush=True)

        if due:
            on_labs(kind.lab, folder, labs, due, done, failed)
    return failures


def _gone_otherwise(journey: Journey, rows: Rows) -> bool:
    """Whether a walk of that name was measured when there were fewer changes, and so went another way."""
    known = {(row["before"], row["after"]): row["change"] for row in rows}
    return any(known.get((before, after), change) != change for change, before, after in _names(journey))


def _names(journey: Journey) -> Iterator[tuple[str, str, str]]:
    before = journey.begins
    for stop in journey.stops:
        yield stop.change, before, stop.name
        before = stop.name


if __name__ == "__main__":
    sys.exit(main())
