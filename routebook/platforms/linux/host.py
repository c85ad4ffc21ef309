"""One host's part in a transaction: its components' configurations planned, armed, pushed and undone together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from routebook.device.candidate import Candidate, Section
from routebook.device.errors import CandidateError, DriverError, LostContactError, OverlapError, StaleError
from routebook.device.merging import Overlap, TakenBack
from routebook.device.values import Change, ForeignChange, Lock, Pending, Snapshot, belongs
from routebook.platforms.linux.component import Component, ComponentChange
from routebook.platforms.linux.lock import read, release, take
from routebook.platforms.linux.transaction import DeviceTransaction, folder
from routebook.platforms.linux.undoing import Undoing, own


@dataclass(slots=True, eq=False)
class HostTransaction:
    """`components` are in the order in which a change is pushed to them; it is undone in the opposite order."""

    name: str
    components: Sequence[Component]
    device: DeviceTransaction
    planned: dict[str, ComponentChange] = field(default_factory=dict)
    fingerprint: str = ""  # of the snapshot that `planned` was computed from
    run_id: str = ""
    armed_with: Snapshot | None = None
    _begun: bool = False  # whether the push of what was armed over this connection has begun
    foreign_change: ForeignChange | None = None  # what somebody else had changed since the push that was undone last

    def snapshot(self) -> Snapshot:
        """Every component's parts."""
        return _joined({component.name: component.snapshot() for component in self.components})

    def startup(self) -> Snapshot:
        """The parts as they would be after a reboot."""
        return _joined({component.name: component.startup() for component in self.components})

    def component_for(self, part: str) -> Component:
        """The component that a part belongs to. Raises CandidateError where this host runs none."""
        for component in self.components:
            if component.handles(part):
                return component
        names = " and ".join(component.name for component in self.components)
        raise CandidateError(f"{self.name} has no configuration part {part!r}: it runs {names}")

    def plan(self, candidate: Candidate, snapshot: Snapshot) -> Change:
        """The change from `snapshot` to `candidate`, remembered for `arm` and `push`."""
        sections: dict[str, list[Section]] = {}
        for section in candidate.sections:
            sections.setdefault(self.component_for(section.part).name, []).append(section)
        return self._remember(
            {
                component.name: component.plan(sections[component.name], own(component, snapshot))
                for component in self.components
                if component.name in sections
            },
            snapshot,
        )

    def plan_restore(self, target: Snapshot, snapshot: Snapshot) -> Change:
        """The change from `snapshot` back to the whole of `target`."""
        return self._remember(
            {
                component.name: component.plan_restore(own(component, target), own(component, snapshot))
                for component in self.components
            },
            snapshot,
        )

    def plan_revert(self, before: Snapshot, made: Snapshot, snapshot: Snapshot) -> Change:
        """The change from `snapshot` to what it is without the change from `before` to `made`."""
        planned: dict[str, ComponentChange] = {}
        found: list[TakenBack] = []
        for component in self.components:
            now = own(component, snapshot)
            target, taken_back = component.taken_back(own(component, before), own(component, made), now)
            found.append(taken_back)
            if not taken_back.overlaps:
                planned[component.name] = component.plan_restore(target, now)
        if overlaps := [overlap for each in found for overlap in each.overlaps]:
            raise OverlapError(self.name, overlaps)
        change = self._remember(planned, snapshot)
        return replace(change, old_secrets=tuple(secret for each in found for secret in each.old_secrets))

    def overlaps(self, before: Snapshot, made: Snapshot, now: Snapshot) -> tuple[Overlap, ...]:
        """Where that change has been changed again."""
        return tuple(
            overlap
            for component in self.components
            for overlap in component.taken_back(own(component, before), own(component, made), own(component, now))[
                1
            ].overlaps
        )

    def lock(self, lock: Lock) -> None:
        """Take or renew the lock."""
        take(self.device.shell, self.name, lock)

    def unlock(self, run_id: str) -> None:
        """Let go of what undoes a confirmed change, and give the lock back."""
        release(self.device.shell, self.name, run_id)
        if belongs(self.run_id, run_id):
            self.run_id, self.armed_with = "", None

    def locked(self) -> Lock | None:
        """Who has the lock."""
        return read(self.device.shell, self.name)

    def arm(self, run_id: str, seconds: int, message: str = "") -> None:
        """Store snapshot and undo on the device, start its timer. Raises StaleError before anything is stored."""
        changing = self._changing()
        if not changing:
            raise DriverError(f"{self.name}: nothing is planned, so there is nothing to arm; nothing was changed")
        found = self.snapshot()
        if found.fingerprint != self.fingerprint:
            raise StaleError.found_at(self.name)
        uploads: dict[str, str] = {}
        for component, change in changing:
            for name, text in {**change.uploads, **component.live_uploads(change)}.items():
                if name in uploads:
                    raise ValueError(f"two components upload {name!r}")
                uploads[name] = text
        self.device.arm(run_id, seconds, [(part.name, change) for part, change in changing], uploads, message)
        self.run_id, self.armed_with, self._begun = run_id, found, False

    def push(self) -> None:
        """Load the change into every daemon, one after the other."""
        run_id = self._armed_run()
        self._begun = True
        self.device.begin(run_id)
        for component, change in self._changing():
            component.push(change, folder(run_id))

    def activate(self) -> None:
        """Let live sessions and SAs use what was pushed."""
        for component, change in self._changing():
            component.activate(change, folder(self._armed_run()))

    def extend(self, seconds: int) -> None:
        """Let the timer fire `seconds` from now instead."""
        self.device.extend(self.pending_run(), seconds)

    def confirm(self) -> None:
        """Disarm and persist, in one step on the device."""
        self.device.confirm(self.pending_run())

    def rollback(self) -> bool:
        """Let the device restore what its change was armed with, and verify. False if it knows of none."""
        run_id = self.run_id or self._live_run()
        self.foreign_change = None
        if not run_id:
            return False
        if self.run_id and not self._begun:
            self.disarm()
            return True
        wanted = self.armed_with
        changing = {component.name: change for component, change in self._changing()} if self.run_id else {}
        undoing = Undoing(self.components, folder(run_id), changing, wanted)
        undoing.look()
        try:
            self.device.revert(run_id)
        except LostContactError:
            raise
        except DriverError:
            if not undoing.keeps:
                raise
            undoing.give_up()
            self.device.revert(run_id)
        if undoing.keeps:
            found = self.snapshot()
            if not undoing.reached(found):
                raise DriverError(f"{self.name} is not at its snapshot and what was typed since", changed=True)
            self.foreign_change = ForeignChange(undoing.diff, found)
        else:
            self._compare(wanted)
            self.foreign_change = ForeignChange(undoing.diff) if undoing.diff else None
        self.run_id, self.armed_with = "", None
        return True

    def _compare(self, wanted: Snapshot | None) -> None:
        """The device's word that it is back is not enough."""
        if wanted is not None and self.snapshot().fingerprint != wanted.fingerprint:
            raise DriverError(f"{self.name} says that it is back at its snapshot, but it is not", changed=True)

    def disarm(self) -> None:
        """Take timer and undo away where nothing was pushed, and restore nothing."""
        if run_id := self.run_id or self._live_run():
            self.device.disarm(run_id)
        self.run_id, self.armed_with = "", None

    def difference(self, before: Snapshot, after: Snapshot) -> str:
        """What differs between two snapshots, redacted."""
        differences = {part.name: part.difference(own(part, before), own(part, after)) for part in self.components}
        return "\n".join(_titled(name, diff) for name, diff in differences.items() if diff)

    def pending(self) -> Pending | None:
        """The change that the device still knows."""
        return self.device.pending()

    def pending_run(self) -> str:
        """The run that is pending here: the one that was armed over this connection, or the one that is found."""
        run_id = self.run_id or self._live_run()
        if not run_id:
            raise DriverError(f"{self.name}: no change is pending")
        return run_id

    def _live_run(self) -> str:
        pending = self.device.pending()
        return "" if pending is None or pending.phase == "reverted" else pending.run_id

    def _armed_run(self) -> str:
        if not self.run_id:
            raise DriverError(f"{self.name} is not armed; nothing was changed")
        return self.run_id

    def _changing(self) -> list[tuple[Component, ComponentChange]]:
        return [
            (component, self.planned[component.name])
            for component in self.components
            if component.name in self.planned and self.planned[component.name].change
        ]

    def _remember(self, planned: dict[str, ComponentChange], snapshot: Snapshot) -> Change:
        self.planned, self.fingerprint = planned, snapshot.fingerprint
        named = {part.name: planned[part.name].change for part in self.components if part.name in planned}
        changes = list(named.values())
        return Change(
            diff="\n".join(_titled(name, change.diff) for name, change in named.items() if change),
            commands=tuple(command for change in changes for command in change.commands),
            undo=tuple(command for change in reversed(changes) for command in change.undo),
            effects=tuple(effect for change in changes for effect in change.effects),
            fingerprint=snapshot.fingerprint,
            warnings=tuple(warning for change in changes for warning in change.warnings),
            beside=tuple(each for change in changes for each in change.beside),
            takes=max((change.takes for change in changes), default=0.0),
        )


def _titled(name: str, diff: str) -> str:
    """A component's diff, under its name if it does not name files itself."""
    text = diff.rstrip("\n")
    return text if text.startswith(("---", "mode of")) else f"--- {name}\n{text}"


def _joined(snapshots: Mapping[str, Snapshot]) -> Snapshot:
    return Snapshot(
        parts={part: text for snapshot in snapshots.values() for part, text in snapshot.parts.items()},
        attributes={part: text for snapshot in snapshots.values() for part, text in snapshot.attributes.items()},
        fingerprint=" ".join(f"{name}={snapshot.fingerprint}" for name, snapshot in snapshots.items()),
    )
