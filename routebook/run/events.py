"""What a run reports while it works; the command line decides how to show it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct


class Event(Struct, frozen=True):
    """A step that begins or has ended: on one host, or on the run as a whole (`host` empty)."""

    phase: str
    message: str
    host: str = ""
    failed: bool = False


Listener = Callable[[Event], None]


def unfailing(listener: Listener) -> Listener:
    """A listener that falls silent when it fails: nobody reads what it writes, or it cannot show it.

    A run must come to its end, and back if it has to, whether somebody watches or not.
    """
    silent = threading.Event()

    def listen(event: Event) -> None:
        if silent.is_set():
            return
        try:
            listener(event)
        except Exception:  # noqa: BLE001  whatever it is, it is not the run that failed
            silent.set()

    return listen


class Timings:
    """Seconds spent in each phase of a run."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to the phase `name`."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - begun, 3)
