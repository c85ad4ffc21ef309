"""What an operator may accept with `--accept` that otherwise is refused, or fails a run."""

from collections.abc import Collection, Iterable

from msgspec import Struct

NO_REDUNDANCY, OWN_PATH, ONE_END, OLD_SECRET = "no-redundancy", "own-path", "one-end", "old-secret"
HA_SYNC = "ha-sync"
"""Refused otherwise."""
UNFORECAST_RESET, COLLAPSE = "unforecast-reset", "collapse"
"""Fail a run otherwise: a session or tunnel is reset that the plan did not name, or a session's prefixes are gone."""


class Guard(Struct, frozen=True):
    """What stands in a plan's way until its `word` is accepted.

    What only `asks` is accepted, too, by whoever was shown it: at the question, or in a saved plan that was reviewed.
    """

    word: str
    text: str
    asks: bool = False

    def __str__(self) -> str:
        return f"{self.text} (to do it all the same: --accept {self.word})"


def refusal(guards: Iterable[Guard], accept: Collection[str], *, shown: bool) -> str:
    """Why a plan is not carried out, or nothing. With `shown`, what asks was shown to somebody who approves it."""
    return "; ".join(str(guard) for guard in guards if guard.word not in accept and not (guard.asks and shown))
