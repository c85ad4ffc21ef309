"""Breaking a running lab on purpose."""

import subprocess
import time
from typing import Literal

from lab.control import Lab

Daemon = Literal["frr", "charon", "sshd"]

_ANSWERS: dict[Daemon, tuple[str, ...]] = {
    "frr": ("vtysh", "-c", "show bgp summary"),
    "charon": ("swanctl", "--stats"),
    "sshd": ("test", "-e", "/run/sshd.pid"),
}


def fill_disk(lab: Lab, host: str) -> None:
    """Leave no free byte on the host's disk; a firewall may have its configuration on one of its own."""
    full = "cat /dev/zero >{0}/filler 2>/dev/null; test -s {0}/filler"
    _on(lab, host, "sh", "-c", f"{full.format('/var/tmp')} && if [ -d /cf ]; then {full.format('/cf')}; fi")


def free_disk(lab: Lab, host: str) -> None:
    """Give the host its free space back."""
    _on(lab, host, "rm", "-f", "/var/tmp/filler", "/cf/filler")


def stop(lab: Lab, host: str, daemon: Daemon) -> None:
    """Stop a daemon as `systemctl stop` does: it stays stopped."""
    if daemon == "frr":
        _on(lab, host, "/usr/lib/frr/frrinit.sh", "stop")
    else:
        _on(lab, host, "sh", "-c", f"touch /run/lab/stopped/{daemon} && kill $(cat /run/{daemon}.pid)")


def start(lab: Lab, host: str, daemon: Daemon, deadline: float = 30.0) -> None:
    """Start a stopped daemon, with what its files say, and wait until it answers; `deadline` in seconds."""
    if daemon == "frr":
        _on(lab, host, "/usr/lib/frr/frrinit.sh", "start")
    else:
        _on(lab, host, "rm", "-f", f"/run/lab/stopped/{daemon}")
    until = time.monotonic() + deadline
    while subprocess.run(lab.command(host, _ANSWERS[daemon]), capture_output=True, check=False).returncode != 0:
        if time.monotonic() > until:
            raise TimeoutError(f"{daemon} of {host} does not answer")
        time.sleep(0.1)


def crash(lab: Lab, host: str, program: str) -> None:
    """Kill a program of the host (bgpd, charon …) without warning; what watches it starts it again."""
    _on(lab, host, "pkill", "-KILL", "-x", program)  # sees the processes of this host alone


def _on(lab: Lab, host: str, *argv: str) -> None:
    subprocess.run(lab.command(host, argv), check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
