"""Options that several commands take."""

import click

limit = click.option(
    "--limit", default="", metavar="FILTER", help="Only these hosts: names, globs, site=…, group=…, platform=…"
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")
yes = click.option("--yes", is_flag=True, help="Do not ask before the change is made.")
confirm_timeout = click.option(
    "--confirm-timeout",
    type=click.IntRange(10, 3600),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="A device that is not confirmed for so long undoes the change by itself.",
)
