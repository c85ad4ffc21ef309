"""Reads from a Linux host what it is configured with, as the files that an operator would have copied."""

from collections.abc import Mapping
from typing import Any

from routebook.device.errors import DriverError
from routebook.platforms.frr import vtysh
from routebook.platforms.linux.reader import LinuxReader
from routebook.platforms.strongswan.component import SwanctlComponent
from routebook.platforms.strongswan.tree import FOLDER
from routebook.transport.shell import Shell

_HAS = "for program in vtysh swanctl; do command -v $program >/dev/null && echo $program; done; true"


def fetch(address: str, username: str, options: Mapping[str, Any]) -> dict[str, str]:
    """The running configuration of FRR, the files of swanctl and the addresses, by the names that an import knows.

    Reads only. Raises DriverError where the host cannot be reached or runs neither.
    """
    host = LinuxReader(address, username, "", optional_args=options)
    host.open()
    try:
        return read_from(host.shell)
    finally:
        host.close()


def read_from(shell: Shell) -> dict[str, str]:
    """The same, over a connection that is open."""
    programs = shell.run(_HAS).stdout.split()
    found: dict[str, str] = {}
    if "vtysh" in programs:
        found["frr.conf"] = vtysh.read(shell).running
    if "swanctl" in programs:
        parts = SwanctlComponent(shell).snapshot().parts
        found |= {f"swanctl/{path.removeprefix(f'{FOLDER}/')}": text for path, text in parts.items()}
    if not found:
        raise DriverError("runs neither FRR nor strongSwan: there is no vtysh and no swanctl; nothing was changed")
    addresses = shell.run("ip -o address show", asked="`ip -o address show`")
    if addresses.status == 0:
        found["ip-address.txt"] = addresses.stdout
    return found
