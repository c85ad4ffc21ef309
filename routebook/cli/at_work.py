"""What the commands that contact devices share: opening the project, progress, signals, and showing the result."""

import shutil
import signal
import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import click

from routebook.cli import output
from routebook.cli.context import Context
from routebook.cli.progress import Progress
from routebook.errors import RefusedError
from routebook.intent.network import Network
from routebook.project.provenance import checked_reason, provenance
from routebook.redaction.gate import clean
from routebook.report.model import HostResult, RunResult, cleaned
from routebook.run.options import Options
from routebook.run.running import Running
from routebook.run.workspace import Selectors, Workspace, open_workspace

if TYPE_CHECKING:
    from routebook.run.commands import Approve

ROLLED_BACK = "ending in good order; what has begun is rolled back"
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def carry_out(
    context: Context,
    limit: str,
    hosts: str,
    action: Callable[[Running], RunResult],
    *,
    as_json: bool,
    options: Options | None = None,
    named: Collection[str] | None = None,
    reason: str = "",
    also: Callable[[Workspace, RunResult], None] | None = None,
    stopping: str = ROLLED_BACK,
) -> NoReturn:
    """Open the project, run `action` with live progress, show its result, and exit with its code.

    `also` is what else is made of the result; what goes wrong there is said, and changes nothing about the code.
    """
    workspace = open_workspace(context.project, limit, hosts, context.state, in_lab, named)
    by = provenance(context.project, clean(checked_reason(reason)))
    stop = threading.Event()
    stop_on_signals(stop, stopping)
    with Progress(quiet=as_json) as progress:
        result = action(Running(workspace, progress, stop, options or Options(), by))
    workspace.close()
    # What had begun has ended: a late signal must not turn its exit code into that of a killed process.
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    show(workspace, result, as_json=as_json)
    if also is not None:
        try:
            also(workspace, result)
        except (OSError, RefusedError) as error:
            output.complain(str(error))
    sys.exit(130 if stop.is_set() and result.exit_code in (1, 3) else result.exit_code)


def in_lab(network: Network) -> Mapping[tuple[str, str], Selectors]:
    """What the project's lab narrows of its tunnels, if the lab is what is contacted from here."""
    if not (network.project / ".routebook" / "lab" / "state.json").is_file():
        return {}
    from lab.narrowed import narrowed

    return narrowed(network)


def show(workspace: Workspace, result: RunResult, *, as_json: bool) -> None:
    """Write the reports of a run, and print its result for people or for programs."""
    folder = workspace.state.run(result.run_id)
    if result.run_id:
        from routebook.report.files import write_reports

        try:
            write_reports(result, folder)
        except OSError as error:
            output.complain(f"no reports in {folder}: {error.strerror}")
        except RefusedError as error:
            output.complain(f"no reports: {error}")
    if as_json:
        output.data(cleaned(result).to_json())
        return
    from routebook.report.terminal import render_terminal

    output.show(render_terminal(result))
    if result.run_id:
        output.line(f"reports: {folder}")


def stop_on_signals(stop: threading.Event, what: str = ROLLED_BACK) -> None:
    """Let Ctrl-C, a CI job's SIGTERM and a closed terminal end the run in good order: what has begun is rolled back."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        if not stop.is_set():
            stop.set()
            output.urgent(f"interrupted: {what}")

    for number in STOPPING:
        signal.signal(number, handle)


def asks(*, yes: bool, as_json: bool) -> bool:
    """Whether a person is shown the plan, and asked."""
    return not (yes or as_json) and output.can_ask()


def approval(*, yes: bool, as_json: bool) -> "Approve":
    """What decides whether a plan is carried out: `--yes`, or the operator who has seen it."""

    def approve(hosts: Mapping[str, HostResult], notes: Sequence[str]) -> bool:
        if yes:
            return True
        if not asks(yes=yes, as_json=as_json):
            raise RefusedError("there is nobody to ask; use --yes to carry the plan out. Nothing was changed.")
        from routebook.report.layout import line
        from routebook.report.terminal import render_changes, render_notes, render_summary

        shown = [*render_summary(hosts), *render_changes(hosts), *render_notes(notes)]
        if len(shown) > shutil.get_terminal_size().lines // 2:
            shown += [line(), *render_summary(hosts)]  # the first has gone off the screen
        output.show(shown)
        # While nothing has begun, Ctrl-C at the question is an answer, and so is the end of the input.
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return output.ask(f"Send this to {sum(host.changed for host in hosts.values())} hosts?")
        except (click.Abort, KeyboardInterrupt):
            output.line(err=True)
            return False
        finally:
            signal.signal(signal.SIGINT, handler)

    return approve
