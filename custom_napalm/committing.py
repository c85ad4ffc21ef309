"""The half of a driver that is the same on every platform: a transaction's steps and NAPALM's configuration methods."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from napalm.base.models import AliveDict

from custom_napalm.commits import Commits, Transactional
from routebook.device.contract import (
    Beside,
    Candidate,
    Change,
    Lock,
    Overlap,
    Pending,
    Reached,
    Snapshot,
    TransactionDriver,
)


class Connection(Protocol):
    """What a driver talks through."""

    def open(self) -> None:
        """Connect and log in. Raises ConnectionFailedError."""

    def close(self) -> None:
        """End the connection; safe at any time."""

    def is_alive(self) -> bool:
        """Whether the connection stands, as far as can be told without waiting for the device."""


class CommittingDriver(TransactionDriver):
    """A driver whose changes are made by `_host`.

    A platform's driver sets `_connection`, `_host` and `_commits` in its constructor, and adds `state`,
    `retry_sessions`, `explain` and the getters. `_secrets`: whether what it shows may have secrets in it.
    """

    platform: ClassVar[str] = ""  # NAPALM's name for the driver
    _connection: Connection
    _host: Transactional
    _commits: Commits

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
    ) -> None:
        self.hostname = hostname
        self.username = username
        self.password = password
        self.timeout = timeout
        self._secrets = bool((optional_args or {}).get("secrets", False))

    def open(self) -> None:
        """Connect and log in. Changes nothing. Raises ConnectionFailedError, on an ASA PrivilegeError as well."""
        self._connection.open()

    def close(self) -> None:
        """Close the connection. What is pending on the device stays pending."""
        self._connection.close()

    def is_alive(self) -> AliveDict:
        """Whether the connection stands."""
        return {"is_alive": self._connection.is_alive()}

    # What a transaction asks for, see `TransactionDriver`.

    def snapshot(self) -> Snapshot:
        """The running configuration, secrets included."""
        return self._host.snapshot()

    def plan(self, candidate: Candidate, snapshot: Snapshot) -> Change:
        """The change from `snapshot` to `candidate`."""
        return self._host.plan(candidate, snapshot)

    def plan_restore(self, target: Snapshot, snapshot: Snapshot) -> Change:
        """The change from `snapshot` back to the whole of `target`."""
        return self._host.plan_restore(target, snapshot)

    def plan_revert(self, before: Snapshot, made: Snapshot, snapshot: Snapshot) -> Change:
        """The change from `snapshot` to what it is without the change from `before` to `made`."""
        return self._host.plan_revert(before, made, snapshot)

    def overlaps(self, before: Snapshot, made: Snapshot, now: Snapshot) -> tuple[Overlap, ...]:
        """Where that change has been changed again."""
        return self._host.overlaps(before, made, now)

    def lock(self, lock: Lock) -> None:
        """Take or renew the lock."""
        self._host.lock(lock)

    def unlock(self, run_id: str) -> None:
        """Give the lock back."""
        self._host.unlock(run_id)

    def locked(self) -> Lock | None:
        """Who has the lock."""
        return self._host.locked()

    def arm(self, run_id: str, seconds: int) -> None:
        """Store the undo on the device, start its timer."""
        self._host.arm(run_id, seconds)

    def extend(self, seconds: int) -> None:
        """Let the timer fire `seconds` from now."""
        self._host.extend(seconds)

    def push(self) -> None:
        """Load the change into what runs."""
        self._host.push()

    def retry_tunnels(self, names: Sequence[str]) -> None:
        """Nothing: most devices try by themselves."""
        del names

    def activate(self) -> None:
        """Let live sessions and SAs use what was pushed."""
        self._host.activate()

    def confirm(self) -> None:
        """Disarm and persist."""
        self._host.confirm()

    def disarm(self) -> None:
        """Take timer and undo away, restore nothing."""
        self._host.disarm()

    def beside(self) -> Beside | None:
        """What somebody else had changed since the push that was rolled back."""
        return self._host.beside

    def difference(self, before: Snapshot, after: Snapshot) -> str:
        """What differs between two snapshots."""
        return self._host.difference(before, after)

    def pending(self) -> Pending | None:
        """The change that the device still knows."""
        return self._host.pending()

    def reached(self) -> Reached:
        """Nothing is known of the way, where a platform does not tell."""
        return Reached()

    # NAPALM's configuration methods.

    def load_replace_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Load a text (see `custom_napalm.bundle`) whose parts replace the device's as a whole."""
        self._commits.load("replace", filename, config)

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Load a text whose parts are added to the device's."""
        self._commits.load("merge", filename, config)

    def compare_config(self) -> str:
        """The difference that committing would make, without secrets."""
        return self._commits.compare()

    def discard_config(self) -> None:
        """Forget the candidate."""
        self._commits.discard()

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:
        """Commit the candidate; with `revert_in` the device undoes it after so many seconds unless confirmed."""
        self._commits.commit(message, revert_in)

    def confirm_commit(self) -> None:
        """Keep the pending commit, whoever made it."""
        self._commits.confirm()

    def has_pending_commit(self) -> bool:
        """Whether a commit waits for its confirmation."""
        return self._commits.has_pending()

    def rollback(self) -> None:
        """Undo the pending commit, or else the last one made over this connection."""
        self._commits.rollback()
