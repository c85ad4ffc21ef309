"""The driver of a pfSense firewall, able to take part in a Routebook transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from routebook.device.causes import Cause
from routebook.device.errors import DriverError
from routebook.device.platform_driver import PlatformDriver
from routebook.device.state import BgpSession, IkeSa
from routebook.device.values import Answer, DeviceIdentity, Echo, Reached, Snapshot, State
from routebook.platforms.frr import diagnosis as frr_diagnosis
from routebook.platforms.frr.sessions import read_bgp_sessions
from routebook.platforms.pfsense import commands as reading
from routebook.platforms.pfsense import explain, getters, identity, openbgpd, program
from routebook.platforms.pfsense.ownership import WHOLE
from routebook.platforms.pfsense.reached import reached
from routebook.platforms.pfsense.redaction import redact, scrub, secrets
from routebook.platforms.pfsense.routing import local_as, router_id, routes
from routebook.platforms.pfsense.transaction import PfSenseTransaction
from routebook.platforms.pfsense.tree import Element
from routebook.platforms.pfsense.tunnels import named, tunnels
from routebook.platforms.strongswan.state import NO_DAEMON, read_ike_sas
from routebook.transport.ssh import SshShell
from routebook.transport.ssh_options import read_options


class PfSenseDriver(PfSenseTransaction, PlatformDriver):
    """A pfSense (CE 2.7 and later, Plus 23.09 and later) with IPsec, and the OpenBGPD or the FRR package for BGP."""

    default_part = WHOLE

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
        options = read_options(hostname, username, password, timeout, arguments)
        self._jumps = tuple(hop.address for hop in options.jumps)
        self.shows_secrets = bool(arguments.get("secrets", False))
        self._connection = shell = SshShell(options, identity.GREETING)
        PfSenseTransaction.__init__(self, hostname, shell)

    def state(self) -> State:
        """What the daemons say of sessions and SAs, with the tunnels by the names that config.xml gives them."""
        root = self._root()
        return State(bgp=self._bgp(root), ike=self._ike(root))

    def _root(self) -> Element:
        return self.tree(self.read().text)

    def _bgp(self, root: Element) -> tuple[BgpSession, ...] | None:
        package = self.package
        if not package:
            return None
        if not routes(root, package):
            return ()  # bgpd does not start without an AS
        if package == "frr":
            return read_bgp_sessions(self.shell)
        found = openbgpd.sessions(
            openbgpd.read_neighbors(self.shell), local_as(root, package), router_id(root, package)
        )
        return openbgpd.with_peers_as(self.shell, found)

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

    def identity(self) -> DeviceIdentity:
        """Its host name, its ID and serial number, addresses and router ID."""
        return replace(identity.read(self.shell), router_id=self.router_id)

    def reached(self) -> Reached:
        """The way of this connection and of its answers."""
        return reached(program.run(self.shell, self.name, {"action": "reached"}), self._jumps)

    def retry_sessions(self, peers: Sequence[str]) -> None:
        """Let waiting BGP sessions try again."""
        if self.package == "openbgpd":
            openbgpd.retry(self.shell, list(peers))
        elif self.package == "frr":
            frr_diagnosis.retry_sessions(self.shell, peers)

    def explain(self, subject: str, seconds: int) -> list[Cause]:
        """The causes in the logs for which a session or tunnel is not up."""
        root = self._root()
        found = [tunnel.connection for tunnel in tunnels(root).values() if tunnel.name == subject]
        if found:
            causes = explain.tunnel(self.shell, found[0], seconds)
        else:
            causes = explain.session(self.shell, subject, seconds)
            if self.package == "frr" and not causes:
                causes = frr_diagnosis.explain(self.shell, subject, seconds)
        hidden = secrets([root])
        return [replace(cause, evidence=tuple(scrub(line, hidden) for line in cause.evidence)) for cause in causes]

    def retry_tunnels(self, names: Sequence[str]) -> None:
        """Nothing: its charon tries by itself."""
        del names

    def bgp_sessions(self) -> tuple[BgpSession, ...]:
        """What the BGP package says of its sessions."""
        return self._bgp(self._root()) or ()

    def get_facts(self) -> Answer:
        """Uptime, names, release and interfaces."""
        return getters.facts(self._facts(), self._root())

    def _facts(self) -> dict[str, Any]:
        return program.run(self.shell, self.name, {"action": "facts"})

    def get_interfaces(self) -> Answer:
        """Every interface of the system, with the name that config.xml assigns it."""
        return getters.interfaces(str(self._facts()["interfaces"]), self._root())

    def get_interfaces_ip(self) -> Answer:
        """Every address."""
        return getters.addresses(str(self._facts()["interfaces"]))

    def ping(self, echo: Echo) -> Answer:
        """Send echo requests from the device; their source is an address."""
        return getters.ping(self.shell, echo)

    def cli(self, commands: list[str]) -> dict[str, str]:
        """The outputs of reading commands, secrets redacted. Raises CommandRefusedError for anything else."""
        hidden = frozenset() if self.shows_secrets else secrets([self._root()])
        return {command: scrub(reading.run(self.shell, command), hidden) for command in commands}

    def config_text(self, snapshot: Snapshot, *, hide: bool) -> str:
        """config.xml."""
        return redact(snapshot.parts[WHOLE]) if hide else snapshot.parts[WHOLE]
