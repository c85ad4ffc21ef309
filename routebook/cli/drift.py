"""`routebook drift`: whether devices are configured as intended, without a trace on any of them."""

import click

from routebook.cli import options
from routebook.cli.context import Context


@click.command()
@options.limit
@options.as_json
@click.pass_obj
def drift(context: Context, limit: str, as_json: bool) -> None:
    """Compare the configuration of every device with what the intent asks for, in all sections.

    Exit code 0: no difference; 2: there are differences; 1: a device could not be compared.
    """
    from routebook.cli.at_work import carry_out
    from routebook.run import commands

    carry_out(context, limit, "", commands.drift, as_json=as_json)
