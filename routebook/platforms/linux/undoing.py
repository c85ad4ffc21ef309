"""Undoing a push beside somebody else's changes: what those are, and keeping them where a component can."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from routebook.device.errors import DriverError, LostContactError
from routebook.device.values import Snapshot
from routebook.platforms.linux.component import Component, ComponentChange, Meanwhile


@dataclass(slots=True)
class Undoing:
    """One host's push that is to be undone.

    `changing` are the components that the change concerns, empty where another process has pushed it, as is `before`.
    """

    components: Sequence[Component]
    folder: str
    changing: Mapping[str, ComponentChange]
    before: Snapshot | None
    diff: str = ""  # what somebody else has changed, redacted
    keeps: bool = False  # whether there is something, and reverting leaves it
    _target: dict[str, Snapshot] = field(default_factory=dict)

    def look(self) -> None:
        """Find out what was changed since the push, and let reverting keep it if every component can."""
        found = {component.name: each for component in self.components if (each := self._meanwhile(component))}
        self.diff = "\n".join(each.diff for each in found.values() if each.diff)
        self._target = {name: each.target for name, each in found.items() if each.target is not None}
        if len(self._target) < len(found):
            self.give_up()
        else:
            self.keeps = bool(found)

    def _meanwhile(self, component: Component) -> Meanwhile | None:
        before = own(component, self.before) if self.before is not None else None
        try:
            now = component.snapshot()
            if before is None or component.name in self.changing:
                return component.meanwhile(self.changing.get(component.name), self.folder, before, now)
        except LostContactError:
            raise
        except DriverError:  # a daemon that does not answer is no reason not to undo
            return None
        if now.fingerprint == before.fingerprint:
            return None
        return Meanwhile(component.difference(before, now), now)  # nothing is undone there

    def give_up(self) -> None:
        """Keep nothing: the whole snapshot is restored."""
        self.keeps = False
        for component in self.components:
            component.forget(self.folder)

    def reached(self, found: Snapshot) -> bool:
        """Whether a host is at its snapshot but for what was to be kept."""
        for component in self.components:
            wanted = self._target.get(component.name)
            if wanted is None and self.before is not None:
                wanted = own(component, self.before)
            if wanted is not None and wanted.fingerprint != own(component, found).fingerprint:
                return False
        return True


def own(component: Component, snapshot: Snapshot) -> Snapshot:
    """A component's share of a snapshot."""
    fingerprints = dict(word.partition("=")[::2] for word in snapshot.fingerprint.split())
    return Snapshot(
        parts={part: text for part, text in snapshot.parts.items() if component.handles(part)},
        attributes={part: text for part, text in snapshot.attributes.items() if component.handles(part)},
        fingerprint=fingerprints.get(component.name, ""),
    )
