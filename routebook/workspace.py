"""A project as a command works on it: its intent, its Nornir, its journal, its secrets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nornir.core import Nornir

from routebook.intent import load
from routebook.intent.model import HostIntent, Network
from routebook.inventory import nornir_for
from routebook.journal import Journal
from routebook.secrets import Redactor

STATE_FOLDER = ".routebook"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A project with the hosts that a command works on.

    `nornir` also has the far ends of their sessions and tunnels, `observed`: they are read, never changed.
    """

    project: Path
    network: Network
    nornir: Nornir
    hosts: tuple[str, ...]
    observed: tuple[str, ...]

    @property
    def state_folder(self) -> Path:
        """Where the project keeps its journal and reports."""
        return self.project / STATE_FOLDER

    def journal(self) -> Journal:
        """The project's journal. Raises RefusedError if it cannot be written."""
        return Journal(self.state_folder / "journal.db")
