"""`routebook plan`: the exact difference on every device, without a trace on any."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from routebook.cli import completion, options, output
from routebook.cli.chained import OfRunbook
from routebook.cli.context import Context

if TYPE_CHECKING:
    from routebook.device.plan import Plan
    from routebook.report.model import HostResult
    from routebook.safety.accepted import Guard


@click.command(cls=OfRunbook)
@click.argument("runbook", default="deploy", shell_complete=completion.runbooks)
@options.limit
@options.as_json
@options.carrying_out
@options.parameters
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Save the plan, without secrets, for `routebook run --plan FILE`.",
)
@click.option(
    "--ttl",
    type=click.IntRange(1, 30 * 86_400),
    default=86_400,
    show_default=True,
    metavar="SECONDS",
    help="How long the saved plan is good for.",
)
@click.option(
    "--against",
    multiple=True,
    metavar="HOST=PATH",
    help="Compare with the files in PATH, as `routebook import` reads them, and contact no device; may be repeated.",
)
@click.pass_obj
def plan(
    context: Context,
    /,
    runbook: str,
    limit: str,
    as_json: bool,
    out: Path | None,
    ttl: int,
    against: tuple[str, ...],
    given: tuple[str, ...],
    **how: Any,
) -> None:
    """Show what RUNBOOK (default: deploy) would send to every device, and what would undo it.

    With --out, how it is carried out (--accept, --max-failed …) is part of the plan and reviewed with it.

    Exit code 0: nothing to do; 2: there are differences; 1: refused.
    """
    from routebook.cli.at_work import carry_out
    from routebook.cli.plan_against import plan_against
    from routebook.errors import RefusedError
    from routebook.run import commands, saved_plan
    from routebook.run.options import Options
    from routebook.run.runbook import load

    loaded = load(context.project, runbook)
    if given and not loaded.steps:
        raise click.UsageError(f"runbook {runbook!r} has no parameters")
    if loaded.steps:
        from routebook.run import chain

        if out or against:
            raise RefusedError("a chain of actions has no difference that could be saved or compared")
        carry_out(context, limit, loaded.hosts, lambda run: chain.plan(run, loaded, given), as_json=as_json)
    if against:
        if limit or out:
            raise RefusedError(
                "--against names its hosts, and makes no plan that could be carried out: leave out "
                f"{'--limit' if limit else '--out'}"
            )
        plan_against(context, against, loaded.sections or None, as_json=as_json)
    usual = Options(deadline=loaded.deadline, waves=loaded.waves, max_failed=loaded.max_failed)
    chosen = options.how(usual, **how)

    def keep(plan: "Plan", shown: "Mapping[str, HostResult]", notes: Sequence[str], guards: "Sequence[Guard]") -> None:
        assert out is not None  # noqa: S101  only then it is called
        key = saved_plan.open_key(context.state.open().plan_key, make=True)
        made = saved_plan.save(
            out,
            context.project,
            key,
            plan,
            shown,
            notes,
            guards,
            runbook=runbook,
            limit=limit,
            options=chosen,
            seconds=ttl,
        )
        output.line(f"saved plan {made.id} in {out}; carry it out with `routebook run --plan {out}`", err=True)

    carry_out(
        context,
        limit,
        loaded.hosts,
        lambda running: commands.plan(running, loaded, keep if out else None),
        as_json=as_json,
        options=chosen,
    )
