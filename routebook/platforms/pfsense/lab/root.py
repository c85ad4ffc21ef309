"""The root of a lab pfSense's file systems: its own folders, and this machine's programs by FreeBSD's paths."""

import ctypes
import os
import shutil
from pathlib import Path

from lab.init import MS_BIND, MS_RDONLY, MS_REC, MS_REMOUNT, NodeError, make_dev, mount, mount_read_only
from routebook.platforms.pfsense.lab import contents
from routebook.platforms.pfsense.lab.settings import Settings

SYSTEM = Path(__file__).with_name("system")  # the files of the system, as they lie below its root
STUBS = Path(__file__).with_name("stubs")  # what a real pfSense's includes need and this machine does not have
MADE = Path("/run/lab/made")  # exists where the root is a pfSense's already
MACHINE = "/.machine"  # this machine's /usr, out of sight
_PLACES = ("/mnt", "/media", "/srv")  # where the root can be made: they exist everywhere, and are hidden by it
_MNT_DETACH = 2

# Programs that a FreeBSD does not have, or has under another name, in another place or with other options.
HIDDEN = {
    "apt", "apt-get", "bash", "bgpctl", "bgpd", "bgplgd", "dpkg", "flock", "gawk", "ifconfig", "ip", "journalctl",
    "kenv", "php", "python", "python3", "rbash", "reboot", "setkey", "setsid", "ss", "sudo", "swanctl", "sysctl",
    "systemctl", "systemd-run", "uname", "visudo", "vtysh",
}  # fmt: skip
# What stands elsewhere: its place below /usr/local, and this machine's program.
MOVED = {
    "bin/sudo": "bin/sudo",
    "libexec/ip": "sbin/ip",
    "libexec/setsid": "bin/setsid",
    "libexec/swanctl": "sbin/swanctl",
    "libexec/php": "bin/php",
}
# The includes by which a pfSense reads, writes and restores its configuration, and writes that of charon.
REAL = (
    "config.inc", "config.lib.inc", "xmlparse.inc", "util.inc", "notices.inc", "globals.inc", "crypt.inc", "ipsec.inc",
)  # fmt: skip
PACKAGES = {
    "": {},
    "openbgpd": {"sbin/bgpd": "sbin/bgpd", "sbin/bgpctl": "sbin/bgpctl"},
    "frr": {
        "bin/vtysh": "bin/vtysh",
        "libexec/lab-python3": "bin/python3",
        "libexec/frr-reload.py": "lib/frr/frr-reload.py",
        **{f"sbin/{each}": f"lib/frr/{each}" for each in ("zebra", "staticd", "bgpd", "bfdd", "mgmtd", "watchfrr")},
    },
}


def enter(settings: Settings, source: Path) -> None:
    """Make the root and go into it, with every process of this mount namespace that is in its old root.

    The file of settings, `source`, goes along. Raises NodeError.
    """
    given = [settings.includes] if settings.includes is not None else []
    base = _place([SYSTEM, *given, source, settings.config, settings.host_key or source, *map(Path, settings.visible)])
    mount("tmpfs", str(base), "tmpfs", 0, f"mode=755,size={settings.disk}m")
    _make_folders(base, settings)
    _make_programs(base, settings)
    contents.write(base, settings)
    for name in settings.visible:
        target = base / name.lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        mount_read_only(name, str(target))
    kept = base / str(source.resolve()).lstrip("/")
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, kept)
    (base / ".old").mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    os.chdir(base)
    if libc.syscall(_pivot_root_number(), b".", b".old") != 0:
        raise NodeError(f"cannot change the root: {os.strerror(ctypes.get_errno())}")
    os.chdir("/")
    if libc.umount2(b"/.old", _MNT_DETACH) != 0:
        raise NodeError(f"cannot let go of the old root: {os.strerror(ctypes.get_errno())}")
    Path("/.old").rmdir()


def made() -> bool:
    """Whether this is a pfSense's root already, in which the system is only started again."""
    return MADE.exists() and Path(MACHINE).is_dir()


def _place(needed: list[Path]) -> Path:
    """A folder that hides nothing of what is needed."""
    for place in map(Path, _PLACES):
        if place.is_dir() and not any(each.resolve().is_relative_to(place) for each in needed):
            return place
    raise NodeError(f"none of {', '.join(_PLACES)} can be hidden while the root is made")


def _pivot_root_number() -> int:
    return {"x86_64": 155, "aarch64": 41}[os.uname().machine]


