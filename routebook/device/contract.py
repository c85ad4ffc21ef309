"""The contract: what a run asks of a device. A platform implements it once, in its folder."""

import json
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import wraps
from pathlib import PurePath
from typing import Any, Literal

from routebook.device.candidate import Candidate as Candidate
from routebook.device.candidate import Section as Section
from routebook.device.causes import Cause
from routebook.device.merging import Overlap as Overlap
from routebook.device.state import BgpSession, IkeSa


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A device's configuration at one moment, secrets included: part name to exact text.

    Parts that are files carry their mode and owner, so that restoring them restores those too. `fingerprint`
    changes when, and only when, the configuration's meaning changes: no timestamps, no ordering noise. A device that
    writes a date into its configuration has no `exact` text: there the fingerprint decides what is the same.
    """

    parts: Mapping[str, str] = field(repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict)  # file path to "MODE OWNER GROUP"
    fingerprint: str = ""
    exact: bool = True


EffectKind = Literal[
    "session-reset",
    "session-new",
    "session-removed",
    "session-changed",
    "policy",
    "tunnel-rekey",
    "child-rekey",
    "tunnel-new",
    "tunnel-removed",
    "prefix-new",
    "prefix-removed",
    "prefix-list",
    "note",
]


@dataclass(frozen=True, slots=True)
class Effect:
    """A forecast of what a change does to live traffic: `subject` is a neighbor address or a connection's name.

    "session-changed" is another option of a session that is not reset for it. "policy" says that other prefixes may go
    over the session afterwards: by its own filters, or as the speaker announces something else, which is an effect on
    each of its neighbors. A driver gives every one of them: a run is held responsible for what its plan contains.
    "prefix-new" and "prefix-removed" are networks that the device originates, "prefix-list" a filter by its name. A
    driver leaves `peer` and `foreign` alone: who is at the other end, by name, and whether the inventory knows nothing
    of what is touched, is for the engine to say.
    """

    kind: EffectKind
    subject: str
    reason: str
    peer: str = ""
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """The exact difference between a snapshot and a candidate. Empty `commands` means nothing would be sent.

    `diff`, `commands` and `undo` are redacted and fit to be shown; the driver keeps the real text to itself.
    """

    diff: str
    commands: tuple[str, ...]
    undo: tuple[str, ...]
    effects: tuple[Effect, ...]
    fingerprint: str  # of the snapshot it was computed from
    warnings: tuple[str, ...] = ()
    old_secrets: tuple[str, ...] = ()  # the places, without values, of secrets that taking a change back brings again
    synchronised: tuple[str, ...] = ()  # what the device sends to its mate before anybody has confirmed it

    def __bool__(self) -> bool:
        return bool(self.commands)


@dataclass(frozen=True, slots=True)
class State:
    """What a device says of sessions and tunnels at one moment; `None` where it runs no such daemon."""

    bgp: tuple[BgpSession, ...] | None
    ike: tuple[IkeSa, ...] | None


@dataclass(frozen=True, slots=True)
class Reached:
    """How a connection reaches its device, and which way the device's answers take; empty is not known.

    `jumps` are the jump hosts in their order. `address` is the device's own and `client` the other end's, both as the
    device sees them. The route back to `client` is through `interface` and `gateway`; `protocol` made it: "kernel" for
    a connected network, "static", "bgp" … `timer` is whether the device can undo a change by itself.
    """

    jumps: tuple[str, ...] = ()
    address: str = ""
    client: str = ""
    interface: str = ""
    gateway: str = ""
    protocol: str = ""
    timer: bool = True


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """Who a device says it is; what it does not show is empty.

    `hostname` is its own name for itself, with "/CONTEXT" for one context of a firewall, and empty where it is the name
    that every new device has. `serials` identify one piece of hardware, or one installation; of a failover `pair` they
    are both units'. `router_id` is that of BGP where it runs, and `addresses` are of its interfaces.
    """

    hostname: str = ""
    serials: tuple[str, ...] = ()
    router_id: str = ""
    addresses: tuple[str, ...] = ()
    pair: bool = False


Phase = Literal["armed", "confirmed", "reverting", "reverted", "failed"]


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that the device still knows: who armed it and how many seconds are left before it undoes itself.

    `phase` is "armed" (timer runs), "confirmed" (no timer any more; it can be undone until its run unlocks the
    device), "reverting", "reverted" (the device undid the change by itself) or "failed" (the device tried and is not
    at its snapshot; `detail` says what differs).
    """

    run_id: str
    phase: Phase
    remaining: int
    detail: str = ""

    @property
    def unconfirmed(self) -> bool:
        """Whether nobody has decided yet, so that no other run may begin."""
        return self.phase not in ("confirmed", "reverted")


@dataclass(frozen=True, slots=True)
class Beside:
    """What somebody else had changed on a device since a run's push, when that push was undone: `diff`, redacted.

    `kept` is what the device has now where it was kept: the configuration from before the run, and that. None where
    undoing has discarded it.
    """

    diff: str
    kept: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """Who works on a device. Times are seconds since the epoch on the holder's clock.

    `decided` has an entry for each wave whose every check has passed, so that what is left is to confirm: its hosts,
    each with the fingerprint of its configuration before the change.
    """

    run_id: str
    holder: str
    taken: float
    expires: float
    decided: tuple[Mapping[str, str], ...] = ()

    def text(self) -> str:
        """The lock in one line, as it is kept on a device."""
        return json.dumps(asdict(self))


UNDOING = "-undo"
"""What the id of a change ends in that undoes a run's."""


def belongs(change: str, run_id: str) -> bool:
    """Whether a change is a run's own: it has the run's whole id, or undoes that run."""
    return bool(run_id) and change in (run_id, f"{run_id}{UNDOING}")


