"""`routebook exec`: what an operator types on many hosts at once."""

import sys
import threading

import click

from routebook.cli import options, output
from routebook.cli.context import Context


@click.command()
@click.argument("command")
@options.limit
@click.option(
    "--on",
    "elsewhere",
    nargs=2,
    multiple=True,
    metavar="PLATFORM COMMAND",
    help="Ask the hosts of a platform in its own words. Can be given several times.",
)
@options.as_json
@click.option(
    "--timeout",
    type=click.IntRange(1, 3600),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="How long a host may take to answer.",
)
@click.option("--write", is_flag=True, help="Send a command that may change something, under the lock of every host.")
@options.yes
@click.pass_obj
def exec_command(
    context: Context,
    command: str,
    limit: str,
    elsewhere: tuple[tuple[str, str], ...],
    as_json: bool,
    timeout: int,
    write: bool,
    yes: bool,
) -> None:
    """Send COMMAND to all hosts at once and show their answers, equal ones once.

    Only what is known to read is sent, unless --write is given. Exit code 0: all answered; 1: refused, nothing was
    sent; 3: a host did not answer, or says that the command failed; 4: with --write, what was sent to a host may have
    happened or its lock is still there.
    """
    from routebook.cli.at_work import asks, stop_on_signals
    from routebook.errors import RefusedError
    from routebook.run import exec as executing
    from routebook.run.workspace import open_workspace

    workspace = open_workspace(context.project, limit, "", context.state)
    asked = executing.judge(workspace, command, dict(elsewhere), write=write)
    if write and not yes:
        if not asks(yes=yes, as_json=as_json):
            raise RefusedError("there is nobody to ask; use --yes to send it. Nothing was sent.")
        for words in sorted({each.typed.words for each in asked.values()}):
            hosts = ", ".join(host for host, each in asked.items() if each.typed.words == words)
            output.line(f"{words}  on {hosts}")
        if not output.ask(f"Send this to {len(asked)} hosts?"):
            raise RefusedError("not approved; nothing was sent")
    stop = threading.Event()
    stop_on_signals(stop, "what was sent is waited for" if write else "giving up what has not answered")
    try:
        carry_out = executing.change if write else executing.ask
        result = carry_out(workspace, asked, timeout, stop, parse=as_json)
    finally:
        workspace.close()
    if as_json:
        output.data(executing.as_data(command, result))
    else:
        _show(result)
    sys.exit(result.exit_code)


def _show(result: object) -> None:
    from routebook.report.layout import Block, Text, line, public
    from routebook.run.exec import Executed

    assert isinstance(result, Executed)  # noqa: S101  what carried it out gives nothing else
    blocks: list[Block] = []
    for group in result.groups:
        good = group.answer.state == "answered"
        names = ", ".join(group.hosts)
        counted = f"  ({len(group.hosts)} hosts)" if len(group.hosts) > 1 else ""
        state = "" if good else f"  {group.answer.state}: {group.answer.error}"
        blocks.append(line(public(names, "bold" if good else "bold red"), counted, state))
        if group.answer.output.strip():
            blocks.append(Text(group.answer.output.strip("\n"), indent=2))
        elif good:
            blocks.append(line(public("nothing", "dim"), indent=2))
    for host, why in result.kept.items():
        blocks.append(line(public(host, "bold red"), f"  {why}"))
    answered = sum(each.state == "answered" for each in result.hosts.values())
    blocks.append(line(public(f"{answered} of {len(result.hosts)} hosts answered, {len(result.groups)} ways")))
    output.show(blocks)
