"""The whole network as it is meant to be: our hosts, who is not ours, and sessions and tunnels with both their ends."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from routebook.intent.capabilities import Release, Transport
from routebook.intent.model import (
    Announced,
    Family,
    HostIntent,
    Interface,
    IPAddress,
    IPNetwork,
    Neighbor,
    SecretRef,
    Tunnel,
)
from routebook.intent.problem import Mark, Problem

LAB_RELEASES = ("bookworm", "trixie", "sid")  # of Debian, whose daemons the lab can run


class Site(Struct, frozen=True, kw_only=True):
    """A place and the prefixes that tunnels carry for it."""

    name: str
    prefixes: tuple[IPNetwork, ...]


class Link(Struct, frozen=True, kw_only=True):
    """What interfaces are attached to: a LAN, an exchange, the internet."""

    name: str
    site: str | None = None


class ClusterNode(Struct, frozen=True, kw_only=True):
    """A node of a Kubernetes cluster, what it announces, and the platform that its BGP is of.

    `release` is that of the platform's software there, None where nothing says it; `mark` is where it is or would be
    said.
    """

    platform: str
    cluster: str
    node: str  # its name in the cluster
    advertise: tuple[Announced, ...]
    release: Release | None = None
    mark: Mark


class StandIn(Struct, frozen=True, kw_only=True):
    """How the lab plays a BGP speaker: with what, of which release, and what it announces."""

    speaker: str = ""  # the lab has a default
    announce: tuple[str, ...] = ()
    release: str = ""


class Peer(Struct, frozen=True, kw_only=True):
    """A BGP speaker that is not ours, played by the lab where it has `lab`; without an AS number, who ends tunnels."""

    name: str
    asn: int | None
    interfaces: tuple[Interface, ...]
    node: ClusterNode | None = None
    lab: StandIn | None = None


class CacheServer(Struct, frozen=True, kw_only=True):
    """An RPKI-to-router cache as a node of the network; the lab plays it where it is on a link."""

    name: str
    address: IPAddress
    port: int
    preference: int
    link: str | None = None
    lab_release: str = ""


class Endpoints(Struct, frozen=True):
    """The addresses of both ends, what the session runs over, and the link's name if it is one."""

    addresses: tuple[IPAddress, IPAddress]
    over: Transport
    link: str | None


class SessionEnd(Struct, frozen=True, kw_only=True):
    """One end of a session: `managed` says whether it is a host of ours; `neighbor` is the session as it sees it."""

    name: str
    managed: bool
    asn: int
    address: IPAddress
    neighbor: Neighbor


class Session(Struct, frozen=True, kw_only=True):
    """A BGP session with both its ends. `link` is the common link it runs over, None between loopbacks."""

    name: str
    ends: tuple[SessionEnd, SessionEnd]
    families: tuple[Family, ...]
    link: str | None = None
    password: SecretRef | None = None

    @property
    def external(self) -> bool:
        """Whether the two ends are in different autonomous systems."""
        return self.ends[0].asn != self.ends[1].asn


class TunnelEnd(Struct, frozen=True, kw_only=True):
    """One end of a tunnel: `tunnel` is the tunnel as it sees it."""

    name: str
    managed: bool
    tunnel: Tunnel


class TunnelPair(Struct, frozen=True, kw_only=True):
    """A tunnel with both its ends; the first one starts it. `inner` holds the two inner addresses."""

    name: str
    ends: tuple[TunnelEnd, TunnelEnd]
    link: str | None = None
    inner: IPNetwork | None = None


class SecretUse(Struct, frozen=True, kw_only=True):
    """A reference to a secret, what needs it, and where the inventory says so."""

    reference: SecretRef
    purpose: str
    mark: Mark


class Network(Struct, frozen=True, kw_only=True):
    """The whole intent. `hosts` are ours and managed; `peers` and `caches` are other people's."""

    project: Path
    asn: int
    sites: Mapping[str, Site]
    links: Mapping[str, Link]
    hosts: Mapping[str, HostIntent]
    peers: Mapping[str, Peer]
    sessions: tuple[Session, ...]
    tunnels: tuple[TunnelPair, ...]
    caches: tuple[CacheServer, ...] = ()
    secret_uses: tuple[SecretUse, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def interfaces(self, name: str) -> tuple[Interface, ...]:
        """The interfaces of a host or an outside peer. Raises KeyError for an unknown name."""
        return self.hosts[name].interfaces if name in self.hosts else self.peers[name].interfaces

    def secret_places(self) -> dict[SecretRef, Mark]:
        """Where the inventory refers to each secret."""
        return {use.reference: use.mark for use in self.secret_uses}
