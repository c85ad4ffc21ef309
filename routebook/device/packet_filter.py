"""What a device is asked of its own packet filter before a push, and what it answers."""

from typing import Literal

from msgspec import Struct

from routebook.device.state import IPAddress


class Flow(Struct, frozen=True):
    """Packets from a peer to an address of the device's own: UDP or TCP to `port`, or ESP, which has none.

    An `answer` comes after the device itself has sent to the peer, so that a filter which remembers that lets it in.
    What comes `inside` a tunnel arrives encrypted, and on which interface a filter then sees it depends on the tunnel.
    """

    protocol: Literal["udp", "tcp", "esp"]
    source: IPAddress
    destination: IPAddress
    port: int = 0
    answer: bool = False
    inside: bool = False

    @property
    def source_port(self) -> int:
        """The port that it comes from; 0 where that is anything (IKE uses one for both, RFC 7296 section 2)."""
        return self.port if self.protocol == "udp" else 0

    def __str__(self) -> str:
        port = f" {self.port}" if self.port else ""
        return f"{self.protocol.upper()}{port} from {self.source} to {self.destination}"


class Verdict(Struct, frozen=True):
    """Whether a device lets a flow in; None where that is not known.

    `by` is what decides, or what is not understood, and `rule` what would let the flow in: both in the device's words.
    """

    passes: bool | None
    by: str = ""
    rule: str = ""


UNKNOWN = Verdict(None)
"""Of a device that does not say, and of which nothing is to be said for it."""
PASSES = Verdict(passes=True)
