"""`routebook backup`: every device's configuration in a git repository, readable without secrets."""

import sys
from pathlib import Path

import click

from routebook.cli import options, output
from routebook.cli.context import Context
from routebook.cli.progress import Progress
from routebook.report.layout import public

into = click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The repository; by default what ROUTEBOOK_BACKUPS says, or backups in the state folder.",
)


@click.command()
@options.limit
@into
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    metavar="KEY",
    help="Encrypt secrets to this key from now on: age1…, an SSH public key, or gpg:FINGERPRINT. May be repeated.",
)
@options.as_json
@click.pass_obj
def backup(context: Context, limit: str, into: Path | None, recipients: tuple[str, ...], as_json: bool) -> None:
    """Keep what every device is configured with: one commit for each host that has changed.

    The configuration is readable without secrets (git log -p HOST). With recipients it is also kept whole, encrypted by
    age or gpg, and `routebook restore` can bring it back. Where a host is as a run left it, the commit is by who ran
    that, with the run's reason.

    Exit code 0: every host is kept; 1: a host could not be read, the others are kept.
    """
    from routebook.project.backups import backups_of, checked_recipients
    from routebook.run.backup import back_up
    from routebook.run.running import Running
    from routebook.run.workspace import open_journal, open_workspace

    wanted = checked_recipients(recipients)
    workspace = open_workspace(context.project, limit, "", context.state)
    backups = backups_of(into, workspace.state.open().path).open(make=True)
    if wanted and wanted != backups.recipients:
        backups.keep_recipients(wanted)
    with Progress(quiet=as_json) as progress, open_journal(workspace.state) as journal:
        found = back_up(Running(workspace, progress), backups, journal)
    workspace.close()
    failed = any(each.error for each in found.values())
    if as_json:
        output.data(
            {"repository": str(backups.folder), "hosts": {host: each.to_json() for host, each in found.items()}}
        )
        sys.exit(1 if failed else 0)
    width = max(map(len, found))
    for host, each in found.items():
        said = each.error or (f"kept as {each.commit[:12]}" if each.commit else "as it was")
        output.line(public(f"{host:<{width}}  {said}"))
    if not backups.recipients:
        output.line(
            "without secrets, so that nothing can be restored: name who may read them with --recipient KEY", indent=2
        )
    output.line(public(f"backups: {backups.folder}"))
    sys.exit(1 if failed else 0)
