"""How an ASA sees the connection to it, and which way its answers take: `show ssh sessions` and `show route`.

Forms: Cisco ASA Series command reference, "show ssh sessions"; CLI configuration guide, "Displaying the Routing Table".
"""

import re
from ipaddress import IPv4Address, IPv4Network

from routebook.device.values import Reached
from routebook.platforms.asa.session import AsaSession

_SESSION = re.compile(r"\s*+\d++\s++(\d+\.\d+\.\d+\.\d+)\s++.*\sSession ?Started\s++(\S++).*", re.IGNORECASE)
_ADDRESS = r"\d+\.\d+\.\d+\.\d+"
_ROUTE = re.compile(
    rf"(?P<code>[A-Za-z]\S*)(?: \S\S)?\s+(?P<network>{_ADDRESS}) (?P<mask>{_ADDRESS})"
    rf"(?: \[\d+/\d+\] via (?P<gateway>{_ADDRESS})| is directly connected| connected by VPN \(\w+\))(?P<more>(?:, .*)?)"
)
_AGE = re.compile(r"\d.*|never")
_PROTOCOLS = {"C": "kernel", "L": "kernel", "S": "static", "B": "bgp"}


def reached(session: AsaSession, user: str, jumps: tuple[str, ...], *, timer: bool) -> Reached:
    """The connection's other end and the route to it. What the device does not show, or not for certain, stays empty.

    A device lists the sessions of all its users and does not say which one asks: ours is known when all sessions of
    this user come from one address.
    """
    lines = session.show("show ssh sessions").splitlines()
    clients = {found[1] for line in lines if (found := _SESSION.fullmatch(line)) and found[2] == user}
    if len(clients) != 1:
        return Reached(jumps, timer=timer)
    client = clients.pop()
    interface, gateway, protocol = route(session.show("show route"), client)
    return Reached(jumps, client=client, interface=interface, gateway=gateway, protocol=protocol, timer=timer)


def route(table: str, client: str) -> tuple[str, str, str]:
    """The interface, gateway and origin of the most specific route to an address; empty without one.

    A network that lies on an interface has no gateway, and the route of a routing protocol names no interface.
    """
    matching = [
        (IPv4Network(f"{found['network']}/{found['mask']}", strict=False).prefixlen, found)
        for line in table.splitlines()
        if (found := _ROUTE.fullmatch(line.strip()))
        and IPv4Address(client) in IPv4Network(f"{found['network']}/{found['mask']}", strict=False)
    ]
    if not matching:
        return "", "", ""
    _, best = max(matching, key=lambda each: each[0])
    named = [word.strip() for word in best["more"].split(",")[1:] if not _AGE.fullmatch(word.strip())]
    protocol = _PROTOCOLS.get(best["code"].rstrip("*"), best["code"].rstrip("*"))
    return named[-1] if named else "", best["gateway"] or "", protocol
