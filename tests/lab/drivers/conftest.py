"""Hosts for the driver tests, one set for each module."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from routebook.platforms.strongswan.state import read_ike_sas
from tests.lab.drivers.hosts import can_make_hosts
from tests.lab.drivers.tunnels import CONNECTIONS, LEFT, NAME, RIGHT, SECRETS, Pair, candidate, make_pair


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests need root and the daemons."""
    if not can_make_hosts():
        for item in items:
            if "tests/lab/drivers" in str(item.path):
                item.add_marker(pytest.mark.skip(reason="needs root, sshd, FRR and strongSwan"))


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An operator's ed25519 key."""
    path = tmp_path_factory.mktemp("keys") / "operator_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "operator", "-f", str(path)], check=True)
    return path


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, key: Path) -> Iterator[Pair]:
    """Two hosts with a tunnel that is up."""
    wan, inner = (["198.51.100.1/24"], ["198.51.100.2/24"]), (["10.1.0.1/24"], ["10.2.0.1/24"])
    pair = make_pair(tmp_path_factory.mktemp("hosts"), key, wan, inner)
    left, right = pair.left, pair.right
    try:
        for host, tunnel in ((left, LEFT), (right, RIGHT)):
            for section in candidate(tunnel).sections:
                host.write(section.part, section.text)
        right.start_strongswan()
        left.start_strongswan()
        pair.wait_up()
        yield pair
        pair.close()
    finally:
        for host in (left, right):
            host.stop()


@pytest.fixture
def tunnel(pair: Pair) -> Iterator[Pair]:
    """The pair as it was at its start, whatever the test before did."""
    yield pair
    pair.close()
    for host, end in ((pair.right, RIGHT), (pair.left, LEFT)):
        for section in candidate(end).sections:
            host.write(section.part, section.text)
        for path in (host.folder / "etc/swanctl/conf.d").iterdir():
            if f"/{path.relative_to(host.folder)}" not in (CONNECTIONS, SECRETS):
                path.unlink()
        host.sh("rm -rf /run/routebook; swanctl --load-all --noprompt")
    for host in (pair.left, pair.right):
        names = {sa.name for sa in read_ike_sas(host.shell)}
        host.sh("\n".join(f"swanctl --terminate --ike {name} --force --timeout 3" for name in names), check=False)
    pair.left.sh(f"swanctl --initiate --child {NAME} --timeout 5", check=False)
    pair.wait_up()
