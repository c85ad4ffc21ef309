"""`routebook lab`: the network of this project's inventory, with real daemons, on this machine."""

import os
import sys
import time

import click

from routebook.cli import output
from routebook.cli.context import Context


@click.group()
def lab() -> None:
    """Run the inventory's network on this machine."""


@lab.command()
@click.option(
    "--kernel",
    type=click.Choice(["namespaces", "uml"]),
    help="namespaces: this machine's kernel, ESP in user space (the default); uml: a kernel with ESP and VTI.",
)
@click.pass_obj
def up(context: Context, kernel: str | None) -> None:
    """Start the lab; harmless when it runs already."""
    from lab.control import Lab

    began = time.monotonic()
    started = Lab(context.project).up(output.line, kernel)
    output.line(f"lab is up ({time.monotonic() - began:.1f} s)" if started else "lab was up already")


@lab.command()
@click.pass_obj
def down(context: Context) -> None:
    """Stop the lab and remove everything of it."""
    from lab.control import Lab

    output.line("lab is down" if Lab(context.project).down() else "no lab was running")


@lab.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_obj
def status(context: Context, as_json: bool) -> None:
    """Show which node runs which programs."""
    from lab.control import Lab

    running = Lab(context.project)
    nodes = running.status()
    if as_json:
        output.data({"nodes": [{"name": each.name, "pid": each.pid, "programs": each.programs} for each in nodes]})
        return
    for each in nodes:
        output.line(f"{each.name:16} {' '.join(each.programs)}")
    if not nodes:
        output.line("no lab is running")
    elif elsewhere := running.elsewhere():
        output.line(elsewhere)


@lab.command("exec", context_settings={"ignore_unknown_options": True})
@click.argument("host")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def execute(context: Context, host: str, command: tuple[str, ...]) -> None:
    """Run COMMAND as root on HOST: routebook lab exec HOST -- COMMAND."""
    from lab.control import Lab

    argv = Lab(context.project).command(host, command)
    sys.stdout.flush()
    os.execvp(argv[0], argv)  # noqa: S606  without a shell
