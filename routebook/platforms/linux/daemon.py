"""One daemon of a Linux host, as `LinuxReader` reads its sessions and SAs."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from routebook.device.reader import Outbound
from routebook.device.state import IPNetwork, Keying, Speaker
from routebook.transport.shell import Shell


class Daemon:
    """Reading leaves no trace. Every method may raise `DriverError`.

    Sessions and SAs are read through the shell that is given.
    """

    name: ClassVar[str]

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.router_id = ""  # of BGP, as the last reading of configuration or sessions had it

    def keep_open(self) -> None:
        """See `DeviceReader.keep_open`."""

    def speaker(self, shell: Shell, prefixes: Sequence[IPNetwork] = ()) -> Speaker | None:
        """What the daemon says of BGP, and of its best paths to `prefixes`; None if it is not a BGP speaker."""
        del shell, prefixes
        return None

    def advertised(self, wanted: Sequence[Outbound]) -> Mapping[Outbound, tuple[IPNetwork, ...]]:
        """What BGP sessions send; nothing if it is not a BGP speaker."""
        del wanted
        return {}

    def keying(self, shell: Shell) -> Keying | None:
        """The daemon's IKE SAs and connections; None if it does no IPsec."""
        del shell
        return None
