"""The links that interfaces are on, worked out from their addresses: one network, one link."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from routebook.importing.found import FoundHost
from routebook.importing.names import as_name, free
from routebook.importing.pairing import FoundPeer, is_loopback
from routebook.intent.model import IPInterface, IPNetwork

Place = tuple[str, str]
"""A host and one of its interfaces."""


@dataclass(slots=True)
class Links:
    """The link of each interface, by host and interface."""

    names: dict[Place, str] = field(default_factory=dict)

    def members(self, link: str) -> list[Place]:
        """The interfaces on a link."""
        return [place for place, name in self.names.items() if name == link]


def usable(addresses: list[IPInterface]) -> list[IPInterface]:
    """The addresses that an inventory has: those that are not of one link alone, and 169.254.0.0/16 of tunnels."""
    return list(dict.fromkeys(a for a in addresses if a.version == 4 or not a.ip.is_link_local))


def find_links(hosts: Mapping[str, FoundHost], peers: Mapping[str, FoundPeer]) -> Links:
    """Interfaces with addresses in one network are on one link, which is named after who is on it."""
    groups: list[set[Place]] = []
    by_network: dict[IPNetwork, set[Place]] = {}
    for host in hosts.values():
        for interface, addresses in host.interfaces.items():
            if is_loopback(interface) or not usable(addresses):
                continue
            mine: set[Place] = {(host.name, interface)}
            for address in usable(addresses):
                alone = address.network.num_addresses == 1
                other = by_network.setdefault(address.network, mine) if not alone else mine
                if other is not mine:
                    mine |= other
                    for network in [n for n, group in by_network.items() if group is other]:
                        by_network[network] = mine
                    groups = [group for group in groups if group is not other]
            for address in usable(addresses):
                if address.network.num_addresses > 1:
                    by_network[address.network] = mine
            groups.append(mine)
    links = Links()
    taken: set[str] = set()
    for group in groups:
        on = [peer.name for peer in peers.values() if any(place in group for place in peer.addresses.values())]
        name = free(_name(sorted(group), on), taken)
        taken.add(name)
        links.names |= dict.fromkeys(group, name)
    return links


def _name(group: list[Place], peers: list[str]) -> str:
    hosts = list(dict.fromkeys(host for host, _ in group))
    interfaces = list(dict.fromkeys(interface for _, interface in group))
    if len(peers) == 1 and len(hosts) <= 2:
        return peers[0]
    if len(hosts) == 1:
        return as_name(f"{hosts[0]}-{interfaces[0]}")
    if len(hosts) == 2:
        return as_name("-".join(hosts))
    return as_name(interfaces[0]) if len(interfaces) == 1 else as_name(f"{hosts[0]}-{interfaces[0]}")
