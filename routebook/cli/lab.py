"""`routebook lab`: the network of this project's inventory, with real daemons, on this machine."""

import os
import sys
import time
from pathlib import Path

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


@lab.command()
@click.argument("names", metavar="[RELEASE]...", nargs=-1)
@click.option("--again", is_flag=True, help="Replace what is there by what Debian's archive has now.")
@click.option("--list", "only_list", is_flag=True, help="Say what is there, and fetch nothing.")
def releases(names: tuple[str, ...], again: bool, only_list: bool) -> None:
    """Unpack the daemons of Debian's releases, all or those that are named, for hosts with lab: {release: …}.

    They run in the lab alone; nothing is installed on this machine.
    """
    from lab import releases as of
    from routebook.intent.network import LAB_RELEASES

    for name in names or LAB_RELEASES:
        began = time.monotonic()
        done = False if only_list else of.unpack(name, again=again)
        has = of.versions(name)
        shown = ", ".join(f"{package} {has[package]}" for package in of.NAMED if package in has)
        took = f" ({time.monotonic() - began:.0f} s)" if done else ""
        output.line(f"{name}: {shown or 'not unpacked'}{took}")
    output.line(f"in {of.cache()}")


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


@lab.command()
@click.argument("host")
@click.option(
    "--to",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write (default: HOST.record.json). One that is there is left alone.",
)
@click.pass_obj
def record(context: Context, host: str, path: Path | None) -> None:
    """Write down what the real HOST answers to what Routebook reads there, and say what is not understood.

    Nothing is changed there. Secrets, certificates, serial numbers and licences are taken out; addresses and names
    stay: look through the file before you give it away.
    """
    from routebook.errors import RefusedError
    from routebook.project.private_files import write_private
    from routebook.redaction.gate import as_json
    from routebook.run.fan_out import on_drivers
    from routebook.run.workspace import open_workspace

    wanted = path or Path(f"{host}.record.json")
    if wanted.exists():
        raise RefusedError(f"{wanted} is there already: choose another one with --to")
    workspace = open_workspace(context.project, host, "", context.state)

    def step(device: object) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
        recording = getattr(device, "recording", None)
        if recording is None:
            raise RefusedError(f"{host}: nothing is recorded of its platform")
        found: tuple[dict[str, str], tuple[tuple[str, str], ...]] = recording()
        return found

    outcome = on_drivers(workspace.nornir, [host], step)
    workspace.close()
    for error in outcome.errors.values():
        raise RefusedError(str(error) or type(error).__name__) from error
    answers, parts = outcome.values[host]
    platform = workspace.nornir.inventory.hosts[host].platform
    write_private(wanted, as_json({"platform": platform, "answers": answers}).encode(), replace=False)
    for what, unknown in parts:
        output.line(f"{what}: {unknown or 'understood'}")
    output.line(f"{len(answers)} answers are in {wanted}")
