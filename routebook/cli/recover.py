"""`routebook recover`: finish what a run that died has left."""

import sys
from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from routebook.cli import options, output
from routebook.cli.context import Context
from routebook.report.layout import public
from routebook.report.outcome import Outcome

if TYPE_CHECKING:
    from routebook.project.provenance import Provenance
    from routebook.run.recovery import Recovered

DEADLINE = 90.0
"""Seconds for which sessions and tunnels may take to come up again."""


@click.command()
@options.confirm_timeout
@click.option(
    "--scan", is_flag=True, help="Ask the devices too: for runs of which this machine's journal knows nothing."
)
@options.limit
@click.option(
    "--dead", multiple=True, metavar="RUN", help="With --scan: the process of this run is gone, whatever its lock says."
)
@click.option(
    "--gone", multiple=True, metavar="HOST", help="With --scan: this host will never answer again; end without it."
)
@options.reason
@click.pass_obj
def recover(
    context: Context,
    confirm_timeout: int,
    scan: bool,
    limit: str,
    dead: tuple[str, ...],
    gone: tuple[str, ...],
    reason: str,
) -> None:
    """Bring the hosts of every run that died to a verified end, and say which.

    A run of which only the last entry in the journal is missing is completed; every other is undone. With --scan,
    what devices keep of a run is enough. Exit code 0: nothing to do, or all is at a verified end; 1: a run may still be
    alive; 4: needs attention.
    """
    if (limit or dead or gone) and not scan:
        raise click.UsageError("--limit, --dead and --gone choose what --scan does")
    from routebook.project.provenance import checked_reason, provenance
    from routebook.redaction.gate import clean

    by = provenance(context.project, clean(checked_reason(reason)))
    codes = [
        *_from_journal(context, limit, confirm_timeout, by, scan=scan),
        *(_from_devices(context, limit, confirm_timeout, dead, gone) if scan else ()),
    ]
    if not codes:
        output.line("nothing to recover")
    sys.exit(max(codes, default=0))


def _from_journal(context: Context, limit: str, confirm_timeout: int, by: "Provenance", *, scan: bool) -> list[int]:
    from routebook.cli.progress import Progress
    from routebook.project.limit import choose
    from routebook.run.recovery import recover as bring_to_an_end
    from routebook.run.workspace import open_journal, open_workspace

    codes = []
    state = context.state
    with open_journal(state, make=scan) as journal:
        for record in [each for each in journal.unfinished() if not each.alive]:
            workspace = open_workspace(context.project, "", ",".join(record.hosts), state)
            if limit and (beyond := sorted(record.hosts.keys() - choose(limit, workspace.intents))):
                output.line(
                    f"run {record.id} ({record.runbook}) died while it worked on {', '.join(beyond)} too, which "
                    "--limit leaves out: nothing of it was touched. Use `routebook recover` without it",
                    err=True,
                )
                codes.append(1)
                continue
            with Progress() as progress:
                recovered = bring_to_an_end(
                    workspace.nornir,
                    journal,
                    record,
                    leases=state.leases,
                    listener=progress,
                    confirm_timeout=confirm_timeout,
                    deadline=DEADLINE,
                    by=by,
                )
            workspace.close()
            codes.append(_show(f"run {record.id} ({record.runbook})", recovered))
    return codes


def _from_devices(
    context: Context, limit: str, confirm_timeout: int, dead: Collection[str], gone: Collection[str]
) -> list[int]:
    from routebook.cli.progress import Progress
    from routebook.run.leases import current
    from routebook.run.recovery import finish
    from routebook.run.scan import at_work, busy, scan
    from routebook.run.workspace import open_journal, open_workspace

    workspace = open_workspace(context.project, limit, "", context.state)
    if unknown := set(gone) - workspace.nornir.inventory.hosts.keys():
        raise click.UsageError(f"--gone: {', '.join(sorted(unknown))} is not in the inventory")
    found, silent = scan(workspace.nornir, [host for host in workspace.hosts if host not in gone])
    with open_journal(context.state) as journal:
        unfinished = journal.unfinished()
    here = {record.id: tuple(record.hosts) for record in unfinished if record.alive}
    # Those that died are finished with what the journal knows of them, or not at all.
    found = {run_id: left for run_id, left in found.items() if run_id not in {r.id for r in unfinished if not r.alive}}
    alive = at_work(found, here, current(context.state.leases), dead)
    codes = []
    for run_id, left in sorted(found.items()):
        if run_id in alive:
            output.line(alive[run_id], err=True)
            codes.append(1)
        else:
            with Progress() as progress:
                recovered = finish(
                    workspace.nornir,
                    left,
                    gone,
                    busy(found, run_id, here, alive),
                    leases=context.state.leases,
                    listener=progress,
                    confirm_timeout=confirm_timeout,
                    deadline=DEADLINE,
                )
            codes.append(_show(f"run {run_id}", recovered))
    for run_id in sorted(set(dead) - found.keys()):
        output.line(f"--dead {run_id}: no host that was asked knows that run", err=True)
    for host, why in sorted(silent.items()):
        output.line(public(host), f" could not be asked: {why}", err=True)
        codes.append(4)
    workspace.close()
    return codes


def _show(run: str, recovered: "Recovered") -> int:
    output.line(public(f"{run}: {recovered.outcome}"))
    for host, state in recovered.hosts.items():
        output.line(public(f"{host:<16} {state}"), f"  {recovered.messages.get(host, '')}", indent=2)
    for finding in recovered.findings:
        if finding.status != "ok":
            output.line(public(f"{finding.status} {finding.host}: "), finding.cause)
            for line in finding.evidence:
                output.line(public("| "), line)
    return 4 if recovered.outcome is Outcome.NEEDS_ATTENTION else 0
