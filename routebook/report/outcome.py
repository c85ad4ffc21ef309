"""How a command on devices ended: the outcome, its exit code, and the sentence for it."""

from enum import StrEnum


class Outcome(StrEnum):
    """How a run ended, or `plan`, `verify` (verified, failed) or `drift` (as intended, drifted).

    The values are those of the stable `--json` output and of the journal.
    """

    UNCHANGED = "unchanged"
    CONFIRMED = "confirmed"
    VERIFIED = "verified"
    AS_INTENDED = "as_intended"
    REFUSED = "refused"
    PLANNED = "planned"
    DRIFTED = "drifted"
    ROLLED_BACK = "rolled_back"
    PARTIAL = "partial"
    FAILED = "failed"
    NEEDS_ATTENTION = "needs_attention"

    @classmethod
    def _missing_(cls, value: object) -> "Outcome":
        raise ValueError(f"{value!r} is no outcome; there are {', '.join(cls)}")

    @property
    def exit_code(self) -> int:
        """The exit code, the same for every command."""
        return _EXIT_CODES[self]

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        return _SENTENCES[self]


_EXIT_CODES = {
    Outcome.UNCHANGED: 0,
    Outcome.CONFIRMED: 0,
    Outcome.VERIFIED: 0,
    Outcome.AS_INTENDED: 0,
    Outcome.REFUSED: 1,
    Outcome.PLANNED: 2,
    Outcome.DRIFTED: 2,
    Outcome.ROLLED_BACK: 3,
    Outcome.PARTIAL: 3,
    Outcome.FAILED: 3,
    Outcome.NEEDS_ATTENTION: 4,
}

_SENTENCES = {
    Outcome.UNCHANGED: "nothing to change: every device has what this runbook makes",
    Outcome.CONFIRMED: "confirmed on every host",
    Outcome.VERIFIED: "what was looked at is as intended",
    Outcome.AS_INTENDED: "every device is configured as intended",
    Outcome.REFUSED: "refused; nothing was changed",
    Outcome.PLANNED: "there are differences; nothing was changed",
    Outcome.DRIFTED: "devices are not configured as intended; nothing was changed",
    Outcome.ROLLED_BACK: "every host was rolled back, and that was verified",
    Outcome.PARTIAL: "some hosts failed and were rolled back, and that was verified; the others are confirmed",
    Outcome.FAILED: "checks failed; nothing was changed",
    Outcome.NEEDS_ATTENTION: "needs attention: at least one host is in neither state, or could not be verified",
}
