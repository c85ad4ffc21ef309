"""`routebook import`: a project made of the configurations that hosts have."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from routebook.cli import options, output

if TYPE_CHECKING:
    from routebook.importing.found import FoundHost, Importer
    from routebook.importing.proof import Proved
    from routebook.importing.report import Report


@click.command(name="import")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("hosts", metavar="HOST=PATH…", nargs=-1, required=True)
@click.option("--force", is_flag=True, help="Move the inventory that DIR has aside.")
@click.option("--partial", is_flag=True, help="Write what can be modelled, although it is not all, or not clean.")
@click.option("--without-secrets", is_flag=True, help="Write no passwords: the inventory says where they will be.")
@click.option(
    "--ssh",
    multiple=True,
    metavar="OPTION=VALUE",
    help="How a host is logged in to that is read from itself, as key_file=FILE; see optional_args of an inventory.",
)
@click.option(
    "--convert",
    is_flag=True,
    help="Write no project, but files of an older form (ipsec.conf) as those that are imported, into DIR/HOST.",
)
@click.option("--lines", is_flag=True, help="Show every line with what becomes of it, not only those refused.")
@click.option("--report", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write the report as Markdown.")
@options.as_json
def import_project(
    folder: Path,
    hosts: tuple[str, ...],
    force: bool,
    partial: bool,
    without_secrets: bool,
    ssh: tuple[str, ...],
    convert: bool,
    lines: bool,
    page: Path | None,
    as_json: bool,
) -> None:
    """Make a project in DIR of the files that hosts are configured with: HOST=PATH for each, a folder or a file.

    A host given as HOST=USER@ADDRESS is read from itself, and not changed; no other device is contacted. Exit code 0
    when the first plan of every host is empty; 2 with --partial, when it is not; 1 when nothing was written.
    """
    from routebook.device.errors import DriverError
    from routebook.errors import RefusedError
    from routebook.importing.found import BadInputError
    from routebook.importing.proof import UnwritableError, prove
    from routebook.importing.refused import ImportRefusedError
    from routebook.importing.report import as_data, as_markdown, as_text, report_of
    from routebook.importing.sources import is_login, read_host, read_live, split

    if (folder / "inventory").is_dir() and any((folder / "inventory").iterdir()) and not force:
        raise RefusedError(f"{folder} has an inventory; nothing was written. Name a new folder, or write --force.")
    known = importers()
    bad: list[str] = []
    found: dict[str, FoundHost] = {}
    try:
        wanted = split(hosts)
    except ValueError as error:
        raise RefusedError(f"{error}; write edge1=FOLDER for each host") from error
    if convert:
        sys.exit(_convert(folder, wanted, known))
    for name, where in wanted.items():
        try:
            if is_login(where):
                found[name] = read_live(name, where, known, _options(ssh), masked=without_secrets)
            else:
                found[name] = read_host(name, Path(where), known, masked=without_secrets)
        except DriverError as error:
            bad.append(f"{name}: {error}")
        except BadInputError as error:
            bad.append(str(error))
    if bad:
        raise ImportRefusedError([*bad, "nothing was written"])
    keep_out(found.values())
    try:
        proved = prove(found, known, folder / "templates")
    except UnwritableError as error:
        raise ImportRefusedError([*map(str, error.problems), "nothing was written"]) from error
    report = report_of(proved)
    clean = not (report.differing or report.findings)
    if as_json:
        output.data(as_data(report))
    else:
        for each in as_text(report, every_line=lines):
            output.line(each)
    if page is not None:
        try:
            page.write_text(as_markdown(report))
        except OSError as error:
            raise RefusedError(f"{page}: {error.strerror}; nothing was written") from error
    if not clean and not partial:
        raise RefusedError(_why_not(report))
    _write(folder, proved, without_secrets=without_secrets)
    output.line(f"wrote {folder}: next, cd {folder} && routebook check", err=True)
    sys.exit(0 if not report.differing else 2)


def _convert(folder: Path, wanted: "dict[str, str]", known: "dict[str, Importer]") -> int:
    """Write what each host's older files say as files that are imported. 2 where something is left out."""
    from routebook.importing.found import BadInputError
    from routebook.importing.refused import ImportRefusedError
    from routebook.importing.sources import convert_host
    from routebook.project.private_files import write_private

    try:
        made = {name: convert_host(name, Path(where), known) for name, where in wanted.items()}
    except BadInputError as error:
        raise ImportRefusedError([str(error), "nothing was written"]) from error
    paths = [folder / name / file for name, each in made.items() for file in each.files]
    if there := [path for path in paths if path.exists()]:
        raise ImportRefusedError([f"{there[0]} is there already; name another folder", "nothing was written"])
    for name, each in made.items():
        for file, text in each.files.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            write_private(folder / name / file, text.encode())
            output.line(f"wrote {folder / name / file}")
        for said in each.left:
            output.line(f"left out: {said}")
    return 2 if any(each.left for each in made.values()) else 0


def _options(ssh: tuple[str, ...]) -> dict[str, str]:
    """A driver's options of a login."""
    from routebook.errors import RefusedError

    if wrong := [each for each in ssh if "=" not in each]:
        raise RefusedError(f"--ssh {wrong[0]} is not OPTION=VALUE")
    return dict(each.split("=", 1) for each in ssh)


def _why_not(report: "Report") -> str:
    reasons = [f"the first plan of {', '.join(report.differing)} is not empty"] if report.differing else []
    reasons += [f"there is something to correct ({len(report.findings)})"] if report.findings else []
    return f"{' and '.join(reasons)}; nothing was written. --partial writes what could be modelled."


def importers() -> "dict[str, Importer]":
    """How each platform reads, those first that only know what they refuse."""
    from routebook.intent.platform import platform
    from routebook.intent.registry import known, load

    described = [(name, its) for name in known() if (its := platform(name)) is not None and its.importer]
    found: dict[str, Importer] = {name: load(its.importer) for name, its in described}
    return dict(sorted(found.items(), key=lambda each: each[1].read is not None))


def keep_out(hosts: "Iterable[FoundHost]") -> None:
    """From now on no text that is shown has one of these secrets in it."""
    from routebook.redaction.redactor import OF_THIS_PROCESS

    for host in hosts:
        for secret in (*(s.password for s in host.sessions), *(t.psk for t in host.tunnels)):
            OF_THIS_PROCESS.add(secret)


def _write(folder: Path, proved: "Proved", *, without_secrets: bool) -> None:
    """Write a project, or only its inventory where there is one."""
    from routebook.cli.init import make_frame
    from routebook.errors import RefusedError
    from routebook.project.private_files import write_private

    try:
        inventory = folder / "inventory"
        if inventory.is_dir() and any(inventory.iterdir()):
            number = next(n for n in range(1, 10**6) if not (folder / f"inventory.{n}").exists())
            inventory.rename(folder / f"inventory.{number}")
        make_frame(folder)
        for name, text in proved.draft.texts().items():
            (inventory / name).write_text(text)
        for path, value in () if without_secrets else proved.draft.secrets.items():
            write_private(folder / path, f"{value}\n".encode())
    except OSError as error:
        raise RefusedError(f"{error.filename or folder}: {error.strerror}; {folder} is incomplete") from error
