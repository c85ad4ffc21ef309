"""`routebook graph`: the network as a picture, from the intent or as it is now."""

import re
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from routebook.cli import options, output
from routebook.cli.context import Context

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from routebook.intent.model import HostIntent
    from routebook.report.topology import Views


@click.command()
@options.limit
@click.option("--live", is_flag=True, help="Ask the hosts, and show what is up. Reads only.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["svg", "mermaid"]),
    help="SVG, a picture; or Mermaid, text that wikis draw. By default what --out ends in, else SVG.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it to FILE.")
@click.pass_obj
def graph(context: Context, limit: str, live: bool, form: str | None, out: Path | None) -> None:
    """Draw sites, hosts, sessions and tunnels: as they are meant to be, or with --live as they are.

    With --limit, the chosen hosts and whoever they have a session or tunnel with. Exit code 0, whatever is up.
    """
    from routebook.report import drawing
    from routebook.report.topology import topology

    intents, chosen, views = _seen(context, limit) if live else (*_intended(context, limit), None)
    found = topology(intents, chosen)
    verdicts = {} if views is None else drawing.of_links(found, views.verdict)
    if (form or ("mermaid" if out and re.fullmatch(r"\.(mmd|mermaid|md)", out.suffix) else "svg")) == "mermaid":
        text = drawing.mermaid(found, verdicts)
    else:
        from routebook.report.placing import placed

        title = "The network as it is" if live else "The network as it is meant to be"
        text = drawing.svg(found, placed(found), title, verdicts)
    if out is not None:
        out.write_text(text, encoding="utf-8")
        output.line(f"wrote {out}", err=True)
    else:
        output.text(text)
    sys.exit(0)


def _intended(context: Context, limit: str) -> "tuple[Mapping[str, HostIntent], Collection[str] | None]":
    from routebook.intent.load import load
    from routebook.project.limit import choose

    network = load(context.project)
    return network.hosts, choose(limit, network.hosts) if limit else None


def _seen(context: Context, limit: str) -> "tuple[Mapping[str, HostIntent], Collection[str] | None, Views]":
    from routebook.cli.at_work import in_lab, stop_on_signals
    from routebook.report.topology import Views
    from routebook.run.fan_out import reasons
    from routebook.run.watch import read_states
    from routebook.run.workspace import open_workspace

    workspace = open_workspace(context.project, limit, "*", context.state, in_lab)
    stop_on_signals(threading.Event(), "nothing is changed")
    seen = read_states(workspace.nornir, workspace.observed)
    workspace.close()
    for host, reason in sorted(reasons(seen.errors).items()):
        output.complain(f"{host} cannot be read: {reason}")
    return workspace.judged, workspace.hosts if limit else None, Views.of(workspace.judged, seen.values)
