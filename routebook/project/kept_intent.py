"""The intent of a project as it was read last, so that a command whose inventory has not changed reads none of it.

It is kept for exactly these files, by content, and for exactly this code; whatever differs, it is read anew.
"""

import hashlib
import os
import pickle
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec
from operator import itemgetter
from pathlib import Path
from typing import Any

from msgspec import Struct

from routebook.errors import RefusedError
from routebook.intent.network import Network
from routebook.intent.registry import shipped
from routebook.project.cache import cache_folder, trim
from routebook.project.private_files import read_private, write_private

_PACKAGE = Path(__file__).resolve().parents[1]
_CODE = ("intent", "platforms")  # what decides how an inventory is understood
_LIBRARIES = ("pydantic", "yaml")  # which are installed anew as a whole
_MOST = 64 << 20  # bytes
_KEPT = 20  # projects


class ReadIntent(Struct, frozen=True):
    """An inventory that was read and found good: Nornir's three files as plain values, and what all of it means."""

    hosts: Mapping[str, Any]
    groups: Mapping[str, Any]
    defaults: Mapping[str, Any]
    network: Network


def read_intent(project: Path) -> ReadIntent:
    """A project's intent, as it is kept from an earlier command if nothing has changed since. Raises IntentError."""
    digest = digest_of(project)
    found = kept(project, digest) if digest else None
    if found is None:
        found = _anew(project)
        if digest and digest_of(project) == digest:
            keep(project, digest, found)
    return found


def _anew(project: Path) -> ReadIntent:
    # With pydantic and a YAML parser, which a command that finds the intent kept does not import.
    from routebook.intent.load import build
    from routebook.intent.problem import Problems
    from routebook.intent.source import plain, read_sources

    problems = Problems()
    sources = read_sources(project, problems)
    network = build(project, sources, problems)
    hosts, groups = (
        {name: plain(entry or {}) for name, entry in tree.items()} for tree in (sources.hosts, sources.groups)
    )
    return ReadIntent(hosts, groups, plain(sources.defaults), network)


def digest_of(project: Path) -> bytes:
    """A digest of everything that an intent follows from: the inventory's files and the code that reads them.

    Empty where a file cannot be read, or is none that an inventory has.
    """
    found = hashlib.sha256(repr((sys.version, str(project))).encode())
    try:
        for library in _LIBRARIES:
            spec = find_spec(library)
            found.update(repr(spec and spec.origin and Path(spec.origin).stat().st_mtime_ns).encode())
        for path in sorted((project / "inventory").glob("*")):
            status = path.stat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST:
                return b""
            content = path.read_bytes()
            found.update(f"{path.name} {len(content)}\n".encode() + content)
        for room in _CODE:
            for name, status in sorted(_modules(str(_PACKAGE / room)), key=itemgetter(0)):
                found.update(f"{name} {status.st_mtime_ns} {status.st_size}\n".encode())
    except OSError:
        return b""
    return found.digest()


def _modules(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield entry.path, entry.stat()
            elif entry.is_dir() and entry.name not in ("__pycache__", "templates", "lab"):
                yield from _modules(entry.path)


def kept(project: Path, digest: bytes) -> ReadIntent | None:
    """What is kept for this digest; None if nothing is."""
    path = _path(project)
    if path is None:
        return None
    try:
        content = read_private(path, _MOST)
        found = pickle.loads(content[len(digest) :]) if content.startswith(digest) else None  # noqa: S301  our own
    except (OSError, RefusedError, ImportError, AttributeError, EOFError, LookupError, TypeError, ValueError):
        return None
    except pickle.PickleError:
        return None
    return found if isinstance(found, ReadIntent) else None


def keep(project: Path, digest: bytes, found: ReadIntent) -> None:
    """Keep an intent for its digest. A platform of somebody else's package is not covered by it: nothing is kept."""
    platforms = {host.platform for host in found.network.hosts.values()}
    platforms |= {peer.node.platform for peer in found.network.peers.values() if peer.node is not None}
    path = _path(project)
    if path is not None and platforms <= shipped():
        with suppress(OSError):
            write_private(path, digest + pickle.dumps(found, pickle.HIGHEST_PROTOCOL))
            trim(path.parent, "intent_*.cache", _KEPT)


def _path(project: Path) -> Path | None:
    folder = cache_folder()
    return folder and folder / f"intent_{hashlib.sha256(str(project).encode()).hexdigest()[:32]}.cache"
