"""What an ASA says of itself: its clock, the room on its flash, and who changed its configuration last.

`show clock` begins with `*` or `.` where the clock is not authoritative or not synchronised, `dir` ends in "… bytes
total (… bytes free)", and `show version` in "Configuration last modified by … at …" (Cisco ASA Series Command
Reference; ntc-templates has outputs of real devices).
"""

import re
import time
from datetime import UTC, datetime

from routebook.device.clock import offset
from routebook.device.records import free_text
from routebook.device.state import Volume
from routebook.platforms.asa.session import AsaSession

_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_CLOCK = re.compile(
    r"[*.]?(\d\d):(\d\d):(\d\d)\.\d{3} (?:UTC|GMT) \w{3} "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{1,2}) (\d{4})"
)
_ROOM = re.compile(r"(\d{1,20}) bytes total \((\d{1,20}) bytes free")
_TUNNEL_GROUP = re.compile(r"^tunnel-group (\S{1,128}) type ipsec-l2l *$", re.MULTILINE)
MODIFIED = re.compile(r"^Configuration last modified by (\S{1,64} at .{1,60})$", re.MULTILINE)


def clock(session: AsaSession) -> float | None:
    """How far its clock is ahead; None in a time zone of its own, whose name does not say what it is."""
    begun = time.time()
    said = _CLOCK.search(session.run("show clock"))
    if said is None:
        return None
    hour, minute, second, day, year = (int(said[number]) for number in (1, 2, 3, 5, 6))
    moment = datetime(year, _MONTHS.index(said[4]) // 3 + 1, day, hour, minute, second, tzinfo=UTC)
    return offset(moment.timestamp(), begun, time.time())


def volumes(session: AsaSession) -> tuple[Volume, ...]:
    """The flash where a run keeps what undoes its change; nothing where it is not shown."""
    place = session.options.flash
    room = _ROOM.search(session.run(f"dir {place}/"))
    return (Volume(place, int(room[2]), int(room[1])),) if room is not None else ()


def connections(session: AsaSession) -> tuple[str, ...]:
    """The LAN-to-LAN tunnels that are configured, by their peers' addresses."""
    return tuple(_TUNNEL_GROUP.findall(session.run("show running-config tunnel-group").replace("\r", "")))


def written(version: str) -> str:
    """Who changed the running configuration last, and when, in `show version`."""
    found = MODIFIED.search(version.replace("\r", ""))
    return free_text(f"last modified by {found[1]}") if found is not None else ""
