"""`routebook release`: objects stay on their device as they are, and are nobody's of ours any more."""

import click

from routebook.cli import completion, options
from routebook.cli.context import Context
from routebook.cli.inventory_change import complete_objects, settle, yes


@click.command()
@click.argument("host", shell_complete=completion.hosts)
@click.argument("objects", metavar="OBJECT…", nargs=-1, required=True, shell_complete=complete_objects)
@yes
@options.as_json
@click.pass_obj
def release(context: Context, /, host: str, objects: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Take OBJECTs of HOST out of the inventory and leave them on the device, in use: `neighbor 192.0.2.1`,
    `route-map CUSTOMER-IN`, `session edge1--transit`, `tunnel office`.

    Contacts no device. The next run takes them out of the record there, and changes nothing else of them. Exit code 0:
    written, or nothing to do; 2: shown and not written; 1: refused.
    """
    from routebook.importing.inventory_texts import InventoryTexts
    from routebook.importing.releasing import release as released
    from routebook.intent.load import load

    project = context.project
    texts = InventoryTexts.of(project)
    step = released(load(project), texts, host, objects, project / "templates")
    then = "next: `routebook plan` shows that the record on the device changes, and nothing else"
    settle(texts, step, "no longer ours:", then, yes=yes, as_json=as_json)
