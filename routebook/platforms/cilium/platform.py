"""Kubernetes nodes whose BGP is Cilium's: manifests are rendered for their clusters, and nothing is pushed to them."""

from pathlib import Path

from routebook.intent.capabilities import BOTH, Capabilities
from routebook.intent.platform import Platform

PLATFORM = Platform(
    name="cilium",
    called="a Kubernetes node",
    can=Capabilities(families={"link": BOTH}, ipsec=False, bfd=False, rpki=False),
    rules_in="routebook.platforms.cilium.rules:RULES",
    words_in="routebook.platforms.cilium.speakers:WORDS",
    templates=Path(__file__).with_name("templates"),
    manifests="routebook.platforms.cilium.speakers:clusters",
    clusters="routebook.platforms.cilium.status:sessions",
)
