"""What a platform's driver is beside the contract of a run: how it is opened, and what people and NAPALM ask of it."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Protocol

from routebook.device.bgp_getters import bgp_neighbors, bgp_neighbors_detail
from routebook.device.contract import TransactionDriver
from routebook.device.reader import PlatformReader
from routebook.device.state import BgpSession
from routebook.device.values import Answer, Snapshot


class Part(Protocol):
    """What keeps one part of a device's configuration."""

    def redact(self, text: str) -> str:
        """The text with every secret's value replaced."""


class PlatformDriver(PlatformReader, TransactionDriver):
    """A driver with getters in NAPALM's shapes, and without NAPALM.

    `default_part` is what a loaded text without any header is. A getter that the platform does not have raises
    NotImplementedError. What is shown has no secrets in it unless optional_args has `secrets: true`.
    """

    default_part: ClassVar[str | None] = None
    shows_secrets: bool = False

    @abstractmethod
    def component_for(self, part: str) -> Part:
        """What keeps a part. Raises CandidateError where nothing does."""

    def running(self) -> Snapshot:
        """The configuration as it runs, to be shown."""
        return self.snapshot()

    @abstractmethod
    def startup(self) -> Snapshot:
        """The configuration as it would be after a reboot."""

    @abstractmethod
    def config_text(self, snapshot: Snapshot, *, hide: bool) -> str:
        """A snapshot as `get_config` shows it and a candidate is loaded from it; with `hide`, without secrets."""

    def get_config(self, retrieve: str = "all", *, sanitized: bool = False) -> dict[str, str]:
        """The text of "running" and "startup", where `retrieve` is that or "all"; otherwise it is empty.

        "startup" is what a restart would leave. Secrets are redacted unless optional_args has `secrets: true`.
        """
        hide = sanitized or not self.shows_secrets
        return {
            "running": self.config_text(self.running(), hide=hide) if retrieve in ("running", "all") else "",
            "startup": self.config_text(self.startup(), hide=hide) if retrieve in ("startup", "all") else "",
        }

    @abstractmethod
    def cli(self, commands: list[str]) -> dict[str, str]:
        """The outputs of reading commands. Raises CommandRefusedError for anything else."""

    @abstractmethod
    def get_facts(self) -> Answer:
        """Uptime in seconds, names, versions and interfaces."""

    @abstractmethod
    def get_interfaces(self) -> Answer:
        """Every interface."""

    @abstractmethod
    def get_interfaces_ip(self) -> Answer:
        """Every address."""

    def bgp_sessions(self) -> Sequence[BgpSession]:
        """The BGP sessions of a platform that has one routing table."""
        raise NotImplementedError

    def get_bgp_neighbors(self) -> Answer:
        """The BGP sessions, by routing table and peer."""
        return bgp_neighbors(self.bgp_sessions())

    def get_bgp_neighbors_detail(self, neighbor_address: str = "") -> Answer:
        """The BGP sessions with what the device shows of each, by routing table and remote AS."""
        return bgp_neighbors_detail(self.bgp_sessions(), neighbor_address)
