"""NAPALM's configuration methods (load, compare, commit, confirm, discard, rollback) on top of a transaction."""

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from napalm.base.exceptions import CommitError, MergeConfigException, NapalmException, ReplaceConfigException

from routebook.device import bundle
from routebook.device.candidate import Candidate
from routebook.device.errors import CandidateError, DriverError, LostContactError
from routebook.device.platform_driver import PlatformDriver
from routebook.device.values import Change, Snapshot

UNATTENDED = 300
"""Seconds within which a commit without `revert_in` must be done; a device that it lost undoes it then."""


class Commits:
    """The candidate that was loaded over this connection, and the last commit made over it."""

    def __init__(self, host: PlatformDriver) -> None:
        self.host = host
        self._loaded: bundle.Bundle | None = None
        self._kind: Literal["replace", "merge"] = "replace"
        self._found = Snapshot({})  # what the last plan was computed from
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
            self._loaded = bundle.read(text, self.host.default_part)
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
        before = self._found  # or arming would have found it stale
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
        snapshot = self._found = self.host.snapshot()
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
        outcome = f"{error}; it was undone, the configuration is as before"
        raise (self._refusal(outcome) if isinstance(error, CandidateError) else CommitError(outcome)) from error

    def _refusal(self, reason: str) -> NapalmException:
        return ReplaceConfigException(reason) if self._kind == "replace" else MergeConfigException(reason)
