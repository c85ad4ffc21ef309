"""How a device refuses or fails; each message says what happened there and what was changed."""

import traceback
from collections.abc import Sequence
from pathlib import PurePath
from typing import Self

from routebook.device.merging import Overlap
from routebook.device.values import Lock

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

    @classmethod
    def found_at(cls, host: str) -> Self:
        """The error of a host where nothing has been stored yet."""
        return cls(
            f"{host}: the configuration is no longer the one that the change was computed from; nothing was changed. "
            "Plan again"
        )


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
