"""Process 1 of one node: makes its file systems and network, starts its services, reaps and restarts them.

Runs with nothing but the standard library (`python -I -S init.py PROJECT NAME`), in namespaces of its own. Reads the
node as one line of JSON from standard input; says "spaces", then "up" or "failed REASON", on standard output.
Everything is imported before the node's file systems hide the real ones.
"""

import ctypes
import errno
import grp
import json
import os
import pwd
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC = 1, 32, 4096, 16384
MNT_DETACH = 2
START_DEADLINE = 180.0  # seconds until every service of a node must be ready

# What a node takes over from the real machine's /etc; everything else is its own.
TAKEN_OVER = (
    "alternatives", "bash.bashrc", "debian_version", "default", "environment", "frr", "gai.conf", "host.conf",
    "inputrc", "iproute2", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "login.defs", "networks",
    "os-release", "profile", "protocols", "python3", "rpc", "security", "services", "shells", "ssl/openssl.cnf",
    "strongswan.conf", "strongswan.d", "swanctl", "terminfo", "timezone", "skel", "ssh/moduli", "ssh/ssh_config",
)  # fmt: skip
ON_DISK = (
    "etc", "home", "root", "var/log", "var/tmp", "var/lib/frr", "var/lib/strongswan", "var/lib/sudo",
    "tmp",  # last
)  # fmt: skip
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "net/tun")
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}
SHORTEST_PAUSE, LONGEST_PAUSE = 0.03, 0.3  # seconds between looks at what is not ready yet
KEEP_STOPPED = "/run/lab/stopped"  # a file of this name and the service's keeps the service from being restarted

_libc = ctypes.CDLL(None, use_errno=True)


class NodeError(Exception):
    """The node cannot be brought up."""


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    if _libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()) != 0:
        raise NodeError(f"cannot mount {kind or source} on {target}: {os.strerror(ctypes.get_errno())}")


def mount_read_only(source: str, target: str) -> None:
    """Show a folder of this machine in a second place, where nothing can change it."""
    mount(source, target, flags=MS_BIND)
    mount("none", target, flags=MS_BIND | MS_REMOUNT | MS_RDONLY)


def enter_root(root: str) -> None:
    """Make a folder of this machine the node's whole file system; its devices stay this machine's for the moment."""
    mount(root, root, flags=MS_BIND)
    mount("proc", f"{root}/proc", "proc")
    mount("/dev", f"{root}/dev", flags=MS_BIND | MS_REC)
    os.chdir(root)
    # Not chroot, which entering the node would lead out of. The old root lies upon the new one until it is unmounted.
    for done in (_libc.pivot_root(b".", b"."), _libc.umount2(b".", MNT_DETACH)):
        if done != 0:
            raise NodeError(f"cannot make {root} the root: {os.strerror(ctypes.get_errno())}")
    os.chdir("/")


def make_file_systems(size: int, visible: list[str]) -> None:
    """Give the node its own disk (one tmpfs of `size` MiB behind all of ON_DISK), /run, /dev and /sys.

    The folders `visible` of this machine stay in sight, read-only, and with them what is below them.
    """
    visible = [name for name in visible if not any(Path(other) in Path(name).parents for other in visible)]
    mount("sysfs", "/sys", "sysfs")
    mount("tmpfs", "/run", "tmpfs", 0, "mode=755,size=64m")
    for name in visible:
        Path("/run/visible" + name).mkdir(parents=True)
        mount_read_only(name, "/run/visible" + name)
    make_dev(Path("/run/dev"))
    mount("/run/dev", "/dev", flags=MS_BIND | MS_REC)

    disk = Path("/run/disk")
    disk.mkdir()
    mount("tmpfs", str(disk), "tmpfs", 0, f"mode=755,size={size}m")
    (disk / "etc/ssl").mkdir(parents=True)
    (disk / "etc/ssh").mkdir()
    for name in TAKEN_OVER:
        source = Path("/etc", name)
        if source.is_dir():
            shutil.copytree(source, disk / "etc" / name, symlinks=True, copy_function=_copy)
            _own_alike(source, disk / "etc" / name)
        elif source.exists():
            shutil.copy2(source, disk / "etc" / name, follow_symlinks=False)
    for name in ON_DISK:
        (disk / name).mkdir(parents=True, exist_ok=True)
        if Path("/", name).is_dir():
            mount(str(disk / name), f"/{name}", flags=MS_BIND)
    protect_machine()
    for name, mode in (("tmp", 0o1777), ("var/tmp", 0o1777), ("root", 0o700)):
        (disk / name).chmod(mode)
    for name in visible:
        Path(name).mkdir(parents=True, exist_ok=True)
        mount_read_only("/run/visible" + name, name)


