"""Whether packets arrive: through each tunnel and between sites, small and of full size, in both directions.

Which echo requests to send is worked out here, and what becomes of them is judged here, with the counters of the child
SAs at both ends. Sending them is somebody else's.
"""

from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct, field

from routebook.checks.facts import tunnel_ends
from routebook.checks.findings import Finding, Status, TunnelState
from routebook.checks.paths import covered
from routebook.checks.tunnel_causes import sas_of, tunnel_up
from routebook.checks.tunnels import spi
from routebook.device.state import ChildSa, IPAddress, IPNetwork
from routebook.device.values import Reply, State
from routebook.intent.model import HostIntent, Interface, Neighbor, Tunnel

SMALL, FULL = 56, 1300
"""Bytes of data. An interface of 1,500 bytes leaves room for 1,300 in ESP, whatever its cipher, in UDP and over PPPoE;
where less passes, packets of ordinary size vanish (RFC 4459)."""
TRAFFIC, SITES = "tunnel.traffic", "site.traffic"


class Way(Struct, frozen=True):
    """Packets from an address or interface of `host` to an address of `peer`.

    `subject` is the tunnel that they must go `through`, or two sites.
    """

    subject: str
    host: str
    source: str
    peer: str
    destination: str
    through: bool = True


class Probed(Struct, frozen=True):
    """What became of the echo requests on each way, small and of full size, and the SAs right before and after.

    `passes` is the most bytes of data that were seen to pass on a way on which those of full size did not.
    """

    small: Mapping[Way, Reply]
    full: Mapping[Way, Reply]
    before: Mapping[str, State]
    after: Mapping[str, State]
    passes: Mapping[Way, int] = field(default_factory=dict)

    def cut(self, way: Way) -> bool:
        """Whether small packets pass and those of full size do not."""
        return bool(self.small[way].answered and self.full[way].sent and not self.full[way].answered)


def ways(intents: Mapping[str, HostIntent], hosts: Collection[str]) -> list[Way]:
    """The ways through the tunnels that have an end on one of `hosts`, in both directions, and between sites."""
    found = [way for name in _tunnels(intents, hosts) for way in _through(intents, name)]
    return [*found, *_between_sites(intents, hosts)]


def _tunnels(intents: Mapping[str, HostIntent], hosts: Collection[str]) -> list[str]:
    return list(dict.fromkeys(tunnel.name for host in hosts for tunnel in intents[host].tunnels))


def _through(intents: Mapping[str, HostIntent], name: str) -> Iterator[Way]:
    for host, tunnel in tunnel_ends(intents, name):
        for source, destination in through(intents[host], intents.get(tunnel.peer_host or ""), tunnel):
            yield Way(name, host, source, tunnel.peer, destination)


def through(near: HostIntent, far: HostIntent | None, tunnel: Tunnel) -> list[tuple[str, str]]:
    """Sources on this end and addresses of the other end between which packets take the tunnel.

    Its inner addresses, and in mode `policy` an address of each end that its selectors have.
    """
    inner: list[tuple[str, str]] = []
    if tunnel.local_inner and tunnel.remote_inner and (tunnel.mode == "route" or _inner_selected(tunnel)):
        inner.append((str(tunnel.local_inner), str(tunnel.remote_inner)))
    if tunnel.mode == "route" or far is None:
        return inner
    for interface, source in _within(near, tunnel.local_selectors):
        for _, destination in _within(far, tunnel.remote_selectors):
            if source.version == destination.version:
                return [(interface.device_name or str(source), str(destination)), *inner]
    return inner


def _inner_selected(tunnel: Tunnel) -> bool:
    ours, theirs = tunnel.local_inner, tunnel.remote_inner
    if ours is None or theirs is None:
        return False
    return covered(ours, tunnel.local_selectors) and covered(theirs, tunnel.remote_selectors)


def _within(intent: HostIntent, selectors: Collection[IPNetwork]) -> list[tuple[Interface, IPAddress]]:
    found = [
        (interface, address.ip)
        for interface in intent.interfaces
        for address in interface.addresses
        if covered(address.ip, tuple(selectors))
    ]
    return sorted(found, key=lambda pair: not pair[0].loopback)


