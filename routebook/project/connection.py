"""Nornir's connection plugin `routebook`: the driver of a host's platform, imported when a connection is opened."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from nornir.core.configuration import Config

from routebook.device.errors import ConnectionFailedError
from routebook.device.reader import PlatformReader
from routebook.intent import registry
from routebook.intent.platform import platform as platform_of

if TYPE_CHECKING:
    from routebook.device.contract import TransactionDriver
    from routebook.device.platform_driver import PlatformDriver

CONNECTION = "routebook"
"""The plugin's name."""

_IMPORTING = Lock()


def driver_of(platform: str | None, *, reads: bool = False) -> "type[PlatformDriver]":
    """The driver of a platform, imported one thread at a time: drivers that share modules deadlock otherwise.

    With `reads`, what reads alone, where the platform has that. Raises ConnectionFailedError for a platform that has
    no driver.
    """
    found = platform_of(platform or "")
    if found is None or not found.driver:
        raise ConnectionFailedError(
            f"platform {platform!r} has no driver that can roll back: docs/platforms lists those that have one"
        )
    with _IMPORTING:
        opens: type[PlatformDriver] = registry.load((reads and found.reader) or found.driver)
    return opens


class DeviceConnection:
    """A connection whose object reads a device until something else is asked of it; then it is the whole driver.

    `extras` are those of the plugin `napalm`.
    """

    connection: PlatformReader
    _made_by: "Callable[[type[PlatformDriver]], PlatformDriver]"
    _platform: str | None

    def open(
        self,
        hostname: str | None,
        username: str | None,
        password: str | None,
        port: int | None,
        platform: str | None,
        extras: Mapping[str, Any] | None = None,
        configuration: Config | None = None,
    ) -> None:
        """Connect and log in. Raises ConnectionFailedError, for a platform without a driver as well."""
        del configuration
        options = dict(extras or {})
        arguments = dict(options.pop("optional_args", None) or {})
        if port:
            arguments.setdefault("port", port)
        self._platform = platform
        self._made_by = lambda opens: opens(
            hostname or "", username or "", password or "", optional_args=arguments, **options
        )
        reader = self._made_by(driver_of(platform, reads=True))
        reader.open()
        self.connection = reader

    def driver(self) -> "TransactionDriver":
        """The whole driver, on the connection that is open."""
        opens = driver_of(self._platform)
        if isinstance(self.connection, opens):
            return self.connection
        driver = self._made_by(opens)
        driver.take_over(self.connection)
        self.connection = driver
        return driver

    def close(self) -> None:
        """Close it. What is pending on the device stays pending."""
        self.connection.close()
