"""A lab pfSense as a running machine: it starts, keeps sshd, writes its logs, starts again on request, and ends.

It runs as the first process of its system. What it starts becomes its descendants, so that a power cut ends them.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import FrameType

from msgspec.structs import replace

from lab import processes
from routebook.platforms.pfsense.lab import contents, fib, root
from routebook.platforms.pfsense.lab.logs import Logs
from routebook.platforms.pfsense.lab.settings import read

ENVIRONMENT = {
    "PATH": "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}
RAM_DISKS = ("/tmp", "/var/etc", "/var/db", "/var/tmp")  # noqa: S108 - a pfSense has these in memory if it is configured to
_PR_SET_CHILD_SUBREAPER = 36
_THE_MACHINES = {"pid": 0xEFFFFFFC, "uts": 0xEFFFFFFE}  # PROC_PID_INIT_INO, PROC_UTS_INIT_INO of proc_ns.h


class NotAloneError(Exception):
    """The device would share its processes or file systems with the machine."""


def refuse_to_share() -> None:
    """Raises NotAloneError where what the device does would happen to the machine itself."""
    for name, number in _THE_MACHINES.items():
        if Path("/proc/self/ns", name).stat().st_ino == number:
            raise NotAloneError(
                "a lab pfSense changes its root and its name and ends processes: start it in namespaces of its own, "
                "with unshare --mount --uts --pid --fork --mount-proc --propagation private"
            )


class Device:
    """One machine, by its file of settings. `run` does not return before it is asked to end.

    `includes` are a real pfSense's, in place of those of the settings.
    """

    def __init__(self, source: Path, includes: Path | None = None) -> None:
        self.source = source
        found = read(source)
        self.settings = found if includes is None else replace(found, includes=includes)
        self._starting: subprocess.Popen[bytes] | None = None
        self._sshd: subprocess.Popen[bytes] | None = None
        self._wanted = "boot"
        self._next_look = 0.0

    def run(self) -> None:
        """Start the system and keep it running until SIGTERM; SIGHUP starts it again."""
        refuse_to_share()
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        socket.sethostname(self.settings.name)
        if not root.made():
            root.enter(self.settings, self.source)
        logs = Logs(self.settings.name)
        selector = selectors.DefaultSelector()
        selector.register(logs.socket, selectors.EVENT_READ)
        wake_read, wake_write = os.pipe()
        for end in (wake_read, wake_write):
            os.set_blocking(end, False)
        selector.register(wake_read, selectors.EVENT_READ)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while self._wanted != "end":
            if self._wanted == "boot":
                self._wanted = ""
                self._power_cut()
                self._boot()
            for key, _ in selector.select(1.0):
                if key.fileobj is logs.socket:
                    logs.write()
                else:
                    os.read(wake_read, 4096)
            self._look_after_children()
            self._look_after_routes()
        self._power_cut()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._wanted = "boot" if number == signal.SIGHUP else "end"

    def _boot(self) -> None:
        lab = Path("/run/lab")
        (lab / "system.pid").write_text(f"{os.getpid()}\n")
        (lab / "boot-time").write_text(f"{int(time.time())}\n")
        with Path("/var/log/boot.log").open("ab") as log:
            self._starting = subprocess.Popen(
                ["/bin/sh", "/etc/rc"], env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/"
            )

    def _look_after_children(self) -> None:
        """Collect what has ended. sshd comes after the system has started, and comes back."""
        if self._starting is not None and self._starting.poll() is not None:
            self._starting = None
            self._start_sshd()
        elif self._sshd is not None and self._sshd.poll() is not None:
            self._start_sshd()
        known = {each.pid for each in (self._starting, self._sshd) if each is not None}
        for pid in processes.children().get(os.getpid(), []):
            if pid not in known:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)

    def _look_after_routes(self) -> None:
        if self.settings.package == "openbgpd" and self._starting is None and time.monotonic() >= self._next_look:
            fib.follow()
            self._next_look = time.monotonic() + fib.EVERY

    def _start_sshd(self) -> None:
        with Path("/var/log/sshd.log").open("ab") as log:
            self._sshd = subprocess.Popen(
                ["/usr/sbin/sshd", "-D", "-e", "-f", "/etc/ssh/sshd_config"],
                env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
            )  # fmt: skip

    def _power_cut(self) -> None:
        """End everything that runs on the system, and lose what is not on its disk."""
        self._starting = self._sshd = None
        while left := self._others():
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            deadline = time.monotonic() + 5
            while set(left) & set(self._others()) and time.monotonic() < deadline:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(-1, os.WNOHANG)
                time.sleep(0.01)
        own = Path("/").stat().st_dev
        for folder in map(Path, ("/run", *(RAM_DISKS if self.settings.ram_disks else ()))):
            if folder == root.MADE.parents[1] or folder.stat().st_dev == own:  # never what is mounted from outside
                _empty(folder)
        for name in ("lab", "sshd", "openbgpd"):
            Path("/run", name).mkdir(exist_ok=True)
        root.MADE.touch()
        for name in contents.CONTROL_SOCKETS:
            if not Path("/", name).is_symlink():
                Path("/", name).symlink_to("openbgpd/bgpd.sock.0")
        for link in Path("/sys/class/net").glob("ipsec[0-9]*"):
            subprocess.run(["/usr/local/libexec/ip", "link", "delete", link.name], check=False, env=ENVIRONMENT)

    def _others(self) -> list[int]:
        """Every process of this system: below this one, or left without parent by an earlier one."""
        tree = processes.children()
        own = os.getpid()
        mine = processes.descendants(own, tree)
        if own != 1:
            orphans = [pid for pid in tree.get(1, []) if pid != own and pid != os.getppid()]
            mine += orphans
            for orphan in orphans:
                mine += processes.descendants(orphan, tree)
        return [pid for pid in mine if _alive(pid)]


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def _empty(folder: Path) -> None:
    """Remove what lies in a folder, except what something is mounted on, and the folders on the way to it."""
    device = folder.stat().st_dev
    for each in folder.iterdir():
        if each.is_symlink() or not each.is_dir():
            with contextlib.suppress(OSError):
                each.unlink()
        elif each.stat().st_dev == device and not each.is_mount():
            _empty(each)
            with contextlib.suppress(OSError):
                each.rmdir()