def _between_sites(intents: Mapping[str, HostIntent], hosts: Collection[str]) -> Iterator[Way]:
    """For each two sites the ends of one session between hosts of ours, behind the tunnels' ends if there is one."""
    chosen: dict[frozenset[str], tuple[int, str, Neighbor]] = {}
    for host in hosts:
        intent = intents.get(host)
        for neighbor in intent.neighbors if intent is not None else ():
            peer = intents.get(neighbor.peer_host or "")
            if intent is None or peer is None or peer.site == intent.site or not neighbor.update_source:
                continue
            ends = sum(bool(each.tunnels) for each in (intent, peer))
            sites = frozenset({intent.site, peer.site})
            if sites not in chosen or ends < chosen[sites][0]:
                chosen[sites] = ends, host, neighbor
    for _, host, neighbor in chosen.values():
        ours, theirs = str(neighbor.local_address), str(neighbor.address)
        subject = " – ".join(sorted((intents[host].site, intents[neighbor.peer].site)))
        yield Way(subject, host, ours, neighbor.peer, theirs, through=False)
        yield Way(subject, neighbor.peer, theirs, host, ours, through=False)


def passable(states: Mapping[str, State], way: Way) -> bool:
    """Whether a packet need be sent: a tunnel without an installed child at each end that was read carries none."""
    return not way.through or _sound(states, way.subject)


def _sound(states: Mapping[str, State], name: str) -> bool:
    ends = [state for state in states.values() if sas_of(state, name)]
    return bool(ends) and all(tunnel_up(state, name) for state in ends)


def judge(intents: Mapping[str, HostIntent], hosts: Collection[str], probed: Probed) -> list[Finding]:
    """A finding for each tunnel that has its child SAs, and for each two sites that packets were sent between.

    What does not pass is pending: whoever sends them decides how often.
    """
    names = [name for name in _tunnels(intents, hosts) if _sound(probed.before, name)]
    found = [_Tunnel(intents, probed, name, hosts).finding() for name in names]
    pairs: dict[str, list[Way]] = {}
    for way in probed.small:
        if not way.through:
            pairs.setdefault(way.subject, []).append(way)
    return found + [_between(probed, both) for both in pairs.values()]


class _Tunnel(Struct, frozen=True):
    intents: Mapping[str, HostIntent]
    probed: Probed
    name: str
    hosts: Collection[str]

    def finding(self) -> Finding:
        ways = [way for way in self.probed.small if way.subject == self.name]
        ends = [host for host, _ in tunnel_ends(self.intents, self.name)]
        host = next((end for end in ends if end in self.hosts), ends[0])
        flows = [flow for one, other in _directions(ends) if (flow := self._flow(one, other)) is not None]
        evidence = [*(_seen(self.probed, way) for way in ways), *map(str, flows)]
        status, state, cause = self._verdict(ways, flows)
        return Finding(host, TRAFFIC, self.name, status, tuple(evidence), cause, state)

    def _verdict(self, ways: list[Way], flows: "list[_Flow]") -> tuple[Status, TunnelState, str]:
        sent = [way for way in ways if self.probed.small[way].sent]
        answered = [way for way in sent if self.probed.small[way].answered]
        lost = [flow for flow in flows if flow.lost]
        if lost and (len(answered) < len(sent) or all(flow.arrived == 0 for flow in lost)):
            text = "; ".join(flow.loss for flow in lost)
            return "pending", "wedged", f"wedged: IKE and child SAs are up, and {text}"
        if not answered:
            return self._unanswered(sent, flows)
        cut = [way for way in answered if self.probed.cut(way)]
        if cut:
            return "pending", "degraded", f"degraded: {_too_large(self.probed, cut)}"
        if flows and not all(flow.arrived for flow in flows):
            return "ok", "", "the answers did not come through this tunnel, so nothing is proven of its traffic"
        return "ok", "healthy", ""

    def _unanswered(self, sent: list[Way], flows: "list[_Flow]") -> tuple[Status, TunnelState, str]:
        if not sent:
            return "ok", "", "no echo request can be sent through it, so nothing is proven of its traffic"
        still = [flow for flow in flows if not flow.sent and any(way.host == flow.host for way in sent)]
        if still and self._alone():
            hosts = " and ".join(flow.host for flow in still)
            cause = f"wedged: IKE and child SAs are up, and no packet enters the tunnel on {hosts}: its counter of sent"
            return "pending", "wedged", f"{cause} packets stands still"
        return "ok", "", "no echo request is answered and no counter shows a loss, so nothing is proven of its traffic"

    def _alone(self) -> bool:
        """Whether the packets sent for it can take this tunnel only: those between inner addresses do."""
        return all(tunnel.local_inner is not None for _, tunnel in tunnel_ends(self.intents, self.name))

    def _flow(self, host: str, peer: str) -> "_Flow | None":
        """What one end counts as sent and the other as received since before, in the SAs that both ends still share."""
        sent = arrived = total = 0
        shared = False
        for before, after in self._kept(host):
            for theirs_before, theirs in self._kept(peer):
                if spi(after.spi_out) == spi(theirs.spi_in):
                    shared = True
                    sent += after.packets_out - before.packets_out
                    arrived += theirs.packets_in - theirs_before.packets_in
                    total += theirs.packets_in
        return _Flow(host, peer, sent, arrived, total) if shared else None

    def _kept(self, host: str) -> list[tuple[ChildSa, ChildSa]]:
        before, after = _children(self.probed.before, host, self.name), _children(self.probed.after, host, self.name)
        return [(before[key], child) for key, child in after.items() if key in before]


