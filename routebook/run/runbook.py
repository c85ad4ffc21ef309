"""What a runbook is, and how it is found by name in the project's runbooks/ folder."""

import difflib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace
from nornir.core.task import Result, Task

from routebook.checks.facts import Changed, Explanations
from routebook.checks.findings import Finding
from routebook.device.values import Effect, State
from routebook.errors import RefusedError
from routebook.intent.model import HostIntent
from routebook.run.parameters import Parameter, Value


class View(Struct, frozen=True):
    """What a check looks at: the hosts' intent, their state before and now, and what the run changed.

    A host that could not be read is missing in `now`. `explanations` are what a device's logs say about
    (host, subject). `final` is set at the last look: what is still pending then has failed.
    """

    intents: Mapping[str, HostIntent]
    before: Mapping[str, State]
    now: Mapping[str, State]
    changed: Changed
    explanations: Explanations = field(default_factory=dict)
    final: bool = False


Render = Callable[[Task], Result]
"""A Nornir task whose result is a `Candidate`."""

Check = Callable[[View], list[Finding]]


class Target(Struct, frozen=True):
    """What an action is done to: its task's arguments by host, and the hosts that are looked at before and after.

    `effects` are what it does to sessions and tunnels, by host.
    """

    arguments: Mapping[str, Mapping[str, Any]]
    observed: frozenset[str]
    effects: Mapping[str, tuple[Effect, ...]] = {}


class Done(Struct, frozen=True):
    """An action that was done `seconds` before what a check looks at was read, with its runbook's parameters."""

    values: Mapping[str, Value]
    seconds: float


class Act(Struct, frozen=True):
    """A step that does what nothing undoes: clear, restart, begin anew.

    `says` is what it does in a few words, with the parameters in braces. `target` chooses from the intents of all hosts
    and the parameters. `task` is a Nornir task that takes the arguments of its host. Until `checks` have passed,
    `patience` seconds at most, the next step waits.
    """

    says: str
    target: Callable[[Mapping[str, HostIntent], Mapping[str, Value]], Target]
    task: Callable[..., Result]
    checks: tuple[Callable[[View, Done], list[Finding]], ...]
    patience: int = 60


class Runbook(Struct, frozen=True):
    """A change or a verification, as an operator runs it.

    `render` gives a host's candidate; without it the runbook only verifies. Then `sections` are those that `verify`
    compares with the devices' configuration: all of the platform's by default, none at all with None. `hosts` is a
    filter as in `--limit`. `deadline` is how many seconds the post-checks of a wave may take to become definite.
    `waves` is as in `--waves`, and as many as `max_failed` hosts may fail before all are rolled back.
    `standing` is whether what must be true of every host is checked beside `checks`. With `removes` it is the runbook's
    purpose that sessions, tunnels or prefixes go: `--accept removal` is not asked for.

    With `steps` it is a chain of actions, which take its `parameters`; `render` and `checks` are then left out.
    """

    checks: tuple[Check, ...] = ()
    render: Render | None = None
    sections: tuple[str, ...] | None = ()
    hosts: str = ""
    deadline: int = 60
    waves: str = ""
    max_failed: int = 0
    standing: bool = True
    removes: bool = False
    steps: tuple[Act, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    name: str = ""
    summary: str = ""


def load(project: Path, name: str) -> Runbook:
    """The runbook `name` of a project. Raises RefusedError if there is none or its file does not define one."""
    path = project / "runbooks" / f"{name.replace('-', '_')}.py"
    if name not in names(project):
        close = difflib.get_close_matches(name, names(project), 1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(names(project))}"
        raise RefusedError(f"no runbook {name!r} in {path.parent}{hint}")
    if str(project) not in sys.path:
        sys.path.insert(0, str(project))  # a runbook imports the project's own tasks
    spec = importlib.util.spec_from_file_location(f"runbooks.{path.stem}", path)
    assert spec is not None and spec.loader is not None  # noqa: S101  a .py file always has both
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError, NameError, TypeError, AttributeError) as error:
        raise RefusedError(f"runbook {path}: {type(error).__name__}: {error}") from error
    runbook = getattr(module, "runbook", None)
    if not isinstance(runbook, Runbook):
        raise RefusedError(f"{path} defines no `runbook = Runbook(…)`")
    summary = (module.__doc__ or "").strip().partition("\n")[0]
    if runbook.steps and (runbook.render is not None or runbook.checks):
        raise RefusedError(f"{path}: a runbook with `steps` has its checks in them, and no `render`")
    return replace(runbook, name=name, summary=summary)


def names(project: Path) -> list[str]:
    """The project's runbooks: `add-node` is in add_node.py."""
    return sorted(
        path.stem.replace("_", "-") for path in (project / "runbooks").glob("*.py") if not path.stem.startswith("_")
    )
