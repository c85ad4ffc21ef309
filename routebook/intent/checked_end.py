"""One end of a session or of a tunnel, as the rules about it see it, and where it reports what it cannot be."""

from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from routebook.intent.capabilities import Feature
from routebook.intent.layers import Layers
from routebook.intent.model import Neighbor, Tunnel
from routebook.intent.network import Endpoints, Session, TunnelPair
from routebook.intent.node import Node
from routebook.intent.platform_rules import too_old
from routebook.intent.policy import Policies
from routebook.intent.problem import Mark, Problems

_VERSION = {"ipv4-unicast": 4, "ipv6-unicast": 6}


class CheckedEnd(Struct, frozen=True, kw_only=True):
    """An end at the node `me`, with its options, and where the whole is declared.

    `subject` begins the sentences that `cannot` reports: "fw1--k8s1: fw1 is a firewall and".
    """

    me: Node
    options: Layers
    mark: Mark
    problems: Problems
    subject: str

    def called(self, words: str) -> Self:
        """The end whose sentences go on with these words: "is a firewall and"."""
        return replace(self, subject=f"{self.subject} {words}")

    def place(self, option: str = "") -> Mark:
        """Where the option is written that is in force here; without one, where the session or tunnel is."""
        return self.options.mark(option, self.mark) if option else self.mark

    def cannot(self, text: str, fix: str, option: str = "") -> None:
        """Report what this end cannot do, as the rest of a sentence about it."""
        self.report(f"{self.subject} {text}", fix, option)

    def report(self, sentence: str, fix: str, option: str = "") -> None:
        """Report what is wrong, where the option is written."""
        self.problems.error(self.place(option), sentence, fix)

    def check_release(self, feature: Feature, called: str, place: Mark) -> None:
        """Report a feature that came with a later release than this host's."""
        if reason := too_old(self.me, feature):
            self.problems.error(
                place, f"{called} is not available: {reason}", "upgrade it, or end this at another host"
            )


class CheckedSession(CheckedEnd, frozen=True, kw_only=True):
    """An end of a session."""

    session: Session
    neighbor: Neighbor
    endpoints: Endpoints
    policies: Policies

    def check_transport(self) -> None:
        """Report families that the addresses, being of the other one, cannot carry."""
        version = self.neighbor.address.version
        for name in self.session.families:
            if _VERSION[name] != version and self.endpoints.over != "tunnel":  # over a tunnel it is refused for both
                self.cannot(
                    f"carries {name} between IPv{_VERSION[name]} addresses only, and these are IPv{version}",
                    f"make it a session of its own: transport: ipv{_VERSION[name]}, families: [{name}], and a name: "
                    "for one of them",
                    "families",
                )


class CheckedTunnel(CheckedEnd, frozen=True, kw_only=True):
    """An end of a tunnel, with the node and the options of the other end."""

    pair: TunnelPair
    tunnel: Tunnel
    peer: Node
    peer_options: Layers
    inner_mark: Mark
