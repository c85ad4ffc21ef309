"""What an ASA calls interfaces and tunnels, and which release it says that it is."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from routebook.intent.capabilities import Release
from routebook.intent.model import DeviceNames, IPNetwork

if TYPE_CHECKING:
    from routebook.intent.rules import TunnelSide

_RELEASE = re.compile(r"(\d+)\.(\d+)\((\d+)\)(\d*)")


class AsaEnd(DeviceNames, frozen=True, kw_only=True):
    """What an ASA's end of a tunnel is called there.

    `outside` is the named interface that the tunnel runs over. `number` is that of `interface Tunnel<number>`,
    or of the entry in `crypto_map`. `nameif` is the tunnel interface's name, `routes` what is routed over it
    statically, with the tunnel's `route_metric`.
    """

    outside: str
    number: int
    nameif: str
    crypto_map: str
    routes: tuple[IPNetwork, ...] = ()


def read_release(text: str) -> Release:
    """The release that `show version` says, as 9.16(4) or 9.16(4)14. Raises ValueError."""
    found = _RELEASE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no release; it is written as `show version` says it, for example 9.16(4)")
    return Release(tuple(int(part or 0) for part in found.groups()), text)


def name_interface(name: str, own: Mapping[str, Any]) -> str:
    """What the configuration calls an interface: its `nameif`."""
    return own.get("nameif") or name


def name_tunnel(side: "TunnelSide") -> AsaEnd:
    """What the ASA calls its end: the IKE SA goes by the peer's address, the child by its interface or its entry.

    Numbers follow from addresses, so that no other tunnel's changes one.
    """
    interface = side.me.interface_with(side.local)
    outside = (interface.device_name or interface.name) if interface else ""
    if side.mode == "route":
        number = (int(side.inner.network_address) & 0xFF) >> 1 if side.inner else 0
    else:
        number = (int(side.remote) if side.remote is not None else 0) & 0xFFFF or 1
    number = side.options.get("number", number)
    nameif = side.options.get("nameif") or f"RB-{side.name}"
    crypto_map = (interface.own.get("crypto_map") if interface else "") or f"RB-{outside}"
    return AsaEnd(
        connection=str(side.remote),
        child=nameif if side.mode == "route" else f"{crypto_map} {number}",
        pairs_apart=side.mode == "policy",
        outside=outside,
        number=number,
        nameif=nameif,
        crypto_map=crypto_map,
        routes=_routes(side),
    )


def _routes(side: "TunnelSide") -> tuple[IPNetwork, ...]:
    """The prefixes of the other end's site that the tunnel interface's family can carry."""
    if side.mode != "route" or side.options.get("route_metric") is None or side.inner is None:
        return ()
    return tuple(prefix for prefix in side.beyond if prefix.version == side.inner.version)
