"""Process 1 of the lab's user-mode Linux: file systems, modules, the operator's link, sshd, then the lab itself.

Standard library only. What it says on the console with `lab: ` before it goes to whoever started the lab.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from lab import boot
from lab.init import MS_BIND, NodeError, mount

MODULES = "/usr/lib/uml/modules"
LINK = "vec0"
REGISTRY = Path("/run/lab/nodes")


def say(line: str) -> None:
    """One line to whoever started the lab."""
    os.write(1, f"lab: {line}\n".encode())


def make_file_systems() -> None:
    """Everything that cannot be on the file system of the machine outside, which is mounted read-only."""
    mount("proc", "/proc", "proc")
    mount("sysfs", "/sys", "sysfs")
    mount("tmpfs", "/run", "tmpfs", 0, "mode=755")
    for kind, target in (("devpts", "/dev/pts"), ("tmpfs", "/dev/shm")):  # noqa: S108  a mount point
        Path(target).mkdir(exist_ok=True)
        mount(kind, target, kind)


def provide_modules() -> None:
    """Let the kernel load its modules when they are needed; they are not where it looks by itself."""
    folder = Path("/run/lab/modules")
    (folder / "lib").mkdir(parents=True)
    (folder / "lib/modules").symlink_to(MODULES)
    loader = folder / "modprobe"
    loader.write_text(f'#!/bin/sh\nexec /sbin/modprobe -d {folder} "$@"\n')
    loader.chmod(0o755)
    Path("/proc/sys/kernel/modprobe").write_text(str(loader))
    # Nothing asks for these by name.
    subprocess.run([str(loader), "-a", "tun", "esp4", "esp6", "xfrm_user"], env=boot.ENVIRONMENT, check=False)


def open_door(door: dict[str, Any]) -> None:
    """An sshd on the management link, for the operator's key alone: the way in for `lab exec`."""
    if ":" in door["address"]:
        Path("/proc/sys/net/ipv6/conf/br0/disable_ipv6").write_text("0")
    boot.ip_batch([f"link set {LINK} master br0 up", f"address add {door['address']} dev br0"])
    folder = Path("/run/lab/door")
    folder.mkdir(mode=0o700)
    Path("/run/sshd").mkdir(mode=0o755)
    # An account without a password counts as locked, whatever key it is opened with; and the real root's profile
    # is none of the lab's business.
    for name, entry in (("shadow", "root:*:19000:0:99999:7:::"), ("passwd", f"root:x:0:0:root:{folder}:/bin/sh")):
        lines = Path("/etc", name).read_text().splitlines()
        own = folder / name
        own.touch(mode=0o600 if name == "shadow" else 0o644)
        own.write_text("\n".join(entry if line.startswith("root:") else line for line in lines) + "\n")
        mount(str(own), f"/etc/{name}", flags=MS_BIND)
    for name, content in (
        ("host_key", door["host_key"]),
        ("authorized_keys", door["authorized_key"]),
        (
            "sshd_config",
            f"ListenAddress {door['address'].partition('/')[0]}\nHostKey {folder}/host_key\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\nPermitRootLogin prohibit-password\n"
            "PasswordAuthentication no\nUsePAM no\nUseDNS no\nMaxSessions 100\nMaxStartups 100\n",
        ),
    ):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(content)
    subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", str(folder / "sshd_config")], env=boot.ENVIRONMENT)


def main(project: str, description: str) -> None:
    """Entry point. Process 1 must not end, or the kernel panics; whoever holds the kernel ends it."""
    os.environ.update(boot.ENVIRONMENT)
    try:
        make_file_systems()
        lab = json.loads(Path(description).read_text())
        provide_modules()
        # No tunnel devices by themselves in every namespace: a host has those that are made for it.
        Path("/proc/sys/net/core/fb_tunnels_only_for_init_net").write_text("1")
        REGISTRY.mkdir(parents=True)
        boot.boot(lab, project, say, starter=None, registry=REGISTRY)
        open_door(lab["door"])
        say("ready")
    except (boot.BootError, NodeError, OSError, KeyError) as error:
        say(f"failed {error}".replace("\n", " "))
    boot.stay()
