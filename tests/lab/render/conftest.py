"""Real daemons for rendered configuration."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.topology import secret_files
from routebook.project.secrets import Secrets
from tests.lab.drivers.hosts import LinuxHost, can_make_hosts

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session", autouse=True)
def _needs_root() -> None:
    if not can_make_hosts():
        pytest.skip("needs root and the daemons")


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    """A resolver to which every file of the example's secrets exists."""
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    for name in secret_files(PROJECT):
        _write(tmp_path / name, f"key-{Path(name).stem}")
    _write(folder / "ch-edge2--ixp-rs2.password", 'odd!"#$%&\\')
    _write(folder / "no-edge1--ch-edge1.psk", '0x12 "quoted" #{}=\\ ü')
    _write(folder / "no-edge2--ch-edge2.psk", "0sbase64-looking")
    return Secrets(tmp_path)


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text + "\n")


@pytest.fixture(scope="module")
def frr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LinuxHost]:
    """A host with FRR that nothing has been configured on."""
    host = LinuxHost("router", tmp_path_factory.mktemp("router") / "host")
    host.start_frr()
    yield host
    host.stop()