def make_dev(dev: Path) -> None:
    """A /dev of the node's own in an empty place."""
    dev.mkdir()
    mount("tmpfs", str(dev), "tmpfs", 0, "mode=755,size=4m")
    for name in DEVICES:
        if not Path("/dev", name).exists():
            continue
        (dev / name).parent.mkdir(exist_ok=True)
        (dev / name).touch()
        mount(f"/dev/{name}", str(dev / name), flags=MS_BIND)
    for name in ("pts", "shm"):
        (dev / name).mkdir()
    mount("devpts", str(dev / "pts"), "devpts", 0, "newinstance,ptmxmode=0666,mode=620")
    mount("tmpfs", str(dev / "shm"), "tmpfs", 0, "mode=1777,size=16m")
    (dev / "ptmx").symlink_to("pts/ptmx")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        (dev / name).symlink_to(f"/proc/self/fd/{number}")
    (dev / "fd").symlink_to("/proc/self/fd")


def protect_machine() -> None:
    """Make what is still the real machine's own file system read-only on this node."""
    if _libc.mount(b"none", b"/", b"none", MS_REMOUNT | MS_BIND | MS_RDONLY, b"") != 0:
        number = ctypes.get_errno()
        if number != errno.EINVAL:  # which means that it is no mount: a chroot, whose owner has to do it
            raise NodeError(f"cannot protect the machine's file system: {os.strerror(number)}")


def _copy(source: str, target: str) -> None:
    shutil.copy2(source, target, follow_symlinks=False)
    _own_alike(Path(source), Path(target))


def _own_alike(source: Path, target: Path) -> None:
    status = source.lstat()
    os.chown(target, status.st_uid, status.st_gid, follow_symlinks=False)


def write_accounts(users: list[dict[str, Any]]) -> None:
    """The system accounts of the real machine (daemons are installed for their numbers) and the node's own users."""
    passwd = [":".join(map(str, entry)) for entry in SYSTEM_USERS]
    group = [f"{entry.gr_name}:x:{entry.gr_gid}:{','.join(entry.gr_mem)}" for entry in SYSTEM_GROUPS]
    shadow = [f"{entry.pw_name}:*:19000:0:99999:7:::" for entry in SYSTEM_USERS]
    sudoers = ["Defaults env_reset, secure_path=" + f'"{ENVIRONMENT["PATH"]}"', "root ALL=(ALL:ALL) ALL"]
    for user in users:
        name, uid = user["name"], user["uid"]
        passwd.append(f"{name}:x:{uid}:{uid}::/home/{name}:/bin/bash")
        group.append(f"users-{name}:x:{uid}:")
        shadow.append(f"{name}:{user['password_hash']}:19000:0:99999:7:::")
        if user["sudoers"]:
            sudoers.append(f"{name} {user['sudoers']}")
        keys = Path("/home", name, ".ssh")
        keys.mkdir(parents=True)
        (keys / "authorized_keys").write_text(user["authorized_key"])
        for path in (keys.parent, keys, keys / "authorized_keys"):
            os.chown(path, uid, uid)
            path.chmod(0o600 if path.is_file() else 0o700)
    for file, lines, mode in (
        ("passwd", passwd, 0o644),
        ("group", group, 0o644),
        ("shadow", shadow, 0o640),
        ("sudoers", sudoers, 0o440),
    ):
        target = Path("/etc", file)
        target.write_text("\n".join(lines) + "\n")
        target.chmod(mode)


