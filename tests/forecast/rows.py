"""Goes through changes on labs of real daemons and records, for each, what was forecast and what happened."""

import itertools
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from routebook.device.errors import DriverError
from tests.forecast.changes import Change
from tests.forecast.combinations import walks

AT_FIRST = "as at first"
LENGTH = 10  # steps of a random walk
# BFD comes up seconds later, and bgpd of 10.7.1 tries thrice before a session over its limit rests.
_SLOW = re.compile(r"\bbfd\b|\bBFD\b|max_prefix_warning_only")


@dataclass(frozen=True, slots=True)
class Row:
    """One change that was made on live daemons.

    `forecast` are the kinds of effect that the plans had of each session or tunnel, `happened` the outcomes.
    `received` are the prefixes by session and family before it.
    """

    change: str
    before: str
    after: str
    forecast: Mapping[str, tuple[str, ...]]
    happened: Mapping[str, str]
    received: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The row for a file: what happened, without what nothing happened to and what nothing depends on."""
        found = {name: what for name, what in self.happened.items() if what != "nothing"}
        row = {"change": self.change, "before": self.before, "after": self.after, "happened": found}
        return {**row, "received": dict(self.received)} if "max_prefix" in self.change else row


@dataclass(frozen=True, slots=True)
class Stop:
    """A world on a journey: its name, how what leads to it is called, and whether BFD needs its time to show that."""

    name: str
    change: str
    world: Any
    slow: bool


@dataclass(frozen=True, slots=True)
class Journey:
    """The worlds that a lab goes through, from the first one that it begins with."""

    begins: str
    stops: tuple[Stop, ...]


class Lab(Protocol):
    """Real daemons in the first world."""

    @property
    def release(self) -> str:
        """The daemons' release."""
        ...

    def step(self, before: str, stop: Stop) -> Row:
        """Bring the lab from the world named `before` to another one, and record what happens."""
        ...

    def go_home(self) -> None:
        """Bring the lab to the first world again. Raises AssertionError where that does not come up."""
        ...

    def stop(self) -> None:
        """End the daemons."""
        ...


def singles(changes: Iterable[Change], begin: Callable[[], Any]) -> Iterator[Journey]:
    """Each change by itself, through all its states and back."""
    for change in changes:
        there = [(AT_FIRST, begin()), *((words, make(begin())) for words, make in change.states)]
        slow = bool(_SLOW.search(change.option))
        stops = tuple(Stop(words, change.name, world, slow) for words, world in (*there[1:], *there[-2::-1]))
        yield Journey(AT_FIRST, stops)


def combinations(
    changes: Sequence[Change], begin: Callable[[], Any], seed: int, number: int, length: int
) -> Iterator[Journey]:
    """Random walks, of two to four changes a step."""
    for walk, steps in enumerate(walks(changes, begin, seed, number, length)):
        yield Journey(
            f"{seed}/{walk}.0",
            tuple(
                Stop(
                    f"{seed}/{walk}.{at}",
                    "; ".join(step.changed),
                    step.world,
                    bool(_SLOW.search(" ".join(step.changed))),
                )
                for at, step in enumerate(steps, 1)
            ),
        )


def go(lab: Lab, journey: Journey, done: Callable[[Row], None]) -> None:
    """Go on a journey, record each of its changes, and return."""
    before = journey.begins
    for stop in journey.stops:
        done(lab.step(before, stop))
        before = stop.name
    lab.go_home()


def on_labs(
    make: Callable[[Path], Lab],
    folder: Path,
    labs: int,
    journeys: Sequence[Journey],
    done: Callable[[Row], None],
    failed: Callable[[str], None],
) -> str:
    """Go on all journeys with so many labs at once; the daemons' release.

    A journey that ends with an error is reported with it, and its lab made anew.
    """
    waiting, lock, released = list(reversed(journeys)), threading.Lock(), set[str]()

    def locked(row: Row) -> None:
        with lock:
            done(row)

    def work(number: int) -> None:
        for again in itertools.count():
            lab = make(folder / f"{number}-{again}")
            released.add(lab.release)
            try:
                while True:
                    with lock:
                        if not waiting:
                            return
                        journey = waiting.pop()
                    go(lab, journey, locked)
            except (DriverError, AssertionError) as error:
                with lock:
                    failed(f"{journey.stops[0].change}: {error}")
            finally:
                lab.stop()

    with ThreadPoolExecutor(labs) as pool:
        list(pool.map(work, range(labs)))
    (found,) = released
    return found
