"""What `adopt` and `release` share: the difference of the inventory is shown, asked about, and written."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from routebook.cli import output
from routebook.cli.context import Context

if TYPE_CHECKING:
    from routebook.importing.inventory_texts import InventoryTexts
    from routebook.importing.releasing import Step
    from routebook.intent.model import HostIntent

yes = click.option("--yes", is_flag=True, help="Write it without asking.")


def complete_hosts(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The hosts of the project, for a shell that completes words."""
    return [name for name in _network(ctx) if name.startswith(incomplete)]


def complete_objects(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """What the inventory has of the host that was named."""
    from routebook.importing.inventory_texts import made_objects
    from routebook.importing.releasing import names_of

    host = _network(ctx).get(ctx.params.get("host") or "")
    if host is None:
        return []
    made = made_objects(host, _project(ctx) / "templates")
    return [name for name in names_of(host, list(made)) if name.startswith(incomplete)]


def _network(ctx: click.Context) -> "dict[str, HostIntent]":
    from routebook.errors import RefusedError
    from routebook.intent.load import load
    from routebook.intent.problem import IntentError

    try:
        return dict(load(_project(ctx)).hosts)
    except (RefusedError, IntentError):
        return {}


def _project(ctx: click.Context) -> Path:
    root = ctx.find_root()
    start = root.params.get("project") or Path()
    return (root.obj if isinstance(root.obj, Context) else Context(Path(start).resolve(), debug=False)).project


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
