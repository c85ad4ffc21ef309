"""The driver of a Linux host: everything that does not depend on which daemons run there."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from routebook.device import bundle
from routebook.device.causes import Cause
from routebook.device.platform_driver import PlatformDriver
from routebook.device.values import Answer, Reached, Snapshot
from routebook.platforms.linux import commands as reading
from routebook.platforms.linux import getters
from routebook.platforms.linux.component import Component
from routebook.platforms.linux.host import HostTransaction
from routebook.platforms.linux.reached import reached
from routebook.platforms.linux.reader import LinuxReader
from routebook.platforms.linux.transaction import DeviceTransaction


class LinuxDriver(LinuxReader, HostTransaction, PlatformDriver):
    """A host whose daemons are the components of a transaction, in the order in which a change is pushed to them."""

    watches_sessions = True
    component_types: ClassVar[tuple[type[Component], ...]] = ()

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: Mapping[str, Any] | None = None,
    ) -> None:
        LinuxReader.__init__(self, hostname, username, password, timeout, optional_args)
        self._jumps = tuple(hop.address for hop in self.shell.options.jumps)
        self.shows_secrets = bool((optional_args or {}).get("secrets", False))
        self.daemons = components = [component(self.shell) for component in self.component_types]
        HostTransaction.__init__(self, hostname, components, DeviceTransaction(self.shell, hostname))

    def reached(self) -> Reached:
        """The way of this connection and of its answers."""
        return reached(self.shell, self._jumps)

    def retry_sessions(self, peers: Sequence[str]) -> None:
        """Let waiting BGP sessions try again."""
        for component in self.components:
            component.retry_sessions(peers)

    def clear_session(self, peer: str) -> None:
        """Reset a BGP session."""
        for component in self.components:
            component.clear_session(peer)

    def retry_tunnels(self, names: Sequence[str]) -> None:
        """Start tunnels that have no SA."""
        for component in self.components:
            component.retry_tunnels(names)

    def restart_tunnel(self, connection: str, children: Sequence[str]) -> None:
        """End every SA of a tunnel and start it anew."""
        for component in self.components:
            component.restart_tunnel(connection, children)

    def explain(self, subject: str, seconds: int) -> list[Cause]:
        """The causes in the logs for which a session or tunnel is not up."""
        claiming = [component for component in self.components if component.claims(subject)]
        return [cause for component in claiming or self.components for cause in component.explain(subject, seconds)]

    def get_facts(self) -> Answer:
        """Uptime, names, versions and interfaces."""
        return getters.facts(self.shell)

    def get_interfaces(self) -> Answer:
        """Every interface."""
        return getters.interfaces(self.shell)

    def get_interfaces_ip(self) -> Answer:
        """Every address."""
        return getters.addresses(self.shell)

    def cli(self, commands: list[str]) -> dict[str, str]:
        """The outputs of reading commands, secrets redacted. Raises CommandRefusedError for anything else."""
        return {command: self._shown(reading.run(self.shell, command)) for command in commands}

    def config_text(self, snapshot: Snapshot, *, hide: bool) -> str:
        """The configuration as a bundle."""
        parts: dict[str, str] = {}
        for component in self.components:
            own = {part: text for part, text in snapshot.parts.items() if component.handles(part)}
            for part, text in component.bundled(own).items():
                parts[part] = component.redact(text) if hide else text
        owns = tuple(pattern for component in self.components for pattern in component.bundle_owns)
        return bundle.write(parts, snapshot.attributes, owns)

    def _shown(self, text: str) -> str:
        if not self.shows_secrets:
            for component in self.components:
                text = component.redact(text)
        return text
