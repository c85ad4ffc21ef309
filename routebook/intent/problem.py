"""What is wrong with an inventory: where, what, and how to mend it."""

import difflib
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from routebook.errors import RefusedError

Severity = Literal["error", "warning"]


class Mark(Struct, frozen=True, order=True):
    """A place in the inventory: a file, relative to the project, and its line, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Problem(Struct, frozen=True, order=True):
    """One thing that is wrong. `fix` says what to do about it, in the imperative, or is empty."""

    mark: Mark
    message: str
    fix: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        kind = "warning: " if self.severity == "warning" else ""
        return f"{self.mark}: {kind}{self.message}" + (f"; {self.fix}" if self.fix else "")


class IntentError(RefusedError):
    """The inventory is refused. `problems` has every reason, warnings included, sorted by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(self.sentences))

    @property
    def sentences(self) -> tuple[str, ...]:
        """Every problem."""
        return tuple(map(str, self.problems))


class Problems:
    """Collects problems, so that one run of `routebook check` reports all of them."""

    def __init__(self) -> None:
        self._found: set[Problem] = set()

    def error(self, mark: Mark, message: str, fix: str = "") -> None:
        """Record what makes the inventory unusable."""
        self._found.add(Problem(mark, message, fix))

    def warn(self, mark: Mark, message: str, fix: str = "") -> None:
        """Record what is probably not meant, but can be carried out."""
        self._found.add(Problem(mark, message, fix, "warning"))

    @property
    def errors(self) -> int:
        """How many things recorded make the inventory unusable."""
        return sum(problem.severity == "error" for problem in self._found)

    def all(self) -> tuple[Problem, ...]:
        """Everything recorded, sorted by file and line."""
        return tuple(sorted(self._found))


def _bare(name: str) -> str:
    """A name without what people write in different ways."""
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")


def nearest(name: str, existing: Iterable[str]) -> str:
    """A fix for an unknown name: the nearest existing one, or the list of what there is when none is near."""
    names = sorted(set(existing))
    if same := [each for each in names if _bare(each) == _bare(name)]:
        return f"did you mean {same[0]!r}?"
    if close := difflib.get_close_matches(name, names, n=1, cutoff=0.6):
        return f"did you mean {close[0]!r}?"
    if not names:
        return "none is defined"
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return f"there is {shown}"
