"""`routebook init`: a new project with the reference network as its example."""

from pathlib import Path

import click

from routebook.cli import output

FOLDERS = ("inventory", "tasks", "runbooks")
_IGNORED = "# Secrets, and what Routebook keeps on this machine.\nsecrets/\n.routebook/\n__pycache__/\n"


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path) -> None:
    """Make a new project in DIR, which must be empty or not exist: inventory, templates, tasks and runbooks."""
    make_project(folder)
    output.line(f"made a project in {folder}: the example network, to be replaced by yours")
    output.line(f"next: cd {folder} && routebook check; or try it first: routebook lab up && routebook plan deploy")


def make_project(folder: Path) -> None:
    """Fill a new or empty folder with a project. Raises RefusedError when it is not empty or cannot be written."""
    import shutil

    from routebook.errors import RefusedError

    source = skeleton()
    if folder.is_dir() and any(folder.iterdir()):
        raise RefusedError(f"{folder} is not empty; nothing was written. Name a new folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FOLDERS:
            shutil.copytree(source / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        copy_templates(folder / "templates")
        (folder / ".gitignore").write_text(_IGNORED)
        (folder / "secrets").mkdir(mode=0o700)
    except OSError as error:
        raise RefusedError(
            f"{error.filename or folder}: {error.strerror}; {folder} is incomplete, remove it"
        ) from error


def make_frame(folder: Path) -> None:
    """What a project has beside its inventory, where it is not there yet. Raises OSError and RefusedError."""
    import shutil

    source = skeleton()
    (folder / "inventory").mkdir(parents=True, exist_ok=True)
    for name in FOLDERS[1:]:
        if not (folder / name).exists():
            shutil.copytree(source / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    if not (folder / "templates").exists():
        copy_templates(folder / "templates")
    if not (folder / ".gitignore").exists():
        (folder / ".gitignore").write_text(_IGNORED)
    (folder / "secrets").mkdir(mode=0o700, exist_ok=True)


def copy_templates(folder: Path) -> None:
    """Copy the templates that each platform ships into a project's folder, where they are the operator's."""
    import shutil

    from routebook.intent.platform import platform
    from routebook.intent.registry import known

    for name in known():
        its = platform(name)
        if its is not None and its.templates is not None:
            shutil.copytree(its.templates, folder / name)


def skeleton() -> Path:
    """Where these folders are: inside the installed package, or beside it in a checkout. Raises RefusedError."""
    from routebook.errors import RefusedError

    package = Path(__file__).resolve().parents[1]
    for place in (package / "skeleton", package.parent):
        if all((place / name).is_dir() for name in FOLDERS):
            return place
    raise RefusedError(f"this installation has no example project (looked beside and in {package}); install it again")
