"""The driver of a Cisco ASA, able to take part in a Routebook transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from routebook.device.causes import Cause
from routebook.device.errors import CommandRefusedError, DriverError
from routebook.device.platform_driver import PlatformDriver
from routebook.device.values import Answer, Reached, Snapshot
from routebook.platforms.asa import getters, reading, recording, typed
from routebook.platforms.asa.config import redact
from routebook.platforms.asa.deadman import DeadManTimer
from routebook.platforms.asa.explain import explain
from routebook.platforms.asa.flash import Flash
from routebook.platforms.asa.planning import PART
from routebook.platforms.asa.reached import reached
from routebook.platforms.asa.reader import AsaReader
from routebook.platforms.asa.transaction import AsaTransaction


class AsaDriver(AsaReader, AsaTransaction, PlatformDriver):
    """An ASA, whose configuration is read and changed."""

    default_part = PART

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: Mapping[str, Any] | None = None,
    ) -> None:
        AsaReader.__init__(self, hostname, username, password, timeout, optional_args)
        self._username, self.shows_secrets = username, bool((optional_args or {}).get("secrets", False))
        AsaTransaction.__init__(self, hostname, self.session, DeadManTimer(self.session, Flash(self.session)))

    def reached(self) -> Reached:
        """The way of this connection and of its answers, and whether the device has a timer."""
        options = self.session.options
        jumps = tuple(hop.address for hop in options.ssh.jumps)
        timer = options.dead_man != "none" and not options.context
        return reached(self.session, self._username, jumps, timer=timer)

    def retry_sessions(self, peers: Sequence[str]) -> None:
        """Let waiting BGP sessions try again."""
        reading.retry_sessions(self.session, peers)

    def clear_session(self, peer: str) -> None:
        """Reset a BGP session."""
        reading.clear_session(self.session, peer)

    def restart_tunnel(self, connection: str, children: Sequence[str]) -> None:
        """End every SA with a peer, of all tunnels to it; traffic, and tunnel interfaces, make them anew."""
        del children
        reading.end_sas(self.session, connection)

    def explain(self, subject: str, seconds: int) -> list[Cause]:
        """The causes in the logs for which a session or tunnel is not up."""
        return explain(self.session, subject, seconds)

    def retry_tunnels(self, names: Sequence[str]) -> None:
        """Nothing: an ASA tries by itself when there is traffic."""
        del names

    def get_facts(self) -> Answer:
        """Uptime, names, versions and interfaces."""
        return getters.facts(self.session)

    def get_interfaces(self) -> Answer:
        """Every interface."""
        return getters.interfaces(self.session)

    def get_interfaces_ip(self) -> Answer:
        """Every address in use."""
        return getters.addresses(self.session)

    def cli(self, commands: list[str]) -> dict[str, str]:
        """The outputs of reading commands, secrets redacted. Raises CommandRefusedError for anything else."""
        return {command: self._shown(self._read(command)) for command in commands}

    def recording(self) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
        """What the device answers to each reading command, redacted; and of what is read, what is not understood."""
        return recording.record(self.session), tuple(recording.understood(self.session))

    def _read(self, command: str) -> str:
        try:
            words = typed.reading(command)
        except CommandRefusedError as error:
            raise CommandRefusedError(f"{command!r} {error}") from error
        try:
            return self.session.show(words)
        except DriverError as error:
            raise CommandRefusedError(str(error)) from error

    def running(self) -> Snapshot:
        """The running configuration, of a standby unit, too."""
        return Snapshot({PART: self.session.running_config()}, exact=False)

    def startup(self) -> Snapshot:
        """The startup configuration, in which an ASA masks secrets."""
        return Snapshot({PART: self.session.startup_config()}, exact=False)

    def config_text(self, snapshot: Snapshot, *, hide: bool) -> str:
        """The configuration; an ASA masks the startup configuration's secrets itself."""
        return redact(snapshot.parts[PART]) if hide else snapshot.parts[PART]

    def _shown(self, text: str) -> str:
        return text if self.shows_secrets else redact(text)
