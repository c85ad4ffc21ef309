"""NAPALM's getters for an ASA: facts, interfaces, addresses, ping, and BGP in NAPALM's shape."""

import re
from ipaddress import ip_interface
from typing import Any

from routebook.device.naming import is_address
from routebook.device.values import Answer, Echo
from routebook.platforms.asa.session import AsaSession
from routebook.platforms.asa.show import addresses as shown
from routebook.platforms.asa.show import version
from routebook.platforms.asa.show.text import UnknownOutputError

_INTERFACE = re.compile(r'Interface (\S+) "(.*?)", is (.+?), line protocol is (\S+)')
_MAC = re.compile(r"MAC address ([0-9a-f.]{14}), MTU (\d+|not set).*")
_SPEED = re.compile(r"(?:Auto-)?Speed\((\d+) ([MG])bps\)|BW (\d+) Mbps")
_RATE = re.compile(r"Success rate is (\d+) percent \((\d+)/(\d+)\)(?:, round-trip min/avg/max = (\d+)/(\d+)/(\d+) ms)?")


def facts(session: AsaSession) -> Answer:
    """NAPALM's get_facts."""
    found = version.parse_version(session.show(version.COMMAND))
    return {
        "uptime": float(found.uptime),
        "vendor": "Cisco",
        "model": found.model,
        "hostname": found.hostname,
        "fqdn": found.hostname,
        "os_version": found.release,
        "serial_number": found.serial,
        "interface_list": sorted(interfaces(session)),
    }


def interfaces(session: AsaSession) -> Answer:
    """NAPALM's get_interfaces. Speed is in Mbit/s, -1.0 where the device shows none."""
    return parse_interfaces(session.show("show interface"))


def parse_interfaces(text: str) -> Answer:
    """What `show interface` says. Raises UnknownOutputError where it has no interface."""
    found: Answer = {}
    current: Answer | None = None
    for raw in text.splitlines():
        line = raw.strip()
        if (title := _INTERFACE.fullmatch(line)) is not None:
            current = {
                "is_up": title[4] == "up",
                "is_enabled": "administratively" not in title[3],
                "description": "",
                "last_flapped": -1.0,
                "speed": -1.0,
                "mtu": 0,
                "mac_address": "",
            }
            found[title[1]] = current
        elif current is None:
            if line:
                raise UnknownOutputError("show interface", "has a line that is not known", line)
        elif line.startswith("Description: "):
            current["description"] = line.removeprefix("Description: ")
        elif (mac := _MAC.fullmatch(line)) is not None:
            digits = mac[1].replace(".", "").upper()
            current["mac_address"] = ":".join(digits[n : n + 2] for n in range(0, 12, 2))
            current["mtu"] = int(mac[2]) if mac[2].isdigit() else 0
        elif (speed := _SPEED.search(line)) is not None and current["speed"] < 0:
            current["speed"] = float(speed[3] or int(speed[1]) * (1000 if speed[2] == "G" else 1))
    if not found:
        raise UnknownOutputError("show interface", "shows no interface", text.strip()[:80])
    return found


def addresses(session: AsaSession) -> Answer:
    """NAPALM's get_interfaces_ip: the addresses that are in use now (of the active unit)."""
    return parse_addresses(session.show(shown.COMMAND))


def parse_addresses(text: str) -> Answer:
    """The addresses in NAPALM's shape."""
    found: dict[str, Any] = {}
    for each in shown.parse_addresses(text):
        length = ip_interface(f"{each.address}/{each.mask}").network.prefixlen
        found.setdefault(each.port, {}).setdefault("ipv4", {})[each.address] = {"prefix_length": length}
    return found


def ping(session: AsaSession, echo: Echo) -> Answer:
    """NAPALM's ping, from an interface by its nameif; times are in milliseconds.

    An address cannot be the source: then the route decides, and the interface that it leads to is.
    """
    destination, source = echo.destination, "" if is_address(echo.source) else echo.source
    if not re.fullmatch(r"[\w.:-]+", destination) or not re.fullmatch(r"[\w.-]*", source):
        return {"error": f"{destination!r} is neither an address nor a name"}
    through = f"{source} " if source else ""
    command = f"ping {through}{destination} repeat {int(echo.count)} size {int(echo.size)} timeout {int(echo.timeout)}"
    said = session.run(command, timeout=echo.longest)
    rate = _RATE.search(said)
    if rate is None:
        last = [line.strip() for line in said.splitlines() if line.strip()][-1:] or ["no answer"]
        return {"error": last[0]}
    low, average, high = (float(value or 0) for value in rate.groups()[3:])
    received, sent = int(rate[2]), int(rate[3])
    return {
        "success": {
            "probes_sent": sent,
            "packet_loss": sent - received,
            "rtt_min": low,
            "rtt_avg": average,
            "rtt_max": high,
            "rtt_stddev": 0.0,
            "results": [{"ip_address": destination, "rtt": average} for _ in range(received)],
        }
    }
