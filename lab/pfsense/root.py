"""The root of a lab pfSense's file systems: its own folders, and this machine's programs by FreeBSD's paths."""

import ctypes
import json
import os
import shutil
from pathlib import Path

from lab.init import (
    MS_BIND,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    SYSTEM_GROUPS,
    SYSTEM_USERS,
    TAKEN_OVER,
    NodeError,
    make_dev,
    mount,
)
from lab.pfsense.settings import Login, Settings
from lab.strongswan import PLUGINS

SYSTEM = Path(__file__).with_name("system")  # the files of the system, as they lie below its root
MADE = Path("/run/lab/made")  # exists where the root is a pfSense's already
MACHINE = "/.machine"  # this machine's /usr, out of sight
_BASE = Path("/mnt")  # where the root is made; the folder exists everywhere, and is hidden by it
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
CONTROL_SOCKETS = ("run/bgpd.sock", "run/bgpd.sock.0")  # where FreeBSD's bgpd has it
_PAM = (
    "auth required pam_unix.so\naccount required pam_unix.so\n"
    "session required pam_permit.so\npassword required pam_deny.so\n"
)


def enter(settings: Settings, source: Path) -> None:
    """Make the root and go into it, with every process of this mount namespace that is in its old root.

    The file of settings, `source`, goes along. Raises NodeError.
    """
    mount("tmpfs", str(_BASE), "tmpfs", 0, f"mode=755,size={settings.disk}m")
    _make_folders(settings)
    _make_programs(settings)
    _make_etc(settings)
    _make_accounts(settings)
    _write_configuration(settings)
    for name in settings.visible:
        target = _below(name)
        target.mkdir(parents=True, exist_ok=True)
        mount(name, str(target), flags=MS_BIND | MS_REC)
    _below(str(source.resolve())).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, _below(str(source.resolve())))
    old = _BASE / ".old"
    old.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    os.chdir(_BASE)
    if libc.syscall(_pivot_root_number(), b".", b".old") != 0:
        raise NodeError(f"cannot change the root: {os.strerror(ctypes.get_errno())}")
    os.chdir("/")
    if libc.umount2(b"/.old", _MNT_DETACH) != 0:
        raise NodeError(f"cannot let go of the old root: {os.strerror(ctypes.get_errno())}")
    Path("/.old").rmdir()


def _pivot_root_number() -> int:
    return {"x86_64": 155, "aarch64": 41}[os.uname().machine]


def _below(path: str) -> Path:
    return _BASE / path.lstrip("/")


def _make_folders(settings: Settings) -> None:
    for name in ("cf", "dev", "etc", "home", "proc", "run", "sys", "tmp", "root", "usr", "var", ".machine"):
        _below(name).mkdir()
    for name in ("cache", "db", "empty", "etc", "lib", "log", "spool", "tmp"):
        _below(f"var/{name}").mkdir()
    _below("var/run").symlink_to("/run")
    _below("conf").symlink_to("/cf/conf")
    _below("tmp").chmod(0o1777)
    _below("var/tmp").chmod(0o1777)
    _below("root").chmod(0o700)
    mount("tmpfs", str(_below("cf")), "tmpfs", 0, f"mode=755,size={settings.config_disk}m")
    mount("tmpfs", str(_below("run")), "tmpfs", 0, "mode=755,size=64m")
    make_dev(_below("run/dev"))
    mount(str(_below("run/dev")), str(_below("dev")), flags=MS_BIND | MS_REC)
    mount("/proc", str(_below("proc")), flags=MS_BIND | MS_REC)
    mount("sysfs", str(_below("sys")), "sysfs")  # anew, so that it shows the devices of this network namespace
    for name in ("frr", "strongswan", "sudo"):
        if Path("/var/lib", name).is_dir():
            shutil.copytree(f"/var/lib/{name}", _below(f"var/lib/{name}"), symlinks=True)


