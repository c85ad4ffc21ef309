"""The group of all commands, and how any of them ends: with a sentence and an exit code of the design."""

import importlib
import sys
from pathlib import Path
from typing import NoReturn

import click

from routebook import __version__
from routebook.cli import output
from routebook.cli.context import Context
from routebook.errors import InterruptedRunError, RefusedError

COMMANDS = {
    "check": "Check inventory and intent; reports every problem at once.",
    "render": "Show the configuration that the intent asks for.",
    "plan": "Show the exact difference on every device; changes nothing.",
    "run": "Carry out a runbook as a transaction.",
    "verify": "Check sessions, tunnels and configuration against the intent; changes nothing.",
    "exporter": "Verify again and again, and serve what is found as metrics.",
    "exec": "Type a command on many hosts at once; what only reads, unless told otherwise.",
    "drift": "List the devices that are not configured as intended; changes nothing.",
    "rollback": "Take back what an earlier run changed, and nothing else.",
    "backup": "Keep every device's configuration in a git repository; changes no device.",
    "restore": "Bring devices back to what a backup has of them, as a transaction.",
    "recover": "Bring the hosts of a run that died to a verified end.",
    "identity": "Show who devices were at their last confirmed run; forget one that was replaced.",
    "lease": "List the tunnels and sessions that runs are working on.",
    "runs": "List earlier runs.",
    "show": "Show a run: what it did on each host, and when.",
    "graph": "Draw sites, hosts, sessions and tunnels, as SVG or Mermaid.",
    "lab": "A lab of real daemons, made from the inventory.",
    "init": "Make a new project.",
    "import": "Make a project of configurations that are there already.",
    "adopt": "Take over what a device has already: write it into the inventory.",
    "release": "Give objects out of hand: they stay on the device, and leave the inventory.",
    "completion": "Print what makes a shell complete words: hosts, filters, runbooks, runs.",
    "secrets": "List the secrets that are missing, and make them.",
}

_MODULES = {"import": "import_project", "exec": "exec_command"}  # words of Python
CHANGING = frozenset({"run", "rollback", "restore", "recover", "exec"})
"""Commands that change devices."""


def module_of(command: str) -> str:
    """The module of routebook.cli that a command is in, and its function's name."""
    return _MODULES.get(command, command)


class LazyGroup(click.Group):
    """Commands are modules; listing them imports none, so that `routebook --help` is quick."""

    invoked = ""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's
        """Names in the order in which an operator uses them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        self.invoked = cmd_name
        name = module_of(cmd_name)
        command = getattr(importlib.import_module(f"routebook.cli.{name}"), name)
        assert isinstance(command, click.Command)  # noqa: S101  each module defines the command of its name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's
        """The list in `--help`, without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="routebook")
@click.option(
    "--project",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    help="The project's folder; by default the nearest one above.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where journal, plan key, leases and reports are kept; by default what ROUTEBOOK_STATE says, or .routebook in "
    "the project.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(ctx: click.Context, project: Path, state: Path | None, debug: bool) -> None:
    """Network runbooks as transactions: plan, push, verify, and roll back every host when one fails.

    Exit codes: 0 done; 1 refused, nothing changed; 2 there are differences; 3 checks failed (a run was rolled
    back); 4 needs attention; 130 interrupted, what had begun was rolled back.
    """
    ctx.obj = Context(project.resolve(), debug, state)


def run() -> NoReturn:
    """Run the command line; every error becomes a sentence and an exit code of the design."""
    debug = "--debug" in sys.argv
    output.take_over(debug=debug)
    try:
        sys.exit(cli.main(prog_name="routebook", standalone_mode=False))
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        output.usage_error(error)
        sys.exit(1)
    except click.Abort:
        _end("interrupted; nothing was changed", code=130, debug=debug)
    except InterruptedRunError as error:
        _end(str(error), code=130, debug=debug)
    except RefusedError as error:
        _end(*error.sentences, code=1, debug=debug)
    except BrokenPipeError:
        # The reader of a help text has gone (`routebook --help | head`); nobody is left to read an error.
        output.discard_results()
        sys.exit(0)
    except Exception as error:  # noqa: BLE001  people get a sentence, and programs an exit code, whatever it is
        _end_of_bug(error, debug)


def _end(*sentences: str, code: int, debug: bool) -> NoReturn:
    if debug:
        output.print_traceback()
    output.complain(*sentences)
    sys.exit(code)


def _end_of_bug(error: Exception, debug: bool) -> NoReturn:
    what = f"an error in Routebook itself, {type(error).__name__}: {error}"
    more = "" if debug else "; --debug shows where"
    if cli.invoked in CHANGING:
        _end(f"{what}{more}", "what has begun may not be finished: run `routebook recover`", code=4, debug=debug)
    _end(f"{what}; no device was changed{more}", code=1, debug=debug)
