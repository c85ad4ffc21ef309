"""The contract: what a run asks of a device. A platform implements it once, in its folder."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from routebook.device.candidate import Candidate
from routebook.device.causes import Cause
from routebook.device.merging import Overlap
from routebook.device.reader import DeviceReader, understand
from routebook.device.values import (
    Change,
    ForeignChange,
    Lock,
    Pending,
    Reached,
    Snapshot,
)


class TransactionDriver(DeviceReader):
    """A reader of one device that can take part in a Routebook transaction.

    The order of a transaction is: lock, snapshot, plan, arm, push, activate, (state …), then confirm or rollback, and
    unlock.
    Reading methods leave no trace on the device.
    """

    watches_sessions: ClassVar[bool] = False
    """Whether `explain` takes seconds for a session, as it waits for the daemon's next attempt."""

    foreign_change: ForeignChange | None = None
    """What somebody else had changed since the push that this connection rolled back last; None if nothing."""

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        understand(cls, TransactionDriver)

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """Read the configuration, secrets included."""

    @abstractmethod
    def plan(self, candidate: Candidate, snapshot: Snapshot) -> Change:
        """Compute, without contacting the device for changes, what brings `snapshot` to `candidate`.

        The driver remembers the change as the one to arm and push. Raises CandidateError on text that the
        device's own syntax check refuses.
        """

    @abstractmethod
    def plan_restore(self, target: Snapshot, snapshot: Snapshot) -> Change:
        """Like `plan`, towards an earlier snapshot as a whole: every part of it, owned or not, is restored."""

    @abstractmethod
    def plan_revert(self, before: Snapshot, made: Snapshot, snapshot: Snapshot) -> Change:
        """Like `plan`, towards `snapshot` without an earlier change, which led from `before` to `made`.

        What was changed elsewhere since stays; where nothing was, it is the way back to `before`. Raises OverlapError
        where the same object or setting has been changed again.
        """

    @abstractmethod
    def overlaps(self, before: Snapshot, made: Snapshot, now: Snapshot) -> tuple[Overlap, ...]:
        """Where the change from `before` to `made` has been changed again in `now`. Contacts nothing."""

    @abstractmethod
    def lock(self, lock: Lock) -> None:
        """Take the device's lock, or renew it where the run has it. Raises LockedError while another run has it.

        Whether its time is over is not the device's business: only `recover` takes it from a run that died. What
        another run that is confirmed and has no lock has left is taken away.
        """

    @abstractmethod
    def unlock(self, run_id: str) -> None:
        """Let go of what undoes a confirmed change of the run, then give its lock back.

        What is not the run's stays. After this nothing of the run is on the device but how it ended.
        """

    @abstractmethod
    def locked(self) -> Lock | None:
        """Who has the lock."""

    @abstractmethod
    def arm(self, run_id: str, seconds: int, message: str = "") -> None:
        """Store snapshot and undo on the device and start its timer: it restores them after `seconds`.

        `message` is what a person says of the change; a device that has a place for it keeps it.

        Raises StaleError if the running configuration is no longer the change's, and LockedError while a run that the
        change is not part of has the lock, before anything is stored.
        """

    @abstractmethod
    def extend(self, seconds: int) -> None:
        """Let the armed timer fire `seconds` from now instead."""

    @abstractmethod
    def push(self) -> None:
        """Load the planned change into the running daemons, not into what survives a reboot.

        Raises CandidateError when the device rejects a part of it; the device may then be in between, and
        `rollback` is due.
        """

    @abstractmethod
    def activate(self) -> None:
        """Make live sessions and SAs use what was pushed (after every host's push, as tunnels have two ends)."""

    @abstractmethod
    def confirm(self) -> None:
        """Disarm the timer, then make the pushed configuration survive a reboot. Raises if the timer had fired.

        What undoes the change stays on the device until `unlock`. Does the rest where it was confirmed in part.
        """

    @abstractmethod
    def rollback(self) -> bool:
        """Restore the snapshot that the pending change was armed with, verify equality, disarm. Idempotent.

        Returns False where the device knows of no change.

        A confirmed change is undone too, also in what survives a reboot. Works from a fresh connection of another
        process: all it needs is on the device.
        """

    @abstractmethod
    def disarm(self) -> None:
        """Take the timer and the undo of a change away that was armed and not pushed, and restore nothing. Idempotent.

        So what somebody has typed since stays. Raises DriverError where the push has begun.
        """

    @abstractmethod
    def difference(self, before: Snapshot, after: Snapshot) -> str:
        """What differs between two snapshots of this device, redacted. Asks the device nothing."""

    @abstractmethod
    def pending(self) -> Pending | None:
        """The change that the device still knows, if there is one."""

    @abstractmethod
    def reached(self) -> Reached:
        """How this connection reaches the device."""

    @abstractmethod
    def retry_sessions(self, peers: Sequence[str]) -> None:
        """Let BGP sessions that are not up try again now; Established ones are never touched."""

    @abstractmethod
    def clear_session(self, peer: str) -> None:
        """Reset the BGP session with the address `peer`, Established or not; both ends come up again by themselves.

        Raises DriverError where the device says no.
        """

    @abstractmethod
    def retry_tunnels(self, names: Sequence[str]) -> None:
        """Start tunnels that are this end's to start and have no SA, now; nothing where the device tries by itself.

        After a rollback the first attempt may have met the other end's undone key, and there may be no second.
        """

    @abstractmethod
    def restart_tunnel(self, connection: str, children: Sequence[str]) -> None:
        """End every SA of a tunnel, whether or not the other end answers, and start it anew; names are the device's.

        A device that starts tunnels when there is traffic leaves that to the traffic. Raises DriverError where the
        device says no.
        """

    @abstractmethod
    def explain(self, subject: str, seconds: int) -> list[Cause]:
        """Why a session or tunnel does not come up, by the logs of the last `seconds` seconds, oldest first.

        A session is named by the peer's address, a tunnel as in `State`.
        """
