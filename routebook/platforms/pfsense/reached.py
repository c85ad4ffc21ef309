"""How a pfSense sees the connection to it, and which way its answers take."""

import re
from collections.abc import Mapping
from typing import Any

from routebook.device.values import Reached

# route(8): a line a fact. Routes of a BGP daemon carry the flag PROTO1 (sbin/route/route.c, OpenBGPD and FRR alike).
_FACT = re.compile(r"^\s*(gateway|interface|flags): (\S+)", re.MULTILINE)


def reached(answer: Mapping[str, Any], jumps: tuple[str, ...]) -> Reached:
    """From the program's answer; what the device does not show stays empty."""
    facts = dict(_FACT.findall(str(answer.get("route", ""))))
    flags = facts.get("flags", "").strip("<>").split(",")
    protocol = ""
    if facts.get("interface"):
        protocol = "bgp" if "PROTO1" in flags else "static" if "GATEWAY" in flags else "kernel"
    return Reached(
        jumps=jumps,
        address=str(answer.get("address", "")),
        client=str(answer.get("client", "")),
        interface=facts.get("interface", ""),
        gateway=facts.get("gateway", "") if "GATEWAY" in flags else "",
        protocol=protocol,
    )
