"""`routebook secrets`: the secrets that the inventory refers to."""

import sys

import click

from routebook.cli import output
from routebook.cli.context import Context


@click.group()
def secrets() -> None:
    """List the secrets that are missing, and make them."""


@secrets.command()
@click.pass_obj
def check(context: Context) -> None:
    """List every secret that is missing or cannot be used. Exit code 1 when there is one; runs no command."""
    from routebook.intent.load import load
    from routebook.project.secret_files import unusable

    network = load(context.project)
    found = unusable(network)
    for each in found:
        output.line(f"{each.use.mark}: {each.use.purpose}: {each.error.message}")
    total = len({use.reference for use in network.secret_uses})
    output.line(f"{total} secrets, {len(found)} missing or unusable", err=True)
    sys.exit(1 if found else 0)


@secrets.command()
@click.pass_obj
def make(context: Context) -> None:
    """Make up every missing pre-shared key and BGP password that is a file of its own, readable by you alone.

    What is there stays as it is. Passwords of logins, variables and commands are not ours to make.
    """
    from routebook.intent.load import load
    from routebook.project.secret_files import make_missing

    made = make_missing(load(context.project))
    for path in made:
        output.line(str(path))
    output.line(f"made {len(made)} secrets", err=True)
