"""NAPALM's `NetworkDriver` over any platform's driver: its configuration methods, its getters, its errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar, cast

from napalm.base import constants, models
from napalm.base.base import NetworkDriver
from napalm.base.exceptions import (
    CommandErrorException,
    ConnectionClosedException,
    ConnectionException,
    NapalmException,
)

from custom_napalm.commits import Commits
from routebook.device.errors import CommandRefusedError, ConnectionFailedError, DriverError, LostContactError
from routebook.device.platform_driver import PlatformDriver
from routebook.device.values import Echo

A = TypeVar("A", bound="Adapter")

_ERRORS: tuple[tuple[type[DriverError], type[Exception]], ...] = (
    (ConnectionFailedError, ConnectionException),
    (LostContactError, ConnectionClosedException),
    (CommandRefusedError, CommandErrorException),
    (DriverError, NapalmException),
)


@contextmanager
def _napalms_errors() -> Iterator[None]:
    """A driver's errors as those that users of NAPALM catch, with the same sentences."""
    try:
        yield
    except DriverError as error:
        raise next(napalms for ours, napalms in _ERRORS if isinstance(error, ours))(str(error)) from error


class Adapter(NetworkDriver):
    """A platform's class says which driver it `opens`, and NAPALM finds it by the name of its module."""

    opens: ClassVar[type[PlatformDriver]]
    platform: ClassVar[str]
    _owns = True  # whether the connection is closed with this object, as NAPALM does

    def __init_subclass__(cls) -> None:
        cls.platform = cls.__module__.rpartition(".")[2]

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
    ) -> None:
        with _napalms_errors():
            self._over(self.opens(hostname, username, password, timeout, optional_args))
        self.hostname, self.username, self.password, self.timeout = hostname, username, password, timeout

    def __del__(self) -> None:
        if self._owns:
            super().__del__()

    def _over(self, driver: PlatformDriver) -> None:
        self._driver, self._commits = driver, Commits(driver)

    def open(self) -> None:
        """Connect and log in. Changes nothing. Raises ConnectionException."""
        with _napalms_errors():
            self._driver.open()

    def close(self) -> None:
        """Close the connection. What is pending on the device stays pending."""
        self._driver.close()

    def is_alive(self) -> models.AliveDict:
        """Whether the connection stands."""
        return {"is_alive": self._driver.is_alive()}

    def load_replace_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Load a text (see `routebook.device.bundle`) whose parts replace the device's as a whole."""
        self._commits.load("replace", filename, config)

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Load a text whose parts are added to the device's."""
        self._commits.load("merge", filename, config)

    def compare_config(self) -> str:
        """The difference that committing would make, without secrets."""
        with _napalms_errors():
            return self._commits.compare()

    def discard_config(self) -> None:
        """Forget the candidate."""
        self._commits.discard()

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:
        """Commit the candidate; with `revert_in` the device undoes it after so many seconds unless confirmed."""
        with _napalms_errors():
            self._commits.commit(message, revert_in)

    def confirm_commit(self) -> None:
        """Keep the pending commit, whoever made it."""
        with _napalms_errors():
            self._commits.confirm()

    def has_pending_commit(self) -> bool:
        """Whether a commit waits for its confirmation."""
        with _napalms_errors():
            return self._commits.has_pending()

    def rollback(self) -> None:
        """Undo the pending commit, or else the last one made over this connection."""
        with _napalms_errors():
            self._commits.rollback()

    def get_facts(self) -> models.FactsDict:
        """Uptime, names, versions and interfaces."""
        with _napalms_errors():
            return cast("models.FactsDict", self._driver.get_facts())

    def get_interfaces(self) -> dict[str, models.InterfaceDict]:
        """Every interface."""
        with _napalms_errors():
            return self._driver.get_interfaces()

    def get_interfaces_ip(self) -> dict[str, models.InterfacesIPDict]:
        """Every address."""
        with _napalms_errors():
            return self._driver.get_interfaces_ip()

    def get_bgp_neighbors(self) -> dict[str, models.BGPStateNeighborsPerVRFDict]:
        """The BGP sessions, by routing table and peer."""
        with _napalms_errors():
            return self._driver.get_bgp_neighbors()

    def get_bgp_neighbors_detail(self, neighbor_address: str = "") -> dict[str, models.PeerDetailsDict]:
        """The BGP sessions with what the device shows of each, by routing table and remote AS."""
        with _napalms_errors():
            return self._driver.get_bgp_neighbors_detail(neighbor_address)

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
    ) -> models.PingResultDict:
        """Send echo requests from the device."""
        echo = Echo(destination, source or source_interface, timeout, size, count, ttl, vrf)
        with _napalms_errors():
            found = self._driver.ping(echo)
        return cast("models.PingResultDict", found)

    def cli(self, commands: list[str], encoding: str = "text") -> dict[str, str | dict[str, Any]]:
        """The outputs of reading commands, secrets redacted. Raises CommandErrorException for anything else."""
        if encoding != "text":
            raise NotImplementedError(f"encoding {encoding!r}: only text")
        with _napalms_errors():
            return {**self._driver.cli(commands)}

    def get_config(
        self,
        retrieve: str = "all",
        full: bool = False,  # noqa: ARG002  no device prints its defaults so that they could be loaded again
        sanitized: bool = False,
        format: str = "text",  # noqa: A002  NAPALM's name for it
    ) -> models.ConfigDict:
        """The configuration. Secrets are redacted unless optional_args has `secrets: true`."""
        if format != "text":
            raise NotImplementedError(f"format {format!r}: only text")
        with _napalms_errors():
            found = self._driver.get_config(retrieve, sanitized=sanitized)
            hide = sanitized or not self._driver.shows_secrets
            candidate = self._commits.candidate(hide=hide) if retrieve in ("candidate", "all") else ""
        return {"running": found["running"], "startup": found["startup"], "candidate": candidate}


def over(adapter: type[A], driver: PlatformDriver) -> A:
    """NAPALM's view of a driver that exists, over the same connection."""
    made = adapter.__new__(adapter)
    made._over(driver)
    made._owns = False
    return made
