"""What a lab pfSense is, beside its config.xml: read from a JSON file when it starts."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import fields


class Login(Struct, frozen=True):
    """A login: the hash of its password (crypt(3)), its public key in OpenSSH's format, its line for sudo."""

    password_hash: str
    authorized_key: str = ""
    sudoers: str = ""  # what follows the name in sudoers, "" for none


class Carried(Struct, frozen=True):
    """What a routed tunnel carries beside its inner addresses where ESP is in user space."""

    local: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()


class Settings(Struct, frozen=True):
    """Settings of one lab pfSense.

    `users` are logins beside root and admin, which share `root`. `tunnels` are by `LOCAL-PEER`, the outer addresses.
    `apply_delay` is how long, in seconds, IPsec takes to begin loading what was written. `disk` is the size of
    everything the system writes to, `config_disk` that of /cf, in MiB.
    """

    config: Path  # the config.xml to begin with
    root: Login
    listen: str = "127.0.0.1"
    port: int = 22
    host_key: Path | None = None
    name: str = "pfSense"
    version: str = "2.7.2-RELEASE"
    package: Literal["", "openbgpd", "frr"] = "frr"
    users: dict[str, Login] = field(default_factory=dict)
    data_plane: Literal["user", "kernel"] = "user"
    tunnels: dict[str, Carried] = field(default_factory=dict)
    interfaces_ignored: tuple[str, ...] = ("mgmt0",)  # devices that IKE keeps off
    apply_delay: float = 0.5
    ram_disks: bool = True
    disk: int = 64
    config_disk: int = 64
    visible: tuple[str, ...] = ()  # folders of this machine that stay in sight
    includes: Path | None = None  # a folder with the PHP includes of a real pfSense (see docs/lab-pfsense.md)

    @property
    def plus(self) -> bool:
        """Whether the release is of pfSense Plus, which counts by years."""
        return self._numbers[0] >= 21

    @property
    def generation(self) -> int:
        """The CE release whose published functions this release has: 27, 28 or 29."""
        major, minor = self._numbers
        if self.plus:
            return 27 if (major, minor) < (24, 8) else 28 if (major, minor) < (25, 11) else 29
        return min(max(10 * major + minor, 27), 29)

    @property
    def config_version(self) -> str:
        """The version that the release writes into config.xml: `latest_config` in etc/inc/globals.inc."""
        return {27: "23.3", 28: "23.9", 29: "24.5"}[self.generation]

    @property
    def freebsd(self) -> str:
        """The FreeBSD that the release stands on."""
        return {27: "14.0-CURRENT", 28: "15.0-CURRENT", 29: "16.0-CURRENT"}[self.generation]

    @property
    def _numbers(self) -> tuple[int, int]:
        found = re.match(r"(\d+)\.(\d+)", self.version)
        if found is None:
            raise ValueError(f"{self.version!r} is no release of pfSense; write 2.7.2-RELEASE or 24.11-RELEASE")
        return int(found[1]), int(found[2])

    def for_php(self) -> dict[str, Any]:
        """The settings of the system's own programs."""
        return {
            "generation": self.generation,
            "plus": self.plus,
            "config_version": self.config_version,
            "data_plane": self.data_plane,
            "tunnels": {
                ends: {"local": list(each.local), "remote": list(each.remote)} for ends, each in self.tunnels.items()
            },
        }


def read(path: Path) -> Settings:
    """The settings in a file. Raises ValueError, or KeyError and TypeError for what is missing."""
    data: dict[str, Any] = json.loads(path.read_text())
    known = {each.name for each in fields(Settings)}
    if unknown := set(data) - known:
        raise ValueError(f"{path} has unknown settings: {', '.join(sorted(unknown))}")
    data["config"] = Path(data["config"])
    data["root"] = Login(**data["root"])
    for name in ("host_key", "includes"):
        if data.get(name) is not None:
            data[name] = Path(data[name])
    data["users"] = {name: Login(**each) for name, each in data.get("users", {}).items()}
    data["tunnels"] = {
        ends: Carried(tuple(each.get("local", ())), tuple(each.get("remote", ())))
        for ends, each in data.get("tunnels", {}).items()
    }
    for name in ("interfaces_ignored", "visible"):
        if name in data:
            sequence: Sequence[str] = data[name]
            data[name] = tuple(sequence)
    return Settings(**data)
