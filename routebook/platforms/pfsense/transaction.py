"""One pfSense's part in a transaction, made by the program on the device."""

import base64
import binascii
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from routebook.device import records
from routebook.device.candidate import Candidate
from routebook.device.errors import CandidateError, DriverError, LockedError, LostContactError, OverlapError, StaleError
from routebook.device.merging import Overlap, TakenBack
from routebook.device.platform_driver import Part
from routebook.device.values import Beside, Change, Lock, Pending, Snapshot, belongs
from routebook.platforms.pfsense import program, redaction
from routebook.platforms.pfsense.armed import Ended, Planned, files, read_pending
from routebook.platforms.pfsense.beside import beside, refuse_doubled
from routebook.platforms.pfsense.changes import (
    consequences,
    edit_text,
    parts_between,
    parts_of,
    shown_edits,
    shown_trees,
    undo_text,
)
from routebook.platforms.pfsense.difference import Delta, difference
from routebook.platforms.pfsense.mate import synchronised
from routebook.platforms.pfsense.ownership import BGP, IPSEC, WHOLE
from routebook.platforms.pfsense.program import UNCHANGED, GoneError
from routebook.platforms.pfsense.redaction import scrub, secrets
from routebook.platforms.pfsense.routing import refuse_ignored, router_id
from routebook.platforms.pfsense.taking_back import taken_back
from routebook.platforms.pfsense.tree import ConfigError, Element, fingerprint, parse
from routebook.platforms.pfsense.writable import refuse_unwritable
from routebook.transport.ssh import SshShell

