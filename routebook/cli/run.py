"""`routebook run`: a runbook as a transaction over all its hosts."""

import click

from routebook.cli import options
from routebook.cli.context import Context


@click.command()
@click.argument("runbook")
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
@click.pass_obj
def run(
    context: Context, runbook: str, limit: str, yes: bool, as_json: bool, confirm_timeout: int, deadline: int | None
) -> None:
    """Carry out RUNBOOK: plan, arm every device, push, check, then confirm everywhere or roll back everywhere.

    Exit code 0: confirmed, or nothing to do; 1: refused, nothing changed; 3: checks failed and everything was
    rolled back; 4: needs attention; 130: interrupted and rolled back.
    """
    from routebook.cli.at_work import approval, carry_out
    from routebook.runbook import load
    from routebook.transaction import Options

    book = load(context.project, runbook)
    if book.render is None:
        raise click.UsageError(f"runbook {runbook!r} changes nothing; use `routebook verify {runbook}`")
    carry_out(
        context,
        limit,
        book.hosts,
        lambda running: running.run(book, None, approval(yes=yes, as_json=as_json)),
        as_json=as_json,
        options=Options(confirm_timeout, deadline or book.deadline),
    )
