"""Reads JSON files that somebody else may have written: whole, bounded, and meaning one thing only."""

import os
import stat
from pathlib import Path

from routebook.device import strict_json

MOST = 64 * 1024 * 1024
"""Bytes that a file may have. A plan of hundreds of hosts has some megabytes."""

_DEEPEST = 64  # far more than anything that Routebook writes


def read_file(path: Path, most: int = MOST) -> object:
    """What a file says. Raises OSError, and ValueError for what is no regular file or has more than `most` bytes."""
    # Without waiting: a pipe would never be opened.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is no regular file")
        return loads(file.read(most + 1), most)


def loads(content: bytes, most: int = MOST) -> object:
    """What a text says. Raises ValueError where two readers could take it for different things; see `device`."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"it is no UTF-8 text (byte {error.start})") from None
    return strict_json.read(text, most, _DEEPEST)
