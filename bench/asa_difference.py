"""`python -m bench.asa_difference`: seconds and memory for the difference of Cisco ASA configurations, by size."""

import json
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import TypeVar

from bench.asa_configuration import configuration, sections
from routebook.platforms.asa.config import Delta, difference, parse, restoration

Result = TypeVar("Result")
SIZES = (2_000, 12_500, 25_000, 50_000)


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What work gives, and the best of three times in seconds."""
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - begun)
    return result, min(seconds)


def megabytes(work: Callable[[], object]) -> float:
    """The most memory that work had allocated at one time."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def of_size(size: int) -> dict[str, object]:
    """The figures of one tunnel and one neighbor more on a device with so many lines."""
    text = configuration(size, access_lists_only=size != SIZES[0])

    def work() -> Delta:
        return difference(parse(text), sections(5))

    delta, seconds = timed(work)
    return {
        "seconds": round(seconds, 3),
        "peak megabytes": round(megabytes(work), 1),
        "lines sent": sum(len(block.typed()) for block in delta.commands),
    }


def main() -> None:
    """Devices of each size: parse, compare, and how many lines are sent."""
    figures: dict[str, object] = {f"{size} lines": of_size(size) for size in SIZES}
    for name, text in (("reversed", _reversed(configuration(50_000, access_lists_only=True))),):
        figures[f"50,000 lines, access lists {name}"] = {"seconds": round(_rewritten(text), 3)}
    json.dump(figures, sys.stdout, indent=2)
    print()


def _reversed(text: str) -> str:
    """The same device with every access list upside down."""
    lines = text.splitlines(keepends=True)
    places = [index for index, line in enumerate(lines) if line.startswith("access-list ACL-")]
    for place, line in zip(places, [lines[index] for index in reversed(places)], strict=True):
        lines[place] = line
    return "".join(lines)


def _rewritten(text: str) -> float:
    """Seconds to compute the change of every line of every list."""
    running, wanted = parse(configuration(50_000, access_lists_only=True)), parse(text)
    return timed(lambda: restoration(running, wanted))[1]


if __name__ == "__main__":
    main()
