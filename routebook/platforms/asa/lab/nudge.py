"""Resets BGP sessions over a tunnel that is up when they keep waiting.

Two ends whose tunnel comes up at the same moment connect at the same moment, and FRR 8.4 can go on refusing the one's
OPEN because of the other's. A session that waits has nothing to lose by a reset.
"""

import time
from dataclasses import dataclass, field
from ipaddress import ip_address

from routebook.platforms.asa.lab import frr
from routebook.platforms.asa.lab.configuration import Line
from routebook.platforms.asa.lab.processes import run, vtysh_json

PATIENCE = (15.0, 22.0)  # seconds; the two ends differ, so that they do not reset in step


@dataclass(slots=True)
class Nudge:
    """Since when (of the monotonic clock) each waiting session may be said to wait."""

    since: dict[str, float] = field(default_factory=dict)
    looked: float = 0.0

    async def look(self, root: Line) -> None:
        """Look at the sessions over tunnels, not more often than every seven seconds."""
        now = time.monotonic()
        if now - self.looked < 7:
            return
        self.looked = now
        router = root.first("router", "bgp")
        addresses = {
            line.values[0]
            for family in (router.find("address-family") if router is not None else ())
            for line in family.find("neighbor")
        }
        inner = {address: source for address in addresses if (source := frr.tunnel_source(address, root))}
        if not inner:
            self.since.clear()
            return
        found = (await vtysh_json("show bgp ipv4 unicast summary")).get("peers", {})
        waiting = {each for each in inner if found.get(each, {}).get("state") not in (None, "Established")}
        self.since = {each: self.since.get(each, now) for each in waiting}
        for address, since in self.since.items():
            if now - since > PATIENCE[ip_address(address).packed < ip_address(inner[address]).packed]:
                self.since[address] = now
                await run("vtysh", "-c", f"clear bgp {address}", check=False)
