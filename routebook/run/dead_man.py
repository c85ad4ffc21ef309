"""The dead-man timers of all hosts of a run as one: armed together, kept together, with room for the slowest host."""

import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from nornir.core import Nornir

from routebook.device.contract import TransactionDriver
from routebook.run.events import Event, Listener
from routebook.run.fan_out import Answers, on_drivers

ROOM = 4.0
"""How many times longer than its slowest host's reading a timer must be: a step cannot be interrupted to extend it."""


@dataclass(slots=True)
class DeadManTimers:
    """Timers of `seconds` on the devices; `fires_at` is on this machine's monotonic clock, for the first of them.

    `renew` renews what lasts as long as the timers: locks and lease.
    """

    nornir: Nornir
    run_id: str
    seconds: int
    listener: Listener
    renew: Callable[[], None]
    armed: set[str] = field(default_factory=set)
    fires_at: float = math.inf

    def make_room(self, read: Mapping[str, float]) -> None:
        """Make the timers long enough for the slowest host, given the seconds that reading each host took."""
        if not read:
            return
        slowest = max(read, key=lambda host: read[host])
        needed = math.ceil(ROOM * read[slowest])
        if needed > self.seconds:
            text = f"reading it took {read[slowest]:.0f} s: timers of {needed} s instead of {self.seconds} s"
            self.listener(Event("arm", text, slowest))
            self.seconds = needed

    def arm(self, hosts: Collection[str]) -> Answers[None]:
        """Start the timers. A host that refuses has none."""
        self.fires_at = min(self.fires_at, time.monotonic() + self.seconds)
        self.armed |= set(hosts)  # one that was lost in the middle may be armed
        return on_drivers(self.nornir, hosts, self._arm)

    def _arm(self, device: TransactionDriver) -> None:
        device.arm(self.run_id, self.seconds)

    def keep(self) -> None:
        """Extend timers of which half the time is over. A host that is lost keeps its timer."""
        if self.armed and self.fires_at - time.monotonic() < self.seconds / 2:
            self.fires_at = time.monotonic() + self.seconds
            on_drivers(self.nornir, self.armed, lambda device: device.extend(self.seconds))
            self.renew()

    def gone(self, hosts: Iterable[str]) -> None:
        """These hosts are armed no longer."""
        self.armed -= set(hosts)