_LONGEST = 3000  # characters of an error's message


class DriverError(Exception):
    """A device refused or failed. The message says to an operator what happened and what was (not) changed.

    `changed` is False when the device is certainly as it was.
    """

    def __init__(self, message: str, *, changed: bool = False) -> None:
        super().__init__(_readable(message))
        self.changed = changed


def _readable(message: str) -> str:
    """A message as long as somebody reads: what a device said may be part of it, and that may be a whole file.

    It ends between two words, so that no secret is cut in two, of which neither half would be known for one.
    """
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST].rpartition(' ')[0]} … (cut)"


class ConnectionFailedError(DriverError):
    """The host could not be reached, or refused the login, or its host key is not the known one."""


class CommandRefusedError(DriverError):
    """A command that was to be read is none of those that only read, or the device does not answer it."""


class PrivilegeError(DriverError):
    """The login works but may not do what is needed, for example because sudo refused."""


class CandidateError(DriverError):
    """The device rejects the candidate: `line` is the offending configuration line (redacted) where it is known."""

    def __init__(self, message: str, *, line: str = "", changed: bool = False) -> None:
        super().__init__(message, changed=changed)
        self.line = line


class SomebodyElseError(DriverError):
    """The device is not the one that the inventory means. The message names both, and what differs."""


class LostContactError(DriverError):
    """The connection broke or fell silent; the device's own timer decides what happens."""


class LockedError(DriverError):
    """Another run has the device's lock; `lock` says which and since when."""

    def __init__(self, host: str, lock: Lock) -> None:
        super().__init__(f"{host} is locked by run {lock.run_id} of {lock.holder}; nothing was changed")
        self.lock = lock


class OverlapError(DriverError):
    """What a change made different has been made different again since, so that it cannot be taken back alone."""

    def __init__(self, host: str, overlaps: Sequence[Overlap]) -> None:
        super().__init__(
            f"{host}: what is to be taken back has been changed again since: {'; '.join(map(str, overlaps))}; "
            "nothing was changed"
        )
        self.overlaps = tuple(overlaps)


class StaleError(DriverError):
    """The device's configuration is no longer the one that the change was computed from."""


Answer = dict[str, Any]
"""A getter's answer in the shape that NAPALM gives it (`napalm.base.models`)."""

MISREAD = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What code that takes an answer apart stumbles with where the answer is none that a device gives."""


class NotUnderstoodError(DriverError):
    """A device answered what no reader here foresaw. The message says which reader, and nothing of the answer."""

    def __init__(self, host: str, step: str, error: Exception) -> None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        super().__init__(
            f"{host} answered something that is not understood ({step}: {type(error).__name__} in "
            f"{PurePath(frame.filename).name}, line {frame.lineno}), so its state is not known: either it is not the "
            "device that the inventory says, or its release is one that Routebook does not know",
            changed=True,
        )


def _understood(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The last net below all readers: whatever a device answers is an error of that device."""

    @wraps(function)
    def call(self: Any, *arguments: Any, **keywords: Any) -> Any:
        try:
            return function(self, *arguments, **keywords)
        except MISREAD as error:
            raise NotUnderstoodError(str(getattr(self, "name", "the device")), step, error) from error

    return call


class TransactionDriver(ABC):
    """A connection to one device that can take part in a Routebook transaction.

    The order of a transaction is: lock, snapshot, plan, arm, push, activate, (state …), then confirm or rollback, and
    unlock.
    Reading methods leave no trace on the device. All of them raise `DriverError`, also where a device's answer is none
    that a reader foresaw.
    """

    beside: Beside | None = None
    """What somebody else had changed since the push that this connection rolled back last; None if nothing."""

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        for name, verb in vars(TransactionDriver).items():
            if not getattr(verb, "__isabstractmethod__", False):
                continue
            function = getattr(cls, name)
            if not getattr(function, "__isabstractmethod__", False) and not hasattr(function, "understood"):
                wrapped = _understood(name, function)
                wrapped.understood = True  # type: ignore[attr-defined]
                setattr(cls, name, wrapped)

    @abstractmethod
    def open(self) -> None:
        """Connect and log in. Changes nothing. Raises ConnectionFailedError, and PrivilegeError."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection. What is pending on the device stays pending."""

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
    def state(self) -> State:
        """Read BGP sessions and IPsec SAs."""

    @abstractmethod
    def ping(self, destination: str, source: str = "", *, timeout: int = 2, size: int = 100, count: int = 5) -> Answer:
        """Send echo requests from the device, from an address or an interface of its own. `timeout` is in seconds.

        Returns what NAPALM's `ping` does, times in milliseconds: {"success": {"packet_loss": …}} or {"error": …}.
        """

    @abstractmethod
    def identity(self) -> DeviceIdentity:
        """Who the device says it is, of what was read over this connection; asks for the least where nothing was."""

    @abstractmethod
    def reached(self) -> Reached:
        """How this connection reaches the device."""

    @abstractmethod
    def retry_sessions(self, peers: Sequence[str]) -> None:
        """Let BGP sessions that are not up try again now; Established ones are never touched."""

    @abstractmethod
    def retry_tunnels(self, names: Sequence[str]) -> None:
        """Start tunnels that are this end's to start and have no SA, now; nothing where the device tries by itself.

        After a rollback the first attempt may have met the other end's undone key, and there may be no second.
        """

    @abstractmethod
    def explain(self, subject: str, seconds: int) -> list[Cause]:
        """Why a session or tunnel does not come up, by the logs of the last `seconds` seconds, oldest first.

        A session is named by the peer's address, a tunnel as in `State`.
        """
