"""NAPALM's configuration methods (load, compare, commit, confirm, discard, rollback) on top of a transaction."""

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from napalm.base.exceptions import CommitError, MergeConfigException, NapalmException, ReplaceConfigException

from custom_napalm import bundle
from routebook.device.contract import (
    Beside,
    Candidate,
    CandidateError,
    Change,
    DriverError,
    Lock,
    LostContactError,
    Overlap,
    Pending,
    Snapshot,
)

UNATTENDED = 300
"""Seconds within which a commit without `revert_in` must be done; a device that it lost undoes it then."""


class Part(Protocol):
    """What keeps one part of a host's configuration."""

    def redact(self, text: str) -> str:
        """The text with every secret's value replaced."""


class Transactional(Protocol):
    """One host's side of a transaction, whatever the platform."""

    @property
    def armed_with(self) -> Snapshot | None:
        """The snapshot that the pending change was armed with over this connection."""

    def component_for(self, part: str) -> Part:
        """Who keeps a part. Raises CandidateError where nobody does."""

    def snapshot(self) -> Snapshot:
        """The configuration."""

    def plan(self, candidate: Candidate, snapshot: Snapshot) -> Change:
        """The change from `snapshot` to `candidate`, remembered."""

    def plan_restore(self, target: Snapshot, snapshot: Snapshot) -> Change:
        """The change from `snapshot` back to `target`, remembered."""

    def plan_revert(self, before: Snapshot, made: Snapshot, snapshot: Snapshot) -> Change:
        """The change from `snapshot` to what it is without the change from `before` to `made`, remembered."""

    def overlaps(self, before: Snapshot, made: Snapshot, now: Snapshot) -> tuple[Overlap, ...]:
        """Where that change has been changed again."""

    def lock(self, lock: Lock) -> None:
        """Take or renew the lock."""

    def unlock(self, run_id: str) -> None:
        """Let go of what undoes a confirmed change, and give the lock back."""

    def locked(self) -> Lock | None:
        """Who has the lock."""

    def arm(self, run_id: str, seconds: int, message: str = "") -> None:
        """Start the device's timer for the remembered change."""

    def extend(self, seconds: int) -> None:
        """Let the timer fire `seconds` from now."""

    def push(self) -> None:
        """Load the remembered change."""

    def activate(self) -> None:
        """Let live sessions use it."""

    def confirm(self) -> None:
        """Disarm and persist; what undoes the change stays until `unlock`."""

    def rollback(self) -> bool:
        """Undo what is pending, or confirmed and not released. False if nothing is."""

    @property
    def beside(self) -> Beside | None:
        """What somebody else had changed since the push that was undone last; None if nothing."""

    def disarm(self) -> None:
        """Take the timer and the undo of what was not pushed away, and restore nothing."""

    def difference(self, before: Snapshot, after: Snapshot) -> str:
        """What differs between two snapshots, redacted."""

    def pending(self) -> Pending | None:
        """The change that the device still knows."""


