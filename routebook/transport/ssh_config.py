"""What ssh_config(5) says of a host, by `ssh -G`, which knows Include, Match and every default of its release.

Without an ssh client on this machine paramiko's reader does, which knows neither Include nor canonical names.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import paramiko
from msgspec import Struct

from routebook.device.errors import ConnectionFailedError

USER_CONFIG = "~/.ssh/config"
_TIMEOUT = 30.0  # seconds; a `Match exec` may take a moment
_INCLUDE = re.compile(r"(?im)^\s*include[\s=]")
_NONE = "none"


class HostConfig(Struct, frozen=True):
    """What is configured for one host; empty is not said. `identity_files` are those that the operator named."""

    hostname: str = ""
    user: str = ""
    port: str = ""
    identity_files: tuple[str, ...] = ()
    identities_only: bool = False
    proxy_jump: str = ""
    proxy_command: str = ""
    known_hosts: tuple[str, ...] = ()
    host_key_alias: str = ""


class SshConfig(Struct, frozen=True):
    """A file as ssh_config(5) describes it; None for no file."""

    path: Path | None = None

    def lookup(self, name: str, user: str = "", port: str = "") -> HostConfig:
        """What it says of a host. `user` and `port`, where they are known already, are what `Match` may ask for.

        Raises ConnectionFailedError for a file that cannot be used.
        """
        if self.path is None:
            return HostConfig()
        try:
            modified = self.path.stat().st_mtime_ns
        except FileNotFoundError:
            return HostConfig()  # Nornir names ~/.ssh/config whether or not there is one
        except OSError as error:
            raise _unusable(self.path, str(error.strerror)) from error
        return _lookup(self.path, modified, name, user, port)


def ssh_config(file: object) -> SshConfig:
    """The configuration that an option names: the user's own where it names none, and none for an empty name."""
    if file is None:
        file = USER_CONFIG
    return SshConfig(Path(str(file)).expanduser()) if file else SshConfig()


@lru_cache(maxsize=1024)
def _lookup(path: Path, _modified: int, name: str, user: str, port: str) -> HostConfig:
    if shutil.which("ssh") is None:
        return _by_paramiko(path, name)
    found = _ask(path, name, user, port)
    files = tuple(found.get("identityfile", ()))
    return HostConfig(
        hostname=_first(found, "hostname", but=name),
        user=_first(found, "user"),
        port=_first(found, "port", but="22"),
        identity_files=() if files == _default_identities() else tuple(file for file in files if file != _NONE),
        identities_only=_first(found, "identitiesonly") == "yes",
        proxy_jump=_first(found, "proxyjump"),
        proxy_command=_first(found, "proxycommand"),
        known_hosts=tuple(_first(found, "userknownhostsfile").split()),
        host_key_alias=_first(found, "hostkeyalias"),
    )


def _ask(path: Path, name: str, user: str = "", port: str = "") -> Mapping[str, Sequence[str]]:
    given = [*(["-l", user] if user else []), *(["-p", port] if port else [])]
    try:
        done = subprocess.run(
            ["ssh", "-G", "-F", str(path), *given, "--", name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _unusable(path, f"ssh gave no answer within {_TIMEOUT:.0f} s") from error
    if done.returncode:
        raise _unusable(path, " ".join(done.stderr.split()) or f"ssh ended with status {done.returncode}")
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        key, _, value = line.partition(" ")
        found.setdefault(key, []).append(value.strip())
    return found


@lru_cache(maxsize=1)
def _default_identities() -> tuple[str, ...]:
    """The keys that ssh tries where nothing names one."""
    return tuple(_ask(Path("/dev/null"), "localhost").get("identityfile", ()))


def _first(found: Mapping[str, Sequence[str]], key: str, but: str = "") -> str:
    values = found.get(key, ())
    return values[0] if values and values[0] not in (but, _NONE) else ""


def _by_paramiko(path: Path, name: str) -> HostConfig:
    try:
        text = path.read_text(errors="replace")
        if _INCLUDE.search(text):
            raise _unusable(path, "it has an Include, which only ssh itself can follow: install OpenSSH's client")
        found = paramiko.SSHConfig.from_text(text).lookup(name)
    except (OSError, paramiko.ConfigParseError, ImportError) as error:
        raise _unusable(path, str(error)) from error
    return HostConfig(
        hostname="" if found.get("hostname") == name else found.get("hostname", ""),
        user=found.get("user", ""),
        port=found.get("port", ""),
        identity_files=tuple(found.get("identityfile", ())),
        identities_only=found.get("identitiesonly") == "yes",
        proxy_jump=found.get("proxyjump", "").removeprefix(_NONE),
        proxy_command=found.get("proxycommand") or "",
        known_hosts=tuple(found.get("userknownhostsfile", "").split()),
        host_key_alias=found.get("hostkeyalias", ""),
    )


def _unusable(path: Path, why: str) -> ConnectionFailedError:
    return ConnectionFailedError(f"{path} cannot be used: {why}; nothing was changed")
