"""One ASA's part in a transaction: planned, armed, pushed, confirmed or undone, with nothing saved before the end."""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from custom_napalm.asa import answers
from custom_napalm.asa import lock as locks
from custom_napalm.asa.activation import Activation, activation
from custom_napalm.asa.config import (
    Block,
    Config,
    Delta,
    EncryptedSecretsError,
    MaskedSecretError,
    apply,
    difference,
    fingerprint,
    parse,
    redact,
    redaction,
    restoration,
    typed,
)
from custom_napalm.asa.deadman import DeadManTimer, Found, Marker, name_of, without_applet
from custom_napalm.asa.session import UNCHANGED, AsaSession
from custom_napalm.asa.traffic import interesting_traffic
from custom_napalm.commits import Part
from custom_napalm.contract import (
    Candidate,
    CandidateError,
    Change,
    DriverError,
    Lock,
    Pending,
    Section,
    Snapshot,
    StaleError,
)

PART = "asa"
"""The name of the running configuration among a candidate's parts."""

_REPLICATION = 60.0  # seconds that a pair may take to have the mate in step


@dataclass(slots=True)
class _Planned:
    delta: Delta
    sections: tuple[Section, ...] | None  # None: the whole of `target`
    target: Config | None
    activation: Activation
    undoing: Activation
    fingerprint: str


