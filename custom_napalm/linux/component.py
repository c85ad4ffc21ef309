"""One daemon's configuration on a Linux host, as `LinuxDriver` composes it into a transaction."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from custom_napalm.contract import Change, Section, Snapshot
from custom_napalm.linux.shell import Shell


@dataclass(frozen=True, slots=True)
class ComponentChange:
    """A component's part of a change, with the real text of what will be sent.

    `uploads` are files (relative name to content, secrets included) that arming stores in the run's folder
    on the device. `revert` is a POSIX sh fragment that runs there, as root, with the run's folder as working
    directory, no terminal, and possibly only half of the push done: it restores the snapshot's parts, live
    SAs and sessions included, and exits 0 only when the configuration equals the snapshot. It must be safe
    to run twice. The device runs it when the timer fires, and the driver when asked to roll back: one
    mechanism for both.
    """

    change: Change
    uploads: Mapping[str, str]
    revert: str


class Component(ABC):
    """One daemon. Every method may raise `DriverError`; reading methods leave no trace."""

    name: ClassVar[str]

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """Read this component's parts, and the fingerprint over what they mean."""

    @abstractmethod
    def plan(self, sections: Sequence[Section], snapshot: Snapshot) -> ComponentChange:
        """Compute what brings the parts that `sections` own to the candidate."""

    @abstractmethod
    def plan_restore(self, target: Snapshot, snapshot: Snapshot) -> ComponentChange:
        """Compute what brings the whole of this component's parts to `target`."""

    @abstractmethod
    def push(self, change: ComponentChange, folder: str) -> None:
        """Load the change into the running daemon; `folder` is the run's folder on the device, with `uploads`.

        Starts commands so that a broken connection does not stop them half-way.
        """

    @abstractmethod
    def activate(self, change: ComponentChange, folder: str) -> None:
        """Make live sessions and SAs use the change. Waits for nothing that depends on another host's push."""

    @abstractmethod
    def persist(self, change: ComponentChange, folder: str) -> None:
        """Make the running configuration survive a reboot, atomically."""

    @abstractmethod
    def redact(self, text: str) -> str:
        """The text with every secret's value replaced."""
