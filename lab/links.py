"""Cutting the links of a running lab."""

import subprocess

from lab.control import Lab
from lab.topology import MANAGEMENT_DEVICE


def link_down(lab: Lab, host: str, device: str = MANAGEMENT_DEVICE) -> None:
    """Pull the cable of one of the host's devices, by default that of the management link: the carrier is lost."""
    _on_wire(lab, "ip", "link", "set", lab.port(host, device), "down")


def link_up(lab: Lab, host: str, device: str = MANAGEMENT_DEVICE) -> None:
    """Plug the cable in again."""
    _on_wire(lab, "ip", "link", "set", lab.port(host, device), "up")


def _on_wire(lab: Lab, *argv: str) -> None:
    subprocess.run(lab.wire_command(argv), check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
