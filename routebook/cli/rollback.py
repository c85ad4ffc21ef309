"""`routebook rollback`: what an earlier run changed taken back, as a transaction, and nothing else."""

import click

from routebook.cli import completion, options
from routebook.cli.context import Context


@click.command()
@click.argument("run_id", metavar="RUN", shell_complete=completion.runs)
@options.limit
@options.yes
@options.as_json
@options.confirm_timeout
@options.no_probe
@options.accepting("no-redundancy", "own-path", "ha-sync", "unforecast-reset", "collapse", "old-secret")
@options.reason
@click.pass_obj
def rollback(
    context: Context,
    run_id: str,
    limit: str,
    yes: bool,
    as_json: bool,
    confirm_timeout: int,
    no_probe: bool,
    accept: tuple[str, ...],
    reason: str,
) -> None:
    """Take back what RUN changed, and leave what was changed elsewhere since, by later runs or by hand.

    Where the same objects were changed again it is refused, and says by whom and what would go. An old secret that
    would come back is named in the plan; with --yes it takes --accept old-secret. What goes away by it is accepted.

    This is a run of its own: planned, shown, armed, checked (what it brings back is up as before RUN, and
    everything else as now), and itself rolled back if the checks fail. RUN may be shortened as long as it is the only
    one that begins so.
    """
    from routebook.cli.at_work import approval, asks, carry_out
    from routebook.run import commands
    from routebook.run.options import Options
    from routebook.run.revert import reverting
    from routebook.run.workspace import open_journal

    with open_journal(context.state, make=False) as journal:
        back = reverting(journal, run_id)
    approve = approval(yes=yes, as_json=as_json)
    carry_out(
        context,
        limit,
        "",
        lambda running: commands.run(
            running,
            back.runbook,
            back.goal,
            approve,
            nothing=back.nothing,
            asks=asks(yes=yes, as_json=as_json),
            hears=back.hears,
        ),
        as_json=as_json,
        options=Options(confirm_timeout, back.runbook.deadline, accept=frozenset(accept), probe=not no_probe),
        named=back.hosts,
        reason=reason,
    )
