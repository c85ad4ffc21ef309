"""Nornir's connection plugin `routebook`: the driver of a host's platform, imported when a connection is opened."""

from collections.abc import Mapping
from threading import Lock
from typing import Any

from nornir.core.configuration import Config

from routebook.device.contract import TransactionDriver
from routebook.device.errors import ConnectionFailedError
from routebook.device.platform_driver import PlatformDriver
from routebook.intent import registry
from routebook.intent.platform import platform as platform_of

CONNECTION = "routebook"
"""The plugin's name."""

_IMPORTING = Lock()


def driver_of(platform: str | None) -> type[PlatformDriver]:
    """The driver of a platform, imported one thread at a time: drivers that share modules deadlock otherwise.

    Raises ConnectionFailedError for a platform that has none.
    """
    found = platform_of(platform or "")
    if found is None or not found.driver:
        raise ConnectionFailedError(
            f"platform {platform!r} has no driver that can roll back: docs/platforms lists those that have one"
        )
    with _IMPORTING:
        opens: type[PlatformDriver] = registry.load(found.driver)
    return opens


class DeviceConnection:
    """A connection whose object is a `TransactionDriver`. `extras` are those of the plugin `napalm`."""

    connection: TransactionDriver

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
        opens = driver_of(platform)
        driver = opens(hostname or "", username or "", password or "", optional_args=arguments, **options)
        driver.open()
        self.connection = driver

    def close(self) -> None:
        """Close it. What is pending on the device stays pending."""
        self.connection.close()
