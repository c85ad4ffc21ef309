"""How to reach and log in to a host: NAPALM's arguments, optional_args and the user's ssh_config in one place."""

import getpass
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from routebook.device import limits
from routebook.device.errors import ConnectionFailedError
from routebook.device.limits import Limits, read_limits
from routebook.transport.ssh_config import HostConfig, SshConfig, ssh_config
from routebook.transport.ssh_transport import BoundedTransport

SYSTEM_KNOWN_HOSTS = Path("/etc/ssh/ssh_known_hosts")
USER_KNOWN_HOSTS = "~/.ssh/known_hosts"
_NONE = "none"


@dataclass(frozen=True, slots=True)
class Hop:
    """One SSH server on the way: a jump host, or the host itself."""

    name: str  # as the inventory has it
    address: str
    port: int
    user: str
    key_file: Path | None = None  # the one that the inventory names
    other_keys: tuple[Path, ...] = ()  # ssh_config's
    password: str | None = field(default=None, repr=False)
    config: HostConfig = field(default_factory=HostConfig)

    @property
    def label(self) -> str:
        """What messages call it."""
        shown = self.name if self.name == self.address else f"{self.name} ({self.address})"
        return shown if self.port == 22 else f"{shown} port {self.port}"


@dataclass(frozen=True, slots=True)
class SshOptions:
    """Everything that opening a connection takes. Times are in seconds."""

    target: Hop
    jumps: tuple[Hop, ...] = ()
    passphrase: str | None = field(default=None, repr=False)
    allow_agent: bool = True
    default_keys: bool = True
    known_hosts: tuple[Path, ...] = ()
    timeout: float = 60.0
    keepalive: int = 5
    sudo: bool = True
    sudo_password: str | None = field(default=None, repr=False)
    proxy_command: str = ""  # for the first hop, as a shell takes it
    transport: type[BoundedTransport] = BoundedTransport  # the target's; what it may negotiate
    limits: Limits = field(default_factory=Limits)


def read_options(
    hostname: str, username: str, password: str | None, timeout: float, arguments: Mapping[str, Any]
) -> SshOptions:
    """Combine NAPALM's arguments with `optional_args` and ssh_config; what is given explicitly wins.

    Names are those of NAPALM's and netmiko's drivers where they have one. Raises ConnectionFailedError for an
    unreadable ssh_config, TypeError for an option that does not exist.
    """
    unknown = set(arguments) - _KNOWN_ARGUMENTS
    if unknown:
        raise TypeError(
            f"optional_args: unknown {', '.join(sorted(unknown))}; known are {', '.join(sorted(_KNOWN_ARGUMENTS))}"
        )
    config = ssh_config(arguments.get("ssh_config_file"))
    key_file = arguments.get("key_file")
    target = replace(
        _hop(hostname, config, user=username or None, port=arguments.get("port"), key_file=key_file),
        password=password or None,
    )
    jumps = _jumps(arguments.get("proxy_jump"), target, config, key_file)
    first = jumps[0] if jumps else target
    files = [Path(USER_KNOWN_HOSTS).expanduser(), SYSTEM_KNOWN_HOSTS]
    files += [Path(file).expanduser() for hop in (target, *jumps) for file in hop.config.known_hosts]
    if arguments.get("known_hosts_file"):
        files.append(Path(str(arguments["known_hosts_file"])).expanduser())
    sudo = arguments.get("sudo")
    secret = arguments.get("passphrase") or arguments.get("secret")
    return SshOptions(
        target=target,
        jumps=jumps,
        passphrase=str(secret) if secret else None,
        allow_agent=bool(arguments.get("allow_agent", not arguments.get("key_file"))),
        default_keys=bool(arguments.get("use_keys", not (target.key_file or target.other_keys))),
        known_hosts=tuple(dict.fromkeys(files)),
        timeout=float(timeout),
        keepalive=int(arguments.get("keepalive", 5)),
        sudo=target.user != "root" if sudo is None else bool(sudo),
        sudo_password=arguments.get("sudo_password") or password or None,
        proxy_command="" if arguments.get("proxy_jump") and not jumps else _proxy_command(first),
        limits=read_limits(hostname, arguments),
    )


_KNOWN_ARGUMENTS = frozenset(
    {
        "port", "key_file", "passphrase", "secret", "allow_agent", "use_keys", "ssh_config_file", "proxy_jump",
        "sudo", "sudo_password", "keepalive", "known_hosts_file", "secrets",
    }
) | limits.ARGUMENTS  # fmt: skip


def _hop(name: str, config: SshConfig, *, user: str | None, port: object, key_file: object) -> Hop:
    found = config.lookup(name, user or "", str(port or ""))
    return Hop(
        name=name,
        address=found.hostname or name,
        port=int(str(port or found.port or 22)),
        user=user or found.user or getpass.getuser(),
        key_file=Path(str(key_file)).expanduser() if key_file else None,
        other_keys=() if key_file else tuple(Path(file).expanduser() for file in found.identity_files),
        config=found,
    )


def _jumps(given: object, target: Hop, config: SshConfig, key_file: object) -> tuple[Hop, ...]:
    """The jump hosts in their order: those that the option or the target's ssh_config names, each by its own ones.

    As with ssh(1), the first one that is named is reached as its own configuration says, and the others through it.
    """
    way: list[Hop] = []
    line = target.config.proxy_jump if given is None else str(given)
    seen = [target.name]
    while line and line.lower() != _NONE:
        named = [_jump(text.strip(), config, key_file) for text in line.split(",") if text.strip()]
        if not named:
            break
        way = [*named, *way]
        line = named[0].config.proxy_jump
        seen.append(named[0].name)
        if line and any(line.rpartition("@")[2] == name for name in seen):
            raise ConnectionFailedError(f"ProxyJump goes round in a circle: {' by '.join(seen)}; nothing was changed")
    return tuple(way)


def _proxy_command(hop: Hop) -> str:
    """The ProxyCommand of a host with its tokens filled in (TOKENS in ssh_config(5))."""
    tokens = {"%%": "%", "%h": hop.address, "%n": hop.name, "%p": str(hop.port), "%r": hop.user}
    return re.sub("%.", lambda found: tokens.get(found[0], found[0]), hop.config.proxy_command)


def _jump(text: str, config: SshConfig, key_file: object) -> Hop:
    """A jump host written as in ssh(1) -J: [user@]host[:port], IPv6 addresses in brackets."""
    text = text.removeprefix("ssh://")
    user, _, rest = text.rpartition("@")
    if rest.startswith("["):
        name, _, port = rest[1:].partition("]")
        port = port.removeprefix(":")
    elif rest.count(":") == 1:
        name, _, port = rest.partition(":")
    else:
        name, port = rest, ""
    if not name or name.startswith("-") or (port and not port.isdigit()):
        raise ConnectionFailedError(f"proxy_jump {text!r} is not [user@]host[:port]; nothing was changed")
    # The inventory's key file is for our own hosts; a jump host that ssh_config has its own key for keeps that.
    own = config.lookup(name, user, port).identity_files
    return _hop(name, config, user=user or None, port=port or None, key_file=None if own else key_file)
