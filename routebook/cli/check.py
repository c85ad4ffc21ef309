"""`routebook check`: every problem of the inventory and its intent, at once."""

import sys

import click

from routebook.cli import options, output
from routebook.cli.context import Context


@click.command()
@options.as_json
@click.pass_obj
def check(context: Context, as_json: bool) -> None:
    """Check inventory, intent, templates and secrets; contacts no device.

    Exit code 0 when everything can be used, with warnings or without; 1 when something is wrong.
    """
    from routebook.intent.problem import IntentError
    from routebook.project.kept_intent import read_intent
    from routebook.project.manifests import check_manifests
    from routebook.project.render import check_rendering
    from routebook.project.secret_files import secret_problems

    project = context.project
    try:
        network = read_intent(project).network
        templates = project / "templates"
        rendering = [*check_rendering(network, templates), *check_manifests(network, templates)]
        problems = tuple(sorted((*network.warnings, *rendering, *secret_problems(network))))
        size = f"{len(network.hosts)} hosts, {len(network.sessions)} sessions, {len(network.tunnels)} tunnels: "
    except IntentError as error:
        problems, size = error.problems, ""
    errors = sum(problem.severity == "error" for problem in problems)
    summary = f"{size}{_count(errors, 'error')}, {_count(len(problems) - errors, 'warning')}"
    if as_json:
        listed = [
            {
                "file": problem.mark.file,
                "line": problem.mark.line,
                "severity": problem.severity,
                "message": problem.message,
                "fix": problem.fix,
            }
            for problem in problems
        ]
        output.data({"problems": listed, "summary": summary})
    else:
        for problem in problems:
            output.line(str(problem))
        output.line(summary, err=True)
    sys.exit(1 if errors else 0)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
