"""The driver of a pfSense firewall, able to take part in a Routebook transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from routebook.device.causes import Cause
from routebook.device.errors import DriverError
from routebook.device.platform_driver import PlatformDriver
from routebook.device.state import BgpSession
from routebook.device.values import Answer, Reached, Snapshot
from routebook.platforms.frr import diagnosis as frr_diagnosis
from routebook.platforms.pfsense import commands as reading
from routebook.platforms.pfsense import explain, getters, openbgpd, program
from routebook.platforms.pfsense.ownership import WHOLE
from routebook.platforms.pfsense.reached import reached
from routebook.platforms.pfsense.reader import PfSenseReader
from routebook.platforms.pfsense.redaction import redact, scrub, secrets
from routebook.platforms.pfsense.transaction import PfSenseTransaction
from routebook.platforms.pfsense.tunnels import tunnels
from routebook.platforms.strongswan.restarting import restart_tunnel

_SWANCTL = "env SWANCTL_DIR=/var/etc/ipsec /usr/local/sbin/swanctl"


class PfSenseDriver(PfSenseReader, PfSenseTransaction, PlatformDriver):
    """A pfSense, whose configuration is read and changed."""

    watches_sessions = True
    default_part = WHOLE

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: Mapping[str, Any] | None = None,
    ) -> None:
        PfSenseReader.__init__(self, hostname, username, password, timeout, optional_args)
        self._jumps = tuple(hop.address for hop in self.shell.options.jumps)
        self.shows_secrets = bool((optional_args or {}).get("secrets", False))
        PfSenseTransaction.__init__(self, hostname, self.shell)

    def reached(self) -> Reached:
        """The way of this connection and of its answers."""
        return reached(program.run(self.shell, self.name, {"action": "reached"}), self._jumps)

    def retry_sessions(self, peers: Sequence[str]) -> None:
        """Let waiting BGP sessions try again."""
        if self.package == "openbgpd":
            openbgpd.retry(self.shell, list(peers))
        elif self.package == "frr":
            frr_diagnosis.retry_sessions(self.shell, peers)

    def clear_session(self, peer: str) -> None:
        """Reset a BGP session."""
        if self.package == "openbgpd":
            openbgpd.clear_session(self.shell, peer)
        elif self.package == "frr":
            frr_diagnosis.clear_session(self.shell, peer)
        else:
            raise DriverError("it has no BGP package")

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

    def restart_tunnel(self, connection: str, children: Sequence[str]) -> None:
        """End every SA of a connection and initiate its children, as Status / IPsec does by a button."""
        del children  # charon's names of them are not the intent's
        found = [tunnel.connection for tunnel in tunnels(self._root()).values() if tunnel.name == connection]
        if not found:
            raise DriverError(f"it has no tunnel {connection}; nothing was changed")
        restart_tunnel(self.shell, found[0], (), _SWANCTL)

    def bgp_sessions(self) -> tuple[BgpSession, ...]:
        """What the BGP package says of its sessions."""
        speaker = self._speaker(self._root())
        return speaker.sessions if speaker else ()

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

    def cli(self, commands: list[str]) -> dict[str, str]:
        """The outputs of reading commands, secrets redacted. Raises CommandRefusedError for anything else."""
        hidden = frozenset() if self.shows_secrets else secrets([self._root()])
        return {command: scrub(reading.run(self.shell, command), hidden) for command in commands}

    def config_text(self, snapshot: Snapshot, *, hide: bool) -> str:
        """config.xml."""
        return redact(snapshot.parts[WHOLE]) if hide else snapshot.parts[WHOLE]
