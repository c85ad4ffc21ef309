"""`show failover`: whether this unit is one of a pair, which of them is active, and whether the mate is in step."""

import re

from msgspec import Struct

from routebook.platforms.asa.show.text import UnknownOutputError

COMMAND = "show failover"

_ON = re.compile(r"Failover (On|Off)(?:\s.*)?")
_UNIT = re.compile(r"Failover unit (Primary|Secondary)")
_HOST = re.compile(r"(This|Other) (?:host|context):\s+(?:(Primary|Secondary)(?:, Group \d+)? - )?(\S.*?)")
_GROUP_STATE = re.compile(r"Group (\d+)\s+State:\s+(\S.*)")


class Failover(Struct, frozen=True):
    """A failover pair as this unit sees it. States are ASA's: "Active", "Standby Ready", "Bulk Sync", "Failed" …"""

    enabled: bool
    unit: str = ""
    this: str = ""
    mate: str = ""

    @property
    def usable(self) -> bool:
        """Whether configuration may be changed here: not one of a pair, or its active unit."""
        return not self.enabled or self.this == "Active"

    @property
    def in_step(self) -> bool:
        """Whether the mate has the active unit's configuration (or there is none)."""
        return not self.enabled or self.mate == "Standby Ready"


def parse_failover(text: str) -> Failover:
    """Raises UnknownOutputError on text that is not known or is cut off."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    head = _ON.fullmatch(lines[0]) if lines else None
    if head is None:
        raise UnknownOutputError(COMMAND, "does not say whether failover is on", lines[0] if lines else "")
    if head[1] == "Off":
        return Failover(False)
    unit = next((match[1] for line in lines if (match := _UNIT.fullmatch(line))), "")
    states: dict[str, str] = {}
    at = ""
    for line in lines:
        if (host := _HOST.fullmatch(line)) is not None:
            at = host[1]
            states.setdefault(at, host[3])
        elif at and (group := _GROUP_STATE.fullmatch(line)) is not None and group[1] == "1":
            # Active/Active: the state is that of the groups; this engine works where group 1 is active.
            states[at] = group[2]
    if "This" not in states or "Other" not in states:
        raise UnknownOutputError(COMMAND, "is cut off: it does not say the state of both units")
    return Failover(True, unit, states["This"], states["Other"])
