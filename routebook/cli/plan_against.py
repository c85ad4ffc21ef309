"""`routebook plan --against`: what a plan would change in files that hosts are configured with."""

import sys
from collections.abc import Collection
from typing import TYPE_CHECKING

from routebook.cli import output

if TYPE_CHECKING:
    from routebook.cli.context import Context


def plan_against(
    context: "Context", files: tuple[str, ...], sections: Collection[str] | None, *, as_json: bool
) -> None:
    """Show the difference of each HOST=PATH. Exits with 2 where there is one."""
    from routebook.cli.import_project import importers
    from routebook.errors import RefusedError
    from routebook.importing.against import against_files
    from routebook.importing.sources import split
    from routebook.intent.load import load
    from routebook.project.secrets import Secrets

    try:
        wanted = split(files)
    except ValueError as error:
        raise RefusedError(f"{error}; write --against edge1=FOLDER for each host") from error
    project = context.project
    network = load(project)
    secrets = Secrets(project)
    secrets.places = network.secret_places()
    found = against_files(network, wanted, importers(), secrets, sections)
    if as_json:
        output.data(
            {
                "hosts": {
                    name: {"empty": not each.difference, "difference": each.difference, "warnings": list(each.warnings)}
                    for name, each in found.items()
                }
            }
        )
    else:
        for name, each in found.items():
            output.line(f"{name}: {'there are differences' if each.difference else 'nothing to do'}")
            for line in each.difference.splitlines():
                output.line(f"  {line}")
            for warning in each.warnings:
                output.line(f"  warning: {warning}")
    sys.exit(2 if any(each.difference for each in found.values()) else 0)
