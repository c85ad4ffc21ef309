"""`routebook verify`: sessions, tunnels and configuration against the intent, without a trace on any device."""

from pathlib import Path

import click

from routebook.cli import completion, monitoring, options
from routebook.cli.context import Context


@click.command()
@click.argument("runbook", default="verify", shell_complete=completion.runbooks)
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
@options.no_probe
@click.option("--watch", is_flag=True, help="Go on looking, and say what happens, a line an event, until interrupted.")
@click.option(
    "--every",
    type=options.Seconds(),
    default="5s",
    metavar="TIME",
    show_default=True,
    help="With --watch: how often to look, as 5s or 1m.",
)
@click.option(
    "--accept-baseline",
    is_flag=True,
    help="Take what is there now for normal: prefix counts, and what is not in the intent.",
)
@click.option(
    "--kubeconfig",
    "kubeconfigs",
    multiple=True,
    metavar="CLUSTER=FILE",
    help="Also ask the nodes of a Kubernetes cluster for their end of our sessions. Can be given several times.",
)
@monitoring.metrics
@monitoring.webhook
@click.pass_obj
def verify(
    context: Context,
    runbook: str,
    limit: str,
    as_json: bool,
    wait: float,
    no_config: bool,
    no_probe: bool,
    watch: bool,
    every: float,
    accept_baseline: bool,
    kubeconfigs: tuple[str, ...],
    metrics: Path | None,
    webhook: str | None,
) -> None:
    """Run the checks of RUNBOOK (default: verify), see whether packets arrive, and compare the configuration.

    The last line says what was looked at. Exit code 0: that is as intended; 3: checks failed.
    """
    from routebook.cli.at_work import carry_out
    from routebook.run import verification
    from routebook.run.runbook import load

    named = dict(each.partition("=")[::2] for each in kubeconfigs)
    if not all(named.values()):
        raise click.BadParameter("write CLUSTER=FILE", param_hint="--kubeconfig")
    files = {name: Path(file) for name, file in named.items()}
    loaded = load(context.project, runbook)
    if loaded.steps:
        raise click.UsageError(f"runbook {runbook!r} acts, and has nothing to verify; use `routebook plan {runbook}`")
    if watch:
        from routebook.cli.watching import watch as look_on

        look_on(context, limit, loaded, every, as_json=as_json, probe=not no_probe)
    carry_out(
        context,
        limit,
        loaded.hosts,
        lambda running: verification.verify(
            running,
            loaded,
            wait,
            config=not no_config,
            probe=not no_probe,
            accept=accept_baseline,
            kubeconfigs=files,
        ),
        as_json=as_json,
        also=lambda workspace, result: monitoring.tell(workspace, result, metrics, webhook),
    )
