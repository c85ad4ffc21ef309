"""What lies in a lab pfSense's own folders: its /etc, its accounts, its configuration."""

import json
import os
import shutil
from pathlib import Path

from lab.init import SYSTEM_GROUPS, SYSTEM_USERS, TAKEN_OVER
from lab.strongswan import PLUGINS
from routebook.platforms.pfsense.lab.settings import Login, Settings

CONTROL_SOCKETS = ("run/bgpd.sock", "run/bgpd.sock.0")  # where FreeBSD's bgpd has it
_PAM = (
    "auth required pam_unix.so\naccount required pam_unix.so\n"
    "session required pam_permit.so\npassword required pam_deny.so\n"
)


def write(base: Path, settings: Settings) -> None:
    """Write everything below a root that has its folders and programs."""
    _write_etc(base, settings)
    _write_accounts(base, settings)
    _write_configuration(base, settings)


def _write_etc(base: Path, settings: Settings) -> None:
    for name in TAKEN_OVER:
        source, target = Path("/etc", name), (base / f"etc/{name}")
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
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shutil.rmtree((base / "etc/frr"), ignore_errors=True)
    (base / "etc/frr").symlink_to("/var/etc/frr")  # where the installed FRR looks
    key = base / "etc/ssh/ssh_host_ed25519_key"
    key.touch(mode=0o600)
    if settings.host_key is not None:
        key.write_text(settings.host_key.read_text())
    (base / "etc/lab/faults").mkdir()


def _sshd_penalises() -> bool:
    return b"persourcepenalties" in Path("/usr/sbin/sshd").read_bytes()


def _write_accounts(base: Path, settings: Settings) -> None:
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
    _authorize(base, "/root", settings.root, 0)
    for number, (name, login) in enumerate(settings.users.items(), 2000):
        passwd.append(f"{name}:x:{number}:{number}:{name}:/home/{name}:{shell}")
        group.append(f"users-{name}:x:{number}:")
        shadow.append(f"{name}:{login.password_hash}:19000:0:99999:7:::")
        if login.sudoers:
            sudoers.append(f"{name} {login.sudoers}")
        (base / f"home/{name}").mkdir()
        os.chown((base / f"home/{name}"), number, number)
        _authorize(base, f"/home/{name}", login, number)
    with (base / "etc/shells").open("a") as shells:
        shells.write("/etc/rc.initial\n")
    for file, lines, mode in (
        ("passwd", passwd, 0o644),
        ("group", group, 0o644),
        ("shadow", shadow, 0o640),
        ("sudoers", sudoers, 0o440),
    ):
        target = base / f"etc/{file}"
        target.touch(mode=0o600)
        target.write_text("\n".join(lines) + "\n")
        target.chmod(mode)


def _authorize(base: Path, home: str, login: Login, uid: int) -> None:
    folder = base / home.lstrip("/") / ".ssh"
    folder.mkdir(mode=0o700)
    keys = folder / "authorized_keys"
    keys.write_text(login.authorized_key.rstrip("\n") + "\n")
    keys.chmod(0o600)
    for each in (folder, keys):
        os.chown(each, uid, uid)


def _write_configuration(base: Path, settings: Settings) -> None:
    settings_file = base / "etc/lab/settings.json"
    settings_file.write_text(json.dumps(settings.for_php(), indent=1))
    for name in ("cf/conf/backup", "conf.default", "run/lab", "run/sshd", "run/openbgpd"):
        (base / name).mkdir(parents=True)
    for name in ("cf/conf/config.xml", "conf.default/config.xml"):
        shutil.copyfile(settings.config, (base / name))
        (base / name).chmod(0o644)
    for name in CONTROL_SOCKETS:
        (base / name).symlink_to("openbgpd/bgpd.sock.0")
    (base / "run/lab/made").touch()
