"""What the lab is made of, as the intent says it: hosts, who stands outside, and the links between them."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
    ip_interface,
    ip_network,
)
from pathlib import Path
from typing import Any, Literal

import yaml

from routebook.errors import RefusedError

IPAddress = IPv4Address | IPv6Address
IPInterface = IPv4Interface | IPv6Interface
IPNetwork = IPv4Network | IPv6Network

MANAGEMENT = "management"  # the name of the link that joins the operator and all hosts


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface of a host or peer; `link` is None for a loopback."""

    name: str
    link: str | None
    addresses: tuple[IPInterface, ...]

    def address_in(self, version: int) -> IPAddress | None:
        """The first address of the IP version, 4 or 6."""
        return next((address.ip for address in self.addresses if address.version == version), None)


@dataclass(frozen=True, slots=True)
class TunnelEnd:
    """One end of a tunnel: the host at the other end, and this end's address inside the tunnel."""

    name: str
    peer: str
    mode: Literal["policy", "route"]
    inner: IPInterface | None
    mark: int | None


@dataclass(frozen=True, slots=True)
class Host:
    """A managed host."""

    name: str
    site: str
    platform: str
    management: IPAddress
    interfaces: tuple[Interface, ...]
    tunnels: tuple[TunnelEnd, ...]

    @property
    def loopbacks(self) -> tuple[IPAddress, ...]:
        """The addresses that are on no link."""
        return tuple(address.ip for each in self.interfaces if each.link is None for address in each.addresses)

    def address_on(self, link: str, version: int) -> IPAddress | None:
        """The host's address of the IP version on a link."""
        found = (each.address_in(version) for each in self.interfaces if each.link == link)
        return next((address for address in found if address is not None), None)


@dataclass(frozen=True, slots=True)
class PeerSession:
    """A BGP session from the outside peer's end. `password` is the TCP MD5 password (RFC 2385), "" for none."""

    local_address: IPAddress
    remote_address: IPAddress
    remote_as: int
    password: str


@dataclass(frozen=True, slots=True)
class Peer:
    """An outside BGP speaker: what it runs, what it announces, and its sessions."""

    name: str
    asn: int
    speaker: str
    interfaces: tuple[Interface, ...]
    announced: tuple[IPNetwork, ...]
    sessions: tuple[PeerSession, ...]


@dataclass(frozen=True, slots=True)
class Cache:
    """An RPKI cache (RFC 8210) on a link."""

    name: str
    address: IPAddress
    port: int
    link: str


@dataclass(frozen=True, slots=True)
class Topology:
    """The whole lab. `sites` maps a site to its prefixes."""

    asn: int
    sites: Mapping[str, tuple[IPNetwork, ...]]
    links: tuple[str, ...]
    hosts: tuple[Host, ...]
    peers: tuple[Peer, ...]
    caches: tuple[Cache, ...]

    def host(self, name: str) -> Host:
        """The host with this name; RefusedError if there is none."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise RefusedError(f"the lab has no host {name}; it has {', '.join(host.name for host in self.hosts)}")

    @property
    def operator(self) -> IPv4Interface | IPv6Interface:
        """The operator's address on the management link: the highest free one of the first host's /24 (or /64)."""
        taken = {host.management for host in self.hosts}
        first = self.hosts[0].management
        network = ip_network(f"{first}/{24 if first.version == 4 else 64}", strict=False)
        for number in range(network.num_addresses - 2, 0, -1):
            if network[number] not in taken:
                return ip_interface(f"{network[number]}/{network.prefixlen}")
        raise RefusedError(f"the management network {network} has no free address for the operator")


def read(project: Path) -> Topology:
    """The topology of the project's inventory."""
    folder = project / "inventory"
    hosts = _yaml(folder / "hosts.yaml")
    groups = _yaml(folder / "groups.yaml")
    network = _yaml(folder / "network.yaml")
    tunnels = _yaml(folder / "tunnels.yaml").get("tunnels", {})
    return Topology(
        asn=network["network"]["asn"],
        sites={
            name: tuple(ip_network(prefix) for prefix in site.get("prefixes", ()))
            for name, site in network["network"]["sites"].items()
        },
        links=tuple(network["network"]["links"]),
        hosts=tuple(_host(name, host, groups, tunnels) for name, host in hosts.items()),
        peers=tuple(
            Peer(
                name=name,
                asn=peer["asn"],
                speaker=peer["lab"]["speaker"],
                interfaces=_interfaces(peer["interfaces"]),
                announced=tuple(itertools.chain.from_iterable(map(expand, peer["lab"].get("announce", ())))),
                sessions=(),
            )
            for name, peer in network.get("peers", {}).items()
            if "lab" in peer
        ),
        caches=tuple(
            Cache(cache["name"], ip_address(cache["address"]), cache["port"], cache["link"])
            for cache in network.get("rpki", {}).get("caches", ())
        ),
    )


def expand(announcement: str) -> list[IPNetwork]:
    """The prefixes of "2001:db8:1000::/36 x 40" (forty equal parts of it) or of a plain prefix."""
    prefix, _, count = announcement.partition(" x ")
    network = ip_network(prefix.strip())
    if not count:
        return [network]
    wanted = int(count)
    longer = network.prefixlen + (wanted - 1).bit_length()
    # Announced prefixes are to look like customers' ones, not like halves of the transit's own.
    usual = 48 if network.version == 6 else 24
    return list(itertools.islice(network.subnets(new_prefix=max(longer, usual)), wanted))


def _yaml(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text()) or {}


def _interfaces(declared: Mapping[str, Any]) -> tuple[Interface, ...]:
    return tuple(
        Interface(
            name, interface.get("link"), tuple(ip_interface(address) for address in interface.get("addresses", ()))
        )
        for name, interface in declared.items()
    )


def _host(name: str, host: Mapping[str, Any], groups: Mapping[str, Any], tunnels: Mapping[str, Any]) -> Host:
    members = [groups[group] for group in host.get("groups", ())]
    site = next((group["data"]["site"] for group in members if "site" in group.get("data", {})), "")
    platform = host.get("platform") or next((group["platform"] for group in members if "platform" in group), "")
    ends = []
    for tunnel in tunnels.get("list", ()):
        if name not in tunnel["ends"]:
            continue
        here = tunnel["ends"].index(name)
        inner = ip_network(tunnel["inner"]) if "inner" in tunnel else None
        ends.append(
            TunnelEnd(
                name="--".join(tunnel["ends"]),
                peer=tunnel["ends"][1 - here],
                mode=tunnel.get("mode", "policy"),
                inner=ip_interface(f"{inner[here]}/{inner.prefixlen}") if inner else None,
                mark=tunnel.get("mark"),
            )
        )
    return Host(
        name=name,
        site=host.get("data", {}).get("site", site),
        platform=platform,
        management=ip_address(host["hostname"]),
        interfaces=_interfaces(host.get("data", {}).get("interfaces", {})),
        tunnels=tuple(ends),
    )
