"""Which tunnels and sessions a run works on: for healers and alerting that leave them alone in the meantime.

A file a run, so that two runs never write the same one. A lease ends by itself: a run that dies leaves one that is over
when its devices have undone the change.
"""

import contextlib
import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from routebook.checks.names import ON_TUNNELS
from routebook.errors import RefusedError
from routebook.project.private_files import own_folder, read_private, write_private
from routebook.run.locks import holder
from routebook.safety.impact import Impact

GRACE = 60.0
"""Seconds by which a lease outlives its run's timers: sessions come back after the devices have undone a change."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What a run works on. Times are in seconds since the epoch; `sessions` are "HOST PEER"."""

    run_id: str
    runbook: str
    holder: str
    since: float
    until: float
    hosts: tuple[str, ...]
    tunnels: tuple[str, ...]
    sessions: tuple[str, ...]

    def covers(self, name: str) -> bool:
        """Whether a tunnel, a host, or a session ("HOST PEER") is being worked on."""
        return name in (*self.hosts, *self.tunnels, *self.sessions)


_MOST = 1 << 20  # bytes


@dataclass(slots=True)
class LeaseFile:
    """One run's lease in a folder."""

    folder: Path
    lease: Lease | None = None
    seconds: float = 0.0
    _path: Path = field(init=False)

    def take(self, run_id: str, runbook: str, hosts: Iterable[str], impacts: Iterable[Impact], seconds: float) -> None:
        """Write the lease. Raises RefusedError where that is not possible: nothing was changed yet."""
        impacts, now = list(impacts), time.time()
        self.seconds = seconds + GRACE
        self._path = self.folder / f"{run_id}.json"
        self.lease = Lease(
            run_id=run_id,
            runbook=runbook,
            holder=holder(),
            since=now,
            until=now + self.seconds,
            hosts=tuple(sorted(hosts)),
            tunnels=tuple(sorted({each.effect.subject for each in impacts if each.effect.kind in ON_TUNNELS})),
            sessions=tuple(
                sorted({f"{i.host} {i.effect.subject}" for i in impacts if i.effect.kind not in ON_TUNNELS})
            ),
        )
        try:
            own_folder(self.folder)
            self._write()
        except OSError as error:
            raise RefusedError(f"cannot write {self._path}: {error.strerror}") from error

    def renew(self) -> None:
        """Let it last on. One that cannot be written keeps the end that it has."""
        if self.lease is None:
            return
        self.lease = replace(self.lease, until=time.time() + self.seconds)
        try:
            self._write()
        except OSError:
            return

    def release(self) -> None:
        """The work is done."""
        if self.lease is not None:
            end(self.folder, self.lease.run_id)
            self.lease = None

    def _write(self) -> None:
        if self.lease is not None:
            write_private(self._path, (json.dumps(asdict(self.lease)) + "\n").encode())


def end(folder: Path, run_id: str) -> None:
    """Take a run's lease away. On a disk that has become read-only it stays until its time is over."""
    with contextlib.suppress(OSError):
        (folder / f"{run_id}.json").unlink(missing_ok=True)


def current(folder: Path) -> list[Lease]:
    """The leases that are not over, oldest first. A file that is over, or not what Routebook writes, is none.

    Raises RefusedError for one that somebody else may have written: a healer would leave alone what that names.
    """
    if not folder.exists():
        return []
    from pydantic import TypeAdapter

    own_folder(folder)
    lease_of, found = TypeAdapter(Lease), []
    for path in sorted(folder.glob("[!.]*.json")):
        try:
            lease = lease_of.validate_json(read_private(path, _MOST, readable=True))
        except (FileNotFoundError, ValueError):
            continue
        if lease.until > time.time():
            found.append(lease)
    return sorted(found, key=lambda lease: lease.since)
