"""What `optional_args` say of an ASA, besides how to log in over SSH."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from msgspec import Struct

from routebook.device.errors import ConnectionFailedError
from routebook.platforms.asa.legacy import LegacyTransport
from routebook.transport.ssh_options import SshOptions, read_options

DeadMan = Literal["eem", "reload", "none"]

OWN_ARGUMENTS = frozenset(
    {
        "enable_password", "secret", "enable_by", "context", "legacy_algorithms", "dead_man",
        "accept_no_dead_man", "flash", "owns",
    }
)  # fmt: skip


class AsaOptions(Struct, frozen=True):
    """`flash` is where arming stores its files; `enable_by` is the command that raises the privilege level."""

    ssh: SshOptions
    enable_password: str = ""
    enable_by: Literal["enable", "login"] = "enable"
    context: str = ""
    dead_man: DeadMan = "eem"
    flash: str = "disk0:"
    secrets: bool = False


def read_asa_options(
    hostname: str, username: str, password: str | None, timeout: float, arguments: Mapping[str, Any]
) -> AsaOptions:
    """Combine NAPALM's arguments and `optional_args`. Raises ConnectionFailedError for values that do not fit.

    `secret` is the enable password, as in NAPALM's and netmiko's drivers for Cisco; a key's is `passphrase`.
    """
    login = {name: value for name, value in arguments.items() if name not in OWN_ARGUMENTS}
    ssh = read_options(hostname, username, password, timeout, login)
    if arguments.get("legacy_algorithms"):
        ssh = replace(ssh, transport=LegacyTransport)
    dead_man = str(arguments.get("dead_man", "eem"))
    if dead_man not in ("eem", "reload", "none"):
        raise ConnectionFailedError(f"{hostname}: dead_man is eem, reload or none, not {dead_man!r}")
    if dead_man == "none" and not arguments.get("accept_no_dead_man"):
        raise ConnectionFailedError(
            f"{hostname}: dead_man: none leaves a change there for good when management is lost in the middle; "
            "say accept_no_dead_man: true beside it to accept that"
        )
    enable_by = str(arguments.get("enable_by", "enable"))
    if enable_by not in ("enable", "login"):
        raise ConnectionFailedError(f"{hostname}: enable_by is enable or login, not {enable_by!r}")
    enable = arguments.get("enable_password") or arguments.get("secret") or ""
    return AsaOptions(
        ssh=ssh,
        enable_password=str(enable),
        enable_by="login" if enable_by == "login" else "enable",
        context=str(arguments.get("context") or ""),
        dead_man="reload" if dead_man == "reload" else "none" if dead_man == "none" else "eem",
        flash=str(arguments.get("flash", "disk0:")),
        secrets=bool(arguments.get("secrets", False)),
    )
