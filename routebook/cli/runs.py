"""`routebook runs`: what was run on this project, newest first."""

from datetime import UTC, datetime

import click

from routebook.cli import options, output
from routebook.cli.context import Context
from routebook.report.layout import public


@click.command()
@click.option("--last", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@options.as_json
@click.pass_obj
def runs(context: Context, last: int, as_json: bool) -> None:
    """List earlier runs, newest first."""
    from routebook.run.workspace import open_journal

    with open_journal(context.state, make=False) as journal:
        records = journal.runs(last)
    if as_json:
        found = [
            {
                "run_id": record.id,
                "runbook": record.runbook,
                "started": record.started,
                "finished": record.finished,
                "outcome": record.outcome,
                "hosts": record.hosts,
                "provenance": record.by.to_json(),
            }
            for record in records
        ]
        output.data(found)
        return
    for record in records:
        when = datetime.fromtimestamp(record.started, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        outcome = record.outcome or ("running" if record.alive else "unfinished")
        output.line(public(f"{record.id}  {when}  {record.runbook:<12} {outcome:<16} {len(record.hosts)} hosts"))
        if facts := "; ".join(f"{name} {text}" for name, text in record.by.facts()):
            output.line(facts, indent=2)
    if not records:
        output.line("no runs yet")