class Commits:
    """The candidate that was loaded over this connection, and the last commit made over it."""

    def __init__(self, host: Transactional, default_part: str | None) -> None:
        self.host = host
        self._default_part = default_part
        self._loaded: bundle.Bundle | None = None
        self._kind: Literal["replace", "merge"] = "replace"
        self._before: Snapshot | None = None  # the last commit's

    def load(self, kind: Literal["replace", "merge"], filename: str | None, config: str | None) -> None:
        """Remember a candidate; the file takes precedence. Raises Replace- or MergeConfigException."""
        self._kind = kind
        if filename is None and config is None:
            raise self._refusal("neither a file name nor a text was given")
        try:
            text = Path(filename).read_text(encoding="utf-8") if filename is not None else config or ""
        except (OSError, UnicodeDecodeError) as error:
            raise self._refusal(f"{filename} cannot be read: {error}") from error
        try:
            self._loaded = bundle.read(text, self._default_part)
            for part in self._loaded.parts:
                self.host.component_for(part.name)
        except CandidateError as error:
            self._loaded = None
            raise self._refusal(str(error)) from error

    def discard(self) -> None:
        """Forget the candidate."""
        self._loaded = None

    def candidate(self, *, hide: bool) -> str:
        """The candidate as a bundle, empty if there is none."""
        if self._loaded is None:
            return ""
        texts = {part.name: part.text for part in self._loaded.parts}
        if hide:
            texts = {name: self.host.component_for(name).redact(text) for name, text in texts.items()}
        modes = {part.name: f"{part.mode:04o}" for part in self._loaded.parts}
        return bundle.write(texts, modes, tuple(self._loaded.owns))

    def compare(self) -> str:
        """The difference between the running configuration and the candidate, without secrets."""
        return self._plan().diff if self._loaded is not None else ""

    def commit(self, message: str, revert_in: int | None) -> None:
        """Bring the candidate to the device; with `revert_in` it is undone after so many seconds unless confirmed."""
        if self._loaded is None:
            raise CommitError("there is no candidate to commit")
        if self.has_pending():
            raise CommitError("a commit is pending: confirm it or roll it back first; nothing was changed")
        if not self._plan():
            self._loaded = None
            return
        run_id = f"napalm-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        try:
            self.host.arm(run_id, revert_in if revert_in is not None else UNATTENDED, message)
        except DriverError as error:
            raise CommitError(str(error)) from error
        before = self.host.armed_with
        try:
            self.host.push()
            self.host.activate()
            if revert_in is None:
                self._keep(run_id)
        except LostContactError:
            raise
        except DriverError as error:
            self._take_back(error)
        self._before, self._loaded = before, None

    def confirm(self) -> None:
        """Keep the pending commit. Raises CommitError if there is none, or if its time was over."""
        try:
            pending = self.host.pending()
            if pending is None or self.host.locked() is not None:
                self.host.confirm()  # a run lets go of its undo when it gives its lock back
            else:
                self._keep(pending.run_id)
        except LostContactError:
            raise
        except DriverError as error:
            raise CommitError(str(error)) from error

    def has_pending(self) -> bool:
        """Whether a commit waits for its confirmation on the device, whoever made it."""
        pending = self.host.pending()
        return pending is not None and pending.unconfirmed

    def rollback(self) -> None:
        """Undo the pending commit, or the last one made over this connection; without either there is nothing to do."""
        if self.host.rollback():
            self._before = None
            return
        if self._before is None:
            return
        target, self._before = self._before, None
        if self.host.plan_restore(target, self.host.snapshot()):
            run_id = f"napalm-undo-{secrets.token_hex(6)}"
            self.host.arm(run_id, UNATTENDED)
            self.host.push()
            self.host.activate()
            self._keep(run_id)

    def _keep(self, run_id: str) -> None:
        """Confirm, and leave nothing behind: there is no run of several hosts that may have to go back."""
        self.host.confirm()
        self.host.unlock(run_id)

    def _plan(self) -> Change:
        loaded = self._loaded or bundle.Bundle()
        snapshot = self.host.snapshot()
        replace = self._kind == "replace"
        brought = loaded if replace else bundle.merged(loaded, snapshot)
        try:
            return self.host.plan(Candidate(brought.sections(replace=replace)), snapshot)
        except CandidateError as error:
            raise self._refusal(str(error)) from error

    def _take_back(self, error: DriverError) -> None:
        try:
            self.host.rollback()
        except DriverError as worse:
            raise CommitError(f"{error}; and undoing it failed: {worse}") from error
        told = f"{error}; it was undone, the configuration is as before"
        raise (self._refusal(told) if isinstance(error, CandidateError) else CommitError(told)) from error

    def _refusal(self, reason: str) -> NapalmException:
        return ReplaceConfigException(reason) if self._kind == "replace" else MergeConfigException(reason)
