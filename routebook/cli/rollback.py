"""`routebook rollback`: hosts of an earlier run back to their configuration from before it, as a transaction."""

import click

from routebook.cli import options
from routebook.cli.context import Context


@click.command()
@click.argument("run_id", metavar="RUN")
@options.limit
@options.yes
@options.as_json
@options.confirm_timeout
@options.accept
@click.pass_obj
def rollback(
    context: Context,
    run_id: str,
    limit: str,
    yes: bool,
    as_json: bool,
    confirm_timeout: int,
    accept: tuple[str, ...],
) -> None:
    """Bring the hosts that RUN changed back to their configuration from before it.

    This is a run of its own: planned, shown, armed, checked (what was up before RUN is up again), and itself
    rolled back if the checks fail. RUN may be shortened as long as it is the only one that begins so.
    """
    from routebook.cli.at_work import approval, carry_out
    from routebook.options import Options
    from routebook.running import undoing
    from routebook.workspace import open_journal

    with open_journal(context.state, make=False) as journal:
        book, goal, hosts = undoing(journal, run_id)
    carry_out(
        context,
        limit,
        hosts,
        lambda running: running.run(book, goal, approval(yes=yes, as_json=as_json)),
        as_json=as_json,
        options=Options(confirm_timeout, book.deadline, accept=frozenset(accept)),
    )
