"""How to reach and log in to a host: NAPALM's arguments, optional_args and the user's ssh_config in one place."""

import getpass
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import paramiko

from custom_napalm.contract import ConnectionFailedError

SYSTEM_KNOWN_HOSTS = Path("/etc/ssh/ssh_known_hosts")
USER_KNOWN_HOSTS = "~/.ssh/known_hosts"


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
    proxy_command: str | None = None
    transport: type[paramiko.Transport] = paramiko.Transport  # the target's; what it may negotiate


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
    config = _ssh_config(arguments.get("ssh_config_file"))
    given = {"user": username or None, "port": arguments.get("port"), "key_file": arguments.get("key_file")}
    target = replace(_hop(hostname, config, **given), password=password or None)
    found = config.lookup(hostname)
    jump_line = arguments.get("proxy_jump", found.get("proxyjump", ""))
    jumps = tuple(
        _jump(text.strip(), config, arguments.get("key_file"))
        for text in str(jump_line or "").split(",")
        if text.strip() and text.strip().lower() != "none"
    )
    files = [Path(USER_KNOWN_HOSTS).expanduser(), SYSTEM_KNOWN_HOSTS]
    files += [Path(file).expanduser() for file in found.get("userknownhostsfile", "").split()]
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
        proxy_command=found.get("proxycommand") if not jumps else None,
    )


_KNOWN_ARGUMENTS = frozenset(
    {
        "port", "key_file", "passphrase", "secret", "allow_agent", "use_keys", "ssh_config_file", "proxy_jump",
        "sudo", "sudo_password", "keepalive", "known_hosts_file", "secrets",
    }
)  # fmt: skip


def _ssh_config(file: object) -> paramiko.SSHConfig:
    if not file:
        return paramiko.SSHConfig()
    path = Path(str(file)).expanduser()
    try:
        return paramiko.SSHConfig.from_path(str(path))
    except FileNotFoundError:
        # Nornir names ~/.ssh/config whether or not there is one.
        return paramiko.SSHConfig()
    except (OSError, paramiko.ConfigParseError) as error:
        raise ConnectionFailedError(f"{path} cannot be used: {error}; nothing was changed") from error


def _hop(name: str, config: paramiko.SSHConfig, *, user: str | None, port: object, key_file: object) -> Hop:
    found = config.lookup(name)
    others = () if key_file else tuple(Path(file).expanduser() for file in found.get("identityfile", []))
    return Hop(
        name=name,
        address=found.get("hostname", name),
        port=int(str(port)) if port else int(found.get("port", 22)),
        user=user or found.get("user") or getpass.getuser(),
        key_file=Path(str(key_file)).expanduser() if key_file else None,
        other_keys=others,
    )


def _jump(text: str, config: paramiko.SSHConfig, key_file: object) -> Hop:
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
    if not name or (port and not port.isdigit()):
        raise ConnectionFailedError(f"proxy_jump {text!r} is not [user@]host[:port]; nothing was changed")
    # The inventory's key file is for our own hosts; a jump host that ssh_config has its own key for keeps that.
    own = config.lookup(name).get("identityfile")
    return _hop(name, config, user=user or None, port=port or None, key_file=None if own else key_file)
