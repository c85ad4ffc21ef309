"""`routebook run`: a runbook as a transaction over all its hosts."""

from pathlib import Path
from typing import Any

import click

from routebook.cli import completion, options
from routebook.cli.chained import OfRunbook
from routebook.cli.context import Context


@click.command(cls=OfRunbook)
@click.argument("runbook", required=False, shell_complete=completion.runbooks)
@options.limit
@options.yes
@options.as_json
@options.carrying_out
@options.reason
@options.parameters
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Carry out this plan, made by `routebook plan --out FILE`: exactly what was reviewed, or nothing.",
)
@click.pass_obj
def run(
    context: Context,
    /,
    runbook: str | None,
    limit: str,
    yes: bool,
    as_json: bool,
    reason: str,
    plan_file: Path | None,
    given: tuple[str, ...],
    **how: Any,
) -> None:
    """Carry out RUNBOOK: plan, arm every device, push, check, then confirm everywhere or roll back everywhere.

    With --plan no question is asked: saving and reviewing the plan was the question, and how it is carried out was
    reviewed with it. Exit code 0: confirmed, or nothing to do; 1: refused, nothing changed; 3: checks failed and
    everything was rolled back; 4: needs attention; 130: interrupted and rolled back.
    """
    from routebook.cli.at_work import approval, asks, carry_out
    from routebook.run import commands, saved_plan
    from routebook.run.options import Options
    from routebook.run.runbook import load

    reviewed = None
    if plan_file is not None:
        if limit or how["waves"] is not None:
            raise click.UsageError("--plan says which hosts in which waves; --limit and --waves cannot stand beside it")
        reviewed = saved_plan.load(plan_file, lambda: saved_plan.open_key(context.state.open().plan_key))
        if runbook not in (None, reviewed.runbook):
            raise click.UsageError(f"{plan_file} is a plan of runbook {reviewed.runbook!r}, not of {runbook!r}")
        runbook, limit, yes = reviewed.runbook, reviewed.limit, True
    if runbook is None:
        raise click.UsageError("name a runbook, or a saved plan with --plan")
    loaded = load(context.project, runbook)
    if given and not loaded.steps:
        raise click.UsageError(f"runbook {runbook!r} has no parameters")
    if loaded.steps:
        from routebook.run import chain

        approve = approval(yes=yes, as_json=as_json)
        carry_out(
            context,
            limit,
            loaded.hosts,
            lambda running: chain.run(running, loaded, given, approve),
            as_json=as_json,
            reason=reason,
            stopping="ending in good order; an action that has begun is checked to its end",
        )
    if loaded.render is None:
        raise click.UsageError(f"runbook {runbook!r} changes nothing; use `routebook verify {runbook}`")
    usual = Options(deadline=loaded.deadline, waves=loaded.waves, max_failed=loaded.max_failed)
    if reviewed is not None:
        usual = reviewed.bound()
    approve = approval(yes=yes, as_json=as_json)
    carry_out(
        context,
        limit,
        loaded.hosts,
        lambda running: commands.run(running, loaded, None, approve, reviewed, asks=asks(yes=yes, as_json=as_json)),
        as_json=as_json,
        options=options.how(usual, **how),
        reason=reason,
    )
