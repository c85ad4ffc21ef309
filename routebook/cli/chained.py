"""Commands that take a runbook: `NAME --help` says its parameters too."""

import click

from routebook.cli.context import Context
from routebook.errors import RefusedError


class OfRunbook(click.Command):
    """A command whose first word that is no option names a runbook."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remember the words: the help is shown before any of them is taken for something."""
        ctx.meta[__name__] = [each for each in args if not each.startswith("-")]
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The parameters of the runbook that stands there, if it has any."""
        words, context = ctx.meta.get(__name__), ctx.obj
        if not words or not isinstance(context, Context):
            return
        from routebook.run.runbook import load

        try:
            runbook = load(context.project, words[0])
        except RefusedError as error:
            formatter.write(f"\n{error}\n")
            return
        if runbook.parameters:
            with formatter.section(f"Parameters of {runbook.name} (--set NAME=VALUE)"):
                formatter.write_dl(
                    [
                        (each.name, f"{each.kind}: {each.help}{'' if each.default is None else f' [{each.default}]'}")
                        for each in runbook.parameters
                    ]
                )
