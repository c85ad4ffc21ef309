"""How a run is carried out: what an operator may ask for, and what only an operator may accept."""

from dataclasses import dataclass

NO_REDUNDANCY, OWN_PATH, ONE_END, OLD_SECRET = "no-redundancy", "own-path", "one-end", "old-secret"
"""What an operator may accept that is refused otherwise."""
UNFORECAST_RESET = "unforecast-reset"
"""What an operator may accept that fails a run otherwise: a session or tunnel is reset that the plan did not name."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is carried out. Both times are in seconds.

    `waves` is as in `--waves`; with `keep_waves` a wave that passed its checks is confirmed at once and stays. As many
    as `max_failed` hosts may fail, unreachable ones included, before all are rolled back. `accept` names dangers.
    """

    confirm_timeout: int = 120
    deadline: int = 60
    waves: str = ""
    keep_waves: bool = False
    max_failed: int = 0
    accept: frozenset[str] = frozenset()
