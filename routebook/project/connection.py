"""Nornir's connection plugin `routebook`: the driver of a host's platform, imported when a connection is opened."""

from collections.abc import Mapping
from importlib import import_module
from threading import Lock
from typing import Any

from nornir.core.configuration import Config

from routebook.device.contract import ConnectionFailedError, TransactionDriver
from routebook.device.platform_driver import PlatformDriver

CONNECTION = "routebook"
"""The plugin's name."""

_DRIVERS: Mapping[str, tuple[str, str]] = {
    "asa": ("routebook.platforms.asa.driver", "AsaDriver"),
    "edge": ("routebook.platforms.edge.driver", "EdgeDriver"),
    "frr": ("routebook.platforms.frr.driver", "FRRDriver"),
    "pfsense": ("routebook.platforms.pfsense.driver", "PfSenseDriver"),
    "strongswan": ("routebook.platforms.strongswan.driver", "StrongSwanDriver"),
}


_IMPORTING = Lock()


def driver_of(platform: str | None) -> type[PlatformDriver]:
    """The driver of a platform, imported one thread at a time: drivers that share modules deadlock otherwise.

    Raises ConnectionFailedError for a platform that has none.
    """
    if platform is None or platform not in _DRIVERS:
        raise ConnectionFailedError(
            f"platform {platform!r} has no driver that can roll back: docs/platforms tells which have one"
        )
    module, name = _DRIVERS[platform]
    with _IMPORTING:
        found: type[PlatformDriver] = getattr(import_module(module), name)
    return found


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
