"""What this user keeps between commands to save time. Nothing of it is needed: what is not there is made anew."""

import os
import stat
from contextlib import suppress
from pathlib import Path


def cache_folder() -> Path | None:
    """The folder; None without one that is this user's alone, as what is in it is executed."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "routebook"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except (OSError, RuntimeError):
        return None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        return None
    return folder


def trim(folder: Path, pattern: str, most: int) -> None:
    """Leave the newest of the files that a pattern names: projects come and go, in CI with every job."""
    with suppress(OSError):
        newest_first = sorted(folder.glob(pattern), key=lambda path: path.lstat().st_mtime, reverse=True)
        for path in newest_first[most:]:
            path.unlink(missing_ok=True)
