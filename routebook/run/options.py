"""How a run is carried out, as an operator asks for it."""

from msgspec import Struct


class Options(Struct, frozen=True):
    """How a run is carried out. Both times are in seconds.

    `waves` is as in `--waves`; with `keep_waves` a wave that passed its checks is confirmed at once and stays. As many
    as `max_failed` hosts may fail, unreachable ones included, before all are rolled back. `accept` names dangers.
    Without `probe`, no packets are sent to see whether they arrive.
    """

    confirm_timeout: int = 120
    deadline: int = 60
    waves: str = ""
    keep_waves: bool = False
    max_failed: int = 0
    accept: frozenset[str] = frozenset()
    probe: bool = True
