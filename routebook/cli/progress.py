"""Live progress on standard error: one line a host on a terminal, one line an event elsewhere."""

import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from routebook.events import Event

PLAIN_WIDTH = 120
"""Columns where output goes to a file or a pipe, which says nothing of its width."""


def console(*, stderr: bool = False) -> Console:
    """What is printed on, as wide as the terminal."""
    found = Console(stderr=stderr)
    return found if found.is_terminal else Console(stderr=stderr, width=PLAIN_WIDTH)


class Progress:
    """A listener for a run's events. Use as a context manager; safe to call from any thread."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = console(stderr=True)
        self._quiet = quiet
        self._begun = time.monotonic()
        self._hosts: dict[str, Event] = {}
        self._headline = ""
        self._lock = threading.Lock()
        self._live = Live(console=self._console, get_renderable=self._table, transient=True, refresh_per_second=8)

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if self._quiet:
            return
        with self._lock:
            if event.host:
                self._hosts[event.host] = event
            else:
                self._headline = f"{event.phase}: {event.message}"
            if not self._console.is_terminal or event.failed or not event.host:
                self._console.print(self._line(event), highlight=False, markup=False, soft_wrap=True)

    def _line(self, event: Event) -> str:
        elapsed = time.monotonic() - self._begun
        host = f"{event.host}: " if event.host else ""
        return f"{elapsed:6.1f} s  {event.phase:<11} {host}{event.message}"

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_row(f"[bold]{time.monotonic() - self._begun:.0f} s[/]", self._headline)
        for host, event in sorted(self._hosts.items()):
            table.add_row(host, f"{event.phase}: {event.message}", style="red" if event.failed else "")
        return table
