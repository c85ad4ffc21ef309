"""The daemons of other releases of Debian, unpacked beside each other: each release in a root of its own.

A root is what its archive's packages contain, and no package's scripts have run: it is not a system to boot, but a
file system in which the lab's daemons find their own libraries, shell and Python.
"""

import contextlib
import fcntl
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.apt import Apt
from routebook.errors import RefusedError
from routebook.intent.network import LAB_RELEASES

COMMAND = "sudo routebook lab releases"

# What somebody is after who asks for a release: shown with their versions.
NAMED = ("frr", "strongswan-swanctl", "openbgpd", "gobgpd", "bird", "stayrtr", "openssh-server", "python3")

PACKAGES = (
    *(
        "base-files",
        "base-passwd",
        "bash",
        "coreutils",
        "dash",
        "debianutils",
        "diffutils",
        "findutils",
        "grep",
        "gzip",
    ),
    *(
        "hostname",
        "iproute2",
        "iputils-ping",
        "libc-bin",
        "login",
        "mawk",
        "mount",
        "netbase",
        "openssl",
        "passwd",
        "procps",
    ),
    *("python3", "sed", "sudo", "tar", "tcsh", "util-linux", "openssh-client", "openssh-server"),
    *("frr", "frr-pythontools", "frr-rpki-rtrlib"),
    *("charon-systemd", "strongswan-swanctl"),
    *("libcharon-extra-plugins", "libstrongswan-extra-plugins", "libstrongswan-standard-plugins"),
    *("openbgpd", "gobgpd", "stayrtr"),
)
# BIRD 3 replaced BIRD 2 under another name.
BIRD = {"bookworm": "bird2"}

LEFT_OUT = (
    *(f"./usr/share/{each}" for each in ("doc", "info", "lintian", "locale", "man", "zoneinfo")),
    "./usr/lib/*/gconv",
)
# Links that are there before anything else, and that packages' folders of these names are unpacked through: they are
# relative, so that nothing leaves the root.
FIRST = {
    **{name: f"usr/{name}" for name in ("bin", "lib", "lib64", "sbin")},
    "var/run": "../run",
    "var/lock": "../run/lock",
}
# What packages' scripts choose when they are installed.
CHOSEN = {"usr/bin/awk": "mawk", "usr/bin/pager": "more", "usr/bin/which": "which.debianutils"}
# Places of a node's own disk (lab/init.py).
PLACES = ("proc", "sys", "dev", "run", "tmp", "root", "home", "var/log", "var/tmp", "var/lib/frr", "var/lib/strongswan",
          "var/lib/sudo", "etc/alternatives")  # fmt: skip


def cache() -> Path:
    """The folder of the roots: below $XDG_CACHE_HOME, else /var/cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "/var/cache") / "routebook" / "releases"


def root(release: str, needed_by: str = "") -> Path:
    """The root of a release. Raises RefusedError where it is not unpacked."""
    found = cache() / release
    if not found.is_dir():
        who = f"{needed_by} runs" if needed_by else "wanted are"
        raise RefusedError(
            f"{who} the daemons of {release}, which are not in {cache()}; this unpacks them: {COMMAND} {release}"
        )
    return found


def versions(release: str) -> Mapping[str, str]:
    """The packages of a release that is unpacked, with their versions; none where it is not."""
    try:
        found: dict[str, str] = json.loads((cache() / f"{release}.json").read_text())
    except FileNotFoundError:
        return {}
    return found if (cache() / release).is_dir() else {}


def unpack(release: str, *, again: bool = False) -> bool:
    """Fetch a release's daemons and unpack them, if they are not there. True if it was done.

    It needs root, apt, Debian's mirror and 250 MB. With `again`, what is there is replaced by what the archive has
    now; a lab that runs keeps what it has. Raises RefusedError; what is there then stays.
    """
    if release not in LAB_RELEASES:
        raise RefusedError(f"there is no release {release}; there are {', '.join(LAB_RELEASES)}")
    if os.geteuid() != 0:
        raise RefusedError(f"a release is unpacked with its owners and needs root: {COMMAND} {release}")
    folder = cache()
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder / f".{release}.lock"):
        if versions(release) and not again:
            return False
        with tempfile.TemporaryDirectory(prefix=f".{release}-", dir=folder) as place:
            new = Path(place) / "root"
            packages = _fetch(release, Path(place) / "apt")
            _extract(packages, new)
            old = folder / release
            if old.exists():
                old.rename(Path(place) / "old")
            (folder / f"{release}.json").write_text(json.dumps(dict(map(_version, packages)), indent=1))
            new.rename(old)
    return True


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(release: str, place: Path) -> list[Path]:
    """The packages of a release with all that they depend on, as apt has fetched and checked them."""
    apt = Apt(place, release)
    wanted = (*PACKAGES, BIRD.get(release, "bird3"))
    for arguments in (("update", "-qq", "--error-on=any"), ("install", "-qq", "--yes", "--download-only", *wanted)):
        done = apt.get(*arguments, deadline=900)
        if done.returncode:
            raise RefusedError(f"apt cannot fetch what {release} has: {(done.stderr or done.stdout).strip()[-1000:]}")
    return sorted(apt.archives.glob("*.deb"))


def _extract(packages: list[Path], target: Path) -> None:
    for name, place in FIRST.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).symlink_to(place)
        ((target / name).parent / place).mkdir(parents=True)
    left_out = [f"--exclude={pattern}" for pattern in LEFT_OUT]

    def one(package: Path) -> None:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as archive:
            subprocess.run(
                ["tar", "--extract", "--preserve-permissions", "--keep-directory-symlink", f"--directory={target}",
                 *left_out],
                stdin=archive.stdout, check=True,
            )  # fmt: skip
        if archive.returncode:
            raise RefusedError(f"dpkg-deb cannot unpack {package.name}")

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, packages))
    for name in PLACES:
        (target / name).mkdir(parents=True, exist_ok=True)
    for name, program in CHOSEN.items():
        if not (target / name).is_symlink():
            (target / name).symlink_to(program)


def _version(package: Path) -> tuple[str, str]:
    """A package's name and version, from the name that apt gives its file; `bird2` and `bird3` are `bird`."""
    name, version, _ = package.name.split("_")
    return ("bird" if name in ("bird2", "bird3") else name), version.replace("%3a", ":")