@dataclass(slots=True)
class AsaTransaction:
    """All that a change takes, over one session."""

    name: str
    session: AsaSession
    timer: DeadManTimer
    armed_with: Snapshot | None = None
    _planned: _Planned | None = None
    _marker: Marker | None = None
    _pushed: str = ""  # the running configuration's fingerprint after the push
    _half_pushed: bool = False
    _notes: list[str] = field(default_factory=list)

    def component_for(self, part: str) -> Part:
        """Raises CandidateError for a part that is not the running configuration."""
        if part != PART:
            raise CandidateError(f"{self.name} has no configuration part {part!r}: an ASA has {PART!r}")
        return redaction

    def snapshot(self) -> Snapshot:
        """The running configuration; a standby unit is refused."""
        self.session.refuse_standby()
        return self._snapshot()

    def _snapshot(self) -> Snapshot:
        text = without_applet(self.session.running_config())
        return Snapshot(parts={PART: text}, fingerprint=fingerprint(parse(text)))

    def plan(self, candidate: Candidate, snapshot: Snapshot) -> Change:
        """The change from `snapshot` to `candidate` within what its sections own."""
        for section in candidate.sections:
            self.component_for(section.part)
        running = parse(snapshot.parts[PART])
        try:
            delta = difference(running, candidate.sections)
        except (MaskedSecretError, EncryptedSecretsError) as error:
            raise CandidateError(f"{self.name}: {error}") from error
        if delta.problems:
            # An ASA refuses such a command, or drops without a word what refers to something that goes.
            more = f", and {len(delta.problems) - 3} more" if len(delta.problems) > 3 else ""
            raise CandidateError(f"{self.name}: {'; '.join(delta.problems[:3])}{more}; {UNCHANGED}")
        return self._remember(delta, candidate.sections, None, running, snapshot)

    def plan_restore(self, target: Snapshot, snapshot: Snapshot) -> Change:
        """The change from `snapshot` back to the whole of `target`."""
        running, earlier = parse(snapshot.parts[PART]), parse(target.parts[PART])
        try:
            delta = restoration(running, earlier)
        except (MaskedSecretError, EncryptedSecretsError) as error:
            raise CandidateError(f"{self.name}: {error}") from error
        return self._remember(delta, None, earlier, running, snapshot)

    def _remember(
        self,
        delta: Delta,
        sections: tuple[Section, ...] | None,
        target: Config | None,
        running: Config,
        snapshot: Snapshot,
    ) -> Change:
        for line in _lines(delta.commands):
            if line.startswith(("hostname ", "no hostname", "prompt ", "no prompt", "changeto ")):
                raise CandidateError(
                    f"{self.name}: `{redact(line)}` would change the prompt by which answers are told apart; change it "
                    "by hand",
                    line=redact(line),
                )
        after = _after(running, delta.commands)
        live = activation(running, after, delta.commands)
        self._planned = _Planned(
            delta, sections, target, live, activation(after, running, delta.undo), snapshot.fingerprint
        )
        return Change(
            diff=delta.diff,
            commands=_shown(delta.commands),
            undo=_shown(delta.undo),
            effects=tuple(live.effects),
            fingerprint=snapshot.fingerprint,
            warnings=tuple(delta.problems),
        )

    def lock(self, lock: Lock) -> None:
        """Take or renew the lock."""
        locks.take(self.timer.flash, lock)

    def unlock(self, run_id: str) -> None:
        """Give the lock back."""
        locks.release(self.timer.flash, run_id)

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
        found = self.timer.find()
        if found.applet or (found.marker is not None and found.undo_there):
            other = found.marker.run_id if found.marker else found.applet
            raise DriverError(
                f"{self.name} is not armed: run {other} left an unconfirmed change there: confirm it, roll it back or "
                f"wait; {UNCHANGED}"
            )
        before = self._snapshot()
        if before.fingerprint != planned.fingerprint:
            raise StaleError(
                f"{self.name}: the configuration is no longer the one that the change was computed from; {UNCHANGED}. "
                "Plan again"
            )
        if found.marker is not None:
            self.timer.clean(found.marker.name)
        marker = Marker(run_id, name_of(run_id), self.session.options.dead_man, before.fingerprint)
        self.timer.arm(marker, typed(planned.delta.undo), seconds)
        self._marker, self.armed_with, self._pushed = marker, before, ""

    def push(self) -> None:
        """Send the change, one exchange a block; the first answer that is not known to be good stops it."""
        planned = self._armed()
        self._send(planned.delta.commands)
        after = self._snapshot()
        left = self._left(parse(after.parts[PART]), planned)
        if left:
            raise CandidateError(
                f"{self.name} took every line and does not have what they say: still to do would be "
                + "; ".join(_shown(left.commands)[:3]),
                changed=True,
            )
        self._wait_for_mate()
        self._pushed = after.fingerprint

    def _left(self, now: Config, planned: _Planned) -> Delta:
        if planned.sections is not None:
            return difference(now, planned.sections)
        assert planned.target is not None  # noqa: S101  a plan has sections or a target
        return restoration(now, planned.target)

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
                        raise CandidateError(_rejection(self.name, line, judgement), line=redact(line), changed=sent)
        finally:
            if self.session.is_alive():
                self.session.leave_configuration()

    def _wait_for_mate(self) -> None:
        """A pair's mate gets every command; wait until it has them, so that a switch-over now loses nothing."""
        deadline = time.monotonic() + _REPLICATION
        pause = threading.Event()
        while not (pair := self.session.failover()).in_step:
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

    def _armed(self) -> _Planned:
        if self._planned is None or self._marker is None:
            raise DriverError(f"{self.name} is not armed; {UNCHANGED}")
        return self._planned

    def extend(self, seconds: int) -> None:
        """Let the timer fire `seconds` from now instead."""
        self.timer.extend(self.timer.find(), seconds)

    def pending(self) -> Pending | None:
        """The unconfirmed change on the device."""
        if self.session.options.context and self._marker is not None:
            return Pending(self._marker.run_id, "armed", 0, "the device has no timer for it")
        return self.timer.pending(lambda: self._snapshot().fingerprint)

    def confirm(self) -> None:
        """Take the timer away, then save. Raises DriverError when the timer was faster."""
        found = self.timer.find()
        marker = self._marker or found.marker
        gone = not found.applet and (marker is None or (marker.dead_man == "eem"))
        if marker is None or gone or found.fired:
            raise DriverError(
                f"{self.name} cannot be confirmed: no change is pending there"
                + (", its timer has fired and the change is undone" if found.marker or found.fired else ""),
                changed=False,
            )
        self.timer.disarm(found)
        now = self._snapshot()
        undone = now.fingerprint == marker.fingerprint
        if self._planned is not None and self._pushed not in ("", now.fingerprint):
            # Somebody else's change beside ours is theirs to answer for; ours must be there as a whole.
            undone = bool(self._left(parse(now.parts[PART]), self._planned))
        if undone:
            raise DriverError(
                f"{self.name} is not confirmed: its timer fired in the same moment; nothing was saved", changed=True
            )
        # Without the marker, what is left tells a later look that this was a confirmation.
        if not self.session.options.context:
            self.timer.flash.delete(f"{marker.name}.run")
        self._save()
        self.timer.clean(marker.name)
        self._done()

    def _save(self) -> None:
        said = self.session.run("write memory", timeout=max(120, self.session.timeout))
        if not answers.saved(said):
            last = (said.strip().splitlines() or ["nothing"])[-1].strip()
            raise DriverError(
                f"{self.name} runs the change and has not saved it: `write memory` is answered {last!r}. Its timer is "
                "off; save it by hand: write memory",
                changed=True,
            )
        self._wait_for_mate()

    def rollback(self) -> bool:
        """Send the inverse of what runs now, verify equality with the snapshot, disarm. False if nothing is pending.

        A process that does not have the snapshot lets the device copy its own inverse, as the timer would.
        """
        if not self.session.is_alive():
            # A connection that broke in the middle of a push is the usual reason to be here.
            self.session.open()
        found = self.timer.find()
        marker = self._marker or found.marker
        if marker is None:
            if found.undo_there:
                raise DriverError(
                    f"{self.name}: a confirmation was interrupted there; what runs is the new configuration",
                    changed=True,
                )
            return False
        if self.armed_with is not None:
            self._restore(self.armed_with)
        elif found.undo_there:
            self._copy_back(found, marker)
        wanted = self.armed_with
        self._verify(marker, wanted)
        self.timer.disarm(self.timer.find())
        # The applet is no longer among the lines, so that now every byte can be compared.
        self._verify(marker, wanted, to_the_byte=True)
        self.timer.clean(marker.name)
        undoing, self._planned = self._planned, None
        self._done()
        if undoing is not None:
            self._activate(undoing.undoing)
        return True

    def _verify(self, marker: Marker, wanted: Snapshot | None, *, to_the_byte: bool = False) -> None:
        now = self._snapshot()
        same = now.fingerprint == marker.fingerprint
        if same and not (to_the_byte and wanted is not None and not _equal(now, wanted)):
            return
        raise DriverError(
            f"{self.name} is not back at its snapshot: "
            + ("; ".join(self._differences(now, wanted)) or "its configuration differs"),
            changed=True,
        )

    def _restore(self, wanted: Snapshot) -> None:
        now = self._snapshot()
        delta = restoration(parse(now.parts[PART]), parse(wanted.parts[PART]))
        if delta:
            self._send(delta.commands)

    def _copy_back(self, found: Found, marker: Marker) -> None:
        path = self.timer.flash.path(f"{marker.name}.undo")
        del found
        # Lines whose effect is there already are answered with errors; the comparison afterwards decides.
        self.session.run(f"copy /noconfirm {path} running-config", timeout=max(300, self.session.timeout))

    def _differences(self, now: Snapshot, wanted: Snapshot | None) -> list[str]:
        if wanted is None:
            return []
        left = restoration(parse(now.parts[PART]), parse(wanted.parts[PART]))
        return list(_shown(left.commands)[:3])

    def _done(self) -> None:
        self._marker, self.armed_with, self._pushed = None, None, ""


def _after(running: Config, commands: Sequence[Block]) -> Config:
    return apply(running, commands)


def _equal(one: Snapshot, other: Snapshot) -> bool:
    """Byte for byte, but for the lines that say when and by whom it was written."""
    return _steady(one.parts[PART]) == _steady(other.parts[PART])


def _steady(text: str) -> list[str]:
    volatile = (": Written by", "Cryptochecksum:", ": Saved", "! Last configuration", ": Serial Number", ": Hardware")
    return [line.rstrip() for line in text.splitlines() if not line.startswith(volatile)]


def _lines(blocks: Iterable[Block]) -> list[str]:
    return [line for block in blocks for line in block.typed()]


def _shown(blocks: Iterable[Block]) -> tuple[str, ...]:
    return tuple(redact("\n".join(_lines(blocks))).splitlines())


def _rejection(name: str, line: str, judgement: answers.Judgement) -> str:
    shown = redact(line)
    # An answer may repeat what was typed.
    said = redact(judgement.said) if line not in judgement.said else judgement.said.replace(line, shown)
    if judgement.verdict == "refused":
        return f"{name} refuses `{shown}`: {said}"
    return f"{name} answers `{shown}` with what is not known to be good: {said}"
