"""BFD: up where it is intended, at both ends (RFC 5880, RFC 5882)."""

from collections.abc import Iterator

from msgspec import Struct

from routebook.checks.facts import Facts, session_with
from routebook.checks.findings import Finding
from routebook.device.state import BfdPeer
from routebook.intent.model import Neighbor


class _End(Struct, frozen=True):
    host: str
    neighbor: Neighbor
    found: BfdPeer | None


def check(facts: Facts) -> Iterator[Finding]:
    """A finding for each end of a live session at which BFD is intended, or that has it although it is not.

    A session that is down has a finding of its own, and its BFD is of no interest.
    """
    for host, intent in facts.intents.items():
        state = facts.now.get(host)
        if state is None or state.bfd is None or intent.bgp is None:
            continue
        peers = {peer.peer: peer for peer in state.bfd}
        for neighbor in intent.bgp.neighbors:
            session = session_with(facts.now, host, neighbor.address)
            if neighbor.bfd is None or neighbor.shutdown or session is None or not session.established:
                continue
            yield _judged(facts, _End(host, neighbor, peers.get(neighbor.address)))


def _judged(facts: Facts, end: _End) -> Finding:
    subject, peer = str(end.neighbor.address), end.neighbor.peer
    if end.found is None:
        line = f"{end.host}: it has no BFD session with {subject} ({peer})"
        cause = f"BFD is intended on {end.host}, which does not do it with {peer}"
        return Finding(end.host, "bgp.bfd", subject, "pending", (line,), cause)
    line = f"{end.host}: BFD with {subject} ({peer}) is {end.found.state}"
    line += f"; diagnostic: {end.found.diagnostic}" if end.found.diagnostic not in ("", "ok") else ""
    if end.found.state == "up":
        return Finding(end.host, "bgp.bfd", subject, "ok", (line,))
    back = _back(facts, end)
    if back is None:
        cause = f"{peer} does not answer BFD from {end.host}: does it do BFD on this session?"
        return Finding(end.host, "bgp.bfd", subject, "pending", (line,), cause)
    if back.neighbor.bfd is None:
        cause = f"BFD is intended on {end.host} and not on {back.host}: the other end of this session has no `bfd`"
        line_back = f"{back.host}: no BFD is intended with {back.neighbor.address} ({end.host})"
        return Finding(end.host, "bgp.bfd", subject, "failed", (line, line_back), cause)
    there = f"is {back.found.state}" if back.found is not None else "is not there"
    line_back = f"{back.host}: BFD with {back.neighbor.address} ({end.host}) {there}"
    cause = f"BFD between {end.host} and {back.host} is not up"
    return Finding(end.host, "bgp.bfd", subject, "pending", (line, line_back), cause)


def _back(facts: Facts, end: _End) -> _End | None:
    """The other end, where it is a host of ours."""
    intent = facts.intents.get(end.neighbor.peer_host or "")
    for neighbor in intent.neighbors if intent is not None else ():
        if intent is not None and neighbor.address == end.neighbor.local_address:
            state = facts.now.get(intent.name)
            found = (peer for peer in (state.bfd if state else None) or () if peer.peer == neighbor.address)
            return _End(intent.name, neighbor, next(found, None))
    return None