def _make_folders(base: Path, settings: Settings) -> None:
    for name in ("cf", "dev", "etc", "home", "proc", "run", "sys", "tmp", "root", "usr", "var", ".machine"):
        (base / name).mkdir()
    for name in ("cache", "db", "empty", "etc", "lib", "log", "spool", "tmp"):
        (base / f"var/{name}").mkdir()
    (base / "var/run").symlink_to("/run")
    (base / "conf").symlink_to("/cf/conf")
    (base / "tmp").chmod(0o1777)
    (base / "var/tmp").chmod(0o1777)
    (base / "root").chmod(0o700)
    mount("tmpfs", str(base / "cf"), "tmpfs", 0, f"mode=755,size={settings.config_disk}m")
    mount("tmpfs", str(base / "run"), "tmpfs", 0, "mode=755,size=64m")
    make_dev(base / "run/dev")
    mount(str(base / "run/dev"), str(base / "dev"), flags=MS_BIND | MS_REC)
    mount("/proc", str(base / "proc"), flags=MS_BIND | MS_REC)
    mount("sysfs", str(base / "sys"), "sysfs")  # anew, so that it shows the devices of this network namespace
    for name in ("frr", "strongswan", "sudo"):
        if Path("/var/lib", name).is_dir():
            shutil.copytree(f"/var/lib/{name}", (base / f"var/lib/{name}"), symlinks=True)


def _make_programs(base: Path, settings: Settings) -> None:
    mount("/usr", str(base / MACHINE[1:]), flags=MS_BIND)
    mount("none", str(base / MACHINE[1:]), flags=MS_BIND | MS_REMOUNT | MS_RDONLY)
    for name in ("bin", "sbin"):
        (base / f"usr/{name}").mkdir()
        for each in Path("/usr", name).iterdir():
            if each.name not in HIDDEN and not each.name.startswith(("php", "systemd")):
                (base / f"usr/{name}/{each.name}").symlink_to(f"{MACHINE}/{name}/{each.name}")
    for each in Path("/usr").iterdir():
        if each.name not in ("bin", "sbin", "local"):
            (base / f"usr/{each.name}").symlink_to(f"{MACHINE}/{each.name}")
    for each in Path("/").iterdir():
        if each.is_symlink() and str(each.readlink()).lstrip("/").startswith("usr/"):
            (base / each.name).symlink_to(each.readlink())
    for source in sorted(SYSTEM.rglob("*")):
        if source.is_file():
            name = str(source.relative_to(SYSTEM))
            target = base / (f"usr/{name}" if name.startswith(("bin/", "sbin/")) else name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o755 if source.read_bytes().startswith(b"#!") else 0o644)
    if settings.includes is not None:
        _load_includes(base, settings.includes)
    if settings.package != "openbgpd":
        _remove(base, "usr/local/pkg/openbgpd*")
    if settings.package != "frr":
        for pattern in ("pkg/frr*", "sbin/frr-reload", "etc/rc.d/frr"):
            _remove(base, f"usr/local/{pattern}")
    for name, program in (MOVED | PACKAGES[settings.package]).items():
        target = base / f"usr/local/{name}"
        if not Path("/usr", program).exists():
            continue  # a release of FRR that has no such daemon
        target.parent.mkdir(parents=True, exist_ok=True)
        # By the program's own name: what stands for it in /etc/alternatives may be hidden.
        target.symlink_to(f"{MACHINE}/{Path('/usr', program).resolve().relative_to('/usr')}")
    (base / "usr/bin/sh").unlink()
    (base / "usr/bin/sh").symlink_to(f"{MACHINE}/bin/dash")


def _load_includes(base: Path, folder: Path) -> None:
    """Put what a real pfSense reads and writes its configuration with in the place of the lab's own.

    Raises NodeError for a folder that does not have it. What needs FreeBSD stays the lab's: interfaces, IPsec, filter.
    """
    found = {path.name: path for path in sorted(folder.rglob("*.inc"))}
    if missing := [name for name in REAL if name not in found]:
        raise NodeError(f"{folder} has no {', '.join(missing)}: copy /etc/inc of a pfSense into it")
    for name in REAL:
        shutil.copyfile(found[name], base / "etc/inc" / name)
    for source in sorted(STUBS.rglob("*")):
        if source.is_file():
            target = base / "etc/lab/stubs" / source.relative_to(STUBS)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    with (base / "usr/local/etc/php.ini").open("a") as settings:
        settings.write('include_path = ".:/etc/inc:/usr/local/pkg:/etc/lab/stubs"\n')
        settings.write('auto_prepend_file = "/etc/lab/stubs/prepend.inc"\n')


def _remove(base: Path, pattern: str) -> None:
    for each in base.glob(pattern):
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()
