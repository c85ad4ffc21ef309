"""One ASA's part in a transaction: armed, pushed, confirmed or undone, with nothing saved before the end."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from routebook.device.errors import CandidateError, DriverError, LostContactError, StaleError
from routebook.device.values import ForeignChange, Lock, Pending, Phase, Snapshot, belongs
from routebook.platforms.asa import answers, sent_lines
from routebook.platforms.asa import lock as locks
from routebook.platforms.asa.activation import Activation
from routebook.platforms.asa.config import Block, parse, redact, restoration, typed
from routebook.platforms.asa.deadman import DeadManTimer, Marker, name_of
from routebook.platforms.asa.planning import PART, AsaPlanning, Planned
from routebook.platforms.asa.session import UNCHANGED
from routebook.platforms.asa.traffic import interesting_traffic

_REPLICATION = 60.0  # seconds that a pair may take to have the mate in step


@dataclass(slots=True, eq=False)
class AsaTransaction(AsaPlanning):
    """All that a change takes, over one session."""

    timer: DeadManTimer
    armed_with: Snapshot | None = None
    _marker: Marker | None = None
    foreign_change: ForeignChange | None = None  # what somebody else had changed since the push that was undone last
    _pushing: bool = False
    _pushed: Snapshot | None = None  # the running configuration after the push
    _confirmed: bool = False
    _notes: list[str] = field(default_factory=list)

    def lock(self, lock: Lock) -> None:
        """Take or renew the lock."""
        locks.take(self.timer.flash, lock)

    def unlock(self, run_id: str) -> None:
        """Let go of what undoes a confirmed change, and give the lock back."""
        locks.release(self.timer.flash, run_id)
        if self._confirmed and self._marker is not None and belongs(self._marker.run_id, run_id):
            self._done()

    def locked(self) -> Lock | None:
        """Who has the lock."""
        return locks.read(self.timer.flash)

    def arm(self, run_id: str, seconds: int, message: str = "") -> None:
        """Store the inverse on flash and start the timer. Raises StaleError before anything is stored."""
        del message
        planned = self._planned
        if planned is None or not planned.delta:
            raise DriverError(f"{self.name}: nothing is planned, so there is nothing to arm; {UNCHANGED}")
        self.session.refuse_standby()
        locks.refuse_locked(self.timer.flash, run_id)
        found = self.timer.find()
        if found.unconfirmed:
            raise DriverError(
                f"{self.name} is not armed: run {found.unconfirmed} left an unconfirmed change there: confirm it, roll "
                f"it back or wait; {UNCHANGED}"
            )
        before = self._snapshot()
        if before.fingerprint != planned.fingerprint:
            raise StaleError.found_at(self.name)
        self.timer.clean()  # what runs have left that are over
        marker = Marker(run_id, name_of(run_id), self.session.options.dead_man, before.fingerprint)
        self.timer.arm(marker, typed(planned.delta.undo), seconds)
        self._done()
        self._marker, self.armed_with = marker, before

    def disarm(self) -> None:
        """Take the timer and the inverse away, and restore nothing. Raises DriverError where the push has begun."""
        if self._pushing:
            raise DriverError(f"{self.name}: the push has begun there: roll it back", changed=True)
        if not self.session.is_alive():
            self.session.open()
        found = self.timer.find()
        self.timer.disarm(found)
        if (marker := self._marker or found.marker) is not None:
            self.timer.clean(marker.name)
        self._done()

    def push(self) -> None:
        """Send the change, one exchange a block; the first answer that is not known to be good stops it."""
        planned = self._armed()
        self._pushing = True
        self._send(planned.delta.commands)
        after = self._snapshot()
        left = self._left(parse(after.parts[PART]), planned)
        if left:
            raise CandidateError(
                f"{self.name} took every line and does not have what they say: still to do would be "
                + "; ".join(sent_lines.shown(left.commands)[:3]),
                changed=True,
            )
        self._wait_for_mate()
        self._pushed = after

    def _send(self, blocks: Iterable[Block]) -> None:
        sent = False
        try:
            for block in blocks:
                lines = block.typed()
                said = self.session.configure(lines)
                sent = True
                if answers.from_standby(said):
                    raise DriverError(f"{self.name} has become its pair's standby unit in the middle", changed=True)
                for line, answer in zip(lines, said, strict=True):
                    judgement = answers.judge(answer)
                    self._notes += judgement.notes
                    if judgement.verdict != "fine":
                        raise CandidateError(
                            sent_lines.rejection(self.name, line, judgement), line=redact(line), changed=sent
                        )
        finally:
            if self.session.is_alive():
                self.session.leave_configuration()

    def _wait_for_mate(self) -> None:
        """A pair's mate gets every command; wait until it has them, so that a switch-over now loses nothing."""
        deadline = time.monotonic() + _REPLICATION
        pause = threading.Event()
        while not (pair := self.session.failover()).in_step:
            if not pair.usable:
                raise DriverError(f"{self.name} has become its pair's standby unit in the middle", changed=True)
            if pair.mate in ("Failed", "Not Detected", "Cold Standby", "Disabled"):
                self._notes.append(f"the failover mate is {pair.mate}: it does not have this change")
                return
            if time.monotonic() > deadline:
                raise DriverError(f"{self.name}: the failover mate is not in step ({pair.mate})", changed=True)
            pause.wait(1.0)  # between two looks at the same condition

    def activate(self) -> None:
        """Clear the sessions and SAs that still live by the old configuration, and send crypto maps some traffic."""
        planned = self._armed()
        self._activate(planned.activation)

    def _activate(self, live: Activation) -> None:
        for command in live.commands:
            said = self.session.run(command)
            judgement = answers.judge(said)
            if judgement.verdict == "refused" and "not" not in judgement.said.lower():
                raise DriverError(f"{self.name}: `{command}` is answered {judgement.said!r}", changed=True)
        if live.new_maps:
            config = parse(self.session.running_config())
            for interface, destination in interesting_traffic(config, live.new_maps):
                # Its answer says nothing of the tunnel: the first packets are lost while IKE negotiates.
                self.session.run(f"ping {interface} {destination} repeat 2 timeout 1", timeout=30)

    def _armed(self) -> Planned:
        if self._planned is None or self._marker is None:
            raise DriverError(f"{self.name} is not armed; {UNCHANGED}")
        return self._planned

    def extend(self, seconds: int) -> None:
        """Let the timer fire `seconds` from now instead."""
        self.timer.extend(self.timer.find(), seconds)

    def pending(self) -> Pending | None:
        """The change that the device still knows."""
        if self.session.options.context and self._marker is not None:
            phase: Phase = "confirmed" if self._confirmed else "armed"
            return Pending(self._marker.run_id, phase, 0, "the device has no timer for it")
        return self.timer.pending(lambda: self._snapshot().fingerprint)

    def confirm(self) -> None:
        """Take the timer away, then save. Raises DriverError when the timer was faster.

        The inverse stays on flash until the lock is given back. One that died before it had saved saves again.
        """
        self.session.refuse_standby()
        found = self.timer.find()
        marker = self._marker or found.marker
        already = self._confirmed or found.confirmed
        armed = bool(found.applet) or (marker is not None and marker.dead_man != "eem")
        if marker is None or found.fired or not (armed or already):
            raise DriverError(
                f"{self.name} cannot be confirmed: no change is pending there"
                + (", its timer has fired and the change is undone" if found.marker or found.fired else ""),
                changed=False,
            )
        if not already:
            self.timer.disarm(found)
        now = self._snapshot()
        undone = now.fingerprint == marker.fingerprint
        if self._planned is not None and self._pushed is not None and self._pushed.fingerprint != now.fingerprint:
            # Somebody else's change beside ours is theirs to answer for; ours must be there as a whole.
            undone = bool(self._left(parse(now.parts[PART]), self._planned))
        if undone:
            raise DriverError(
                f"{self.name} is not confirmed: its timer fired in the same moment; nothing was saved", changed=True
            )
        if not already:
            self.timer.keep(found)
        self._save("runs the change")
        self._confirmed = True

    def _save(self, what: str) -> None:
        said = self.session.run("write memory", timeout=max(120, self.session.timeout))
        if not answers.saved(said):
            last = (said.strip().splitlines() or ["nothing"])[-1].strip()
            raise DriverError(
                f"{self.name} {what} and has not saved it: `write memory` is answered {last!r}. Its timer is off",
                changed=True,
            )
        self._wait_for_mate()

    def rollback(self) -> bool:
        """Send the inverse of what runs now, verify equality with the snapshot, disarm. False if nothing is pending.

        A process that does not have the snapshot lets the device copy its own inverse, as the timer would. What was
        confirmed may be saved, so then the snapshot is.
        """
        if not self.session.is_alive():
            # A connection that broke in the middle of a push is the usual reason to be here.
            self.session.open()
        found = self.timer.find()
        marker = self._marker or found.marker
        if marker is None or (found.confirmed and not found.undo):
            return False
        saved = self._confirmed or found.confirmed
        self.foreign_change, wanted = None, self.armed_with
        if wanted is not None:
            wanted = self._restore(wanted)
        elif found.undo and self._snapshot().fingerprint != marker.fingerprint:
            # Otherwise there is nothing to undo, and the undo of a run that ended while it armed is there in part.
            self._copy_back(found.undo)
        self._verify(marker, wanted)
        self.timer.disarm(self.timer.find())
        # The applet is no longer among the lines, so that now every byte can be compared.
        self._verify(marker, wanted, to_the_byte=wanted is self.armed_with)
        if saved:
            self._save("is back at its snapshot")
        self.timer.clean(marker.name)
        undoing, self._planned = self._planned, None
        self._done()
        if undoing is not None:
            self._activate(undoing.undoing)
        return True

    def _verify(self, marker: Marker, wanted: Snapshot | None, *, to_the_byte: bool = False) -> None:
        now = self._snapshot()
        same = now.fingerprint == (marker.fingerprint if wanted is None else wanted.fingerprint)
        if same and not (to_the_byte and wanted is not None and not same_text(now.parts[PART], wanted.parts[PART])):
            return
        raise DriverError(
            f"{self.name} is not back at its snapshot: "
            + ("; ".join(self._differences(now, wanted)) or "its configuration differs"),
            changed=True,
        )

    def _restore(self, wanted: Snapshot) -> Snapshot:
        """Go back, and keep what somebody else has typed since the push if the inverse of ours leads there."""
        now = self._snapshot()
        if self._pushed is not None and self._planned is not None and now.fingerprint != self._pushed.fingerprint:
            kept = self._undo_beside(wanted, self._pushed, now, self._planned)
            self.foreign_change = ForeignChange(self.difference(self._pushed, now), kept)
            if kept is not None:
                return kept
            now = self._snapshot()
        delta = restoration(parse(now.parts[PART]), parse(wanted.parts[PART]))
        if delta:
            self._send(delta.commands)
        return wanted

    def _undo_beside(self, before: Snapshot, pushed: Snapshot, now: Snapshot, planned: Planned) -> Snapshot | None:
        """Send the inverse of our change alone; None where more than what was typed differs from before then."""
        if self._left(parse(now.parts[PART]), planned):
            return None  # what was pushed has been changed, too
        try:
            self._send(planned.delta.undo)
        except LostContactError:
            raise
        except DriverError:
            return None
        found = self._snapshot()
        typed_since, differs = (
            restoration(parse(one.parts[PART]), parse(other.parts[PART])).commands
            for one, other in ((pushed, now), (before, found))
        )
        return found if differs == typed_since else None

    def _copy_back(self, undo: str) -> None:
        path = self.timer.flash.path(undo)
        # Lines whose effect is there already are answered with errors; the comparison afterwards decides.
        self.session.run(f"copy /noconfirm {path} running-config", timeout=max(300, self.session.timeout))

    def _done(self) -> None:
        self._marker, self.armed_with, self._pushed, self._confirmed, self._pushing = None, None, None, False, False


def same_text(one: str, other: str) -> bool:
    """Whether two configurations have the same lines to the byte, but for those that say when one was written.

    Tunnel groups, group policies, access lists, route maps and static routes are printed in the order in which they
    were made, and nothing places one of them: what is made again stands behind the others, and means the same. Where an
    order has a meaning, within a list, the fingerprint has it, too.
    """
    return _steady(one) == _steady(other)


def _steady(text: str) -> list[str]:
    volatile = (": Written by", "Cryptochecksum:", ": Saved", "! Last configuration", ": Serial Number", ": Hardware")
    lines = [line.rstrip() for line in text.splitlines()]
    return sorted(line for line in lines if line.strip() not in ("", "!") and not line.startswith(volatile))
