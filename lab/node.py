"""What one machine of the lab is made of, as plain data: the contract between rendering and booting."""

from collections.abc import Mapping

from msgspec import Struct, field


class File(Struct, frozen=True):
    """A file of the node: exact text, octal mode, owner and group by name (of the node's own passwd)."""

    text: str
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"


class User(Struct, frozen=True):
    """A login. `password_hash` is crypt(3)'s; `sudoers` is what follows the name in sudoers, "" for none."""

    name: str
    uid: int
    password_hash: str
    authorized_key: str
    sudoers: str = ""


class Device(Struct, frozen=True):
    """A network device of the node and the bridge that it is plugged into."""

    name: str
    bridge: str


class Service(Struct, frozen=True):
    """A program that runs on the node.

    `restart` keeps it running, as systemd does for strongSwan. A program that goes into the background by
    itself has `restart` False. `ready` are the paths that must exist before the service counts as up
    (sockets must accept a connection) or "tcp:ADDRESS:PORT"; then `post` runs, after every start.
    """

    name: str
    argv: tuple[str, ...]
    restart: bool = True
    ready: tuple[str, ...] = ()
    post: tuple[str, ...] = ()


class Node(Struct, frozen=True):
    """One machine of the lab: `network` are lines for `ip -batch`, `disk` is its size in MiB.

    `sysctls` are paths below /proc/sys/net, set after `network`.
    """

    name: str
    kind: str  # "host", "peer" or "cache"
    devices: tuple[Device, ...]
    network: tuple[str, ...]
    files: Mapping[str, File]
    services: tuple[Service, ...]
    sysctls: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)  # path to "MODE OWNER GROUP"
    users: tuple[User, ...] = ()
    disk: int = 64
    root: str = ""  # the folder of this machine that is its file system; this machine's own without one
    visible: tuple[str, ...] = ()  # folders of this machine that the node sees although they are below its own
