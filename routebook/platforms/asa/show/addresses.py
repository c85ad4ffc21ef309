"""`show ip address`: the addresses that are in use now, those of the active unit."""

import re
from collections.abc import Iterator

from msgspec import Struct

COMMAND = "show ip address"

_ENTRY = re.compile(r"(\S+)\s+(\S+)\s+(\d+\.\d+\.\d+\.\d+)\s+(\d+\.\d+\.\d+\.\d+)\s+(\S.*)")


class InUse(Struct, frozen=True):
    """An address of IPv4 and its mask, on the port that the configuration calls `nameif`."""

    port: str
    nameif: str
    address: str
    mask: str


def parse_addresses(text: str) -> Iterator[InUse]:
    """What stands under "Current IP Addresses"."""
    current = False
    for raw in text.splitlines():
        line = raw.strip()
        if line.endswith(("IP Addresses:", "IP Address:")):
            current = line.startswith("Current")
        elif current and (entry := _ENTRY.fullmatch(line)) is not None:
            yield InUse(entry[1], entry[2], entry[3], entry[4])
