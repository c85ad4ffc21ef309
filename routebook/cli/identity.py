"""`routebook identity`: who devices said they are at their last confirmed run, and forgetting one that was replaced."""

import click
from msgspec.structs import asdict

from routebook.cli import options, output
from routebook.cli.context import Context
from routebook.report.layout import public


@click.command()
@click.option(
    "--forget",
    multiple=True,
    metavar="HOST",
    help="HOST's device was replaced on purpose: the next confirmed run remembers the new one.",
)
@options.as_json
@click.pass_obj
def identity(context: Context, forget: tuple[str, ...], as_json: bool) -> None:
    """List who each host's device was at its last confirmed run. One that says to be another is refused.

    What the inventory says (`identity:` in a host's data) stands above this. Contacts no device.
    """
    from routebook.errors import RefusedError
    from routebook.project import pins

    file = context.state.open(make=False).identities
    if forget:
        known = pins.read_pins(file)
        if missing := [host for host in forget if host not in known]:
            raise RefusedError(
                f"nothing is remembered of {', '.join(missing)}, so nothing was forgotten; `routebook identity` lists "
                "who is known"
            )
        pins.forget(file, forget)
        output.line(f"forgotten: {', '.join(forget)}; the next confirmed run remembers who is there then")
        return
    found = pins.read_pins(file)
    if as_json:
        output.data({host: asdict(pin) for host, pin in sorted(found.items())})
        return
    for host, pin in sorted(found.items()):
        output.line(public(f"{host:<16} "), f"{pin.hostname or '(no name of its own)'}  {', '.join(pin.serials)}")
    if not found:
        output.line("no device is remembered yet; a confirmed run does that")
