"""The intents of two gateways with two tunnels between them, one over IPv4 and one over IPv6."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from msgspec.structs import replace

from routebook.intent.model import HostIntent, IPAddress, IPNetwork, IpsecProposal, SecretRef, Tunnel

LEFT, RIGHT = "left", "right"
OTHER = {LEFT: RIGHT, RIGHT: LEFT}

Gateways = Mapping[str, HostIntent]
"""Both gateways' intents, by their names."""

IKE = (
    IpsecProposal(encryption="aes256gcm16", prf="prfsha256", dh_group="modp2048"),
    IpsecProposal(encryption="aes256", integrity="sha256", prf="prfsha256", dh_group="modp2048"),
)
ESP = (IpsecProposal(encryption="aes256gcm16", dh_group="modp2048"),)


@dataclass(frozen=True, slots=True)
class TunnelPlace:
    """Where a tunnel runs, left end first: outer addresses, others that only a change uses, and the inner networks."""

    name: str
    outer: tuple[IPAddress, IPAddress]
    spare: tuple[IPAddress, IPAddress]
    inner: tuple[IPNetwork, IPNetwork]
    more: tuple[IPNetwork, IPNetwork]
    length: int


def _pair(first: str, second: str) -> tuple[IPAddress, IPAddress]:
    return ip_address(first), ip_address(second)


def _nets(first: str, second: str) -> tuple[IPNetwork, IPNetwork]:
    return ip_network(first), ip_network(second)


TUNNELS = {
    place.name: place
    for place in (
        TunnelPlace(
            "over-IPv4",
            _pair("198.51.100.1", "198.51.100.2"),
            _pair("198.51.100.5", "198.51.100.6"),
            _nets("10.1.0.0/24", "10.2.0.0/24"),
            _nets("10.11.0.0/24", "10.12.0.0/24"),
            24,
        ),
        TunnelPlace(
            "over-IPv6",
            _pair("2001:db8:9::1", "2001:db8:9::2"),
            _pair("2001:db8:9::5", "2001:db8:9::6"),
            _nets("2001:db8:1::/64", "2001:db8:2::/64"),
            _nets("2001:db8:11::/64", "2001:db8:12::/64"),
            64,
        ),
    )
}


def _end(place: TunnelPlace, side: int) -> Tunnel:
    return Tunnel(
        name=place.name,
        peer=(RIGHT, LEFT)[side],
        peer_host=(RIGHT, LEFT)[side],
        local_address=place.outer[side],
        remote_address=place.outer[1 - side],
        local_id=str(place.outer[side]),
        remote_id=str(place.outer[1 - side]),
        initiator=side == 0,
        local_selectors=(place.inner[side],),
        remote_selectors=(place.inner[1 - side],),
        ike_proposals=IKE[:1],
        esp_proposals=ESP,
        psk=SecretRef(env="first"),
    )


@lru_cache(maxsize=1)
def start() -> Gateways:
    """Both gateways before any change."""
    return {
        name: HostIntent(
            name=name,
            site=name,
            platform="strongswan",
            tunnels=tuple(_end(place, side) for place in TUNNELS.values()),
        )
        for side, name in enumerate((LEFT, RIGHT))
    }


def _version(tunnel: Tunnel) -> int | None:
    return tunnel.local_address.version if tunnel.local_address is not None else None


def on_end(world: Gateways, host: str, tunnel: str, **values: Any) -> Gateways:
    """The world with other values of a tunnel at one end, found by the address of the tunnel's family."""
    place = TUNNELS[tunnel]
    changed = tuple(
        replace(each, **values) if _version(each) == place.outer[0].version else each for each in world[host].tunnels
    )
    return {**world, host: replace(world[host], tunnels=changed)}


def on_both(world: Gateways, tunnel: str, **values: Any) -> Gateways:
    """The world with other values of a tunnel, the same ones at both ends."""
    return on_end(on_end(world, LEFT, tunnel, **values), RIGHT, tunnel, **values)


def without(world: Gateways, tunnel: str) -> Gateways:
    """The world without a tunnel."""
    version = TUNNELS[tunnel].outer[0].version
    return {
        name: replace(intent, tunnels=tuple(each for each in intent.tunnels if _version(each) != version))
        for name, intent in world.items()
    }