def _make_programs(settings: Settings) -> None:
    mount("/usr", str(_below(MACHINE)), flags=MS_BIND)
    mount("none", str(_below(MACHINE)), flags=MS_BIND | MS_REMOUNT | MS_RDONLY)
    for name in ("bin", "sbin"):
        _below(f"usr/{name}").mkdir()
        for each in Path("/usr", name).iterdir():
            if each.name not in HIDDEN and not each.name.startswith(("python3", "php", "systemd")):
                _below(f"usr/{name}/{each.name}").symlink_to(f"{MACHINE}/{name}/{each.name}")
    for each in Path("/usr").iterdir():
        if each.name not in ("bin", "sbin", "local"):
            _below(f"usr/{each.name}").symlink_to(f"{MACHINE}/{each.name}")
    for each in Path("/").iterdir():
        if each.is_symlink() and str(each.readlink()).lstrip("/").startswith("usr/"):
            _below(each.name).symlink_to(each.readlink())
    for source in sorted(SYSTEM.rglob("*")):
        if source.is_file():
            name = str(source.relative_to(SYSTEM))
            target = _below(f"usr/{name}" if name.startswith(("bin/", "sbin/")) else name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o755 if source.read_bytes().startswith(b"#!") else 0o644)
    if settings.package != "openbgpd":
        _remove("usr/local/pkg/openbgpd*")
    if settings.package != "frr":
        for pattern in ("pkg/frr*", "sbin/frr-reload", "etc/rc.d/frr"):
            _remove(f"usr/local/{pattern}")
    for name, program in (MOVED | PACKAGES[settings.package]).items():
        target = _below(f"usr/local/{name}")
        if not Path("/usr", program).exists():
            continue  # a release of FRR that has no such daemon
        target.parent.mkdir(parents=True, exist_ok=True)
        # By the program's own name: what stands for it in /etc/alternatives may be hidden.
        target.symlink_to(f"{MACHINE}/{Path('/usr', program).resolve().relative_to('/usr')}")
    _below("usr/bin/sh").unlink()
    _below("usr/bin/sh").symlink_to(f"{MACHINE}/bin/dash")


def _remove(pattern: str) -> None:
    for each in _BASE.glob(pattern):
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()


