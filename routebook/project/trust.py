"""Whose project it is: runbooks, tasks and templates run with the operator's rights, so a foreign project is refused.

The rules are git's for `safe.directory` (git-config(1); `is_path_owned_by_current_uid` in git-compat-util.h), applied
to every file that Routebook would run or rely on, and not to the project's folder alone.
"""

import os
import shlex
import stat
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from routebook.errors import RefusedError
from routebook.project import git
from routebook.project.private_files import trusted, user_name

SAFE_PROJECTS = "ROUTEBOOK_SAFE_PROJECTS"
"""The variable with projects that are trusted whoever they belong to: paths as in PATH, or `*` for all."""

_TRUSTED_FOLDERS = ("inventory", "templates", "tasks", "runbooks")


def require_trusted(project: Path) -> None:
    """Raises RefusedError for a project of which a part belongs to somebody else, or can be written by everybody."""
    wrong = _foreign(project)
    if wrong and not _is_safe(project):
        raise RefusedError(
            f"{wrong}, and what it says would be done with your rights. Nothing was read or run. If you trust all of "
            f"{project}: export {SAFE_PROJECTS}={shlex.quote(str(project))}, or, for git too, "
            f"git config --global --add safe.directory {shlex.quote(str(project))}"
        )


@lru_cache(maxsize=8)
def _foreign(project: Path) -> str:
    """What speaks against a project, or nothing."""
    own = trusted(os.environ)
    for path in _parts(project):
        try:
            found = [path.lstat(), path.stat()] if path.is_symlink() else [path.lstat()]
        except OSError:
            continue  # a link to nowhere: nothing is read from it
        for status in found:
            if status.st_uid not in own:
                return f"{path} belongs to {user_name(status.st_uid)}, not to you"
            if status.st_mode & stat.S_IWOTH and not stat.S_ISLNK(status.st_mode):
                return f"{path} can be written by everybody (mode {stat.S_IMODE(status.st_mode):04o})"
    return ""


def _parts(project: Path) -> Iterator[Path]:
    yield project
    for name in _TRUSTED_FOLDERS:
        yield project / name
        for folder, folders, files in os.walk(project / name, followlinks=False):
            yield from (Path(folder, each) for each in (*folders, *files))


def _is_safe(project: Path) -> bool:
    given = os.environ.get(SAFE_PROJECTS, "").split(os.pathsep)
    return any(_means(word, project) for word in (*given, *_gits_own()))


def _means(word: str, project: Path) -> bool:
    """Whether an entry of the list means a project: `*`, its path, or `FOLDER/*` for all below a folder."""
    if word == "*":
        return True
    if not word:
        return False
    folder, star, rest = word.rpartition("/*")
    if star and not rest:
        return Path(folder).expanduser().resolve() in project.parents
    return Path(word).expanduser().resolve() == project


def _gits_own() -> Sequence[str]:
    """git's list, from its protected files only: a project cannot call itself safe. An empty entry begins it anew."""
    found: list[str] = []
    for scope in ("--system", "--global"):
        try:
            done = git.run(Path("/"), "config", scope, "--null", "--get-all", "safe.directory")
        except git.GitError:
            return []
        for word in os.fsdecode(done.stdout).split("\0")[:-1]:
            found = [*found, word] if word else []
    return found
