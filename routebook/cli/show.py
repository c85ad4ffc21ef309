"""`routebook show`: one run, its hosts and its transitions."""

import json
from datetime import UTC, datetime

import click

from routebook.cli import options
from routebook.cli.context import Context


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@options.as_json
@click.pass_obj
def show(context: Context, run_id: str | None, as_json: bool) -> None:
    """Show RUN (default: the last one): what became of each host and when. It may be shortened."""
    from routebook.errors import RefusedError
    from routebook.workspace import open_journal, run_folder

    with open_journal(context.project) as journal:
        if run_id is None:
            newest = journal.runs(1)
            if not newest:
                raise RefusedError("no runs yet")
            run_id = newest[0].id
        record = journal.run(run_id)
        events = journal.events(record.id)
    folder = run_folder(context.project, record.id)
    if as_json:
        report = folder / "report.json"
        if not report.is_file():
            raise RefusedError(f"run {record.id} has no report; it did not come to its end")
        click.echo(json.dumps(json.loads(report.read_text()), indent=2))
        return
    outcome = record.outcome or ("running" if record.alive else "unfinished; see `routebook recover`")
    click.echo(f"run {record.id}: {record.runbook}, {outcome}" + (f": {record.message}" if record.message else ""))
    for host, state in record.hosts.items():
        click.echo(f"  {host:<16} {state}")
    for at, host, reached, detail in events:
        when = datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]
        click.echo(f"  {when}  {host:<16} {reached}" + (f"  {detail}" if detail else ""))
    if folder.is_dir():
        click.echo(f"reports: {folder}")
