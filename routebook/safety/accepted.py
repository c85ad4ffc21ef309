"""What an operator may accept with `--accept` that otherwise is refused, or fails a run."""

from collections.abc import Callable, Collection, Iterable

from msgspec import Struct

NO_REDUNDANCY, OWN_PATH, ONE_END, OLD_SECRET = "no-redundancy", "own-path", "one-end", "old-secret"
HA_SYNC, REMOVAL, FILTERED = "ha-sync", "removal", "filtered"
"""Refused otherwise."""
UNFORECAST_RESET, COLLAPSE = "unforecast-reset", "collapse"
"""Fail a run otherwise: a session or tunnel is reset that the plan did not name, or a session's prefixes are gone."""


class Guard(Struct, frozen=True):
    """What stands in a plan's way until its `word` is accepted; without a word nothing accepts it.

    What only `asks` is accepted, too, by whoever was shown it: at the question, or in a saved plan that was reviewed.
    `about` names what is in danger, without what changes by itself, such as the number of prefixes of a full table; the
    text does where it is empty.
    """

    word: str
    text: str
    asks: bool = False
    about: tuple[str, ...] = ()

    @property
    def dangers(self) -> frozenset[tuple[str, str]]:
        """What is in danger, each with the word that accepts it."""
        return frozenset((self.word, each) for each in self.about or (self.text,))

    def __str__(self) -> str:
        return _how(self.text, self.word)


def refusal(
    guards: Iterable[Guard],
    accept: Collection[str],
    *,
    shown: bool,
    reviewed: Callable[[Guard], bool] = lambda _: False,
) -> str:
    """Why a plan is not carried out, or nothing. With `shown`, what asks is shown to somebody who approves it.

    What was `reviewed` was approved then; what has come since is not accepted by that.
    """
    texts: dict[str, list[str]] = {}
    for guard in guards:
        if guard.word not in accept and not (guard.asks and (shown or reviewed(guard))):
            texts.setdefault(guard.word, []).append(guard.text)
    return "; ".join(_how("; ".join(said), word) for word, said in texts.items())


def notes(guards: Iterable[Guard], accept: Collection[str]) -> tuple[str, ...]:
    """The one list of what stands in a plan's way, and of what was accepted by its word."""
    return tuple(
        f"accepted ({guard.word}): {guard.text}" if guard.word in accept else f"danger: {guard}" for guard in guards
    )


def _how(text: str, word: str) -> str:
    return f"{text} (to do it all the same: --accept {word})" if word else text
