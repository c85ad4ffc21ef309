"""Live progress on standard error: one line a host on a terminal, one line an event elsewhere."""

import threading
import time
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from routebook.cli import output
from routebook.redaction.gate import one_line
from routebook.report.layout import Line, Part, Span, line, public
from routebook.run.events import Event


class Progress:
    """A listener for a run's events. Use as a context manager; safe to call from any thread."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._begun = time.monotonic()
        self._hosts: dict[str, Event] = {}
        self._headline = ""
        self._lock = threading.Lock()
        self._live = ExitStack()

    def __enter__(self) -> Self:
        if not self._quiet:
            self._live.enter_context(output.live(self._lines))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.close()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if self._quiet:
            return
        with self._lock:
            if event.host:
                self._hosts[event.host] = event
            else:
                self._headline = f"{event.phase}: {event.message}"
        # Without the lock: the display takes it to draw, and steps aside for this line.
        if not output.is_terminal() or event.failed or not event.host:
            output.line(*self._event_line(event), err=True)

    def _event_line(self, event: Event) -> tuple[Part, ...]:
        elapsed = time.monotonic() - self._begun
        host = f"{event.host}: " if event.host else ""
        return (public(f"{elapsed:6.1f} s  {event.phase:<11} {host}"), one_line(event.message))

    def _lines(self) -> list[Line]:
        with self._lock:
            headline, hosts = self._headline, sorted(self._hosts.items())
        width = max((len(host) for host, _ in hosts), default=0)
        return [
            line(public(f"{time.monotonic() - self._begun:.0f} s", "bold"), f"  {headline}"),
            *(line(public(host.ljust(width)), _at_work(event)) for host, event in hosts),
        ]


def _at_work(event: Event) -> Span:
    return Span(f"  {event.phase}: {event.message}", "red" if event.failed else "")
