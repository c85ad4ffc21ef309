"""What reads the sessions and tunnels of a pfSense firewall."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from routebook.device.errors import DriverError
from routebook.device.packet_filter import Flow, Verdict
from routebook.device.reader import Outbound, PlatformReader
from routebook.device.state import IkeSa, IPNetwork, Speaker
from routebook.device.values import Answer, DeviceIdentity, Echo, Reply, State
from routebook.platforms.frr.outbound import advertised
from routebook.platforms.frr.sessions import read_speaker
from routebook.platforms.linux.getters import probe
from routebook.platforms.pfsense import getters, identity, openbgpd
from routebook.platforms.pfsense.let_in import let_in
from routebook.platforms.pfsense.reading import PfSenseReading
from routebook.platforms.pfsense.revision import written
from routebook.platforms.pfsense.routing import local_as, router_id, routes
from routebook.platforms.pfsense.tree import Element
from routebook.platforms.pfsense.tunnels import named, tunnels
from routebook.platforms.strongswan.state import NO_DAEMON, read_ike_sas
from routebook.transport.ssh import SshShell
from routebook.transport.ssh_options import read_options


class PfSenseReader(PfSenseReading, PlatformReader):
    """A pfSense (CE 2.7 and later, Plus 23.09 and later) with IPsec, and the OpenBGPD or the FRR package for BGP."""

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: Mapping[str, Any] | None = None,
    ) -> None:
        arguments = dict(optional_args or {})
        if username == "admin":
            arguments.setdefault("sudo", False)  # the same user as root, under another name
        self._connection = shell = SshShell(
            read_options(hostname, username, password, timeout, arguments), identity.GREETING
        )
        PfSenseReading.__init__(self, hostname, shell)

    def state(self, prefixes: Sequence[IPNetwork] = ()) -> State:
        """What the daemons say of sessions and SAs, with the tunnels by the names that config.xml gives them."""
        reading = self.read()
        root = self.tree(reading.text)
        speaker = self._speaker(root, prefixes)
        return State(
            bgp=speaker.sessions if speaker else None,
            ike=self._ike(root),
            bfd=speaker.bfd if speaker else None,
            rpki=speaker.rpki if speaker else None,
            routes=speaker.routes if speaker else None,
            volumes=reading.volumes,
            clock=reading.clock,
            written=written(root),
            connections=tuple(tunnel.name for tunnel in tunnels(root).values() if tunnel.enabled),
        )

    def _root(self) -> Element:
        return self.tree(self.read().text)

    def _speaker(self, root: Element, prefixes: Sequence[IPNetwork] = ()) -> Speaker | None:
        package = self.package
        if not package:
            return None
        if not routes(root, package):
            return Speaker(())  # bgpd does not start without an AS
        if package == "frr":
            return read_speaker(self.shell, prefixes)
        found = openbgpd.sessions(
            openbgpd.read_neighbors(self.shell), local_as(root, package), router_id(root, package)
        )
        paths = openbgpd.routes(self.shell, prefixes)
        return Speaker(openbgpd.with_peers_as(self.shell, found), routes=paths)

    def advertised(self, wanted: Sequence[Outbound]) -> Mapping[Outbound, tuple[IPNetwork, ...]]:
        """What sessions send, by the package's daemon."""
        if self.package == "frr":
            return advertised(self.shell, wanted)
        return openbgpd.advertised(self.shell, wanted) if self.package else {}

    def _ike(self, root: Element) -> tuple[IkeSa, ...] | None:
        known = tunnels(root)
        if not any(tunnel.enabled for tunnel in known.values()):
            return ()  # the system stops charon
        try:
            return named(read_ike_sas(self.shell), known)
        except DriverError as error:
            if NO_DAEMON in str(error):
                return ()
            raise

    def sas(self) -> tuple[IkeSa, ...] | None:
        """What its charon says of SAs."""
        return self._ike(self._root())

    def ping(self, echo: Echo) -> Answer:
        """Send echo requests from the device; their source is an address."""
        return getters.ping(self.shell, echo)

    def probe(self, echoes: Sequence[Echo]) -> list[Reply]:
        """Send all echo requests at once."""
        return probe(self.shell, echoes, [getters.ping_command(echo) for echo in echoes])

    def let_in(self, flows: Sequence[Flow]) -> list[Verdict]:
        """Whether the firewall lets flows to itself in."""
        return let_in(self.shell, self._root(), self.identity().addresses, flows)

    def identity(self) -> DeviceIdentity:
        """Its host name, its ID and serial number, addresses and router ID."""
        return replace(identity.read(self.shell), router_id=self.router_id)
