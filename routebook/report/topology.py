"""The network as a graph: hosts and who is outside, and between them sessions and tunnels, each with its ends."""

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from msgspec import Struct

from routebook.checks.names import named_states
from routebook.checks.tunnel_causes import installed
from routebook.device.values import State
from routebook.intent.model import HostIntent

Kind = Literal["session", "tunnel"]
End = tuple[str, str]
"""A host of ours, and what the session or tunnel is there: the neighbor's address, or the tunnel's name."""
Seen = Literal["up", "down", "absent", "unread"]
"""Absent: a host that was read does not have it. Unread: no end of it was read."""
Verdict = Literal["up", "failed", "shut", "unread"]

WORDS: Mapping[Verdict, str] = {"up": "up", "failed": "not up", "shut": "shut down, as intended", "unread": "not read"}
_WORST: tuple[Verdict, ...] = ("failed", "unread", "shut", "up")


class Node(Struct, frozen=True):
    """A host of ours at its site, or somebody outside, whose `site` is that of the host that it has most to do with."""

    name: str
    site: str
    ours: bool
    detail: str = ""  # a host's platform, or what is known of somebody outside


class Part(Struct, frozen=True):
    """One session or tunnel. `ends` are those at hosts of ours, `between` the names of both."""

    kind: Kind
    name: str
    between: tuple[str, str]
    ends: tuple[End, ...]
    families: tuple[str, ...] = ()
    shut: bool = False  # as the intent has it


class Link(Struct, frozen=True):
    """All sessions, or all tunnels, between two nodes."""

    kind: Kind
    between: tuple[str, str]
    parts: tuple[Part, ...]


class Topology(Struct, frozen=True):
    """The graph, everything in it in a fixed order."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every session and tunnel."""
        return tuple(part for link in self.links for part in link.parts)


def topology(intents: Mapping[str, HostIntent], hosts: Collection[str] | None = None) -> Topology:
    """The graph of an intent; with `hosts`, of these and whoever they have a session or tunnel with.

    The nodes of one Kubernetes cluster are one node.
    """
    parts = {(part.kind, part.name, frozenset(part.ends)): part for part in _parts(intents)}
    links: dict[tuple[Kind, tuple[str, str]], list[Part]] = {}
    for part in parts.values():
        if hosts is None or set(part.between) & set(hosts):
            links.setdefault((part.kind, part.between), []).append(part)
    names = dict.fromkeys(sorted(intents if hosts is None else set(hosts) & intents.keys()))
    names |= dict.fromkeys(name for _, between in sorted(links) for name in between)
    found = tuple(Link(kind, between, tuple(them)) for (kind, between), them in sorted(links.items()))
    return Topology(tuple(_node(name, intents, found) for name in names), found)


def _parts(intents: Mapping[str, HostIntent]) -> Iterator[Part]:
    for host, intent in sorted(intents.items()):
        for neighbor in intent.neighbors:
            ends = [(host, str(neighbor.address))]
            if neighbor.peer_host in intents:
                ends.append((str(neighbor.peer_host), str(neighbor.local_address)))
            families = tuple(family.family.removesuffix("-unicast") for family in neighbor.families)
            between = _between(host, neighbor.cluster or neighbor.peer)
            yield Part("session", neighbor.session, between, tuple(sorted(ends)), families, neighbor.shutdown)
        for tunnel in intent.tunnels:
            ends = [(host, tunnel.name)]
            if tunnel.peer_host in intents:
                ends.append((str(tunnel.peer_host), tunnel.name))
            yield Part("tunnel", tunnel.name, _between(host, tunnel.peer), tuple(sorted(ends)))


def _between(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one <= other else (other, one)


def _node(name: str, intents: Mapping[str, HostIntent], links: Collection[Link]) -> Node:
    if (intent := intents.get(name)) is not None:
        return Node(name, intent.site, ours=True, detail=intent.platform)
    beside: dict[str, int] = {}
    for link in links:
        for part in link.parts if name in link.between else ():
            for host, _ in part.ends:
                beside[intents[host].site] = beside.get(intents[host].site, 0) + 1
    site = max(sorted(beside), key=lambda site: beside[site], default="")
    return Node(name, site, ours=False, detail=_outside(name, intents))


def _outside(name: str, intents: Mapping[str, HostIntent]) -> str:
    peers = [each for intent in intents.values() for each in intent.neighbors if name in (each.cluster, each.peer)]
    if nodes := {each.peer for each in peers if each.cluster == name}:
        return f"cluster, {len(nodes)} node{'s' * (len(nodes) != 1)}"
    numbers = sorted({each.remote_as for each in peers if each.remote_as})
    return f"AS {numbers[0]}" if numbers else "outside"


class Views(Struct, frozen=True):
    """What was read at one moment, of which the tunnels have the names of the intent. `states` may be empty."""

    intents: Mapping[str, HostIntent]
    states: Mapping[str, State]

    @classmethod
    def of(cls, intents: Mapping[str, HostIntent], states: Mapping[str, State]) -> "Views":
        """The states by the intent's names."""
        return cls(intents, named_states(intents, states))

    def seen(self, part: Part) -> Seen:
        """What the ends of it that were read say together."""
        ends = {self._at(part.kind, *end) for end in part.ends}
        order: tuple[Seen, ...] = ("down", "absent", "up")
        return next((each for each in order if each in ends), "unread")

    def _at(self, kind: Kind, host: str, subject: str) -> Seen:
        if (state := self.states.get(host)) is None:
            return "unread"
        if kind == "tunnel":
            if any(sa.up and installed(sa, subject) for sa in state.ike or ()):
                return "up"
            tunnel = next((each for each in self.intents[host].tunnels if each.name == subject), None)
            known = state.connections is None or tunnel is None or tunnel.connection in state.connections
            return "down" if known and state.ike is not None else "absent"
        sessions = [each for each in state.bgp or () if str(each.peer) == subject and each.vrf == "default"]
        return "absent" if not sessions else "up" if sessions[0].established else "down"

    def verdict(self, part: Part) -> Verdict:
        """What to say of it: whether it is up, where it is meant to be."""
        seen = self.seen(part)
        return seen if seen in ("up", "unread") else "shut" if part.shut else "failed"


def worst(verdicts: Collection[Verdict]) -> Verdict:
    """The one of them that a reader must see."""
    return next((each for each in _WORST if each in verdicts), "unread")
