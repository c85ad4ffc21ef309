"""What a verification leaves for the monitoring around it: metrics in a file, and a word when the verdict turns."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from routebook.report.metrics import Known
    from routebook.report.model import RunResult
    from routebook.run.workspace import Workspace

metrics: Callable[[Any], Any] = click.option(
    "--metrics",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write metrics there, as OpenMetrics text that everybody may read: for node_exporter, NAME.prom.",
)
webhook: Callable[[Any], Any] = click.option(
    "--webhook",
    envvar="ROUTEBOOK_WEBHOOK",
    metavar="URL",
    help="Say it there, as JSON, when the verdict has changed since the last time. An address with a secret in it "
    "belongs into the environment, as ROUTEBOOK_WEBHOOK.",
)


def tell(workspace: "Workspace", result: "RunResult", metrics: Path | None, webhook: str | None) -> None:
    """Write the metrics, and say it if the verdict has turned. Raises OSError and RefusedError."""
    if metrics is not None:
        from routebook.project.private_files import write_readable

        write_readable(metrics, exposed(workspace, result).encode())
    if webhook:
        from routebook.run.verdicts import tell_turn

        tell_turn(workspace, result, webhook)


def exposed(workspace: "Workspace", result: "RunResult") -> str:
    """A verification as metrics."""
    from routebook.report.metrics import exposition
    from routebook.report.model import cleaned

    hosts = {name: workspace.judged[name] for name in workspace.hosts}
    return exposition(cleaned(result), hosts, known(workspace))


def known(workspace: "Workspace") -> "Known":
    """What the project's state says of its last runs, of who is at work, and of the baseline."""
    from routebook.report.metrics import Known, LastRun
    from routebook.run.leases import current
    from routebook.run.workspace import open_journal

    last: dict[str, LastRun] = {}
    if workspace.state.journal.exists():
        with open_journal(workspace.state) as journal:
            for record in journal.runs(200):
                if record.finished is not None:
                    last.setdefault(record.runbook, LastRun(record.runbook, str(record.outcome), record.finished))
    held = tuple((each.run_id, each.runbook, each.until) for each in current(workspace.state.leases))
    kept = workspace.state.baseline
    return Known(tuple(last.values()), held, kept.stat().st_mtime if kept.exists() else 0.0)
