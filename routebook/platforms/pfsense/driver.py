"""The NAPALM driver of a pfSense firewall, able to take part in a Routebook transaction."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from napalm.base import constants
from napalm.base.models import (
    ConfigDict,
    FactsDict,
    InterfaceDict,
    InterfacesIPDict,
    PingResultDict,
)

from custom_napalm.bgp_getters import SessionGetters
from custom_napalm.commits import Commits
from custom_napalm.committing import CommittingDriver
from routebook.device.causes import Cause
from routebook.device.contract import DeviceIdentity, DriverError, Reached, Snapshot, State
from routebook.device.state import BgpSession, IkeSa
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


class PfSenseDriver(SessionGetters, CommittingDriver):
    """A pfSense (CE 2.7 and later, Plus 23.09 and later) with IPsec, and the OpenBGPD or the FRR package for BGP."""

    platform = "pfsense"
    _host: PfSenseTransaction

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(hostname, username, password, timeout, optional_args)
        arguments = dict(optional_args or {})
        if username == "admin":
            arguments.setdefault("sudo", False)  # the same user as root, under another name
        options = read_options(hostname, username, password, timeout, arguments)
        self._jumps = tuple(hop.address for hop in options.jumps)
        self._connection = self._shell = SshShell(options, identity.GREETING)
        self._host = PfSenseTransaction(hostname, self._shell)
        self._commits = Commits(self._host, WHOLE)

    def state(self) -> State:
        """What the daemons say of sessions and SAs, with the tunnels by the names that config.xml gives them."""
        root = self._root()
        return State(bgp=self._bgp(root), ike=self._ike(root))

    def _root(self) -> Element:
        return self._host.tree(self._host.read().text)

    def _sessions(self) -> tuple[BgpSession, ...]:
        return self._bgp(self._root()) or ()

    def _bgp(self, root: Element) -> tuple[BgpSession, ...] | None:
        package = self._host.package
        if not package:
            return None
        if not routes(root, package):
            return ()  # bgpd does not start without an AS
        if package == "frr":
            return read_bgp_sessions(self._shell)
        found = openbgpd.sessions(
            openbgpd.read_neighbors(self._shell), local_as(root, package), router_id(root, package)
        )
        return openbgpd.with_peers_as(self._shell, found)

    def _ike(self, root: Element) -> tuple[IkeSa, ...] | None:
        known = tunnels(root)
        if not any(tunnel.enabled for tunnel in known.values()):
            return ()  # the system stops charon
        try:
            return named(read_ike_sas(self._shell), known)
        except DriverError as error:
            if NO_DAEMON in str(error):
                return ()
            raise

    def identity(self) -> DeviceIdentity:
        """Its host name, its ID and serial number, addresses and router ID."""
        return replace(identity.read(self._shell), router_id=self._host.router_id)

    def reached(self) -> Reached:
        """The way of this connection and of its answers."""
        return reached(program.run(self._shell, self.hostname, {"action": "reached"}), self._jumps)

    def retry_sessions(self, peers: Sequence[str]) -> None:
        """Let waiting BGP sessions try again."""
        if self._host.package == "openbgpd":
            openbgpd.retry(self._shell, list(peers))
        elif self._host.package == "frr":
            frr_diagnosis.retry_sessions(self._shell, peers)

    def explain(self, subject: str, seconds: int) -> list[Cause]:
        """What the logs tell of why a session or tunnel is not up."""
        root = self._root()
        found = [tunnel.connection for tunnel in tunnels(root).values() if tunnel.name == subject]
        if found:
            causes = explain.tunnel(self._shell, found[0], seconds)
        else:
            causes = explain.session(self._shell, subject, seconds)
            if self._host.package == "frr" and not causes:
                causes = frr_diagnosis.explain(self._shell, subject, seconds)
        hidden = secrets([root])
        return [replace(cause, evidence=tuple(scrub(line, hidden) for line in cause.evidence)) for cause in causes]

    def get_ipsec_sas(self) -> tuple[IkeSa, ...]:
        """The IKE SAs with their children; NAPALM has no getter for them."""
        return self._ike(self._root()) or ()

    # NAPALM's getters.

    def get_facts(self) -> FactsDict:
        """Uptime, names, release and interfaces."""
        return getters.facts(self._facts(), self._root())

    def _facts(self) -> dict[str, Any]:
        return program.run(self._shell, self.hostname, {"action": "facts"})

    def get_interfaces(self) -> dict[str, InterfaceDict]:
        """Every interface of the system, with the name that config.xml assigns it."""
        return getters.interfaces(str(self._facts()["interfaces"]), self._root())

    def get_interfaces_ip(self) -> dict[str, InterfacesIPDict]:
        """Every address."""
        return getters.addresses(str(self._facts()["interfaces"]))

    def ping(
        self,
        destination: str,
        source: str = constants.PING_SOURCE,
        ttl: int = constants.PING_TTL,
        timeout: int = constants.PING_TIMEOUT,
        size: int = constants.PING_SIZE,
        count: int = constants.PING_COUNT,
        vrf: str = constants.PING_VRF,  # noqa: ARG002  there are none
        source_interface: str = constants.PING_SOURCE_INTERFACE,
    ) -> PingResultDict:
        """Send echo requests from the device; `source` is an address."""
        through = source or source_interface
        return getters.ping(self._shell, destination, source=through, ttl=ttl, timeout=timeout, size=size, count=count)

    def cli(self, commands: list[str], encoding: str = "text") -> dict[str, str | dict[str, Any]]:
        """The outputs of reading commands, secrets redacted. Raises CommandErrorException for anything else."""
        if encoding != "text":
            raise NotImplementedError(f"encoding {encoding!r}: only text")
        hidden = frozenset() if self._secrets else secrets([self._root()])
        return {command: scrub(reading.run(self._shell, command), hidden) for command in commands}

    def get_config(
        self,
        retrieve: str = "all",
        full: bool = False,  # noqa: ARG002  config.xml has no defaults to add
        sanitized: bool = False,
        format: str = "text",  # noqa: A002  NAPALM's name for it
    ) -> ConfigDict:
        """config.xml. Secrets are redacted unless optional_args has `secrets: true`.

        "startup" is what a restart would leave: the snapshot, while a change waits for its confirmation.
        """
        if format != "text":
            raise NotImplementedError(f"format {format!r}: only text")
        hide = sanitized or not self._secrets
        return {
            "running": self._text(self._host.snapshot(), hide=hide) if retrieve in ("running", "all") else "",
            "startup": self._text(self._host.startup(), hide=hide) if retrieve in ("startup", "all") else "",
            "candidate": self._commits.candidate(hide=hide) if retrieve in ("candidate", "all") else "",
        }

    def _text(self, snapshot: Snapshot, *, hide: bool) -> str:
        text = snapshot.parts[WHOLE]
        return redact(text) if hide else text
