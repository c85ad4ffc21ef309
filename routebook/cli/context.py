"""What every command of the command line knows."""

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from routebook.errors import RefusedError

if TYPE_CHECKING:
    from routebook.project.state_folder import StateFolder


class Context(Struct, frozen=True):
    """The options that stand before the command."""

    start: Path
    debug: bool
    named_state: Path | None = None

    @property
    def state(self) -> "StateFolder":
        """Where journal, plan key, leases and reports are. Raises RefusedError."""
        from routebook.project.state_folder import state_folder

        return state_folder(self.project, self.named_state)

    @property
    def project(self) -> Path:
        """The nearest folder, from `start` upwards, that holds an inventory.

        Raises RefusedError where there is none, or where it is somebody else's.
        """
        from routebook.project.trust import require_trusted

        for folder in (self.start, *self.start.parents):
            if (folder / "inventory" / "hosts.yaml").is_file():
                require_trusted(folder)
                return folder
        raise RefusedError(
            f"no inventory/hosts.yaml in {self.start} or above it; "
            "go to a project, name one with --project, or make one with `routebook init DIR`"
        )
