"""The system packages of lab/system-packages.txt can be installed on each release that the README names.

apt resolves them for a machine that has only what every Debian has, from the release's own index: no root, nothing is
installed, and 10 MB a release are fetched from the mirror that this machine uses.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

LIST = Path(__file__).resolve().parents[2] / "lab/system-packages.txt"
BEFORE_MAKE = ("make", "git", "python3-venv")
BASE = ("?essential", "?priority(required)", "apt")  # what debootstrap's minbase has
RELEASES = {"bookworm": "Debian", "trixie": "Debian", "noble": "Ubuntu"}
KEYRINGS = {"Debian": "debian-archive-keyring.gpg", "Ubuntu": "ubuntu-archive-keyring.gpg"}


def mirror(distribution: str) -> str:
    """Where this machine's apt gets a distribution from; skips where it does not."""
    if shutil.which("apt-get") is None:
        pytest.skip("there is no apt here")
    shown = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(COMPONENT)|$(SUITE)|$(REPO_URI)"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    for line in shown.stdout.splitlines():
        origin, component, suite, uri = line.split("|")
        if origin == distribution and component == "main" and "security" not in suite + uri:
            return uri
    pytest.skip(f"apt here has no index of {distribution}: run apt-get update, or try it on {distribution}")


class Root:
    """apt of another release in a folder, on which nothing is installed."""

    def __init__(self, folder: Path, release: str, uri: str) -> None:
        for each in ("etc/apt/apt.conf.d", "etc/apt/preferences.d", "var/lib/apt/lists/partial", "var/lib/dpkg",
                     "var/cache/apt/archives/partial", "var/log/apt"):  # fmt: skip
            (folder / each).mkdir(parents=True)
        (folder / "var/lib/dpkg/status").touch()
        keyring = f"/usr/share/keyrings/{KEYRINGS[RELEASES[release]]}"
        components = "main" if RELEASES[release] == "Debian" else "main universe"
        (folder / "etc/apt/sources.list").write_text(f"deb [signed-by={keyring}] {uri} {release} {components}\n")
        settings = {
            "Dir": folder,
            "Dir::State::status": folder / "var/lib/dpkg/status",
            "APT::Architecture": "amd64",
            "APT::Sandbox::User": "",
            "Acquire::Languages": "none",
            "Acquire::Retries": 2,
            "Acquire::http::Timeout": 20,
        }
        self.options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]

    def apt_get(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run apt-get on this root."""
        return subprocess.run(
            ["apt-get", *self.options, *arguments], capture_output=True, text=True, check=False, timeout=240
        )


@pytest.mark.parametrize("release", RELEASES)
def test_apt_can_install_all_system_packages_on(release: str, tmp_path: Path) -> None:
    root = Root(tmp_path, release, mirror(RELEASES[release]))
    updated = root.apt_get("update", "-qq", "--error-on=any")
    if updated.returncode:
        pytest.skip(f"the index of {release} cannot be fetched: {updated.stderr.strip()}")
    wanted = [line for line in LIST.read_text().splitlines() if line and not line.startswith("#")]
    solved = root.apt_get("install", "--simulate", "--no-install-recommends", *BASE, *BEFORE_MAKE, *wanted)
    assert solved.returncode == 0, solved.stdout + solved.stderr
    installed = {line.split()[1] for line in solved.stdout.splitlines() if line.startswith("Inst ")}
    assert set(wanted) <= installed, set(wanted) - installed
