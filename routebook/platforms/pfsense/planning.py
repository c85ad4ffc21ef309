"""What a change of a pfSense is: config.xml read, and the difference to what is wanted, whole or in part."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from routebook.device.candidate import Candidate, released
from routebook.device.candidate import taken_over as said_taken
from routebook.device.errors import CandidateError, OverlapError
from routebook.device.merging import Overlap, TakenBack
from routebook.device.platform_driver import Part
from routebook.device.values import Change, Snapshot
from routebook.platforms.pfsense import program, redaction
from routebook.platforms.pfsense.armed import Planned
from routebook.platforms.pfsense.changes import (
    consequences,
    edit_text,
    parts_between,
    parts_of,
    shown_edits,
    shown_trees,
    undo_text,
)
from routebook.platforms.pfsense.difference import Delta, beside, difference, foreign, released_by, taken_over
from routebook.platforms.pfsense.hand_made import hand_made, refuse_doubled
from routebook.platforms.pfsense.mate import synchronised
from routebook.platforms.pfsense.ownership import BGP, IPSEC, WHOLE
from routebook.platforms.pfsense.program import UNCHANGED
from routebook.platforms.pfsense.reading import PfSenseReading, Reading
from routebook.platforms.pfsense.routing import refuse_ignored
from routebook.platforms.pfsense.taking_back import taken_back
from routebook.platforms.pfsense.tree import ConfigError, Element, fingerprint, parse
from routebook.platforms.pfsense.writable import refuse_unwritable

_MOST_NAMES = 40  # in a warning
_FRR_TAKES = 7.0  # seconds: FRR's route-map delay-timer, which the package does not set, and the time to send updates


@dataclass(slots=True, eq=False)
class PfSensePlanning(PfSenseReading):
    """What is planned over one SSH connection. Changes nothing."""

    _planned: Planned | None = None

    def component_for(self, part: str) -> Part:
        """Raises CandidateError for a part that a pfSense does not have."""
        if part not in (IPSEC, BGP, WHOLE):
            raise CandidateError(
                f"{self.name} has no configuration part {part!r}: a pfSense has {IPSEC!r}, {BGP!r} and {WHOLE!r}"
            )
        return redaction

    def snapshot(self) -> Snapshot:
        """config.xml, whole."""
        return self._snapshot(self.read())

    def startup(self) -> Snapshot:
        """config.xml as it would be after a restart, which puts back a change that nobody confirmed."""
        return self._snapshot(self.read(startup=True))

    def _snapshot(self, reading: Reading) -> Snapshot:
        return Snapshot({WHOLE: reading.text}, fingerprint=fingerprint(self.tree(reading.text)), exact=False)

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
            delta = difference(before, candidate.sections, self.package, record=True)
            others = tuple(_left_alone(foreign(before, candidate.sections, self.package)))
            refuse_unwritable(element for edit in delta.edits for element in edit.new)
            refuse_doubled(delta.after, delta.edits)
            if parts_of(delta.edits, self.package) not in ((), ("ipsec",)):
                refuse_ignored(delta.after, self.package)
        except CandidateError as error:
            raise CandidateError(f"{self.name}: {error}", line=error.line) from error
        change = self._remember(before, delta, parts_of(delta.edits, self.package), snapshot)
        left = (
            f"{name} is not needed any more, and somebody else's uses it: it is left to them" for name in delta.left
        )
        let_go = released_by(before, candidate.sections, self.package)
        taken = taken_over(before, candidate.sections, self.package)
        left_now = (*left, *([released(let_go)] if let_go else ()), *([said_taken(taken)] if taken else ()))
        made = tuple(beside(before, candidate.sections, self.package))
        return replace(change, warnings=(*change.warnings, *others, *left_now), beside=made)

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
            warnings=(*_warnings(parts), *hand_made(before, delta.after, delta.edits)),
            takes=_FRR_TAKES if self.package == "frr" and any(e.kind == "policy" for e in forward.effects) else 0.0,
        )

    def difference(self, before: Snapshot, after: Snapshot) -> str:
        """What differs between two snapshots, redacted."""
        return shown_trees(self.tree(before.parts[WHOLE]), self.tree(after.parts[WHOLE]))


def _left_alone(names: Iterable[str]) -> Iterator[str]:
    found = list(names)
    more = [f"and {len(found) - _MOST_NAMES} more"] if len(found) > _MOST_NAMES else []
    if found:
        yield f"somebody else's and left alone: {', '.join([*found[:_MOST_NAMES], *more])}"


def _warnings(parts: Iterable[str]) -> tuple[str, ...]:
    if "all" not in parts:
        return ()
    return ("more than IPsec and BGP differs: the system will reload everything (rc.reload_all)",)
