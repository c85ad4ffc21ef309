"""What `adopt` and `release` share: the difference of the inventory is shown, asked about, and written."""

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from routebook.cli import output
from routebook.cli.completion import completing, network_of, project_of

if TYPE_CHECKING:
    from routebook.importing.inventory_texts import InventoryTexts
    from routebook.importing.releasing import Step

yes = click.option("--yes", is_flag=True, help="Write it without asking.")


def _made(ctx: click.Context) -> list[str]:
    """What the inventory has of the host that was named."""
    from routebook.importing.inventory_texts import made_objects
    from routebook.importing.releasing import names_of

    host = network_of(ctx).get(ctx.params.get("host") or "")
    return names_of(host, list(made_objects(host, project_of(ctx) / "templates"))) if host is not None else []


complete_objects = completing(_made)


def settle(before: "InventoryTexts", step: "Step", verb: str, then: str, *, yes: bool, as_json: bool) -> NoReturn:
    """Show what would be written, ask, write it, and exit.

    Exit code 0: written, or nothing to do; 2: shown and not written; 1: refused, nothing written.
    """
    from routebook.importing.refused import ImportRefusedError

    difference = before.difference(step.texts)
    wanted = yes or not (difference or step.secrets)
    if not as_json:
        for line in difference.splitlines():
            output.line(line)
        for each in (*_about(step, verb), *step.said):
            output.line(each)
        if not difference:
            output.line("nothing to do")
        elif not yes and output.can_ask():
            wanted = output.ask("Write this into the inventory?")
    if wanted and difference:
        try:
            _write(before, step)
        except OSError as error:
            raise ImportRefusedError(
                [f"{error.filename}: {error.strerror}; the inventory may be incomplete"]
            ) from error
    if as_json:
        output.data(_as_data(step, difference, written=bool(wanted and difference)))
    elif difference:
        output.line(then if wanted else "nothing was written; --yes writes it", err=True)
    sys.exit(0 if wanted else 2)


def _about(step: "Step", verb: str) -> list[str]:
    return [f"{host}: {verb} {', '.join(names)}" for host, names in step.objects.items()]


def _as_data(step: "Step", difference: str, *, written: bool) -> dict[str, Any]:
    return {
        "written": written,
        "difference": difference,
        "objects": step.objects,
        "secrets": sorted(step.secrets),
        "notes": list(step.said),
    }


def _write(before: "InventoryTexts", step: "Step") -> None:
    from routebook.project.private_files import write_private

    for path, value in step.secrets.items():
        write_private(before.project / path, f"{value}\n".encode())
    before.write(step.texts)
