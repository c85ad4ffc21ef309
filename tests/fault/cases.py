"""Which faults are injected where: every fault at the steps at which it can make a difference, on every platform."""

import itertools
import random
from dataclasses import dataclass

from tests.fault.child import BACKWARD, FORWARD
from tests.fault.faults import FAULTS
from tests.fault.network import ASA, EDGES, HOSTS, PFSENSE

PLATFORMS = {"linux": EDGES, "asa": (ASA,), "pfsense": (PFSENSE,), "mixed": HOSTS}
ANYWHERE = "random"


@dataclass(frozen=True)
class Case:
    """One run with one fault. `number` and the seed of the whole decide everything that is random in it."""

    number: int
    platform: str
    fault: str
    step: str
    when: str = "after"
    doomed: bool = False  # its checks fail, so that the run takes the way back
    keys: bool = False  # tunnels get other keys, too

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that the run changes."""
        return PLATFORMS[self.platform]

    def __str__(self) -> str:
        extra = " on the way back" * self.doomed + " with new keys" * self.keys
        return f"{self.number} {self.platform}: {self.fault}, {self.when} {self.step}{extra}"

    def dice(self, seed: int) -> random.Random:
        """What decides what is random in it."""
        return random.Random(f"{seed}/{self.number}")  # noqa: S311  to be repeated


STEPS_OF_DEVICES = ("armed", "push", "pushed", "activate", "activated", "checked", "confirm")
"""Between these something is on devices that is not confirmed."""
_MIDDLE = ("arm", *STEPS_OF_DEVICES)

# Which steps a fault is injected at: what is not here, at all of them.
STEPS: dict[str, tuple[str, ...]] = {
    "SIGKILL, timers fire": ("arm", "armed", "push", "activate", "confirm"),
    "SIGKILL, recover elsewhere": ("lock", *_MIDDLE, "confirmed"),
    "SIGKILL, recover killed": _MIDDLE,
    "SIGKILL and a reboot": ("armed", "push", "activate", "confirm", "confirmed"),
    "SIGINT": ("arm", "push", "confirm"),
    "SIGHUP": ("arm", "push", "confirm"),
    "SIGTERM": FORWARD,
    "journal's disk full": FORWARD,
    "journal read-only": FORWARD,
    "device reboots": ("lock", *_MIDDLE),
    "BGP daemon crashes": ("armed", "push", "activated", "confirm"),
    "IKE daemon crashes": ("armed", "push", "activated", "confirm"),
    "BGP daemon keeps crashing": ("push", "activated"),
    "IKE daemon keeps crashing": ("push", "activated"),
    "line cut for 2 s": ("lock", *_MIDDLE),
    "line cut until after the timer": ("lock", *_MIDDLE),
    "line cut within the step": ("lock", "arm", "push", "activate", "confirm"),
    "SSH silent for 2 s": ("arm", "push", "activated", "confirm"),
    "SSH silent until after the timer": ("lock", "arm", "push", "activate", "activated", "confirm"),
    "frozen until the timers fired": ("armed", "push", "activate", "activated", "checked", "confirm"),
    "frozen until the timers are due": ("checked", "confirm"),
    "Routebook's clock steps": ("lock", "armed", "activated", "confirm"),
    "device's clock steps": ("armed", "push", "activated", "confirm"),
    "device's clock steps, SIGKILL, timers fire": ("armed", "activated"),
    "somebody types": ("lock", "armed", "push", "activated", "checked"),
    "somebody types before the push": ("armed",),
    "hostile lock on another device": ("armed", "activated", "confirm"),
}
BOTH = frozenset({"SIGKILL", "SIGTERM", "journal's disk full"})
"""Faults that are injected before and after an entry of the journal is written."""
BACK = ("SIGKILL", "SIGKILL, recover elsewhere", "SIGTERM", "journal's disk full", "device reboots", "line cut for 2 s",
        "line cut until after the timer", "SSH silent until after the timer", "frozen until the timers fired",
        "BGP daemon crashes")  # fmt: skip
"""Faults that are injected on the way back, too."""
_DEVICES_CLOCK = frozenset(fault for fault in FAULTS if fault.startswith("device's clock"))
NOT_ON = {
    "asa": _DEVICES_CLOCK | {fault for fault in FAULTS if "crash" in fault},
    "pfsense": _DEVICES_CLOCK,
    "mixed": frozenset({"hostile lock on another device"}),
}
"""Faults that a platform does not have: of an ASA no daemon can be killed; emulated ones have this machine's clock."""


def every(random_kills: int) -> list[Case]:
    """All of them, with so many random kills."""
    numbers = itertools.count(1)
    forward = [
        (platform, fault, step, when, False)
        for fault in FAULTS
        if fault != "SIGKILL at random"
        for step in STEPS.get(fault, FORWARD)
        for platform in PLATFORMS
        if fault not in NOT_ON.get(platform, ())
        for when in (("before", "after") if fault in BOTH else ("after",))
    ]
    back = [
        (platform, fault, step, "after", True)
        for fault in BACK
        for step in BACKWARD
        for platform in PLATFORMS
        if fault not in NOT_ON.get(platform, ())
    ]
    anywhere = [("mixed", "SIGKILL at random", ANYWHERE, "after", False)] * random_kills
    mixed = [*forward, *back, *anywhere]
    random.Random("the same order always").shuffle(mixed)  # noqa: S311  so that any part has something of everything
    return [
        Case(number, platform, fault, step, when, doomed, keys=platform in ("linux", "mixed") and number % 4 == 0)
        for number, (platform, fault, step, when, doomed) in zip(numbers, mixed, strict=False)
    ]


QUICK = (
    ("linux", "SIGKILL", "push", "after"),
    ("linux", "SIGTERM", "activate", "after"),
    ("linux", "SIGKILL, recover elsewhere", "confirm", "after"),
    ("asa", "SIGKILL", "pushed", "before"),
    ("asa", "journal's disk full", "push", "before"),
    ("pfsense", "SIGKILL", "activate", "before"),
    ("pfsense", "line cut for 2 s", "push", "after"),
    ("linux", "somebody types before the push", "armed", "after"),
    ("mixed", "SIGKILL, recover killed", "confirm", "after"),
    ("mixed", "SIGKILL at random", ANYWHERE, "after"),
)


def quick() -> list[Case]:
    """A few that take little time, on every platform."""
    return [Case(number, *each) for number, each in enumerate(QUICK, 1)]
