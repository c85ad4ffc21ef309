"""What an inventory must not ask of a Kubernetes node, and the keys that make a peer one."""

from routebook.intent.checked_end import CheckedSession
from routebook.intent.part import Input
from routebook.intent.rules import Rules
from routebook.intent.schema import ClusterNodeInput
from routebook.platforms.cilium.releases import read_release


class PeerKeys(Input):
    """What makes a peer a node of a cluster with Cilium."""

    cilium: ClusterNodeInput


def check_cilium_session(end: CheckedSession) -> None:
    """Report what a Kubernetes node's end of a session cannot be: Cilium has no field for it."""
    end = end.called("is a Kubernetes node, and Cilium")
    if end.endpoints.over != "link":
        end.cannot("peers over links only", "let the session run over a common link")
    if end.options.get("bfd", False) is not False:
        end.cannot("has no BFD", "remove bfd", "bfd")
    if end.neighbor.ttl_security_hops is not None:
        end.cannot("cannot secure the TTL", "remove ttl_security", "ttl_security")
    if end.neighbor.passive:
        end.cannot("does not listen", "let it connect: remove passive", "passive")


RULES = Rules(keys={"peer": PeerKeys}, check_session=check_cilium_session, read_release=read_release)