_APPLYING = 300.0  # seconds that the system and its daemons may take
_REVERTING = 600.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What the device has: config.xml in the form in which its own system writes it, the BGP package, and the release.

    `sum` is of the file's exact bytes, which may be in another form.
    """

    text: str = field(repr=False)
    package: str
    release: str
    sum: str


@dataclass(frozen=True, slots=True)
class _Typed:
    """What somebody has changed since a push: for people, and the elements that it is in."""

    diff: str
    names: frozenset[str]


@dataclass(slots=True, eq=False)
class PfSenseTransaction:
    """All that a change takes, over one SSH connection."""

    name: str
    shell: SshShell
    armed_with: Snapshot | None = None
    router_id: str = ""  # of BGP, as the last reading of config.xml had it
    run_id: str = ""
    _planned: Planned | None = None
    _package: str | None = None
    beside: Beside | None = None  # what somebody else had changed since the push that was undone last
    _sum: str = ""  # of the config.xml that the run was armed on
    _pushed: bool = False

    def component_for(self, part: str) -> Part:
        """Raises CandidateError for a part that a pfSense does not have."""
        if part not in (IPSEC, BGP, WHOLE):
            raise CandidateError(
                f"{self.name} has no configuration part {part!r}: a pfSense has {IPSEC!r}, {BGP!r} and {WHOLE!r}"
            )
        return redaction

    def read(self, *, startup: bool = False) -> Reading:
        """config.xml as it is, or, with `startup`, as a restart would leave it.

        Of the system's code the parser alone is loaded: all else would replace a broken file by a backup.
        """
        answer = program.run(self.shell, self.name, {"action": "read", "startup": startup})
        text = self._text(answer)
        packages = list(answer["packages"])
        # They exclude each other; of one that was taken away badly, the file is still there.
        self._package = packages[0] if packages else ""
        return Reading(text, self._package, str(answer["release"]), str(answer.get("sum", "")))

    def _text(self, answer: dict[str, Any]) -> str:
        try:
            return self._inflated(base64.b64decode(answer["config"], validate=True))
        except (binascii.Error, zlib.error) as error:
            raise LostContactError(f"{self.name}: config.xml came incomplete; {UNCHANGED}") from error

    def _inflated(self, packed: bytes) -> str:
        """A compressed text. Raises AnswerTooLongError, for a few KiB can be many GiB, and zlib.error."""
        limits, stream = self.shell.options.limits, zlib.decompressobj()
        text = stream.decompress(packed, limits.most + 1)
        limits.check(len(text), text.count(b"\n"), self.name, "a request for config.xml")
        if not stream.eof:
            raise zlib.error("it is cut off")
        return text.decode("utf-8", "surrogateescape")

    def snapshot(self) -> Snapshot:
        """config.xml, whole."""
        return self._snapshot(self.read())

    def startup(self) -> Snapshot:
        """config.xml as it would be after a restart, which puts back a change that nobody confirmed."""
        return self._snapshot(self.read(startup=True))

    def _snapshot(self, reading: Reading) -> Snapshot:
        return Snapshot({WHOLE: reading.text}, fingerprint=fingerprint(self.tree(reading.text)), exact=False)

    def tree(self, text: str) -> Element:
        """The configuration in a text that the device sent. Raises DriverError."""
        try:
            root = parse(text)
        except ConfigError as error:
            raise DriverError(
                f"{self.name}: its config.xml is broken: {error}; {UNCHANGED}. pfSense itself will put its newest "
                "backup in place as soon as anything loads the file: look at Diagnostics / Backup & Restore"
            ) from error
        self.router_id = router_id(root, self._package or "")
        return root

    @property
    def package(self) -> str:
        """The BGP package that is installed: "openbgpd", "frr", or empty."""
        if self._package is None:
            self.read()
        return self._package or ""

    def plan(self, candidate: Candidate, snapshot: Snapshot) -> Change:
        """The change from `snapshot` to `candidate` within what its sections own."""
        for section in candidate.sections:
            self.component_for(section.part)
        whole = [section for section in candidate.sections if section.part == WHOLE]
        if whole:
            if len(candidate.sections) > 1 or not whole[0].owns:
                raise CandidateError(f"{self.name}: {WHOLE!r} can only replace everything, alone; {UNCHANGED}")
            return self._plan_whole(whole[0].text, snapshot)
        before = self.tree(snapshot.parts[WHOLE])
        try:
            delta = difference(before, candidate.sections, self.package)
            refuse_unwritable(element for edit in delta.edits for element in edit.new)
            refuse_doubled(delta.after, delta.edits)
            if any(edit.path[0] == "installedpackages" for edit in delta.edits):
                refuse_ignored(delta.after, self.package)
        except CandidateError as error:
            raise CandidateError(f"{self.name}: {error}", line=error.line) from error
        return self._remember(before, delta, parts_of(delta.edits, self.package), snapshot)

    def plan_restore(self, target: Snapshot, snapshot: Snapshot) -> Change:
        """The change from `snapshot` back to the whole of `target`."""
        return self._plan_whole(target.parts[WHOLE], snapshot)

    def plan_revert(self, before: Snapshot, made: Snapshot, snapshot: Snapshot) -> Change:
        """The change from `snapshot` to what it is without the change from `before` to `made`."""
        delta, found = self._taken_back(before, made, snapshot)
        if found.overlaps:
            raise OverlapError(self.name, found.overlaps)
        parts = parts_of(delta.edits, self.package)
        change = self._remember(self.tree(snapshot.parts[WHOLE]), delta, parts, snapshot)
        return replace(change, old_secrets=found.old_secrets)

    def overlaps(self, before: Snapshot, made: Snapshot, now: Snapshot) -> tuple[Overlap, ...]:
        """Where that change has been changed again."""
        return self._taken_back(before, made, now)[1].overlaps

    def _taken_back(self, before: Snapshot, made: Snapshot, now: Snapshot) -> tuple[Delta, TakenBack]:
        old, new, running = (self.tree(snapshot.parts[WHOLE]) for snapshot in (before, made, now))
        return taken_back(old, new, running)

    def _plan_whole(self, text: str, snapshot: Snapshot) -> Change:
        before = self.tree(snapshot.parts[WHOLE])
        try:
            after = parse(text)
        except ConfigError as error:
            raise CandidateError(f"{self.name}: the configuration is broken: {error}; {UNCHANGED}") from error
        after = self._as_written(text, after)
        parts = parts_between(before, after, self.package)
        if fingerprint(before) == fingerprint(after):
            return self._remember(before, Delta((), before), (), snapshot)
        return self._remember(before, Delta((), after), parts, snapshot, restored=text)

    def _as_written(self, text: str, parsed: Element) -> Element:
        """A whole configuration as the device's system would write it, which is what will be read there."""
        encoded = base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()
        try:
            return parse(self._text(program.run(self.shell, self.name, {"action": "form", "text": encoded})))
        except ConfigError:
            return parsed  # the push refuses it

    def _remember(
        self,
        before: Element,
        delta: Delta,
        parts: tuple[str, ...],
        snapshot: Snapshot,
        restored: str | None = None,
    ) -> Change:
        forward = consequences(before, delta.after, self.package, parts)
        backward = consequences(delta.after, before, self.package, parts)
        planned = Planned(before, delta.after, delta.edits, forward, backward, snapshot.fingerprint, restored)
        self._planned = planned
        applied = tuple(f"apply {part}" for part in parts)
        if restored is not None:
            diff = shown_trees(before, delta.after)
            commands: tuple[str, ...]
            undo: tuple[str, ...]
            commands = undo = ("restore config.xml as a whole",)
        else:
            diff = shown_edits(delta.edits)
            commands = tuple(edit_text(edit) for edit in delta.edits)
            undo = tuple(undo_text(edit) for edit in reversed(delta.edits))
        return Change(
            diff=diff,
            commands=(*commands, *applied) if planned else (),
            undo=(*undo, *applied) if planned else (),
            effects=forward.effects,
            fingerprint=snapshot.fingerprint,
            synchronised=tuple(synchronised(before, delta.after)),
            warnings=(*_warnings(parts), *beside(before, delta.after, delta.edits)),
        )

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
            raise self._stale()
        request = {"action": "arm", "run": run_id, "seconds": seconds, "config": reading.sum}
        request["files"] = files(run_id, message, planned)
        self._ask(request, timeout=90)
        self.run_id, self.armed_with, self._sum = run_id, found, reading.sum

    def _stale(self) -> StaleError:
        return StaleError(
            f"{self.name}: the configuration is no longer the one that the change was computed from; {UNCHANGED}. "
            "Plan again"
        )

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

    def difference(self, before: Snapshot, after: Snapshot) -> str:
        """What differs between two snapshots, redacted."""
        return shown_trees(self.tree(before.parts[WHOLE]), self.tree(after.parts[WHOLE]))

    def rollback(self) -> bool:
        """Let the device restore what its change was armed with, and verify. False if it knows of none."""
        if not self.shell.is_alive():
            self.shell.open()  # a connection that broke in the middle of a push is the usual reason to be here
        run_id = self.run_id or self._live_run()
        self.beside = None
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
            self.beside = Beside(typed_diff, found)
            return True
        wanted = self.armed_with if answer.get("pushed", True) else None
        if wanted is not None and (found := self.snapshot()).fingerprint != wanted.fingerprint:
            differing = _differing(self.tree(found.parts[WHOLE]), self.tree(wanted.parts[WHOLE]))
            raise DriverError(f"{self.name} is not back at its snapshot: {', '.join(differing)} differ", changed=True)
        if typed_since is not None:
            self.beside = Beside(typed_since.diff)
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


def _warnings(parts: Iterable[str]) -> tuple[str, ...]:
    if "all" not in parts:
        return ()
    return ("more than IPsec and BGP differs: the system will reload everything (rc.reload_all)",)


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
