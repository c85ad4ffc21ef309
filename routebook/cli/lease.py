"""`routebook lease`: what runs are working on just now, for programs that repair or raise alarms."""

import sys
from dataclasses import asdict

import click

from routebook.cli import options, output
from routebook.cli.context import Context


@click.command()
@click.argument("name", required=False)
@options.as_json
@click.pass_obj
def lease(context: Context, name: str | None, as_json: bool) -> None:
    """List what runs are working on; with NAME, say whether a tunnel, a host or a session ("HOST PEER") is.

    A healer asks before it restarts a tunnel. Exit code with NAME: 0: nobody works on it; 2: a run does.
    """
    from routebook.run.leases import current
    from routebook.run.saved_plan import moment

    found = [each for each in current(context.state.open(make=False).leases) if name is None or each.covers(name)]
    if as_json:
        output.data([asdict(each) for each in found])
    else:
        for each in found:
            output.line(f"run {each.run_id} ({each.runbook}) of {each.holder}, until {moment(each.until)}")
            for what, names in (("hosts", each.hosts), ("tunnels", each.tunnels), ("sessions", each.sessions)):
                output.line(f"  {what}: {', '.join(names) or 'none'}")
        if not found:
            output.line("no run is at work" + (f" on {name}" if name else ""))
    sys.exit(2 if name and found else 0)
