"""Breaking a running lab on purpose, for tests and demonstrations."""

import subprocess

from lab.control import Lab
from lab.host import MANAGEMENT_DEVICE


def link_down(lab: Lab, host: str) -> None:
    """Cut the host's management link, as a pulled cable does: nothing goes through, and no address is lost."""
    _on(lab, host, "ip", "link", "set", MANAGEMENT_DEVICE, "arp", "off", "down")


def link_up(lab: Lab, host: str) -> None:
    """Mend the host's management link."""
    _on(lab, host, "ip", "link", "set", MANAGEMENT_DEVICE, "arp", "on", "up")


def fill_disk(lab: Lab, host: str) -> None:
    """Leave no free byte on the host's disk."""
    _on(lab, host, "sh", "-c", "cat /dev/zero >/var/tmp/filler 2>/dev/null; test -s /var/tmp/filler")


def free_disk(lab: Lab, host: str) -> None:
    """Give the host its free space back."""
    _on(lab, host, "rm", "-f", "/var/tmp/filler")  # noqa: S108  the host's, not ours


def stop_frr(lab: Lab, host: str) -> None:
    """Stop FRR as `systemctl stop frr` does."""
    _on(lab, host, "/usr/lib/frr/frrinit.sh", "stop")


def start_frr(lab: Lab, host: str) -> None:
    """Start FRR again, with what is in frr.conf."""
    _on(lab, host, "/usr/lib/frr/frrinit.sh", "start")


def stop_charon(lab: Lab, host: str) -> None:
    """Stop strongSwan's daemon; it stays stopped."""
    _on(lab, host, "sh", "-c", "touch /run/lab/stopped/charon; kill $(cat /run/charon.pid)")


def start_charon(lab: Lab, host: str) -> None:
    """Start strongSwan's daemon again, with what is in /etc/swanctl, and wait until it answers."""
    _on(lab, host, "rm", "-f", "/run/lab/stopped/charon")


def _on(lab: Lab, host: str, *argv: str) -> None:
    subprocess.run(lab.command(host, argv), check=True, stdout=subprocess.DEVNULL)
