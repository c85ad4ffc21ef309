"""What the lab is made of, as the intent says it: hosts, who stands outside, and the links between them."""

import itertools
from collections.abc import Mapping
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from routebook.errors import RefusedError
from routebook.intent.model import Family, HostIntent, Interface, IPAddress, IPInterface, IPNetwork, SecretRef, Tunnel
from routebook.intent.network import Network
from routebook.project.secrets import Secrets

MANAGEMENT = "management"  # the name of the link that joins the operator and all hosts
_ANYBODYS_AS = 64511  # what a peer is in that may be in any AS (RFC 5398)
MANAGEMENT_DEVICE = "mgmt0"  # a host's device on it


class Host(Struct, frozen=True):
    """A managed host, with its management address."""

    name: str
    site: str
    platform: str
    management: IPAddress
    interfaces: tuple[Interface, ...]
    tunnels: tuple[Tunnel, ...]
    bgp_package: str = ""  # where the platform leaves the choice
    release: str = ""  # that the inventory says it runs, where the lab can play several
    daemons: str = ""  # the release whose daemons run there; the machine's own without one

    @property
    def loopbacks(self) -> tuple[IPAddress, ...]:
        """The addresses that are on no link."""
        return tuple(address.ip for each in self.interfaces if each.loopback for address in each.addresses)

    def addresses_on(self, link: str) -> tuple[IPAddress, ...]:
        """The host's addresses on a link."""
        return tuple(address.ip for each in self.interfaces if each.link == link for address in each.addresses)


class PeerSession(Struct, frozen=True):
    """A BGP session from the outside peer's end. `password` is the TCP MD5 password (RFC 2385), "" for none.

    `hops` is how many the host may be away, 1 for a neighbor on the same link.
    """

    name: str
    local_address: IPAddress
    remote_address: IPAddress
    remote_as: int
    families: tuple[Family, ...]
    password: str
    hops: int
    ttl_security: bool
    bfd: bool


class Peer(Struct, frozen=True):
    """An outside BGP speaker: what it runs, what it announces, and its sessions."""

    name: str
    asn: int
    router_id: IPAddress
    speaker: str
    interfaces: tuple[Interface, ...]
    announced: tuple[IPNetwork, ...]
    sessions: tuple[PeerSession, ...]
    daemons: str = ""  # as a host's


class Cache(Struct, frozen=True):
    """An RPKI cache (RFC 8210) with its address on a link."""

    name: str
    address: IPInterface
    port: int
    link: str
    daemons: str = ""  # as a host's


class Topology(Struct, frozen=True):
    """The whole lab. `sites` maps a site to its prefixes, `links` a link to its site, None for one between sites."""

    sites: Mapping[str, tuple[IPNetwork, ...]]
    links: Mapping[str, str | None]
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
    def names(self) -> set[str]:
        """The names of all nodes."""
        return {
            *(host.name for host in self.hosts),
            *(each.name for each in self.peers),
            *(each.name for each in self.caches),
        }

    @property
    def door(self) -> IPInterface:
        """The address on the management link at which a lab with its own kernel is entered: below the operator's."""
        return self._free_management(1)

    @property
    def operator(self) -> IPInterface:
        """The operator's address on the management link: the highest free one of the first host's /24 (or /64)."""
        return self._free_management(0)

    def _free_management(self, index: int) -> IPInterface:
        taken = {host.management for host in self.hosts}
        first = self.hosts[0].management
        network = ip_network(f"{first}/{24 if first.version == 4 else 64}", strict=False)
        numbers = range(network.num_addresses - 2, 0, -1)
        free = (network[number] for number in numbers if network[number] not in taken)
        address = next(itertools.islice(free, index, None), None)
        if address is None:
            raise RefusedError(f"the management network {network} has no free address for the operator")
        return ip_interface(f"{address}/{network.prefixlen}")


def secret_files(project: Path) -> list[str]:
    """The files of secrets that the intent refers to, relative to the project."""
    network = _network(project)
    references = [session.password for session in network.sessions]
    references += [end.tunnel.psk for pair in network.tunnels for end in pair.ends if end.tunnel.psk is not None]
    return sorted({reference.file for reference in references if reference is not None and reference.file is not None})


