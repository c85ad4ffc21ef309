"""`routebook verify`: sessions, tunnels and configuration against the intent, without a trace on any device."""

import click

from routebook.cli import options
from routebook.cli.context import Context


@click.command()
@click.argument("runbook", default="verify")
@options.limit
@options.as_json
@click.option(
    "--wait",
    type=click.FloatRange(0, 3600),
    default=0,
    metavar="SECONDS",
    help="How long the network may take to become as intended.",
)
@click.option("--no-config", is_flag=True, help="Leave out whether the devices are configured as intended.")
@click.option(
    "--accept-baseline",
    is_flag=True,
    help="Take what is there now for normal: prefix counts, and what is not in the intent.",
)
@click.pass_obj
def verify(
    context: Context,
    runbook: str,
    limit: str,
    as_json: bool,
    wait: float,
    no_config: bool,
    accept_baseline: bool,
) -> None:
    """Run the checks of RUNBOOK (default: verify), and compare the configuration with what it would be.

    The last line says what was looked at. Exit code 0: that is as intended; 3: checks failed.
    """
    from routebook.cli.at_work import carry_out
    from routebook.run import verification
    from routebook.run.runbook import load

    loaded = load(context.project, runbook)
    carry_out(
        context,
        limit,
        loaded.hosts,
        lambda running: verification.verify(running, loaded, wait, config=not no_config, accept=accept_baseline),
        as_json=as_json,
    )
