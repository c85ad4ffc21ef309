"""Keys, passwords and secrets of the lab, made once and kept, so that nothing changes between two starts."""

import json
import os
import secrets
import subprocess
from collections.abc import Iterable
from pathlib import Path

from lab.host import Access
from lab.topology import Host
from routebook.errors import RefusedError

ACCOUNTS = ("operator", "nosudo", "pwsudo")


def state_folder(project: Path) -> Path:
    """The project's folder of lab state, 0700."""
    folder = project / ".routebook" / "lab"
    for each in (folder.parent, folder):
        make_folder(each)
    folder.chmod(0o700)
    return folder


def make_folder(path: Path) -> None:
    """Make a folder that is missing, 0700, and give it to whoever owns the one that it is in: with sudo, not root."""
    if not path.is_dir():
        path.mkdir(mode=0o700)
        _give_to_owner_of_folder(path)


def _give_to_owner_of_folder(path: Path) -> None:
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid)


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 as a whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _give_to_owner_of_folder(temporary)
    temporary.replace(path)


def prepare(project: Path, hosts: Iterable[Host], door: tuple[str, str]) -> dict[str, Access]:
    """What each host lets in, by name; writes the operator's key and known_hosts. `door` is a name and an address
    that are entered by the operator's key too, without being a host.
    """
    folder = state_folder(project)
    addresses = {host.name: str(host.management) for host in hosts} | dict([door])
    _make_keys([folder / "operator_ed25519", *(folder / "host_keys" / name for name in addresses)])
    hashes = _password_hashes(folder)
    authorized = (folder / "operator_ed25519.pub").read_text()
    lines = []
    access = {}
    for name, address in addresses.items():
        key = folder / "host_keys" / name
        kind, public = key.with_name(f"{name}.pub").read_text().split()[:2]
        lines.append(f"{address} {kind} {public}\n{name} {kind} {public}\n")
        access[name] = Access(authorized, hashes, key.read_text())
    write_private(folder / "known_hosts", "".join(lines))
    return access


def passwords(project: Path) -> dict[str, str]:
    """The password of each account of the lab's hosts."""
    read: dict[str, str] = json.loads((state_folder(project) / "passwords.json").read_text())
    return read


def make_secret_files(project: Path, files: Iterable[str]) -> None:
    """Create the missing secret files that the intent refers to: 32 random hexadecimal digits in each."""
    for name in files:
        path = project / name
        if not path.exists():
            for folder in reversed([each for each in path.parents if not each.exists()]):
                make_folder(folder)
            write_private(path, secrets.token_hex(16) + "\n")


def _make_keys(paths: list[Path]) -> None:
    """One ssh-keygen for each key that is missing, all at once; a half-made pair counts as missing."""
    running = {}
    for path in paths:
        public = path.with_name(path.name + ".pub")
        if path.exists() and public.exists():
            continue
        make_folder(path.parent)
        path.unlink(missing_ok=True)
        public.unlink(missing_ok=True)
        running[path, public] = subprocess.Popen(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path)]
        )
    for pair, process in running.items():
        if process.wait() != 0:
            raise RefusedError("ssh-keygen could not make a key; its message is above")
        for path in pair:
            _give_to_owner_of_folder(path)


def _password_hashes(folder: Path) -> dict[str, str]:
    path = folder / "passwords.json"
    if not path.exists():
        write_private(path, json.dumps({name: secrets.token_urlsafe(12) for name in ACCOUNTS}))
    plain: dict[str, str] = json.loads(path.read_text())
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"],
        input="\n".join(plain[name] for name in ACCOUNTS) + "\n", capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(zip(ACCOUNTS, hashed.stdout.split(), strict=True))
