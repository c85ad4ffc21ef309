"""One daemon's configuration on a Linux host, as `LinuxDriver` composes it into a transaction."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from msgspec import Struct

from routebook.device.candidate import Section
from routebook.device.causes import Cause
from routebook.device.merging import TakenBack
from routebook.device.values import Change, Snapshot
from routebook.platforms.linux.daemon import Daemon


@dataclass(frozen=True, slots=True)
class ComponentChange:
    """A component's part of a change, with the real text of what will be sent.

    `uploads` are files (relative name to content, secrets included) that arming stores in the run's folder
    on the device. `revert` and `persist` are POSIX sh fragments that run there, as root, with the run's
    folder as working directory, empty standard input and no terminal. A fragment that leaves a process
    behind closes its descriptors 1, 2 and 9 (the host's lock). What it prints on standard output is kept
    for the operator and must be free of secrets; standard error is for the run's folder only.

    `revert` runs with possibly only half of the push (or of `persist`) done: it restores the snapshot's
    parts, live SAs and sessions included, and exits 0 only when the configuration equals the snapshot. It
    must be safe to run twice. The device runs it when the timer fires, and the driver when asked to roll
    back: one mechanism for both.

    `persist` makes the pushed configuration survive a reboot, atomically. The device runs it at
    confirmation, under the same lock, so that a connection lost in the middle cannot leave it half done.
    `room` is how many bytes it needs in which folder: arming refuses when they are not there.
    """

    change: Change
    uploads: Mapping[str, str] = field(repr=False)
    revert: str = field(repr=False)
    persist: str = field(default="", repr=False)
    room: Mapping[str, int] = field(default_factory=dict)


class Meanwhile(Struct, frozen=True):
    """What somebody else changed since a push, redacted, and the snapshot with that; None if it cannot be kept."""

    diff: str
    target: Snapshot | None


class Component(Daemon, ABC):
    """A daemon and its configuration."""

    bundle_owns: ClassVar[tuple[str, ...]] = ()  # patterns of the files that a bundle of everything owns

    def handles(self, part: str) -> bool:
        """Whether a configuration part ("frr", or a file's path) is this component's."""
        return part == self.name or part.startswith(f"/etc/{self.name}/")

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """Read this component's parts, and the fingerprint over what they mean."""

    def startup(self) -> Snapshot:
        """The parts as they would be after a reboot, whatever runs now."""
        return self.snapshot()

    def bundled(self, parts: Mapping[str, str]) -> Mapping[str, str]:
        """Those of this component's parts that NAPALM's get_config shows and load_replace_candidate takes.

        Where the daemon itself has a configuration, that one; the file that it boots with follows at confirmation.
        """
        return {self.name: parts[self.name]} if self.name in parts else parts

    @abstractmethod
    def plan(self, sections: Sequence[Section], snapshot: Snapshot) -> ComponentChange:
        """Compute what brings the parts that `sections` own to the candidate."""

    @abstractmethod
    def plan_restore(self, target: Snapshot, snapshot: Snapshot) -> ComponentChange:
        """Compute what brings the whole of this component's parts to `target`."""

    @abstractmethod
    def taken_back(self, before: Snapshot, made: Snapshot, now: Snapshot) -> tuple[Snapshot, TakenBack]:
        """`now` without the change from `before` to `made`, as `plan_restore` takes it, and what stands in the way."""

    def live_uploads(self, change: ComponentChange) -> Mapping[str, str]:
        """Further uploads, read from the device at the moment of arming: what `revert` must know of live state."""
        del change
        return {}

    @abstractmethod
    def push(self, change: ComponentChange, folder: str) -> None:
        """Load the change into the running daemon; `folder` is the run's folder on the device, with `uploads`.

        Starts commands so that a broken connection does not stop them half-way.
        """

    @abstractmethod
    def activate(self, change: ComponentChange, folder: str) -> None:
        """Make live sessions and SAs use the change. Waits for nothing that depends on another host's push."""

    def retry_sessions(self, peers: Sequence[str]) -> None:
        """Let sessions that wait in Connect or Active try again now."""
        del peers

    def clear_session(self, peer: str) -> None:
        """Reset the BGP session with an address."""
        del peer

    def retry_tunnels(self, names: Sequence[str]) -> None:
        """Start tunnels that have no SA now."""
        del names

    def restart_tunnel(self, connection: str, children: Sequence[str]) -> None:
        """End every SA of a tunnel and start it anew."""
        del connection, children

    def claims(self, subject: str) -> bool:
        """Whether `subject` can only be this component's, so that no other need be asked to explain it."""
        del subject
        return False

    def explain(self, subject: str, seconds: int) -> list[Cause]:
        """The causes in the logs of the last `seconds` seconds for which `subject` is not up."""
        del subject, seconds
        return []

    @abstractmethod
    def difference(self, before: Snapshot, after: Snapshot) -> str:
        """What differs between two of this component's snapshots, redacted."""

    @abstractmethod
    def meanwhile(
        self, change: ComponentChange | None, folder: str, before: Snapshot | None, now: Snapshot
    ) -> Meanwhile | None:
        """What somebody else changed since the push, and what `revert` leads to where it can keep that: it does then.

        None if nothing was changed, or the push was not done. `change` and the snapshot `before` are None where another
        process has pushed; `now` is what the component has.
        """

    def forget(self, folder: str) -> None:
        """Let `revert` restore the whole snapshot after all."""
        del folder

    @abstractmethod
    def redact(self, text: str) -> str:
        """The text with every secret's value replaced."""