def _make_etc(settings: Settings) -> None:
    for name in TAKEN_OVER:
        source, target = Path("/etc", name), _below(f"etc/{name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy2(source, target, follow_symlinks=False)
    ipsec = "kernel-netlink" if settings.data_plane == "kernel" else "kernel-libipsec kernel-netlink"
    ignored = ",".join(settings.interfaces_ignored)
    files = {
        "etc/version": settings.version + "\n",
        "etc/hostname": settings.name + "\n",
        "etc/hosts": f"127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.0.1\t{settings.name}\n",
        "etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\n",
        "etc/resolv.conf": "",
        "etc/platform": "pfSense\n",
        "etc/lab/freebsd": settings.freebsd + "\n",
        "etc/lab/data-plane": settings.data_plane + "\n",
        "etc/lab/apply-delay": f"{settings.apply_delay}\n",
        "etc/lab/strongswan.conf": (
            f"charon {{\n  load = {PLUGINS.format(ipsec=ipsec)}\n"
            f"  install_routes = {'no' if settings.data_plane == 'kernel' else 'yes'}\n  install_virtual_ip = no\n"
            f"  interfaces_ignore = {ignored}\n"
            "  syslog {\n    identifier = charon\n    daemon {\n      default = 1\n      ike = 2\n      chd = 2\n"
            "      cfg = 2\n      ike_name = yes\n    }\n    auth {\n      default = -1\n    }\n  }\n}\n"
            "include /etc/strongswan.d/swanctl.conf\n"
        ),
        "etc/pam.d/sshd": _PAM,
        "etc/pam.d/sudo": _PAM,
        "etc/pam.d/frr": "auth sufficient pam_permit.so\naccount sufficient pam_permit.so\n",
        "etc/pam.d/other": "auth required pam_deny.so\naccount required pam_deny.so\n",
        "etc/ssh/sshd_config": (
            f"ListenAddress {settings.listen}\nPort {settings.port}\n"
            "HostKey /etc/ssh/ssh_host_ed25519_key\nPermitRootLogin yes\nPasswordAuthentication yes\nUsePAM yes\n"
            "PrintMotd no\nUseDNS no\nSubsystem sftp internal-sftp\n"
            "SetEnv PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin\n"
            + ("PerSourcePenalties no\n" if _sshd_penalises() else "")
        ),
    }
    for name, text in files.items():
        path = _below(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shutil.rmtree(_below("etc/frr"), ignore_errors=True)
    _below("etc/frr").symlink_to("/var/etc/frr")  # where the installed FRR looks
    key = _below("etc/ssh/ssh_host_ed25519_key")
    key.touch(mode=0o600)
    if settings.host_key is not None:
        key.write_text(settings.host_key.read_text())
    _below("etc/lab/faults").mkdir()


def _sshd_penalises() -> bool:
    return b"persourcepenalties" in Path("/usr/sbin/sshd").read_bytes()


def _make_accounts(settings: Settings) -> None:
    """Root with a shell, admin with the menu, others with tcsh, as the system makes them."""
    shell = "/bin/tcsh" if Path("/usr/bin/tcsh").exists() else "/bin/sh"
    passwd = ["root:x:0:0:Charlie &:/root:/bin/sh", "admin:x:0:0:System Administrator:/root:/etc/rc.initial"]
    passwd += [":".join(map(str, entry)) for entry in SYSTEM_USERS if entry.pw_uid != 0]
    group = ["wheel:x:0:root,admin", "root:x:0:"]
    group += [f"{each.gr_name}:x:{each.gr_gid}:{','.join(each.gr_mem)}" for each in SYSTEM_GROUPS if each.gr_gid != 0]
    shadow = [f"{name}:{settings.root.password_hash}:19000:0:99999:7:::" for name in ("root", "admin")]
    shadow += [f"{entry.pw_name}:*:19000:0:99999:7:::" for entry in SYSTEM_USERS if entry.pw_uid != 0]
    path = "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
    sudoers = [f'Defaults env_reset, secure_path="{path}"', "root ALL=(ALL:ALL) ALL"]
    _authorize("/root", settings.root, 0)
    for number, (name, login) in enumerate(settings.users.items(), 2000):
        passwd.append(f"{name}:x:{number}:{number}:{name}:/home/{name}:{shell}")
        group.append(f"users-{name}:x:{number}:")
        shadow.append(f"{name}:{login.password_hash}:19000:0:99999:7:::")
        if login.sudoers:
            sudoers.append(f"{name} {login.sudoers}")
        _below(f"home/{name}").mkdir()
        os.chown(_below(f"home/{name}"), number, number)
        _authorize(f"/home/{name}", login, number)
    with _below("etc/shells").open("a") as shells:
        shells.write("/etc/rc.initial\n")
    for file, lines, mode in (
        ("passwd", passwd, 0o644),
        ("group", group, 0o644),
        ("shadow", shadow, 0o640),
        ("sudoers", sudoers, 0o440),
    ):
        target = _below(f"etc/{file}")
        target.touch(mode=0o600)
        target.write_text("\n".join(lines) + "\n")
        target.chmod(mode)


def _authorize(home: str, login: Login, uid: int) -> None:
    folder = _below(f"{home}/.ssh")
    folder.mkdir(mode=0o700)
    keys = folder / "authorized_keys"
    keys.write_text(login.authorized_key.rstrip("\n") + "\n")
    keys.chmod(0o600)
    for each in (folder, keys):
        os.chown(each, uid, uid)


def _write_configuration(settings: Settings) -> None:
    told = _below("etc/lab/settings.json")
    told.write_text(json.dumps(settings.for_php(), indent=1))
    for name in ("cf/conf/backup", "conf.default", "run/lab", "run/sshd", "run/openbgpd"):
        _below(name).mkdir(parents=True)
    for name in ("cf/conf/config.xml", "conf.default/config.xml"):
        shutil.copyfile(settings.config, _below(name))
        _below(name).chmod(0o644)
    for name in CONTROL_SOCKETS:
        _below(name).symlink_to("openbgpd/bgpd.sock.0")
    _below("run/lab/made").touch()
