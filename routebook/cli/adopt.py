"""`routebook adopt`: what somebody has made on a device is written into the inventory, and is ours from then on."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from routebook.cli import completion, options
from routebook.cli.context import Context
from routebook.cli.inventory_change import settle, yes

if TYPE_CHECKING:
    from routebook.importing.found import FoundHost, Importer


@click.command()
@click.argument("host", shell_complete=completion.hosts)
@click.argument("objects", metavar="OBJECT…", nargs=-1, required=True)
@click.option(
    "--from",
    "files",
    multiple=True,
    metavar="HOST=PATH",
    help="Read a host from the files in PATH, as `routebook import` does, and do not contact it; may be repeated.",
)
@yes
@options.as_json
@click.pass_obj
def adopt(
    context: Context, /, host: str, objects: tuple[str, ...], files: tuple[str, ...], yes: bool, as_json: bool
) -> None:
    """Take over OBJECTs that HOST has, as they are: `neighbor 192.0.2.1`, `tunnel office`, `network 10.3.0.0/16`, with
    the policies that they use.

    The device is read and not changed. Nothing is written that would make a plan change it. Exit code 0: written, or
    nothing to do; 2: shown and not written; 1: refused.
    """
    from routebook.cli.import_project import importers, keep_out
    from routebook.errors import RefusedError
    from routebook.importing.adopting import Adoption
    from routebook.importing.adopting import adopt as adopted
    from routebook.importing.found import BadInputError
    from routebook.importing.inventory_texts import InventoryTexts
    from routebook.importing.refused import ImportRefusedError
    from routebook.importing.sources import read_host, split
    from routebook.intent.load import load
    from routebook.project.secrets import Secrets

    project, known = context.project, importers()
    try:
        given = split(files)
    except ValueError as error:
        raise RefusedError(f"{error}; write --from edge1=FOLDER for each host") from error
    network = load(project)
    secrets = Secrets(project)
    secrets.places = network.secret_places()

    def read(name: str) -> "FoundHost":
        try:
            found = read_host(name, Path(given[name]), known) if name in given else _read(context, name, known)
        except BadInputError as error:
            raise ImportRefusedError([str(error), "nothing was written"]) from error
        keep_out([found])
        return found

    texts = InventoryTexts.of(project)
    step = adopted(Adoption(network, texts, read, known, project / "templates", secrets), host, objects)
    then = "next: `routebook plan` names what is taken over; the first change that is made records it on the device"
    settle(texts, step, "ours from now on:", then, yes=yes, as_json=as_json)


def _read(context: Context, name: str, known: "dict[str, Importer]") -> "FoundHost":
    """What a host's device has, which is read and not changed."""
    from routebook.cli.at_work import in_lab
    from routebook.importing.refused import ImportRefusedError
    from routebook.importing.sources import as_files, read_texts
    from routebook.run.fan_out import on_drivers, reasons
    from routebook.run.workspace import open_workspace

    workspace = open_workspace(context.project, name, "", context.state, in_lab)
    try:
        answers = on_drivers(workspace.nornir, [name], lambda device: device.snapshot(), reads=True)
    finally:
        workspace.close()
    if name not in answers.values:
        why = reasons(answers.errors).get(name, "it does not answer")
        raise ImportRefusedError([f"{name} cannot be read: {why}", "nothing was written"])
    return read_texts(name, as_files(name, answers.values[name].parts, known), known)
