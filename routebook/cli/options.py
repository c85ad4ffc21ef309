"""Options that several commands take."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

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
waves = click.option(
    "--waves",
    metavar="HOW",
    help="One wave after the other: site, group:NAME (its hosts first), canary:HOST, or how many hosts a wave has.",
)
keep_waves = click.option(
    "--keep-waves", is_flag=True, help="Confirm a wave as soon as it has passed; a later one that fails leaves it."
)
max_failed = click.option(
    "--max-failed",
    type=click.IntRange(0),
    metavar="HOSTS",
    help="How many hosts may fail, unreachable ones included, before all are rolled back; none by default.",
)
_DANGERS = {
    "no-redundancy": "although nothing else may carry the traffic",
    "own-path": "although it cuts the way by which the device is reached",
    "one-end": "although the other end of a session or tunnel changes too and is left out",
    "unforecast-reset": "and keep it although a session or tunnel resets that the plan did not name",
    "old-secret": "although it brings an old secret back",
}


def accepting(*names: str) -> Callable[[Command], Command]:
    """`--accept` for these dangers."""
    told = ", or ".join(f"{_DANGERS[name]} ({name})" for name in names)
    choice = click.Choice(list(names))
    return click.option("--accept", multiple=True, type=choice, help=f"Do it {told}. May be repeated.")


accept = accepting("no-redundancy", "own-path", "one-end", "unforecast-reset")
