"""`routebook run`: a runbook as a transaction over all its hosts."""

from pathlib import Path

import click

from routebook.cli import options
from routebook.cli.context import Context


@click.command()
@click.argument("runbook", required=False)
@options.limit
@options.yes
@options.as_json
@options.confirm_timeout
@click.option(
    "--deadline",
    type=click.IntRange(1, 3600),
    metavar="SECONDS",
    help="How long the post-checks may take; by default what the runbook says.",
)
@options.waves
@options.keep_waves
@options.max_failed
@options.accept
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Carry out this plan, made by `routebook plan --out FILE`: exactly what was reviewed, or nothing.",
)
@click.pass_obj
def run(
    context: Context,
    runbook: str | None,
    limit: str,
    yes: bool,
    as_json: bool,
    confirm_timeout: int,
    deadline: int | None,
    waves: str | None,
    keep_waves: bool,
    max_failed: int | None,
    accept: tuple[str, ...],
    plan_file: Path | None,
) -> None:
    """Carry out RUNBOOK: plan, arm every device, push, check, then confirm everywhere or roll back everywhere.

    With --plan no question is asked: saving and reviewing the plan was the question. Exit code 0: confirmed, or
    nothing to do; 1: refused, nothing changed; 3: checks failed and everything was rolled back; 4: needs attention;
    130: interrupted and rolled back.
    """
    from routebook import saving
    from routebook.cli.at_work import approval, carry_out
    from routebook.options import Options
    from routebook.runbook import load

    reviewed = None
    if plan_file is not None:
        if limit or waves is not None:
            raise click.UsageError("--plan says which hosts in which waves; --limit and --waves cannot stand beside it")
        reviewed = saving.load(plan_file, lambda: saving.open_key(context.state.open().plan_key))
        if runbook not in (None, reviewed.runbook):
            raise click.UsageError(f"{plan_file} is a plan of runbook {reviewed.runbook!r}, not of {runbook!r}")
        runbook, limit, waves, yes = reviewed.runbook, reviewed.limit, reviewed.waves, True
    if runbook is None:
        raise click.UsageError("name a runbook, or a saved plan with --plan")
    book = load(context.project, runbook)
    if book.render is None:
        raise click.UsageError(f"runbook {runbook!r} changes nothing; use `routebook verify {runbook}`")
    carry_out(
        context,
        limit,
        book.hosts,
        lambda running: running.run(book, None, approval(yes=yes, as_json=as_json), reviewed),
        as_json=as_json,
        options=Options(
            confirm_timeout=confirm_timeout,
            deadline=deadline or book.deadline,
            waves=book.waves if waves is None else waves,
            keep_waves=keep_waves,
            max_failed=book.max_failed if max_failed is None else max_failed,
            accept=frozenset(accept),
        ),
    )
