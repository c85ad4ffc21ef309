"""`routebook restore`: devices brought back to what a backup has of them, as a transaction."""

from pathlib import Path

import click

from routebook.cli import completion, options
from routebook.cli.backup import into
from routebook.cli.context import Context


@click.command()
@click.argument("hosts", metavar="HOST...", nargs=-1, required=True, shell_complete=completion.hosts)
@click.option(
    "--at",
    default="",
    metavar="COMMIT|DATE",
    help="Which backup: a commit, or the newest before a date as git understands it (yesterday, 2026-11-30).",
)
@click.option(
    "--identity",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Your private key, where age encrypted the backup; gpg finds its own.",
)
@into
@options.yes
@options.as_json
@options.confirm_timeout
@options.no_probe
@options.accepting("no-redundancy", "own-path", "ha-sync", "unforecast-reset", "collapse", "old-secret")
@options.reason
@click.pass_obj
def restore(
    context: Context,
    hosts: tuple[str, ...],
    at: str,
    identity: Path | None,
    into: Path | None,
    yes: bool,
    as_json: bool,
    confirm_timeout: int,
    no_probe: bool,
    accept: tuple[str, ...],
    reason: str,
) -> None:
    """Bring each HOST back to what a backup has of it: all of its configuration, of whomever it is.

    This is a run of its own: planned, shown, armed, checked (the sessions and tunnels that it brings back are up as
    they were when the backup was made, and all others as now), and rolled back on every host if the checks fail.
    """
    from routebook.cli.at_work import approval, asks, carry_out
    from routebook.project.backups import backups_of
    from routebook.run import commands
    from routebook.run.backup import restoring
    from routebook.run.options import Options

    names = tuple(dict.fromkeys(hosts))
    back = restoring(backups_of(into, context.state.path).open(), names, at, identity)
    approve = approval(yes=yes, as_json=as_json)
    carry_out(
        context,
        ",".join(names),
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
        reason=reason,
    )
