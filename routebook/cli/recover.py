"""`routebook recover`: finish what a run that died has left."""

import sys

import click

from routebook.cli import options
from routebook.cli.context import Context


@click.command()
@options.confirm_timeout
@click.pass_obj
def recover(context: Context, confirm_timeout: int) -> None:
    """Bring the hosts of every run that died to a verified end, and say which.

    A run of which only the last entry in the journal is missing is completed; every other is undone. Exit code
    0: nothing to do, or all is at a verified end; 4: needs attention.
    """
    from routebook.cli.progress import Progress
    from routebook.recovery import recover as bring_to_an_end
    from routebook.workspace import open_journal, open_workspace

    with open_journal(context.project) as journal:
        dead = [record for record in journal.unfinished() if not record.alive]
        if not dead:
            click.echo("nothing to recover")
            return
        worst = 0
        for record in dead:
            workspace = open_workspace(context.project, "", ",".join(record.hosts))
            with Progress() as progress:
                recovered = bring_to_an_end(
                    workspace.nornir, journal, record, listener=progress, confirm_timeout=confirm_timeout, deadline=90
                )
            workspace.close()
            click.echo(f"run {record.id} ({record.runbook}): {recovered.outcome}")
            for host, state in recovered.hosts.items():
                click.echo(workspace.scrub(f"  {host:<16} {state}  {recovered.messages.get(host, '')}".rstrip()))
            worst = max(worst, 4 if recovered.outcome == "needs_attention" else 0)
    sys.exit(worst)
