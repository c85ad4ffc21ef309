"""What the commands that contact devices share: opening the project, progress, signals, and showing the result."""

import contextlib
import json
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import NoReturn

import click

from routebook.cli.context import Context
from routebook.cli.progress import Progress, console
from routebook.errors import RefusedError
from routebook.options import Options
from routebook.report import render_changes, render_notes, render_terminal, write_reports
from routebook.report.model import HostResult, RunResult, scrubbed
from routebook.running import Approve, Running
from routebook.workspace import Workspace, open_workspace

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def carry_out(
    context: Context,
    limit: str,
    hosts: str,
    action: Callable[[Running], RunResult],
    *,
    as_json: bool,
    options: Options | None = None,
) -> NoReturn:
    """Open the project, run `action` with live progress, show its result, and exit with its code."""
    workspace = open_workspace(context.project, limit, hosts, context.state)
    stop = threading.Event()
    _stop_on_signals(stop)
    with Progress(quiet=as_json) as progress:
        result = action(Running(workspace, progress, stop, options or Options()))
    workspace.close()
    # What had begun has ended: a late signal must not turn its exit code into that of a killed process.
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    show(workspace, result, as_json=as_json)
    sys.exit(130 if stop.is_set() and result.exit_code in (1, 3) else result.exit_code)


def show(workspace: Workspace, result: RunResult, *, as_json: bool) -> None:
    """Write the reports of a run, and print its result for people or for programs."""
    scrub = workspace.scrub
    folder = workspace.state.run(result.run_id)
    if result.run_id:
        try:
            write_reports(result, folder, scrub)
        except OSError as error:
            click.echo(f"routebook: no reports in {folder}: {error.strerror}", err=True)
        except RefusedError as error:
            click.echo(f"routebook: no reports: {error}", err=True)
    if as_json:
        click.echo(json.dumps(scrubbed(result, scrub).to_json(), indent=2))
        return
    render_terminal(result, console(), scrub)
    if result.run_id:
        click.echo(f"reports: {folder}")


def _stop_on_signals(stop: threading.Event) -> None:
    """Let Ctrl-C, a CI job's SIGTERM and a closed terminal end the run in good order: what has begun is rolled back."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        if not stop.is_set():
            stop.set()
            with contextlib.suppress(OSError):  # the terminal, or the reader of a pipe, may be what has gone
                click.echo("\ninterrupted: ending in good order; what has begun is rolled back", err=True)

    for number in STOPPING:
        signal.signal(number, handle)


def approval(*, yes: bool, as_json: bool) -> Approve:
    """What decides whether a plan is carried out: `--yes`, or the operator who has seen it."""

    def approve(hosts: Mapping[str, HostResult], notes: Sequence[str]) -> bool:
        if yes:
            return True
        if as_json or not sys.stdin.isatty():
            raise RefusedError("there is nobody to ask; use --yes to carry the plan out. Nothing was changed.")
        render_changes(hosts, console())
        render_notes(notes, console())
        # While nothing has begun, Ctrl-C at the question ends the command at once.
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return click.confirm(f"Send this to {sum(host.changed for host in hosts.values())} hosts?")
        finally:
            signal.signal(signal.SIGINT, handler)

    return approve
