"""`routebook verify --watch`: one line an event, until somebody ends it."""

import sys
import threading
import time
from typing import NoReturn

from msgspec.structs import asdict

from routebook.checks.live import Happening
from routebook.cli import output
from routebook.cli.at_work import in_lab, stop_on_signals
from routebook.cli.context import Context
from routebook.redaction.gate import one_line
from routebook.report.layout import public
from routebook.report.text import moment
from routebook.run.events import Event
from routebook.run.live import Live
from routebook.run.runbook import Runbook
from routebook.run.running import Running
from routebook.run.workspace import open_workspace

_GOOD = ("up", "back", "healthy")


def watch(context: Context, limit: str, runbook: Runbook, every: float, *, as_json: bool, probe: bool) -> NoReturn:
    """Show what happens until SIGINT, SIGTERM or the end of whoever reads it; then exit with 0."""
    workspace = open_workspace(context.project, limit, runbook.hosts, context.state, in_lab)
    stop = threading.Event()
    stop_on_signals(stop, "ending")
    if not as_json:
        hosts = len(workspace.observed)
        output.line(public(f"watching {hosts} host{'s' * (hosts != 1)}, every {every:g} s; Ctrl-C ends it"), err=True)
    try:
        for happening in Live(Running(workspace, _silent, stop), runbook, every, probe).happenings():
            _show(happening, as_json=as_json)
    finally:
        stop.set()
        workspace.close()
    sys.exit(0)


def _silent(event: Event) -> None:
    del event


def _show(happening: Happening, *, as_json: bool) -> None:
    if as_json:
        output.data({"time": moment(time.time()), **asdict(happening)}, indent=None)
        return
    style = "green" if happening.kind.endswith(_GOOD) else "bold red"
    output.line(
        public(f"{time.strftime('%H:%M:%S')}  "),
        public(f"{happening.kind:<18}", style),
        public(f"  {happening.host}  "),
        one_line(f"{happening.subject}  {happening.text}".rstrip()),
    )
