"""Reads JSON that somebody else may have written: whole, bounded, and meaning one thing only."""

import json
import math
import os
import stat
from pathlib import Path
from typing import Any

MOST = 64 * 1024 * 1024
"""Bytes that a file may have. A plan of hundreds of hosts has some megabytes."""


class StrictJsonError(ValueError):
    """The text is not JSON, or JSON that two readers could take for different things; the message says which."""


def read_file(path: Path, most: int = MOST) -> Any:
    """What a file says. Raises OSError, and StrictJsonError for one that is no regular file or has more than `most`."""
    # Without waiting: a pipe would never be opened.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise StrictJsonError("it is no regular file")
        content = file.read(most + 1)
    if len(content) > most:
        raise StrictJsonError(f"it has more than {most} bytes")
    return loads(content)


def loads(content: bytes) -> Any:
    """What the text says.

    Raises StrictJsonError for a key that is there twice, for NaN and infinities (RFC 8259 has none), and for deeper
    nesting than anything that Routebook writes.
    """
    try:
        return json.loads(content.decode(), object_pairs_hook=_object, parse_constant=_constant, parse_float=_finite)
    except RecursionError:
        raise StrictJsonError("it is nested too deeply") from None
    except UnicodeDecodeError as error:
        raise StrictJsonError(f"it is no UTF-8 text (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise StrictJsonError(f"it is no JSON: {error.msg} in line {error.lineno}") from None
    except StrictJsonError:
        raise
    except ValueError:  # a whole number of thousands of digits
        raise StrictJsonError("it has a number that is too long") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise StrictJsonError(f"it has {twice[:40]!r} twice in one object")
    return found


def _constant(name: str) -> Any:
    raise StrictJsonError(f"it has {name}, which is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise StrictJsonError(f"{text[:40]} is too large a number")
    return value
