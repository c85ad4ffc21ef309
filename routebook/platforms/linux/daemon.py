"""One daemon of a Linux host, as `LinuxReader` reads its sessions and SAs."""

from typing import ClassVar

from routebook.device.state import BgpSession, IkeSa, IPNetwork
from routebook.transport.shell import Shell


class Daemon:
    """Reading leaves no trace. Every method may raise `DriverError`."""

    name: ClassVar[str]

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.router_id = ""  # of BGP, as the last reading of configuration or sessions had it

    def bgp(self) -> tuple[BgpSession, ...] | None:
        """The daemon's BGP sessions; None if it is not a BGP speaker."""
        return None

    def advertised(self, peer: str, family: str) -> tuple[IPNetwork, ...] | None:
        """What a BGP session sends; None if it is not a BGP speaker."""
        del peer, family
        return None

    def ike(self) -> tuple[IkeSa, ...] | None:
        """The daemon's IKE SAs; None if it does no IPsec."""
        return None