class _Flow(Struct, frozen=True):
    """Packets from one end to the other: counted as sent there and as received here, and here in all so far."""

    host: str
    peer: str
    sent: int
    arrived: int
    total: int

    @property
    def lost(self) -> bool:
        """Whether packets are lost: counters at two ends are not read at one moment, so few say nothing."""
        return self.sent >= 3 and 2 * self.arrived < self.sent

    @property
    def loss(self) -> str:
        if self.arrived:
            return f"only {self.arrived} of {self.sent} packets from {self.host} arrive at {self.peer}"
        still = f"its counter of received packets stands still at {self.total}"
        return f"packets from {self.host} do not arrive at {self.peer}: {still}"

    def __str__(self) -> str:
        return f"{self.host}: {self.sent} packets out; {self.peer}: {self.arrived} of them in"


def _directions(ends: list[str]) -> list[tuple[str, str]]:
    return [(ends[0], ends[1]), (ends[1], ends[0])] if len(ends) > 1 else []


def _children(states: Mapping[str, State], host: str, name: str) -> dict[tuple[str, str], ChildSa]:
    sas = sas_of(states.get(host), name)
    return {(spi(c.spi_in), spi(c.spi_out)): c for sa in sas if sa.up for c in sa.children if c.name == name and c.up}


def _between(probed: Probed, both: list[Way]) -> Finding:
    way = both[0]
    evidence = tuple(_seen(probed, each) for each in both)
    if cut := [each for each in both if probed.cut(each)]:
        return Finding(way.host, SITES, way.subject, "pending", evidence, _too_large(probed, cut))
    # A host may be told not to answer: its session shows whether packets of it arrive.
    answered = any(probed.small[each].answered for each in both)
    return Finding(way.host, SITES, way.subject, "ok", evidence, "" if answered else "no echo request is answered")


def _too_large(probed: Probed, cut: list[Way]) -> str:
    """What does not pass and what does, once for each direction."""
    found = {}
    for way in cut:
        text = f"from {way.host} to {way.peer} {FULL:,} bytes do not pass"
        if passes := probed.passes.get(way):
            text += f", {passes:,} do"
        if mtu := probed.full[way].mtu:
            text += f" (the way says: at most {mtu:,} bytes a packet)"
        found[way.host, way.peer] = text
    return "; ".join(found.values())


def _seen(probed: Probed, way: Way) -> str:
    sizes = [
        f"{size:,} bytes: {_became(replies[way])}" for size, replies in ((SMALL, probed.small), (FULL, probed.full))
    ]
    return f"{way.host} to {way.peer} ({way.destination}), {', '.join(sizes)}"


def _became(reply: Reply) -> str:
    return f"{reply.answered} of {reply.sent} answered" if reply.sent else reply.error
