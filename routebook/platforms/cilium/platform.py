"""Kubernetes nodes whose BGP is Cilium's: manifests are rendered for their clusters, and nothing is pushed to them."""

from pathlib import Path

from routebook.intent.capabilities import BOTH, Capabilities
from routebook.intent.part import Input
from routebook.intent.platform import Platform
from routebook.intent.schema import ClusterNodeInput
from routebook.platforms.cilium.releases import read_release
from routebook.platforms.cilium.speakers import FILTERS, check_cilium_session


class PeerKeys(Input):
    """What makes a peer a node of a cluster with Cilium."""

    cilium: ClusterNodeInput


PLATFORM = Platform(
    name="cilium",
    called="a Kubernetes node",
    can=Capabilities(families={"link": BOTH}, ipsec=False, bfd=False, rpki=False),
    keys={"peer": PeerKeys},
    check_session=check_cilium_session,
    read_release=read_release,
    filters=FILTERS,
    templates=Path(__file__).with_name("templates"),
    manifests="routebook.platforms.cilium.speakers:clusters",
)
