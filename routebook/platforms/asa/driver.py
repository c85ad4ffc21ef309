"""The NAPALM driver of a Cisco ASA, able to take part in a Routebook transaction."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from napalm.base import constants
from napalm.base.exceptions import CommandErrorException
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
from routebook.device.contract import DeviceIdentity, DriverError, Reached, State
from routebook.device.state import BgpSession, IkeSa
from routebook.platforms.asa import getters, identity, reading
from routebook.platforms.asa.config import redact
from routebook.platforms.asa.deadman import DeadManTimer
from routebook.platforms.asa.explain import explain
from routebook.platforms.asa.flash import Flash
from routebook.platforms.asa.options import read_asa_options
from routebook.platforms.asa.reached import reached
from routebook.platforms.asa.session import AsaSession
from routebook.platforms.asa.transaction import PART, AsaTransaction

_READING = re.compile(
    r"(?:(?:show|sh) [^\n\r\x00?]*|more system:running-config|more (?:disk\d|flash):[\w./-]+|dir(?: [\w:./-]+)?"
    r"|ping [^\n\r\x00?]*|traceroute [^\n\r\x00?]*)"
)


class AsaDriver(SessionGetters, CommittingDriver):
    """An ASA in routed mode: a single unit, the active unit of a pair, or one context."""

    platform = "asa"
    _host: AsaTransaction

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(hostname, username, password, timeout, optional_args)
        options = read_asa_options(hostname, username, password, timeout, dict(optional_args or {}))
        self._connection = self._session = AsaSession(options)
        self._host = AsaTransaction(hostname, self._session, DeadManTimer(self._session, Flash(self._session)))
        self._commits = Commits(self._host, PART)

    def state(self) -> State:
        """What the device says of sessions and SAs."""
        return State(bgp=self._sessions(), ike=reading.read_ike(self._session))

    def _sessions(self) -> tuple[BgpSession, ...]:
        found = reading.read_bgp(self._session)
        self._host.router_id = next((each.router_id for each in found), self._host.router_id)
        return found

    def identity(self) -> DeviceIdentity:
        """Its host name, serial numbers and router ID."""
        if self._session.identity is None:
            self._session.identity = identity.read(self._session)
        return replace(self._session.identity, router_id=self._host.router_id)

    def reached(self) -> Reached:
        """The way of this connection and of its answers, and whether the device has a timer."""
        options = self._session.options
        jumps = tuple(hop.address for hop in options.ssh.jumps)
        timer = options.dead_man != "none" and not options.context
        return reached(self._session, self.username, jumps, timer=timer)

    def retry_sessions(self, peers: Sequence[str]) -> None:
        """Let waiting BGP sessions try again."""
        reading.retry_sessions(self._session, peers)

    def explain(self, subject: str, seconds: int) -> list[Cause]:
        """What the logs tell of why a session or tunnel is not up."""
        return explain(self._session, subject, seconds)

    def get_ipsec_sas(self) -> tuple[IkeSa, ...]:
        """The IKE SAs with their children; NAPALM has no getter for them."""
        return reading.read_ike(self._session)

    # NAPALM's getters.

    def get_facts(self) -> FactsDict:
        """Uptime, names, versions and interfaces."""
        return getters.facts(self._session)

    def get_interfaces(self) -> dict[str, InterfaceDict]:
        """Every interface."""
        return getters.interfaces(self._session)

    def get_interfaces_ip(self) -> dict[str, InterfacesIPDict]:
        """Every address in use."""
        return getters.addresses(self._session)

    def ping(
        self,
        destination: str,
        source: str = constants.PING_SOURCE,
        ttl: int = constants.PING_TTL,  # noqa: ARG002  an ASA sets its own
        timeout: int = constants.PING_TIMEOUT,
        size: int = constants.PING_SIZE,
        count: int = constants.PING_COUNT,
        vrf: str = constants.PING_VRF,  # noqa: ARG002  there are none
        source_interface: str = constants.PING_SOURCE_INTERFACE,
    ) -> PingResultDict:
        """Send echo requests from the device; `source` is an interface's nameif."""
        through = source or source_interface
        return getters.ping(self._session, destination, source=through, timeout=timeout, size=size, count=count)

    def cli(self, commands: list[str], encoding: str = "text") -> dict[str, str | dict[str, Any]]:
        """The outputs of reading commands, secrets redacted. Raises CommandErrorException for anything else."""
        if encoding != "text":
            raise NotImplementedError(f"encoding {encoding!r}: only text")
        return {command: self._shown(self._read(command)) for command in commands}

    def _read(self, command: str) -> str:
        words = " ".join(command.split())
        if not _READING.fullmatch(words) or "| redirect" in words or "| append" in words or "| tee" in words:
            raise CommandErrorException(
                f"{command!r} is not one of the commands that only read: show, more, dir, ping and traceroute"
            )
        try:
            return self._session.show(words)
        except DriverError as error:
            raise CommandErrorException(str(error)) from error

    def get_config(
        self,
        retrieve: str = "all",
        full: bool = False,  # noqa: ARG002  what `all` would add cannot be loaded again
        sanitized: bool = False,
        format: str = "text",  # noqa: A002  NAPALM's name for it
    ) -> ConfigDict:
        """The configuration. Secrets are redacted unless optional_args has `secrets: true`; ASA masks startup's."""
        if format != "text":
            raise NotImplementedError(f"format {format!r}: only text")
        hide = sanitized or not self._secrets
        running = self._session.running_config() if retrieve in ("running", "all") else ""
        startup = self._session.startup_config() if retrieve in ("startup", "all") else ""
        return {
            "running": redact(running) if hide else running,
            "startup": redact(startup) if hide else startup,
            "candidate": self._commits.candidate(hide=hide) if retrieve in ("candidate", "all") else "",
        }

    def _shown(self, text: str) -> str:
        return text if self._secrets else redact(text)
