"""Words that a shell completes: hosts, filters, runbooks and runs of the project; and `routebook completion`."""

import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from routebook.cli import output
from routebook.cli.context import Context

if TYPE_CHECKING:
    from routebook.intent.model import HostIntent

Words = Callable[[click.Context], Iterable[str]]
Complete = Callable[[click.Context, click.Parameter, str], list[str]]
_SHELLS = ("bash", "zsh", "fish")
_MOST_RUNS = 50


def completing(words: Words) -> Complete:
    """What click asks for a parameter's words. Whatever is wrong with the project, a shell is told nothing."""

    def complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        from routebook.errors import RefusedError
        from routebook.intent.problem import IntentError

        try:
            return [word for word in words(ctx) if word.startswith(incomplete)]
        except (RefusedError, IntentError):
            return []

    return complete


def project_of(ctx: click.Context) -> Path:
    """The project that a command line is about, before it is run. Raises RefusedError."""
    return _context(ctx).project


def _context(ctx: click.Context) -> Context:
    root = ctx.find_root()
    if isinstance(root.obj, Context):
        return root.obj
    start = Path(root.params.get("project") or Path()).resolve()
    return Context(start, debug=False, named_state=root.params.get("state"))


def network_of(ctx: click.Context) -> "dict[str, HostIntent]":
    """The hosts of the project. Raises RefusedError and IntentError."""
    from routebook.intent.load import load

    return dict(load(project_of(ctx)).hosts)


def _runbooks(ctx: click.Context) -> list[str]:
    from routebook.run.runbook import names

    return names(project_of(ctx))


def _runs(ctx: click.Context) -> list[str]:
    from routebook.run.workspace import open_journal

    with open_journal(_context(ctx).state, make=False) as journal:
        return [record.id for record in journal.runs(_MOST_RUNS)]


hosts = completing(network_of)
runbooks = completing(_runbooks)
runs = completing(_runs)


def limit(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The last term of a filter: a host, or a site, group or platform."""
    before, sign, term = _last_term(incomplete)

    def terms(ctx: click.Context) -> Iterable[str]:
        intents = network_of(ctx)
        sites = sorted({f"site={intent.site}" for intent in intents.values()})
        platforms = sorted({f"platform={intent.platform}" for intent in intents.values()})
        groups = sorted({f"group={group}" for intent in intents.values() for group in intent.groups})
        return [*intents, *sites, *platforms, *groups]

    return [f"{before}{sign}{word}" for word in completing(terms)(ctx, parameter, term)]


def _last_term(text: str) -> tuple[str, str, str]:
    cut = max(text.rfind(","), text.rfind("&")) + 1
    term = text[cut:]
    return (text[:cut], "!", term[1:]) if term.startswith("!") else (text[:cut], "", term)


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
def completion(shell: str) -> None:
    """Print what makes SHELL complete routebook's words: commands, options, hosts, filters, runbooks and runs.

    bash: routebook completion bash >~/.local/share/bash-completion/completions/routebook; zsh: the same into a file
    _routebook of a folder in $fpath; fish: into ~/.config/fish/completions/routebook.fish.
    """
    from click.shell_completion import get_completion_class

    from routebook.cli.group import cli

    found = get_completion_class(shell)
    if found is None or (shell == "bash" and shutil.which("bash") is None):
        output.complain(f"there is no {shell} here to be completed for")
        sys.exit(1)
    output.text(found(cli, {}, "routebook", "_ROUTEBOOK_COMPLETE").source())
