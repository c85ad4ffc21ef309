"""What a lab ASA is, beside its configuration: read from a JSON file when it starts."""

import json
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import fields


class Protected(Struct, frozen=True):
    """What a tunnel carries on the user-space data plane, where any-to-any selectors do not work.

    Beside the tunnel's inner addresses, which need not be given. `initiate` None leaves it to the addresses: the
    lower one begins.
    """

    local: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()
    initiate: bool | None = None


class Failover(Struct, frozen=True):
    """A failover pair as this unit sees it. The mate is not there: what it says is in the file `mate` of the state."""

    unit: Literal["primary", "secondary"] = "primary"
    state: Literal["active", "standby"] = "active"
    link: str = "failover GigabitEthernet0/8"


class Settings(Struct, frozen=True):
    """Settings of one lab ASA.

    `state` is its folder of flash and startup configuration. `interfaces` maps the device's interfaces to those of
    the network namespace. `tunnels` are by peer address, or by `LOCAL-PEER` where a peer has several. `delay` is how
    long, in seconds, the device takes to answer each line. `data_plane` "auto" takes real ESP where the kernel has
    VTI devices.
    """

    state: Path
    listen: str = "127.0.0.1"
    port: int = 22
    host_key: Path | None = None
    name: str = "ciscoasa"
    model: str = "ASAv"
    version: str = "9.16(4)"
    serial: str = "9ALABTHEASA"
    interfaces: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)  # beside the configuration's: name to password or crypt(3) hash
    authorized_keys: dict[str, str] = field(default_factory=dict)  # public keys by user, in OpenSSH's format
    startup: Path | None = None  # taken as startup configuration where the state has none yet
    daemons: bool = True
    data_plane: Literal["auto", "user", "kernel"] = "auto"
    tunnels: dict[str, Protected] = field(default_factory=dict)
    failover: Failover | None = None
    contexts: tuple[str, ...] = ()  # of a device in multiple mode; the first is the admin context
    daemon_context: str = ""  # the context that has the daemons
    call_home_question: bool = False
    legacy_ssh: bool = False  # offer only what old releases offered
    delay: float = 0.0
    swanctl_file: Path = Path("/etc/swanctl/conf.d/asa.conf")
    charon_log: Path = Path("/var/log/charon.log")  # with `time_format` %Y-%m-%dT%H:%M:%S and `ike_name`
    frr_log: Path = Path("/var/log/frr/frr.log")
    connect_retry: int = 5  # seconds between BGP's attempts to connect
    minute: float = 60.0  # seconds that a minute of `ssh timeout` takes

    def carried(self, local: str, peer: str) -> Protected:
        """What the tunnel between two addresses carries."""
        return self.tunnels.get(f"{local}-{peer}") or self.tunnels.get(peer) or Protected()

    @property
    def release(self) -> tuple[int, int]:
        """The major and minor number of the version."""
        major, _, rest = self.version.partition(".")
        return int(major), int(rest.partition("(")[0])


def read(path: Path) -> Settings:
    """The settings in a file. Raises ValueError, or KeyError for what is missing."""
    data: dict[str, Any] = json.loads(path.read_text())
    known = {each.name for each in fields(Settings)}
    if unknown := set(data) - known:
        raise ValueError(f"{path} has unknown settings: {', '.join(sorted(unknown))}")
    for name in ("state", "host_key", "startup", "swanctl_file", "charon_log", "frr_log"):
        if data.get(name) is not None:
            data[name] = Path(data[name])
    data["contexts"] = tuple(data.get("contexts", ()))
    if data.get("failover") is not None:
        data["failover"] = Failover(**data["failover"])
    data["tunnels"] = {
        peer: Protected(tuple(each.get("local", ())), tuple(each.get("remote", ())), each.get("initiate"))
        for peer, each in data.get("tunnels", {}).items()
    }
    return Settings(**data)