def _network(project: Path) -> Network:
    # What a running lab narrows is asked by commands that have the intent already.
    from routebook.intent.load import load

    return load(project)


def read(project: Path) -> Topology:
    """The topology of the project's inventory; its secrets must be there. Raises RefusedError."""
    network = _network(project)
    if not network.hosts:
        raise RefusedError("the inventory has no hosts, so there is nothing to bring up")
    peers, caches = tuple(_peers(network, Secrets(project))), tuple(_caches(network))
    return replace(of_network(network), peers=peers, caches=caches)


def of_network(network: Network) -> Topology:
    """The topology of our own hosts, which takes no secret: without the peers and caches that the lab plays."""
    return Topology(
        sites={name: site.prefixes for name, site in network.sites.items()},
        links={name: link.site for name, link in network.links.items()},
        hosts=tuple(_host(host) for host in network.hosts.values()),
        peers=(),
        caches=(),
    )


def expand(announcement: str) -> list[IPNetwork]:
    """The prefixes of "2001:db8:1000::/36 x 40" (forty equal parts of it) or of a plain prefix."""
    prefix, _, count = announcement.partition(" x ")
    try:
        network = ip_network(prefix.strip())
        wanted = int(count) if count else 1
        if not count:
            return [network]
        # Customers' prefixes, where that leaves enough of them: what a transit sends, and what filters let in.
        length = max(network.prefixlen + (wanted - 1).bit_length(), 48 if network.version == 6 else 24)
        return list(itertools.islice(network.subnets(new_prefix=length), wanted))
    except ValueError as error:
        raise RefusedError(f'cannot announce "{announcement}": {error}; write a prefix, or "PREFIX x COUNT"') from error


def _host(host: HostIntent) -> Host:
    try:
        management = ip_address(host.hostname)
    except ValueError:
        raise RefusedError(
            f"{host.name} has the hostname {host.hostname}; the lab needs its management address there"
        ) from None
    return Host(
        host.name,
        host.site,
        host.platform,
        management,
        host.interfaces,
        host.tunnels,
        host.bgp_package,
        host.version,
        host.lab_release,
    )


def _peers(network: Network, secrets: Secrets) -> list[Peer]:
    found = []
    for number, peer in enumerate(network.peers.values(), 1):
        if peer.lab is None or peer.asn is None:
            continue
        announced = itertools.chain.from_iterable(map(expand, peer.lab.announce))
        found.append(
            Peer(
                name=peer.name,
                asn=peer.asn or _ANYBODYS_AS,
                router_id=ip_address(f"203.0.113.{number}"),
                speaker=peer.lab.speaker or "bird",
                interfaces=peer.interfaces,
                announced=tuple(announced),
                sessions=tuple(_peer_sessions(network, peer.name, secrets)),
                daemons=peer.lab.release,
            )
        )
    return found


def _peer_sessions(network: Network, peer: str, secrets: Secrets) -> list[PeerSession]:
    found = []
    for session in network.sessions:
        for end, other in (session.ends, session.ends[::-1]):
            if end.name != peer or end.managed:
                continue
            password: SecretRef | None = session.password
            found.append(
                PeerSession(
                    name=other.name,
                    local_address=end.address,
                    remote_address=other.address,
                    remote_as=end.neighbor.remote_as,
                    families=session.families,
                    password=secrets.resolve(password) if password is not None else "",
                    hops=end.neighbor.ebgp_multihop or 1,
                    ttl_security=end.neighbor.ttl_security_hops is not None,
                    bfd=end.neighbor.bfd is not None,
                )
            )
    return found


def _caches(network: Network) -> list[Cache]:
    found = []
    interfaces = [each for host in network.hosts.values() for each in host.interfaces]
    for cache in network.caches:
        if cache.link is None:
            continue
        on_link = (a.network for each in interfaces if each.link == cache.link for a in each.addresses)
        length = next((n.prefixlen for n in on_link if cache.address in n), cache.address.max_prefixlen)
        address = ip_interface(f"{cache.address}/{length}")
        found.append(Cache(cache.name, address, cache.port, cache.link, cache.lab_release))
    return found
