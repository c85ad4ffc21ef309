"""Which project this is, wherever its checkout is: so that a state folder elsewhere is not used by two of them."""

import contextlib
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from routebook.errors import RefusedError
from routebook.project import git
from routebook.project.private_files import write_private

ID_FILE = ".routebook-id"
KINDS = ("id", "origin", "root", "path")
"""What identifies a project, the surest first: its own file, where it was cloned from, first commit, where it is."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_SCP = re.compile(r"(?:[^@/]+@)?(?P<host>[^:/]+):(?P<path>[^/].*|/.*)")  # git-clone(1), "GIT URLS"


class Identity(Struct, frozen=True):
    """What is known of which project it is, by kind."""

    known: Mapping[str, str]

    def __str__(self) -> str:
        return next((self.known[kind] for kind in KINDS if kind in self.known), "unknown")

    def same(self, other: "Identity") -> bool:
        """Whether both are one project, by the surest that both have."""
        return next(
            (self.known[kind] == other.known[kind] for kind in KINDS if kind in self.known and kind in other.known),
            False,
        )

    def updated(self, other: "Identity") -> "Identity":
        """What is known, updated with what is known of the other."""
        return Identity({**self.known, **other.known})

    def text(self) -> str:
        """As it is kept in a file."""
        return json.dumps(dict(self.known), indent=2) + "\n"

    @classmethod
    def read(cls, content: bytes, place: Path) -> "Identity":
        """What `text` wrote. Raises RefusedError."""
        try:
            kept = json.loads(content)
            if isinstance(kept, dict) and kept.keys() <= set(KINDS) and all(isinstance(v, str) for v in kept.values()):
                return cls(kept)
        except (ValueError, RecursionError):
            pass
        raise RefusedError(
            f"{place} does not say which project the state folder is of; if it is this one's, remove {place}. "
            "Nothing was changed."
        )


def identity(project: Path) -> Identity:
    """Which project is in a folder. Raises RefusedError for a file of its own that says nothing."""
    return Identity(dict(_known(project)))


def remember(project: Path, ours: Identity) -> Identity:
    """`ours` with an id of its own, kept in the project, where nothing but its place identifies it.

    A project that cannot be written keeps what it has.
    """
    if ours.known.keys() - {"path"}:
        return ours
    made = f"{re.sub(r'[^A-Za-z0-9]+', '-', project.name).strip('-') or 'project'}-{secrets.token_hex(6)}"
    with contextlib.suppress(OSError):
        if write_private(project / ID_FILE, f"{made}\n".encode(), replace=False):
            return Identity({**ours.known, "id": made})
    return ours


def _known(project: Path) -> Iterator[tuple[str, str]]:
    try:
        with (project / ID_FILE).open("rb") as file:
            own_id = file.read(256).decode(errors="replace").strip()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise RefusedError(f"{project / ID_FILE}: {error.strerror}") from error
    else:
        if not _ID.fullmatch(own_id):
            raise RefusedError(
                f"{project / ID_FILE} is not a project's id: one word of letters, digits, dots and dashes"
            )
        yield "id", own_id
    yield from _from_git(project)
    yield "path", str(project)


def _from_git(project: Path) -> Iterator[tuple[str, str]]:
    try:
        within = git.ask(project, "rev-parse", "--show-prefix").rstrip("/")
    except git.GitError:
        return
    with contextlib.suppress(git.GitError):
        if origin := git.ask(project, "config", "--get", "remote.origin.url"):
            yield "origin", "/".join(filter(None, (_canonical(origin, project), within)))
    with contextlib.suppress(git.GitError):
        if git.ask(project, "rev-parse", "--is-shallow-repository") == "false":
            first = git.ask(project, "rev-list", "--max-parents=0", "HEAD").splitlines()[-1]
            yield "root", "/".join(filter(None, (first, within)))


def _canonical(url: str, project: Path) -> str:
    """An origin without what differs between checkouts of it: scheme, login, port, a `.git` at the end."""
    if "://" in url:
        parts = urlsplit(url)
        host, path = (parts.hostname or "").lower(), parts.path
    elif found := _SCP.fullmatch(url):
        host, path = found["host"].lower(), found["path"]
    else:
        host, path = "", str((project / url).resolve())
    return f"{host}/{path.strip('/').removesuffix('.git')}"
