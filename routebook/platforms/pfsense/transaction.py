"""One pfSense's part in a transaction, made by the program on the device."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from routebook.device import records
from routebook.device.errors import DriverError, LockedError, LostContactError, StaleError
from routebook.device.values import ForeignChange, Lock, Pending, Snapshot, belongs
from routebook.platforms.pfsense import program
from routebook.platforms.pfsense.armed import Ended, Planned, files, read_pending
from routebook.platforms.pfsense.changes import shown_trees
from routebook.platforms.pfsense.ownership import WHOLE
from routebook.platforms.pfsense.planning import PfSensePlanning
from routebook.platforms.pfsense.program import UNCHANGED, GoneError
from routebook.platforms.pfsense.redaction import scrub, secrets
from routebook.platforms.pfsense.tree import Element, fingerprint

_APPLYING = 300.0  # seconds that the system and its daemons may take
_REVERTING = 600.0


class _Typed(Struct, frozen=True):
    """What somebody has changed since a push: for people, and the elements that it is in."""

    diff: str
    names: frozenset[str]


@dataclass(slots=True, eq=False)
class PfSenseTransaction(PfSensePlanning):
    """All that a change takes, over one SSH connection."""

    armed_with: Snapshot | None = None
    run_id: str = ""
    foreign_change: ForeignChange | None = None  # what somebody else had changed since the push that was undone last
    _sum: str = ""  # of the config.xml that the run was armed on
    _pushed: bool = False

    def lock(self, lock: Lock) -> None:
        """Take or renew the lock. Raises LockedError while another run has it."""
        holder = self._ask({"action": "lock", "lock": asdict(lock)})["holder"]
        if holder is not None:
            raise LockedError(self.name, program.lock(self.name, holder))

    def unlock(self, run_id: str) -> None:
        """Let go of what undoes a confirmed change, then give the lock back; one of another run stays."""
        self._ask({"action": "unlock", "run": run_id})
        if belongs(self.run_id, run_id):
            self._over()

    def locked(self) -> Lock | None:
        """Who has the lock."""
        holder = self._ask({"action": "locked"})["holder"]
        return None if holder is None else program.lock(self.name, holder)

    def arm(self, run_id: str, seconds: int, message: str = "") -> None:
        """Store snapshot and undo below /cf/conf, start the timer. Raises StaleError before anything is stored."""
        planned = self._planned
        if not planned:
            raise DriverError(f"{self.name}: nothing is planned, so there is nothing to arm; {UNCHANGED}")
        if not records.CHANGE.fullmatch(run_id):
            raise DriverError(f"{run_id!r} cannot be a run's id; {UNCHANGED} on {self.name}")
        reading = self.read()
        found = self._snapshot(reading)
        if found.fingerprint != planned.fingerprint:
            raise StaleError.found_at(self.name)
        request = {"action": "arm", "run": run_id, "seconds": seconds, "config": reading.sum}
        request["files"] = files(run_id, message, planned)
        self._ask(request, timeout=90)
        self.run_id, self.armed_with, self._sum = run_id, found, reading.sum

    def push(self) -> None:
        """Write config.xml through the system, apply it, wait until the daemons run with it, and read it back."""
        planned = self._armed()
        try:
            self._ask({"action": "push", "run": self.run_id, "config": self._sum}, timeout=_APPLYING)
        except StaleError:
            # Somebody may have saved the same configuration again: only its revision differs then.
            reading = self.read()
            if self._snapshot(reading).fingerprint != planned.fingerprint:
                raise
            self._sum = reading.sum
            self._ask({"action": "push", "run": self.run_id, "config": self._sum}, timeout=_APPLYING)
        now = self.tree(self.read().text)
        if fingerprint(now) != fingerprint(planned.after):
            raise DriverError(
                f"{self.name}: config.xml is not what was written: {', '.join(_differing(now, planned.after))} differ. "
                "Either the system has put one of its backups in its place, or somebody has changed it since",
                changed=True,
            )
        self._pushed = True

    def activate(self) -> None:
        """Clear the BGP sessions and renew the SAs that still live by the old configuration."""
        self._armed()
        self._ask({"action": "activate", "run": self.run_id}, timeout=120)

    def extend(self, seconds: int) -> None:
        """Let the timer fire `seconds` from now instead."""
        run_id = self._pending_run()
        try:
            self._ask({"action": "extend", "run": run_id, "seconds": seconds})
        except GoneError as error:
            raise DriverError(f"{self.name}: run {run_id} is not armed, so its timer cannot be extended") from error

    def confirm(self) -> None:
        """Take the timer away: config.xml is what survives a restart. Raises DriverError when the timer was faster.

        The snapshot stays on the device until the lock is given back.
        """
        run_id = self._pending_run()
        try:
            self._ask({"action": "confirm", "run": run_id})
        except GoneError as error:
            ending = self._ending(run_id)
            if ending != "confirmed":
                raise DriverError(
                    f"{self.name} cannot be confirmed: run {run_id} is not pending there"
                    + (", its timer has fired and the change is undone" if ending else ""),
                    changed=False,
                ) from error

    def disarm(self) -> None:
        """Take the timer and the snapshot away, and restore nothing. Raises DriverError where the push has begun."""
        if run_id := self.run_id or self._live_run():
            with suppress(GoneError):
                self._ask({"action": "revert", "run": run_id, "by": "driver", "unpushed": True}, timeout=_REVERTING)
        self._over()

    def rollback(self) -> bool:
        """Let the device restore what its change was armed with, and verify. False if it knows of none."""
        if not self.shell.is_alive():
            self.shell.open()  # a connection that broke in the middle of a push is the usual reason to be here
        run_id = self.run_id or self._live_run()
        self.foreign_change = None
        if not run_id:
            return False
        typed_since = self._typed_since()
        try:
            answer = self._ask({"action": "revert", "run": run_id, "by": "driver"}, timeout=_REVERTING)
        except GoneError:
            answer = {}
        except LostContactError:
            raise
        except DriverError as error:
            raise DriverError(
                f"{self.name} is not back at its snapshot: {error}. To try again there: "
                f"{program.PHP} -f /cf/conf/routebook/{run_id}/boot.php",
                changed=True,
            ) from error
        if answer.get("detail"):
            found, wanted = self.snapshot(), self.armed_with
            self._over()
            if wanted is not None and typed_since is not None:
                differing = _differing(self.tree(found.parts[WHOLE]), self.tree(wanted.parts[WHOLE]))
                if more := [name for name in differing if name not in typed_since.names]:
                    raise DriverError(
                        f"{self.name}: the change is taken back; {answer['detail']}, and {', '.join(more)} differ from "
                        "the snapshot without anybody having typed there",
                        changed=True,
                    )
            typed_diff = typed_since.diff if typed_since is not None else f"+ {answer['detail']}"
            self.foreign_change = ForeignChange(typed_diff, found)
            return True
        wanted = self.armed_with if answer.get("pushed", True) else None
        if wanted is not None and (found := self.snapshot()).fingerprint != wanted.fingerprint:
            differing = _differing(self.tree(found.parts[WHOLE]), self.tree(wanted.parts[WHOLE]))
            raise DriverError(f"{self.name} is not back at its snapshot: {', '.join(differing)} differ", changed=True)
        if typed_since is not None:
            self.foreign_change = ForeignChange(typed_since.diff)
        self._over()
        return True

    def _typed_since(self) -> _Typed | None:
        """What differs from what this process has pushed; None where it has not, or where the file is broken."""
        if self._planned is None or not self._pushed:
            return None
        after = self._planned.after
        try:
            now = self.tree(self.read().text)
        except LostContactError:
            raise
        except DriverError:
            return None
        if fingerprint(now) == fingerprint(after):
            return None
        return _Typed(shown_trees(after, now), frozenset(_differing(after, now)))

    def pending(self) -> Pending | None:
        """The change that is there, or, if the last run's timer or a restart undid it, that it did."""
        live, ended = self._look()
        if live is None and ended and ended[0].by_itself:
            return Pending(ended[0].run_id, "reverted", 0, ended[0].detail)
        return live

    def _look(self) -> tuple[Pending | None, list[Ended]]:
        return read_pending(self.name, self._ask({"action": "pending"}))

    def _ending(self, run_id: str) -> str:
        return next((found.ending for found in self._look()[1] if found.run_id == run_id), "")

    def _live_run(self) -> str:
        pending = self.pending()
        return "" if pending is None or pending.phase == "reverted" else pending.run_id

    def _pending_run(self) -> str:
        run_id = self.run_id or self._live_run()
        if not run_id:
            raise DriverError(f"{self.name}: no change is pending")
        return run_id

    def _armed(self) -> Planned:
        if self._planned is None or not self.run_id:
            raise DriverError(f"{self.name} is not armed; {UNCHANGED}")
        return self._planned

    def _over(self) -> None:
        self.run_id, self.armed_with, self._sum, self._pushed = "", None, "", False

    def _ask(self, request: dict[str, Any], *, timeout: float = 60.0) -> dict[str, Any]:
        """Run the program; what the system or a daemon says of a failure is reported without the secrets in it."""
        try:
            return program.run(self.shell, self.name, request, timeout=timeout)
        except DriverError as error:
            if self._planned is not None and error.args:
                error.args = (scrub(str(error.args[0]), secrets([self._planned.before, self._planned.after])),)
            raise


def _differing(one: Element, other: Element) -> list[str]:
    """The elements, two levels deep, in which two configurations differ."""
    found = []
    for tag in dict.fromkeys(child.tag for child in (*one.children, *other.children)):
        if tag == "revision":
            continue
        old, new = one.first(tag) or Element(tag), other.first(tag) or Element(tag)
        names = dict.fromkeys(child.tag for child in (*old.children, *new.children))
        found += [
            f"{tag}/{name}"
            for name in names
            if [fingerprint(child) for child in old.all(name)] != [fingerprint(child) for child in new.all(name)]
        ]
        if not names and [fingerprint(child) for child in one.all(tag)] != [
            fingerprint(child) for child in other.all(tag)
        ]:
            found.append(tag)
    return found
