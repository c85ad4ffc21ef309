"""Kubernetes clusters as BGP speakers: which nodes need the same of Cilium's control plane, and what it cannot do."""

import shlex
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from routebook.intent.capabilities import Release
from routebook.intent.model import Announced, Family, IPAddress, Neighbor, SecretRef
from routebook.intent.network import Network, Session
from routebook.intent.platform import Words
from routebook.intent.problem import Mark, Problem
from routebook.platforms.cilium.releases import NEWEST, api_version, refused


class Peering(Struct, frozen=True, kw_only=True):
    """A session that every node of a group has. `address` and `asn` are the router's. Timers in seconds."""

    name: str  # the router's, and what distinguishes its sessions
    address: IPAddress
    asn: int
    families: tuple[Family, ...]
    password: SecretRef | None = None
    multihop: int | None = None
    connect_retry: int | None = None
    hold_time: int | None = None
    keepalive: int | None = None


class NodeGroup(Struct, frozen=True, kw_only=True):
    """Nodes of a cluster with the same needs. Each node may be in one configuration only, so in one group."""

    name: str
    asn: int
    nodes: tuple[str, ...]
    advertise: tuple[Announced, ...]
    peerings: tuple[Peering, ...]


class Cluster(Struct, frozen=True, kw_only=True):
    """A Kubernetes cluster whose nodes have sessions with our hosts, and what its release of Cilium takes.

    `api` is the version of the resources of `bgp`; `refused` are the manifests that it does not take.
    """

    name: str
    api: str
    refused: Mapping[str, Problem]
    groups: tuple[NodeGroup, ...]


_Needs = tuple[int, tuple[Announced, ...], tuple[Peering, ...]]


def clusters(network: Network) -> dict[str, Cluster]:
    """The network's Kubernetes clusters by name. Nodes without a session are in none of their groups."""
    needs: dict[str, dict[_Needs, list[str]]] = {}
    for name, peer in network.peers.items():
        node = peer.node
        if node is None or node.platform != "cilium" or peer.asn is None:
            continue
        of_cluster = needs.setdefault(node.cluster, {})
        if peerings := _peerings(name, network.sessions):
            of_cluster.setdefault((peer.asn, node.advertise, peerings), []).append(node.node)
    found: dict[str, Cluster] = {}
    for cluster, groups in needs.items():
        named = [
            NodeGroup(
                name=cluster if len(groups) == 1 else f"{cluster}-{min(nodes)}",
                asn=asn,
                nodes=tuple(sorted(nodes)),
                advertise=advertise,
                peerings=peerings,
            )
            for (asn, advertise, peerings), nodes in groups.items()
        ]
        release, mark = _release(cluster, network)
        found[cluster] = Cluster(
            name=cluster,
            api=api_version(release or NEWEST),
            refused=refused(cluster, release, mark),
            groups=tuple(sorted(named, key=lambda group: group.name)),
        )
    return found


def _release(cluster: str, network: Network) -> tuple[Release | None, Mark]:
    """What the first of its nodes that says it says, and where."""
    nodes = [peer.node for peer in network.peers.values() if peer.node is not None and peer.node.cluster == cluster]
    first = next((node for node in nodes if node.release is not None), nodes[0])
    return first.release, first.mark


def _peerings(node: str, sessions: Iterable[Session]) -> tuple[Peering, ...]:
    own = [end.neighbor for session in sessions for end in session.ends if end.name == node]
    routers = [(neighbor.peer, neighbor.address.version) for neighbor in own]
    return tuple(
        sorted(
            (
                Peering(
                    name=_name(neighbor, routers),
                    address=neighbor.address,
                    asn=neighbor.remote_as,
                    families=tuple(family.family for family in neighbor.families),
                    password=neighbor.password,
                    multihop=neighbor.ebgp_multihop if neighbor.local_as != neighbor.remote_as else None,
                    connect_retry=neighbor.connect_retry,
                    hold_time=neighbor.hold_time,
                    keepalive=neighbor.keepalive,
                )
                for neighbor in own
            ),
            key=lambda peering: peering.name,
        )
    )


def _name(neighbor: Neighbor, sessions: Sequence[tuple[str, int]]) -> str:
    """The router's name, with what distinguishes those of its sessions that one node has."""
    router, version = neighbor.peer.lower().replace("_", "-"), neighbor.address.version
    if sessions.count((neighbor.peer, version)) > 1:
        return f"{router}-{str(neighbor.address).replace(':', '-').replace('.', '-')}"
    return router if (neighbor.peer, 10 - version) not in sessions else f"{router}-ipv{version}"


def peer_name(group: NodeGroup, peering: Peering) -> str:
    """The name of the object that describes a peering of a group."""
    return f"{group.name}-{peering.name}"


def secret_name(group: NodeGroup, peering: Peering) -> str:
    """The name of the Kubernetes Secret that holds the session's password."""
    return f"bgp-{peer_name(group, peering)}"


def password_source(reference: SecretRef) -> str:
    """A shell command that prints a secret without a line's end."""
    if reference.env:
        return f'printf %s "${reference.env}"'
    if reference.file:
        return f"tr -d '\\n' < {shlex.quote(reference.file)}"
    return f"{reference.command} | tr -d '\\n'"


WORDS = Words(
    filters={
        "cilium_peer": peer_name,
        "cilium_secret": secret_name,
        "cilium_password": password_source,
    }
)
