"""Where systemd is process 1, the dead-man's watcher is a unit of its own: nothing that ends a session ends it."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import pytest

from routebook.device.values import Change, Pending
from routebook.platforms.linux.component import ComponentChange
from routebook.platforms.linux.lock import release
from routebook.platforms.linux.transaction import DeviceTransaction
from routebook.transport.shell import Result
from tests.lab.waiting import wait_for

CGROUPS = Path("/sys/fs/cgroup/unified" if Path("/sys/fs/cgroup/unified").is_dir() else "/sys/fs/cgroup")

# systemd with none of the machine's units, and with its own /tmp, /run, /dev and control groups.
INIT = """set -e
for place in /tmp /run /var/log; do mount -t tmpfs tmpfs $place; done
mkdir /run/units /run/generators /run/dev
for unit in sysinit basic shutdown umount final exit; do cp /usr/lib/systemd/system/$unit.target /run/units/; done
printf '[Unit]\\nDescription=nothing\\n' >/run/units/test.target
mount --bind /run/units /usr/lib/systemd/system
mount --bind /run/generators /usr/lib/systemd/system-generators
mount -t tmpfs tmpfs /etc/systemd/system
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null || {
    mount -t tmpfs tmpfs /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; }
for name in null zero full random urandom tty; do touch /run/dev/$name; mount --bind /dev/$name /run/dev/$name; done
mount --rbind /run/dev /dev
export container=test
exec /usr/lib/systemd/systemd --system --unit=test.target --log-target=null --show-status=0
"""


class SystemdHost:
    """The `Shell` protocol on systemd in namespaces of its own."""

    def __init__(self) -> None:
        self.group = CGROUPS / f"routebook-test-{os.getpid()}"
        self.group.mkdir()
        spaces = "-n -u -i -m -p -C -f --kill-child --mount-proc --propagation private"
        enter = (
            f"echo $$ >{self.group}/cgroup.procs && exec setpriv --pdeathsig KILL unshare {spaces} sh -c {quote(INIT)}"
        )
        self._holder = subprocess.Popen(["sh", "-c", enter], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children")
        wait_for(lambda: bool(children.read_text().split()), 5, "the first process")
        self.pid = int(children.read_text().split()[0])
        wait_for(lambda: self.run("systemctl is-system-running").stdout == "running\n", 20, "systemd")

    def run(self, script: str, *, timeout: float = 60.0, root: bool = True, asked: str = "") -> Result:
        """Run a script beside systemd, as sshd's child would."""
        del root, asked
        done = subprocess.run(
            ["nsenter", "-t", str(self.pid), "-n", "-u", "-i", "-m", "-p", "-C", "sh", "-s"],
            input="{\n" + script + "\n} </dev/null\n", capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        return Result(done.stdout, done.stderr, done.returncode)

    def stop(self) -> None:
        """End everything."""
        self._holder.kill()
        self._holder.wait(10)
        empty = "populated 0"
        wait_for(lambda: empty in (self.group / "cgroup.events").read_text(), 10, "the end of every process")
        for path in sorted((path for path in self.group.rglob("*") if path.is_dir()), reverse=True):
            path.rmdir()
        self.group.rmdir()


@pytest.fixture(scope="module")
def host() -> Iterator[SystemdHost]:
    """One host for this module."""
    if not (Path("/usr/lib/systemd/systemd").exists() and (CGROUPS / "cgroup.procs").exists()):
        pytest.skip("needs systemd and control groups, version 2")
    found = SystemdHost()
    yield found
    found.stop()


def change(mark: str) -> ComponentChange:
    """A change whose reverting and persisting leave a mark."""
    return ComponentChange(
        Change("d", ("c",), (), (), ""), {}, f"echo {mark} >>/run/reverted", f"echo {mark} >>/run/persisted"
    )


def units(host: SystemdHost) -> str:
    return host.run("systemctl list-units --no-legend --plain 'routebook-*'").stdout


def test_the_watcher_is_a_unit_that_fires_and_goes_away(host: SystemdHost) -> None:
    transaction = DeviceTransaction(host, "host")
    transaction.arm("fires", 2, [("x", change("fires"))], {})
    transaction.begin("fires")
    assert "routebook-fires-" in units(host)
    watcher = host.run("cat /run/routebook/fires/watcher").stdout.strip()
    assert "routebook-fires-" in host.run(f"cat /proc/{watcher}/cgroup").stdout
    wait_for(lambda: host.run("cat /run/reverted 2>/dev/null").stdout == "fires\n", 10, "the revert")
    wait_for(lambda: units(host) == "", 5, "the unit's end")
    pending = transaction.pending()
    assert pending is not None
    assert pending.phase == "reverted"


def test_confirming_ends_the_unit(host: SystemdHost) -> None:
    transaction = DeviceTransaction(host, "host")
    transaction.arm("confirmed", 60, [("x", change("confirmed"))], {})
    transaction.extend("confirmed", 90)
    transaction.confirm("confirmed")
    assert host.run("cat /run/persisted").stdout == "confirmed\n"
    wait_for(lambda: units(host) == "", 5, "the unit's end")
    assert transaction.pending() == Pending("confirmed", "confirmed", 0)
    release(host, "host", "confirmed")
    assert transaction.pending() is None
