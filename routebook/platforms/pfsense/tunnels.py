"""The IPsec tunnels that config.xml configures: their names in charon, and what their SAs are made with."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_network

from msgspec import Struct

from routebook.device.state import IkeSa
from routebook.platforms.pfsense import manifest
from routebook.platforms.pfsense.numbers import tunnel_name
from routebook.platforms.pfsense.tree import Canonical, Element, canonical

# What decides about nothing that an SA is made with.
_SILENT = frozenset({"descr", "disabled"})


class Tunnel(Struct, frozen=True):
    """A phase 1 with its phase 2 entries. `starts` is whether charon initiates it by itself.

    A routed one has `interfaces` (ipsec1 …), whose inner networks are `inner`; others have none.
    """

    name: str
    ikeid: str
    enabled: bool
    owned: bool
    starts: bool
    ike: tuple[Canonical, ...]
    children: tuple[tuple[Canonical, ...], ...]
    interfaces: tuple[str, ...] = ()
    inner: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def connection(self) -> str:
        """The connection's name in charon."""
        return f"con{self.ikeid}"


def tunnels(root: Element) -> dict[str, Tunnel]:
    """The tunnels by `ikeid`."""
    ipsec = root.find("ipsec") or Element("ipsec")
    ours = manifest.ours(root)
    found: dict[str, Tunnel] = {}
    for entry in ipsec.all("phase1"):
        ikeid, descr = entry.value("ikeid"), entry.value("descr")
        phase2 = [other for other in ipsec.all("phase2") if other.value("ikeid") == ikeid and not other.has("disabled")]
        found[ikeid] = Tunnel(
            name=tunnel_name(descr) or f"con{ikeid}",
            ikeid=ikeid,
            enabled=bool(phase2) and not entry.has("disabled"),
            owned=ours(("ipsec", "phase1"), entry),
            starts=_starts(entry, phase2),
            ike=_made_with(entry),
            children=tuple(_made_with(other) for other in phase2),
            interfaces=interfaces(entry, [other for other in ipsec.all("phase2") if other.value("ikeid") == ikeid]),
            inner=tuple(network for other in phase2 if (network := inner_network(other)) is not None),
        )
    return found


def interfaces(phase1: Element, phase2: Sequence[Element]) -> tuple[str, ...]:
    """The interfaces of a routed tunnel, by all of its phase 2 entries; empty where none of them is routed.

    With IKEv2 and no split connections there is one, of the first phase 2 entry's `reqid`, else one for each: since
    pfSense 2.5 (ipsec_get_ifname() in etc/inc/ipsec.inc, interface_ipsec_vti_configure() in interfaces.inc).
    """
    routed = [entry for entry in phase2 if entry.value("mode") == "vti" and not entry.has("disabled")]
    if not routed:
        return ()
    if phase1.value("iketype") == "ikev1" or phase1.has("splitconn"):
        return tuple(f"ipsec{entry.value('reqid')}" for entry in routed)
    return (f"ipsec{phase2[0].value('reqid')}",)


def inner_network(phase2: Element) -> IPv4Network | IPv6Network | None:
    """The network inside a routed phase 2; None of another, and where it is no address.

    Without a length it has 30 bits, or 64 (ipsec_idinfo_to_cidr() in etc/inc/ipsec.inc).
    """
    if phase2.value("mode") != "vti":
        return None
    address = phase2.value("localid", "address")
    bits = phase2.value("localid", "netbits") or ("64" if ":" in address else "30")
    try:
        return ip_network(f"{address}/{bits}", strict=False)
    except ValueError:
        return None


def _starts(phase1: Element, phase2: list[Element]) -> bool:
    """Whether this end initiates: as configured, or by default where the tunnel is a VTI (etc/inc/ipsec.inc)."""
    action = phase1.value("startaction")
    if phase1.has("responderonly"):
        return False
    return action == "start" or (not action and any(entry.value("mode") == "vti" for entry in phase2))


def _made_with(entry: Element) -> tuple[Canonical, ...]:
    return tuple(sorted(canonical(child) for child in entry.children if child.tag not in _SILENT))


def named(sas: tuple[IkeSa, ...], known: Mapping[str, Tunnel]) -> tuple[IkeSa, ...]:
    """The SAs by their tunnels' names, as the checks know them, in place of con<ikeid> and con<ikeid>_<reqid>."""
    return tuple(_named(sa, known) for sa in sas)


def _named(sa: IkeSa, known: Mapping[str, Tunnel]) -> IkeSa:
    tunnel = known.get(ikeid_of(sa.name))
    if tunnel is None:
        return sa
    children = tuple(
        replace(child, name=tunnel.name) if ikeid_of(child.name) == tunnel.ikeid else child for child in sa.children
    )
    return replace(sa, name=tunnel.name, children=children)


def ikeid_of(connection: str) -> str:
    """The `ikeid` in a connection's or a child's name; empty where there is none, as in `bypasslan`."""
    digits = connection.removeprefix("con").partition("_")[0]
    return digits if connection.startswith("con") and digits.isdigit() else ""
