"""Asks git about a project, without running anything that the repository itself asks for."""

import os
import subprocess
from pathlib import Path

_TIMEOUT = 10.0  # seconds

# `git rev-parse --local-env-vars` without what only brings settings: Routebook may be started by a hook of another one.
_ANOTHER = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_DIR", "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
    }
)  # fmt: skip

# Programs that a repository's configuration names (git-config(1)), and repositories inside of a checkout, whose
# configuration would come with the checkout. Whether a repository may be read at all is git's own safe.directory.
_HARMLESS = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "safe.bareRepository=explicit")


class GitError(Exception):
    """git does not answer; the message is why, in a few words."""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """git in a folder, with how it ended. Raises GitError where it does not run or does not end."""
    command = ["git", "--no-pager", *(word for setting in _HARMLESS for word in ("-c", setting)), *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in _ANOTHER}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        raise GitError("git is not installed") from None
    except subprocess.TimeoutExpired:
        raise GitError(f"git gave no answer within {_TIMEOUT:.0f} s") from None
    except OSError as error:
        raise GitError(f"git cannot be run: {error.strerror}") from None


def ask(folder: Path, *arguments: str) -> str:
    """What git prints, without the last newline. Raises GitError."""
    done = run(folder, *arguments)
    if done.returncode:
        said = done.stderr.decode(errors="replace")
        if "dubious ownership" in said:
            raise GitError("git does not trust the repository, which is somebody else's (safe.directory)")
        if "not a git repository" in said:
            raise GitError("no git")
        raise GitError(f"git failed with status {done.returncode}")
    return done.stdout.decode(errors="replace").rstrip("\n")