def write_files(files: dict[str, Any], folders: dict[str, str]) -> None:
    """The node's own files and folders, with owner and mode."""
    for name, attributes in folders.items():
        mode, owner, group = attributes.split()
        Path(name).mkdir(parents=True, exist_ok=True)
        Path(name).chmod(int(mode, 8))
        shutil.chown(name, owner, group)
    for name, file in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(file["text"])
        path.chmod(file["mode"])
        shutil.chown(path, file["owner"], file["group"])


def make_network(lines: list[str], sysctls: dict[str, str]) -> None:
    """Addresses and routes at once usable (no duplicate address detection), and forwarding as on a router."""
    for knob, value in (
        ("ipv4/ip_forward", "1"),
        ("ipv6/conf/all/forwarding", "1"),
        ("ipv4/conf/all/rp_filter", "0"),
        ("ipv4/conf/all/accept_redirects", "0"),
        ("ipv4/conf/all/send_redirects", "0"),
        ("ipv4/fib_multipath_hash_policy", "1"),
    ):
        Path("/proc/sys/net", knob).write_text(value)
    for family in ("ipv4", "ipv6"):
        for device in Path("/proc/sys/net", family, "conf").iterdir():
            if family == "ipv4":
                (device / "rp_filter").write_text("0")
                (device / "send_redirects").write_text("0")
            else:
                (device / "accept_dad").write_text("0")
                (device / "accept_ra").write_text("0")
    batch = subprocess.run(
        ["ip", "-batch", "-"], input="\n".join(lines), capture_output=True, text=True, env=ENVIRONMENT, check=False
    )
    if batch.returncode:
        raise NodeError(f"cannot make the network: {batch.stderr.strip()}")
    for knob, value in sysctls.items():
        Path("/proc/sys/net", knob).write_text(value)


class Services:
    """The node's running services; this process is the parent of those that it restarts."""

    def __init__(self, services: list[dict[str, Any]]) -> None:
        self.by_name = {service["name"]: service for service in services}
        self.running: dict[int, str] = {}
        self.waiting: dict[str, float] = {}  # services that are to become ready, and until when
        self.restart_at: dict[str, float] = {}
        self.early_ends: dict[str, int] = {}  # how often a service ended before it was ready

    def start(self, name: str) -> None:
        """Start a service; it then counts as waiting until it is ready."""
        service = self.by_name[name]
        log = os.open(f"/var/log/lab-{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        null = os.open("/dev/null", os.O_RDONLY)
        try:
            pid = os.posix_spawnp(
                service["argv"][0],
                service["argv"],
                ENVIRONMENT,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, null, 0),
                    (os.POSIX_SPAWN_DUP2, log, 1),
                    (os.POSIX_SPAWN_DUP2, log, 2),
                ],
                setsid=True,
                setsigmask=(),
                setsigdef=(signal.SIGPIPE,),
            )
        finally:
            os.close(log)
            os.close(null)
        if service["restart"]:
            self.running[pid] = name
        self.waiting[name] = time.monotonic() + START_DEADLINE

    def check_waiting(self) -> None:
        """Note the services that have become ready, and run what comes after that."""
        for name, deadline in list(self.waiting.items()):
            service = self.by_name[name]
            if all(_is_ready(condition) for condition in service["ready"]):
                if service["post"]:
                    subprocess.run(
                        service["post"], env=ENVIRONMENT, check=False,
                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    )  # fmt: skip
                del self.waiting[name]
                self.early_ends.pop(name, None)
            elif time.monotonic() > deadline or self.early_ends.get(name, 0) >= 3:
                del self.waiting[name]
                log = Path(f"/var/log/lab-{name}.log").read_text(errors="replace")[-600:]
                raise NodeError(f"{name} does not become ready: {log.strip()}")

    def reap(self) -> None:
        """Collect every child that ended; those to be kept running are started again a second later."""
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            name = self.running.pop(pid, None)
            if name is not None:
                self.restart_at[name] = time.monotonic() + 1.0
                if name in self.waiting:
                    self.early_ends[name] = self.early_ends.get(name, 0) + 1

    def restart_due(self) -> None:
        """Start again what ended, unless it is to stay stopped."""
        for name, due in list(self.restart_at.items()):
            if time.monotonic() >= due and not Path(KEEP_STOPPED, name).exists():
                del self.restart_at[name]
                self.start(name)


