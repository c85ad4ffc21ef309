"""`routebook show`: one run, its hosts and its transitions; or a saved plan, for review."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from routebook.cli import completion, options, output
from routebook.cli.context import Context
from routebook.report.layout import public


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=completion.runs)
@options.as_json
@click.pass_obj
def show(context: Context, run_id: str | None, as_json: bool) -> None:
    """Show RUN (default: the last one): what became of each host and when. It may be shortened.

    RUN may also be the file of a saved plan: its exact difference for each host, as it was reviewed.
    """
    from routebook.errors import RefusedError
    from routebook.run.workspace import open_journal

    if run_id is not None and Path(run_id).is_file():
        _show_plan(context, Path(run_id))
        return
    kept = context.state
    with open_journal(kept, make=False) as journal:
        if run_id is None:
            newest = journal.runs(1)
            if not newest:
                raise RefusedError("no runs yet")
            run_id = newest[0].id
        record = journal.run(run_id)
        events = journal.events(record.id)
    folder = kept.run(record.id)
    if as_json:
        output.data(_report(folder / "report.json", record.id))
        return
    outcome = record.outcome or ("running" if record.alive else "unfinished; see `routebook recover`")
    why = f": {record.message}" if record.message else ""
    output.line(public(f"run {record.id}: {record.runbook}, {outcome}"), why)
    for name, text in record.by.facts():
        output.line(public(f"{name}: "), text, indent=2)
    for host, state in record.hosts.items():
        output.line(public(f"{host:<16} {state}"), indent=2)
    for at, host, reached, detail in events:
        when = datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]
        output.line(public(f"{when}  {host:<16} {reached}"), f"  {detail}" if detail else "", indent=2)
    if folder.is_dir():
        output.line(f"reports: {folder}")


def _report(path: Path, run_id: str) -> Any:
    from routebook.errors import RefusedError
    from routebook.project.private_files import read_private
    from routebook.project.strict_json import MOST, loads

    try:
        return loads(read_private(path, MOST))
    except FileNotFoundError:
        raise RefusedError(f"run {run_id} has no report; it did not come to its end") from None
    except ValueError as error:
        raise RefusedError(f"{path} is not as Routebook wrote it: {error}") from error


def _show_plan(context: Context, path: Path) -> None:
    from routebook.report.terminal import render_changes, render_notes, render_summary
    from routebook.run import saved_plan

    plan = saved_plan.load(path, lambda: saved_plan.open_key(context.state.open(make=False).plan_key))
    output.show([*render_summary(plan.results()), *render_changes(plan.results()), *render_notes(plan.notes)])
    output.line(
        f"plan {plan.id} of {plan.runbook} for {', '.join(sorted(plan.hosts))}: made {saved_plan.moment(plan.made)}, "
        f"good until {saved_plan.moment(plan.expires)}"
    )
    output.line(f"to be carried out with {plan.how()}")
