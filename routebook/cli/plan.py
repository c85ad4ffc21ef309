"""`routebook plan`: the exact difference on every device, without a trace on any."""

import click

from routebook.cli import options
from routebook.cli.context import Context


@click.command()
@click.argument("runbook", default="deploy")
@options.limit
@options.as_json
@click.pass_obj
def plan(context: Context, runbook: str, limit: str, as_json: bool) -> None:
    """Show what RUNBOOK (default: deploy) would send to every device, and what would undo it.

    Exit code 0: nothing to do; 2: there are differences; 1: refused.
    """
    from routebook.cli.at_work import carry_out
    from routebook.runbook import load

    book = load(context.project, runbook)
    carry_out(context, limit, book.hosts, lambda running: running.plan(book), as_json=as_json)