def _is_ready(condition: str) -> bool:
    if condition.startswith("tcp:"):
        address, _, port = condition.removeprefix("tcp:").rpartition(":")
        # Not create_connection: it imports a codec from a folder that the node no longer sees.
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as connection:
            return connection.connect_ex((address, int(port))) == 0
    path = Path(condition)
    if not path.is_socket():
        return path.exists()
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(condition)
        except OSError:
            return False
    return True


def collect_syslog() -> socket.socket:
    """The node's /dev/log."""
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.setblocking(False)
    log.bind("/dev/log")
    Path("/dev/log").chmod(0o666)
    return log


def write_syslog(log: socket.socket) -> None:
    """Append what came in to /var/log/syslog, without the priority; a full disk loses lines, as it does anywhere."""
    try:
        with Path("/var/log/syslog").open("ab") as file:
            while True:
                line = log.recv(65536).rstrip(b"\0\n")
                file.write(line[line.find(b">") + 1 :] + b"\n")
    except BlockingIOError:
        return
    except OSError:
        return


def say(word: str) -> None:
    """Report to the lab how far this node is; the lab may have gone away meanwhile, which ends this node anyway."""
    os.write(1, (word.replace("\n", " ") + "\n").encode())


def run(node: dict[str, Any]) -> None:
    """Bring the node up and stay as its process 1."""
    socket.sethostname(node["name"])
    if node["root"]:
        enter_root(node["root"])
    make_file_systems(node["disk"], node["visible"])
    write_accounts(node["users"])
    write_files(node["files"], node["folders"])
    Path(KEEP_STOPPED).mkdir(parents=True)
    make_network(node["network"], node["sysctls"])

    wake_read, wake_write = os.pipe()
    for end in (wake_read, wake_write):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    log = collect_syslog()
    selector = selectors.DefaultSelector()
    selector.register(wake_read, selectors.EVENT_READ)
    selector.register(log, selectors.EVENT_READ)

    services = Services(node["services"])
    for name in services.by_name:
        services.start(name)
    announced = False
    pause = SHORTEST_PAUSE
    while True:
        busy = services.waiting or services.restart_at
        pause = min(pause * 1.3, LONGEST_PAUSE) if busy else SHORTEST_PAUSE
        for key, _ in selector.select(pause if busy else None):
            if key.fileobj is log:
                write_syslog(log)
            else:
                os.read(wake_read, 4096)
        services.reap()
        services.restart_due()
        try:
            services.check_waiting()
        except NodeError as error:
            if not announced:
                raise
            write_line = f"lab: {error}\n"
            with Path("/var/log/syslog").open("a") as file:
                file.write(write_line)
        if not announced and not services.waiting:
            say("up")
            announced = True


SYSTEM_USERS = [entry for entry in pwd.getpwall() if entry.pw_uid < 1000 or entry.pw_name == "nobody"]
SYSTEM_GROUPS = [entry for entry in grp.getgrall() if entry.gr_gid < 1000 or entry.gr_name == "nogroup"]


def main() -> None:
    """Entry point."""
    say("spaces")
    line = sys.stdin.readline()
    if not line:
        return
    try:
        run(json.loads(line))
    except (NodeError, OSError, KeyError) as error:
        say(f"failed {type(error).__name__} {error}")


if __name__ == "__main__":
    main()
