"""Files that are their owner's alone: opened without following a link, refused when somebody else could have a hand in.

What is in the state folder is trusted (a snapshot is sent to a device, a key proves where a plan comes from) and holds
secrets, so nobody but the operator may have written it, or read it.
"""

import contextlib
import os
import pwd
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from routebook.errors import RefusedError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_NOTHING = "nothing was changed"


class PrivateFileError(RefusedError):
    """A file or folder that is meant to be private cannot be used; the message names it and what to do."""


def own_folder(path: Path) -> None:
    """Make a folder (mode 0700) unless it is there, and make sure that nobody else can put anything into it.

    Raises PrivateFileError for one that is a link or no folder, somebody else's, or open to others for writing.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        status = path.lstat()
    except OSError as error:
        raise PrivateFileError(f"{path} cannot be used as a folder: {_reason(error)}; {_NOTHING}") from error
    if stat.S_ISLNK(status.st_mode):
        raise PrivateFileError(
            f"{path} is a symbolic link; name the folder that is meant with --state, or remove the link; {_NOTHING}"
        )
    if not stat.S_ISDIR(status.st_mode):
        raise PrivateFileError(f"{path} is no folder; move it away; {_NOTHING}")
    _refuse_owner(path, status)
    if status.st_mode & _OTHERS_WRITE:
        raise PrivateFileError(
            f"others can write to {path} ({_mode(status)}), so that what is in it cannot be trusted; look at what is "
            f"there, then: chmod 700 {path}; {_NOTHING}"
        )


def open_private(path: Path, *, readable: bool = False) -> int:
    """A file opened for reading, for the caller to close; `readable` is one that others may read, but not write.

    Raises FileNotFoundError, and PrivateFileError for one that is a link, no file, somebody else's, or open to others.
    """
    try:
        # Without waiting: a pipe in the file's place would never be opened.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unopened(path, error) from error
    try:
        _refuse(path, os.fstat(descriptor), readable=readable)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def check_private(path: Path) -> bool:
    """Whether a private file is there; raises PrivateFileError as `open_private` does."""
    try:
        os.close(open_private(path))
    except FileNotFoundError:
        return False
    return True


def read_private(path: Path, most: int, *, readable: bool = False) -> bytes:
    """A private file's content, of at most so many bytes. Raises as `open_private` does."""
    with os.fdopen(open_private(path, readable=readable), "rb") as file:
        try:
            content = file.read(most + 1)
        except OSError as error:
            raise PrivateFileError(f"{path} cannot be read: {_reason(error)}; {_NOTHING}") from error
    if len(content) > most:
        raise PrivateFileError(f"{path} has more than {most} bytes, which it never gets from Routebook; move it away")
    return content


def write_private(path: Path, content: bytes, *, replace: bool = True) -> bool:
    """Put a whole file (mode 0600 from its first byte on) in its place, or nothing; a link there is replaced.

    Without `replace`, False where there is one already. Raises OSError.
    """
    descriptor, staged = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(staged).replace(path)
            return True
        try:
            path.hardlink_to(staged)
        except FileExistsError:
            return False
        return True
    finally:
        with contextlib.suppress(OSError):
            Path(staged).unlink(missing_ok=True)


def write_readable(path: Path, content: bytes) -> None:
    """Put a whole file that everybody may read (mode 0644) in its place, or nothing. Raises OSError."""
    descriptor, staged = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o644)
        Path(staged).replace(path)
    finally:
        with contextlib.suppress(OSError):
            Path(staged).unlink(missing_ok=True)


def _refuse(path: Path, status: os.stat_result, *, readable: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise PrivateFileError(f"{path} is no regular file; move it away; {_NOTHING}")
    _refuse_owner(path, status)
    if status.st_mode & (_OTHERS_WRITE if readable else _OTHERS):
        can = "write" if status.st_mode & _OTHERS_WRITE else "read"
        raise PrivateFileError(
            f"{path} is open to others, who can {can} it ({_mode(status)}): if you know who did, chmod 600 {path}; if "
            f"not, move it away, and take what it held for known to others; {_NOTHING}"
        )


def _refuse_owner(path: Path, status: os.stat_result) -> None:
    if status.st_uid not in trusted(os.environ):
        raise PrivateFileError(
            f"{path} belongs to {user_name(status.st_uid)}, and you are {user_name(os.geteuid())}; "
            f"work as its owner, or, if you trust what is in it: chown {user_name(os.geteuid())} {path}; {_NOTHING}"
        )


def trusted(environment: Mapping[str, str]) -> frozenset[int]:
    """The ids of users whose files this process may trust: its own, root's, and for root whoever called sudo.

    git-config(1) says the same of safe.directory and sudo.
    """
    found = {os.geteuid(), 0}
    called = environment.get("SUDO_UID", "")
    if os.geteuid() == 0 and called.isascii() and called.isdigit():
        found.add(int(called))
    return frozenset(found)


def user_name(uid: int) -> str:
    """A user's name, or the id where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _unopened(path: Path, error: OSError) -> PrivateFileError:
    if path.is_symlink():
        return PrivateFileError(
            f"{path} is a symbolic link, and what it leads to is not used; put the file itself there; {_NOTHING}"
        )
    who = ""
    with contextlib.suppress(OSError):
        who = f" (it belongs to {user_name(path.lstat().st_uid)}, and you are {user_name(os.geteuid())})"
    return PrivateFileError(f"{path} cannot be opened: {_reason(error)}{who}; {_NOTHING}")


def _mode(status: os.stat_result) -> str:
    return f"mode {stat.S_IMODE(status.st_mode):04o}"


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
