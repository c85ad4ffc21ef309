"""Are our sessions with nodes of Kubernetes clusters up as the nodes publish them? The far end's own word."""

from collections.abc import Iterator, Mapping

from routebook.checks.findings import Finding
from routebook.device.state import BgpSession
from routebook.intent.model import HostIntent, Neighbor

Published = Mapping[str, tuple[BgpSession, ...] | None]
"""By node, its sessions; None for a node that publishes none."""

CHECK = "bgp.cluster"


def check_clusters(intents: Mapping[str, HostIntent], published: Mapping[str, Published | str]) -> Iterator[Finding]:
    """A finding for each session with a node of these clusters; a text for one that cannot be asked says why."""
    for host, intent in intents.items():
        for neighbor in intent.neighbors:
            if neighbor.cluster in published:
                yield _of(host, neighbor, published[neighbor.cluster])


def _of(host: str, neighbor: Neighbor, published: Published | str) -> Finding:
    subject, node = str(neighbor.address), f"{neighbor.cluster}, node {neighbor.cluster_node}"
    if isinstance(published, str):
        return Finding(
            host, CHECK, subject, "unknown", (f"{node}: {published}",), f"{neighbor.cluster} cannot be asked"
        )
    known = published.get(neighbor.cluster_node)
    if known is None:
        cause = "the node publishes no status of BGP: is what speaks it there on, new enough, and told to publish?"
        return Finding(host, CHECK, subject, "unknown", (f"{node}: no status",), cause)
    session = next((each for each in known if each.peer == neighbor.local_address), None)
    if session is None:
        peers = ", ".join(sorted(str(each.peer) for each in known)) or "none"
        cause = f"the node has no session with {neighbor.local_address}"
        return Finding(host, CHECK, subject, "failed", (f"{node}: peers {peers}",), cause)
    evidence = (f"{node}: {_said(session)}",)
    if session.remote_as not in (0, neighbor.local_as):
        cause = f"the node expects {host} in AS {session.remote_as}, it is in AS {neighbor.local_as}"
    elif session.local_as not in (0, neighbor.remote_as):
        cause = f"the node is in AS {session.local_as}, {host} expects it in AS {neighbor.remote_as}"
    elif not session.established and not neighbor.shutdown:
        cause = "not established, as the node says"
    else:
        return Finding(host, CHECK, subject, "ok", evidence)
    return Finding(host, CHECK, subject, "failed", evidence, cause)


def _said(session: BgpSession) -> str:
    since = f" for {session.uptime} s" if session.established and session.uptime is not None else ""
    counts = [
        f"{family.name} received {family.received if family.received is not None else '?'}, "
        f"sent {family.sent if family.sent is not None else '?'}"
        for family in session.families
    ]
    return "; ".join([f"{session.state}{since}", *counts])
