"""The states of a run's hosts, written to the journal before each step; on the way back, as far as it can be."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from routebook.run.journal import HostState, Journal, JournalError


@dataclass(slots=True)
class Books:
    """What a run knows of its hosts and has written down; `unwritten` is why the journal does not have all of it."""

    journal: Journal
    run_id: str
    states: dict[str, HostState] = field(default_factory=dict)
    going_back: bool = False
    unwritten: str = ""

    def enter(self, hosts: Iterable[str], state: HostState) -> None:
        """Write down that `hosts` are in a state now. Raises JournalError, but not while they are going back."""
        entering = sorted(hosts)
        if not entering:
            return
        try:
            self.journal.record(self.run_id, entering, state)
        except JournalError as error:
            if not self.going_back:
                raise
            # The way back needs no journal: what it cannot be told now, `recover` finds out from the devices.
            self.unwritten = str(error)
        self.states |= dict.fromkeys(entering, state)

    def catch_up(self) -> None:
        """Write what could not be written on the way back. Raises JournalError if it still cannot be."""
        if self.unwritten:
            for host, state in self.states.items():
                self.journal.record(self.run_id, [host], state)
            self.unwritten = ""
