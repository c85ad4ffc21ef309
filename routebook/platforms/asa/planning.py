"""What a change of an ASA is: the running configuration, and its difference to what is wanted, whole or in part."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from routebook.device.candidate import Candidate, Section
from routebook.device.errors import CandidateError, OverlapError
from routebook.device.merging import Overlap, TakenBack
from routebook.device.platform_driver import Part
from routebook.device.values import Change, Snapshot
from routebook.platforms.asa import sent_lines
from routebook.platforms.asa.activation import Activation, activation
from routebook.platforms.asa.beside import beside
from routebook.platforms.asa.claims import claims
from routebook.platforms.asa.config import (
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
)
from routebook.platforms.asa.config.taking_back import taken_back
from routebook.platforms.asa.deadman import without_applet
from routebook.platforms.asa.foreign import left_alone
from routebook.platforms.asa.hand_made import hand_made
from routebook.platforms.asa.session import UNCHANGED, AsaSession

PART = "asa"
"""The name of the running configuration among a candidate's parts."""

_ROUTER_ID = re.compile(r"^ bgp router-id ([0-9.]+)\s*$", re.MULTILINE)


@dataclass(slots=True)
class Planned:
    """A change, what of the living it touches, and the same for the way back.

    `fingerprint` is of the configuration that it was computed from.
    """

    delta: Delta
    sections: tuple[Section, ...] | None  # None: the whole of `target`
    target: Config | None
    activation: Activation
    undoing: Activation
    fingerprint: str


@dataclass(slots=True, eq=False)
class AsaPlanning:
    """What is planned over one session. Sends nothing."""

    name: str
    session: AsaSession
    router_id: str = field(default="", kw_only=True)  # of BGP, as the last reading of configuration or sessions had it
    _planned: Planned | None = field(default=None, kw_only=True)

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
        self.router_id = configured[1] if (configured := _ROUTER_ID.search(text)) is not None else ""
        # It says when it was last written, and by whom.
        return Snapshot({PART: text}, fingerprint=fingerprint(parse(text)), exact=False)

    def plan(self, candidate: Candidate, snapshot: Snapshot) -> Change:
        """The change from `snapshot` to `candidate` within what its sections own."""
        for section in candidate.sections:
            self.component_for(section.part)
        running = parse(snapshot.parts[PART])
        if claimed := list(claims(running, candidate.sections, in_context=bool(self.session.options.context))):
            raise CandidateError(f"{self.name}: {_joined(claimed)}; {UNCHANGED}")
        try:
            delta = difference(running, candidate.sections, record=True)
        except (MaskedSecretError, EncryptedSecretsError) as error:
            raise CandidateError(f"{self.name}: {error}") from error
        if delta.problems:
            # An ASA refuses such a command, or drops without a word what refers to something that goes.
            raise CandidateError(f"{self.name}: {_joined(delta.problems)}; {UNCHANGED}")
        change = self._remember(delta, candidate.sections, None, running, snapshot)
        return replace(change, beside=tuple(beside(running, candidate.sections)))

    def plan_restore(self, target: Snapshot, snapshot: Snapshot) -> Change:
        """The change from `snapshot` back to the whole of `target`."""
        running, earlier = parse(snapshot.parts[PART]), parse(target.parts[PART])
        delta = self._restoration(running, earlier)
        return self._remember(delta, None, earlier, running, snapshot)

    def plan_revert(self, before: Snapshot, made: Snapshot, snapshot: Snapshot) -> Change:
        """The change from `snapshot` to what it is without the change from `before` to `made`."""
        running = parse(snapshot.parts[PART])
        target, found = self._taken_back(before, made, snapshot)
        if found.overlaps:
            raise OverlapError(self.name, found.overlaps)
        delta = self._restoration(running, target)
        return replace(self._remember(delta, None, target, running, snapshot), old_secrets=found.old_secrets)

    def _restoration(self, running: Config, target: Config) -> Delta:
        try:
            return restoration(running, target)
        except (MaskedSecretError, EncryptedSecretsError) as error:
            raise CandidateError(f"{self.name}: {error}") from error

    def overlaps(self, before: Snapshot, made: Snapshot, now: Snapshot) -> tuple[Overlap, ...]:
        """Where that change has been changed again."""
        return self._taken_back(before, made, now)[1].overlaps

    def _taken_back(self, before: Snapshot, made: Snapshot, now: Snapshot) -> tuple[Config, TakenBack]:
        old, new, running = (parse(snapshot.parts[PART]) for snapshot in (before, made, now))
        return taken_back(old, new, running)

    def _remember(
        self,
        delta: Delta,
        sections: tuple[Section, ...] | None,
        target: Config | None,
        running: Config,
        snapshot: Snapshot,
    ) -> Change:
        for line in sent_lines.lines(delta.commands):
            if line.startswith(("hostname ", "no hostname", "prompt ", "no prompt", "changeto ")):
                raise CandidateError(
                    f"{self.name}: `{redact(line)}` would change the prompt by which answers are separated; change it "
                    "by hand",
                    line=redact(line),
                )
        after = apply(running, delta.commands)
        live = activation(running, after, delta.commands)
        self._planned = Planned(
            delta, sections, target, live, activation(after, running, delta.undo), snapshot.fingerprint
        )
        return Change(
            diff=delta.diff,
            commands=sent_lines.shown(delta.commands),
            undo=sent_lines.shown(delta.undo),
            effects=tuple(live.effects),
            fingerprint=snapshot.fingerprint,
            warnings=(
                *delta.problems,
                *(hand_made(running, sections) if sections and delta else ()),
                *(left_alone(running, sections) if sections else ()),
            ),
        )

    def difference(self, before: Snapshot, after: Snapshot) -> str:
        """What differs between two snapshots, redacted."""
        try:
            return restoration(parse(before.parts[PART]), parse(after.parts[PART])).diff
        except (MaskedSecretError, EncryptedSecretsError):
            return ""

    def _left(self, now: Config, planned: Planned) -> Delta:
        if planned.sections is not None:
            return difference(now, planned.sections)
        assert planned.target is not None  # noqa: S101  a plan has sections or a target
        return restoration(now, planned.target)

    def _differences(self, now: Snapshot, wanted: Snapshot | None) -> list[str]:
        if wanted is None:
            return []
        left = restoration(parse(now.parts[PART]), parse(wanted.parts[PART]))
        return list(sent_lines.shown(left.commands)[:3])


def _joined(sentences: Sequence[str]) -> str:
    more = f", and {len(sentences) - 3} more" if len(sentences) > 3 else ""
    return f"{'; '.join(sentences[:3])}{more}"
