"""The NAPALM driver of a Linux host: everything that does not depend on which daemons run there."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from napalm.base import constants
from napalm.base.models import ConfigDict, FactsDict, InterfaceDict, InterfacesIPDict, PingResultDict

from custom_napalm import bundle
from custom_napalm.commits import Commits
from custom_napalm.committing import CommittingDriver
from routebook.device.causes import Cause
from routebook.device.contract import DeviceIdentity, Reached, Snapshot, State
from routebook.device.state import IkeSa
from routebook.platforms.linux import commands as reading
from routebook.platforms.linux import getters, identity
from routebook.platforms.linux.component import Component
from routebook.platforms.linux.host import HostTransaction
from routebook.platforms.linux.reached import reached
from routebook.platforms.linux.transaction import DeviceTransaction
from routebook.transport.ssh import SshShell
from routebook.transport.ssh_options import read_options


class LinuxDriver(CommittingDriver):
    """A host that runs `components`, in the order in which a change is pushed to them.

    `default_part` is what a loaded text without any header is.
    """

    components: ClassVar[tuple[type[Component], ...]] = ()
    default_part: ClassVar[str | None] = None
    _host: HostTransaction

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(hostname, username, password, timeout, optional_args)
        options = read_options(hostname, username, password, timeout, optional_args or {})
        self._jumps = tuple(hop.address for hop in options.jumps)
        self._connection = self._shell = SshShell(options, identity.GREETING)
        self._components = [component(self._shell) for component in self.components]
        self._host = HostTransaction(hostname, self._components, DeviceTransaction(self._shell, hostname))
        self._commits = Commits(self._host, self.default_part)

    def state(self) -> State:
        """What the daemons say of sessions and SAs."""
        bgp = [sessions for component in self._components if (sessions := component.bgp()) is not None]
        ike = [sas for component in self._components if (sas := component.ike()) is not None]
        return State(bgp=bgp[0] if bgp else None, ike=ike[0] if ike else None)

    def identity(self) -> DeviceIdentity:
        """Its host name, machine ID, addresses and router ID."""
        router_id = next((component.router_id for component in self._components if component.router_id), "")
        return replace(identity.read(self._shell), router_id=router_id)

    def reached(self) -> Reached:
        """The way of this connection and of its answers."""
        return reached(self._shell, self._jumps)

    def retry_sessions(self, peers: Sequence[str]) -> None:
        """Let waiting BGP sessions try again."""
        for component in self._components:
            component.retry_sessions(peers)

    def retry_tunnels(self, names: Sequence[str]) -> None:
        """Start tunnels that have no SA."""
        for component in self._components:
            component.retry_tunnels(names)

    def explain(self, subject: str, seconds: int) -> list[Cause]:
        """What the logs tell of why a session or tunnel is not up."""
        claiming = [component for component in self._components if component.claims(subject)]
        return [cause for component in claiming or self._components for cause in component.explain(subject, seconds)]

    def get_ipsec_sas(self) -> tuple[IkeSa, ...]:
        """The IKE SAs with their children; NAPALM has no getter for them."""
        return self.state().ike or ()

    # NAPALM's getters.

    def get_facts(self) -> FactsDict:
        """Uptime, names, versions and interfaces."""
        return getters.facts(self._shell)

    def get_interfaces(self) -> dict[str, InterfaceDict]:
        """Every interface."""
        return getters.interfaces(self._shell)

    def get_interfaces_ip(self) -> dict[str, InterfacesIPDict]:
        """Every address."""
        return getters.addresses(self._shell)

    def ping(
        self,
        destination: str,
        source: str = constants.PING_SOURCE,
        ttl: int = constants.PING_TTL,
        timeout: int = constants.PING_TIMEOUT,
        size: int = constants.PING_SIZE,
        count: int = constants.PING_COUNT,
        vrf: str = constants.PING_VRF,
        source_interface: str = constants.PING_SOURCE_INTERFACE,
    ) -> PingResultDict:
        """Send echo requests from the device."""
        return getters.ping(
            self._shell,
            destination,
            source=source or source_interface,
            ttl=ttl,
            timeout=timeout,
            size=size,
            count=count,
            vrf=vrf,
        )

    def cli(self, commands: list[str], encoding: str = "text") -> dict[str, str | dict[str, Any]]:
        """The outputs of reading commands, secrets redacted. Raises CommandErrorException for anything else."""
        if encoding != "text":
            raise NotImplementedError(f"encoding {encoding!r}: only text")
        return {command: self._shown(reading.run(self._shell, command)) for command in commands}

    def get_config(
        self,
        retrieve: str = "all",
        full: bool = False,  # noqa: ARG002  neither FRR nor strongSwan can print its defaults
        sanitized: bool = False,
        format: str = "text",  # noqa: A002  NAPALM's name for it
    ) -> ConfigDict:
        """The configuration as a bundle. Secrets are redacted unless optional_args has `secrets: true`."""
        if format != "text":
            raise NotImplementedError(f"format {format!r}: only text")
        hide = sanitized or not self._secrets
        return {
            "running": self._bundle(self._host.snapshot(), hide=hide) if retrieve in ("running", "all") else "",
            "startup": self._bundle(self._host.startup(), hide=hide) if retrieve in ("startup", "all") else "",
            "candidate": self._commits.candidate(hide=hide) if retrieve in ("candidate", "all") else "",
        }

    def _bundle(self, snapshot: Snapshot, *, hide: bool) -> str:
        parts: dict[str, str] = {}
        for component in self._components:
            own = {part: text for part, text in snapshot.parts.items() if component.handles(part)}
            for part, text in component.bundled(own).items():
                parts[part] = component.redact(text) if hide else text
        owns = tuple(pattern for component in self._components for pattern in component.bundle_owns)
        return bundle.write(parts, snapshot.attributes, owns)

    def _shown(self, text: str) -> str:
        if not self._secrets:
            for component in self._components:
                text = component.redact(text)
        return text
