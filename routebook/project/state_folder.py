"""The state folder of a project: journal, plan key, leases and reports; in the project, or where the operator says."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from routebook.errors import RefusedError
from routebook.project.identity import Identity, identity, remember
from routebook.project.private_files import check_private, own_folder, read_private, write_private

STATE_FOLDER = ".routebook"
VARIABLE = "ROUTEBOOK_STATE"
_OWNER = "project.json"
_MOST = 65_536  # bytes that say which project a state folder is of


class StateFolder(Struct, frozen=True):
    """What Routebook keeps of a project between commands. `path` is absolute; `apart` is one that somebody named."""

    path: Path
    project: Path
    apart: bool = False

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.path / "journal.db"

    @property
    def plan_key(self) -> Path:
        """The file with the key of saved plans."""
        return self.path / "plan.key"

    @property
    def identities(self) -> Path:
        """The file with what devices said of themselves at their last confirmed run."""
        return self.path / "identities.json"

    @property
    def baseline(self) -> Path:
        """The file with what is normal."""
        return self.path / "baseline.json"

    @property
    def leases(self) -> Path:
        """Where the leases of runs at work are."""
        return self.path / "leases"

    def run(self, run_id: str) -> Path:
        """Where a run's reports are."""
        return self.path / "runs" / run_id

    def open(self, *, make: bool = True) -> "StateFolder":
        """The folder, made unless it is there, and certainly this project's and private. Raises RefusedError.

        Without `make`, one that somebody named must be there: a wrong name would say that nothing was ever run.
        """
        if self.apart and not make and not self.path.exists():
            raise RefusedError(
                f"there is no state folder {self.path}: correct --state or {VARIABLE}; a run or a saved plan makes "
                "a new one. Nothing was changed."
            )
        own_folder(self.path)
        if self.apart:
            self._claim()
        return self

    def _claim(self) -> None:
        """Let the folder be this project's, or refuse one that is another's: hosts of one name are not the same."""
        place, ours = self.path / _OWNER, identity(self.project)
        owner = Identity.read(read_private(place, _MOST), place) if check_private(place) else ours
        if not owner.same(ours):
            raise RefusedError(
                f"the state folder {self.path} is of another project, {owner}, and this is {ours}: name another folder "
                f"with --state or {VARIABLE}. If it is the same project, which has moved, remove {place}. "
                "Nothing was changed."
            )
        known = remember(self.project, owner.updated(ours))
        if known != owner or not place.exists():
            try:
                write_private(place, known.text().encode())
            except OSError as error:
                raise RefusedError(f"cannot write {place}: {error.strerror}; nothing was changed") from error


def state_folder(project: Path, named: Path | None = None, environment: Mapping[str, str] = os.environ) -> StateFolder:
    """Where a project's state is: what was `named`, or what `ROUTEBOOK_STATE` says, or `.routebook` in the project."""
    place = str(named or environment.get(VARIABLE, ""))
    if not place:
        return StateFolder(project / STATE_FOLDER, project)
    # A link that an operator names is followed; one that is found in a checkout is not.
    path = Path(os.path.realpath(Path(place).expanduser()))
    return StateFolder(path, project, apart=path != project / STATE_FOLDER)
