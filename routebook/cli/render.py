"""`routebook render`: the configuration that the intent asks for, without contacting a device."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from routebook.cli import options, output
from routebook.cli.context import Context
from routebook.report.layout import public

if TYPE_CHECKING:
    from routebook.intent.network import Network


@click.command()
@click.option("--host", "hosts", multiple=True, metavar="NAME", help="Only this host; may be repeated.")
@options.limit
@click.option("--cluster", metavar="NAME", help="The manifests of a Kubernetes cluster instead of hosts' sections.")
@click.option("--section", "sections", multiple=True, metavar="NAME", help="Only this section; may be repeated.")
@click.option("--show-secrets", is_flag=True, help="Print secrets instead of saying where they come from.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the sections, secrets included, to DIR/HOST/SECTION, readable by you alone.",
)
@options.as_json
@click.pass_obj
def render(
    context: Context,
    hosts: tuple[str, ...],
    limit: str,
    cluster: str | None,
    sections: tuple[str, ...],
    show_secrets: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Show the configuration that the intent asks for, host by host and section by section."""
    from routebook.errors import RefusedError
    from routebook.intent.load import load
    from routebook.project.limit import choose
    from routebook.project.render import Placeholders, render_host
    from routebook.project.secrets import Secrets

    project = context.project
    network = load(project)
    if cluster is not None:
        if hosts or limit or show_secrets:
            raise RefusedError("--cluster renders a cluster's manifests, not hosts: leave the other options out")
        _manifests(network, cluster, project / "templates", sections, out, as_json=as_json)
        return
    if hosts and limit:
        raise RefusedError("--host and --limit both choose hosts; use one of them")
    chosen = choose(limit or ",".join(hosts), network.hosts, "--limit" if limit else "--host")
    secrets = Secrets(project)
    secrets.places = network.secret_places()
    resolver = secrets if show_secrets or out else Placeholders()
    candidates = {
        name: render_host(intent, project / "templates", resolver, sections or None)
        for name, intent in network.hosts.items()
        if name in chosen
    }
    if out is not None:
        written = [
            write_private(out / name / section.name, section.text)
            for name, candidate in candidates.items()
            for section in candidate.sections
        ]
        output.line(
            f"wrote {len(written)} sections of {len(candidates)} hosts to {out}; they contain secrets", err=True
        )
        return
    if as_json:
        listed = {
            name: [{"section": s.name, "part": s.part, "owns": s.owns, "text": s.text} for s in candidate.sections]
            for name, candidate in candidates.items()
        }
        output.data({"hosts": listed}, reveal=show_secrets)
        return
    for name, candidate in candidates.items():
        for section in candidate.sections:
            output.line(public(f"# {name}: {section.name} ({section.part})", "bold"))
            output.text(section.text or "# nothing\n", reveal=show_secrets)


def _manifests(
    network: "Network", name: str, templates: Path, sections: tuple[str, ...], out: Path | None, *, as_json: bool
) -> None:
    from routebook.errors import RefusedError
    from routebook.intent.problem import nearest
    from routebook.project.manifests import clusters, render_cluster

    known = clusters(network)
    if name not in known:
        raise RefusedError(f"unknown cluster {name!r}; {nearest(name, known)}")
    manifests = render_cluster(known[name], templates, sections)
    if out is not None:
        for section, text in manifests.items():
            write_private(out / name / f"{section}.yaml", text)
        choice = "; apply one of them" if len(manifests) > 1 else ""
        output.line(f"wrote {', '.join(manifests)} of {name} to {out / name}{choice}", err=True)
    elif as_json:
        output.data({"clusters": {name: manifests}})
    else:
        for section, text in manifests.items():
            output.line(public(f"# {name}: {section}", "bold"))
            output.text(text)


def write_private(path: Path, text: str) -> Path:
    """Write a file that only its owner can read, from its first byte on."""
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.new")
    staged.unlink(missing_ok=True)
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return staged.replace(path)
