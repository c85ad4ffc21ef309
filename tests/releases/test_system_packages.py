"""The system packages of lab/system-packages.txt can be installed on each release that the README names.

apt resolves them for a machine that has only what every Debian has, from the release's own index: no root, nothing is
installed, and 10 MB a release are fetched from the mirror that this machine uses.
"""

import shutil
from pathlib import Path

import pytest

from lab.apt import Apt, mirror

LIST = Path(__file__).resolve().parents[2] / "lab/system-packages.txt"
BEFORE_MAKE = ("make", "git", "python3-venv")
BASE = ("?essential", "?priority(required)", "apt")  # what debootstrap's minbase has
RELEASES = {"bookworm": "Debian", "trixie": "Debian", "noble": "Ubuntu"}


@pytest.mark.parametrize("release", RELEASES)
def test_apt_can_install_all_system_packages_on(release: str, tmp_path: Path) -> None:
    if shutil.which("apt-get") is None or mirror(RELEASES[release]) is None:
        pytest.skip(f"apt here has no index of {RELEASES[release]}: run apt-get update, or try it there")
    root = Apt(tmp_path, release, RELEASES[release], architecture="amd64")
    updated = root.get("update", "-qq", "--error-on=any")
    if updated.returncode:
        pytest.skip(f"the index of {release} cannot be fetched: {updated.stderr.strip()}")
    wanted = [line for line in LIST.read_text().splitlines() if line and not line.startswith("#")]
    solved = root.get("install", "--simulate", *BASE, *BEFORE_MAKE, *wanted)
    assert solved.returncode == 0, solved.stdout + solved.stderr
    installed = {line.split()[1] for line in solved.stdout.splitlines() if line.startswith("Inst ")}
    assert set(wanted) <= installed, set(wanted) - installed
