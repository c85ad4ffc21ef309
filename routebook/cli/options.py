"""Options that several commands take."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec.structs import replace

from routebook.cli import completion

if TYPE_CHECKING:
    from routebook.run.options import Options

Command = TypeVar("Command", bound=Callable[..., Any])


class Seconds(click.ParamType[float]):
    """A time from a second to an hour, as `5s` or `1m`."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds; a usage error for anything else."""
        match = re.fullmatch(r"(\d{1,4}(?:\.\d)?)(s|m|)", str(value))
        seconds = float(match[1]) * (60 if match[2] == "m" else 1) if match else 0.0
        if not 1 <= seconds <= 3600:
            self.fail(f"{value!r} is no time from 1s to 60m", param, ctx)
        return seconds


limit = click.option(
    "--limit",
    default="",
    metavar="FILTER",
    shell_complete=completion.limit,
    help="Only these hosts: names, globs, site=…, group=…, platform=…",
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
reason = click.option("--reason", default="", metavar="TEXT", help="Why: one line for the history and the reports.")
parameters = click.option(
    "--set", "given", multiple=True, metavar="NAME=VALUE", help="A parameter of the runbook; may be repeated."
)
_confirm_timeout_if_given = click.option(
    "--confirm-timeout",
    type=click.IntRange(10, 3600),
    metavar="SECONDS",
    help="A device that is not confirmed for so long undoes the change by itself; 120 by default.",
)
_deadline = click.option(
    "--deadline",
    type=click.IntRange(1, 3600),
    metavar="SECONDS",
    help="How long the post-checks may take; by default what the runbook says.",
)
_waves = click.option(
    "--waves",
    metavar="HOW",
    help="One wave after the other: site, group:NAME (its hosts first), canary:HOST, or how many hosts a wave has.",
)
_keep_waves = click.option(
    "--keep-waves", is_flag=True, help="Confirm a wave as soon as it has passed; a later one that fails leaves it."
)
no_probe = click.option(
    "--no-probe", is_flag=True, help="Leave out whether packets arrive: send no echo requests to see that."
)
_max_failed = click.option(
    "--max-failed",
    type=click.IntRange(0),
    metavar="HOSTS",
    help="How many hosts may fail, unreachable ones included, before all are rolled back; none by default.",
)
_DANGERS = {
    "no-redundancy": "although nothing else may carry the traffic",
    "own-path": "although it cuts the way by which the device is reached",
    "one-end": "although the other end of a session or tunnel changes too and is left out",
    "ha-sync": "although the device sends it to its mate before it is confirmed",
    "filtered": "although a device's own packet filter drops what a new tunnel or session needs",
    "unforecast-reset": "although a session or tunnel resets that the plan did not name",
    "removal": "although a live session or tunnel, or a prefix that is originated, goes",
    "collapse": "although over a quarter of a session's or a family's prefixes, or one of ours, is gone",
    "old-secret": "although it brings an old secret back",
}


def accepting(*names: str) -> Callable[[Command], Command]:
    """`--accept` for these dangers."""
    dangers = "; ".join(f"{_DANGERS[name]} ({name})" for name in names)
    choice = click.Choice(list(names))
    return click.option("--accept", multiple=True, type=choice, help=f"Do it, and keep it: {dangers}. May be repeated.")


_accept = accepting(
    "removal", "no-redundancy", "own-path", "one-end", "ha-sync", "filtered", "unforecast-reset", "collapse"
)


def carrying_out(command: Command) -> Command:
    """All that says how a runbook is carried out. What is not given is None, False or empty: see `how`."""
    for option in (_accept, no_probe, _max_failed, _keep_waves, _waves, _deadline, _confirm_timeout_if_given):
        command = option(command)
    return command


def how(
    usual: "Options",
    *,
    confirm_timeout: int | None,
    deadline: int | None,
    waves: str | None,
    keep_waves: bool,
    max_failed: int | None,
    accept: tuple[str, ...],
    no_probe: bool,
) -> "Options":
    """What was given, and what is `usual` for the rest."""
    given: dict[str, Any] = {
        "confirm_timeout": confirm_timeout,
        "deadline": deadline,
        "waves": waves,
        "keep_waves": keep_waves or None,
        "max_failed": max_failed,
        "accept": frozenset(accept) or None,
        "probe": False if no_probe else None,
    }
    return replace(usual, **{name: value for name, value in given.items() if value is not None})
