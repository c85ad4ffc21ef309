"""`show version`: release, model, serial number and uptime."""

import re

from msgspec import Struct

from routebook.platforms.asa.show.text import UnknownOutputError

COMMAND = "show version"

_VERSION = re.compile(r"Cisco Adaptive Security Appliance Software Version (\S+?)(?:\s+<(\w+)>)?\s*")
_UPTIME = re.compile(r"(\S+) up ((?:\d+ (?:year|day|hour|min|sec)s?\s*)+)")
_HARDWARE = re.compile(r"Hardware:\s+([^,\s]+).*")
_MODEL = re.compile(r"Model Id:\s+(\S+)")
_SERIAL = re.compile(r"Serial Number:\s*(\S+)")
_SECONDS = {"year": 365 * 86400, "day": 86400, "hour": 3600, "min": 60, "sec": 1}
_NUMBERS = re.compile(r"(\d+)\.(\d+)\((\d+)\)(\d*)")


class Version(Struct, frozen=True):
    """What runs there. `space` is "context" or "system" in multiple context mode; `serial` may be empty there."""

    release: str
    hostname: str
    uptime: int
    model: str
    serial: str
    space: str = ""

    @property
    def numbers(self) -> tuple[int, int, int, int]:
        """The release for comparing: "9.5(2)204" is (9, 5, 2, 204)."""
        parts = _NUMBERS.match(self.release)
        if parts is None:
            raise UnknownOutputError(COMMAND, "has a release that is not known", self.release)
        return int(parts[1]), int(parts[2]), int(parts[3]), int(parts[4] or 0)


def parse_version(text: str) -> Version:
    """Raises UnknownOutputError on text that is not known or is cut off."""
    found: dict[str, str] = {}
    space = ""
    for raw in text.splitlines():
        line = raw.strip()
        if (version := _VERSION.fullmatch(line)) is not None:
            found["release"], space = version[1], version[2] or ""
        elif (up := _UPTIME.fullmatch(line)) is not None and not line.startswith("failover cluster"):
            found.setdefault("hostname", up[1])
            found.setdefault("uptime", up[2])
        elif (hardware := _HARDWARE.fullmatch(line)) is not None:
            found.setdefault("model", hardware[1])
        elif (model := _MODEL.fullmatch(line)) is not None:
            found["model"] = model[1]
        elif (serial := _SERIAL.fullmatch(line)) is not None:
            found["serial"] = serial[1]
    for name in ("release", "hostname", "uptime", "model"):
        if name not in found:
            raise UnknownOutputError(COMMAND, f"does not have the {name}, or is cut off", text.strip()[:80])
    parts = re.findall(r"(\d+) (year|day|hour|min|sec)", found["uptime"])
    uptime = sum(int(count) * _SECONDS[unit] for count, unit in parts)
    return Version(found["release"], found["hostname"], uptime, found["model"], found.get("serial", ""), space)
