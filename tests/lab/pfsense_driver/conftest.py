"""Lab pfSenses for the driver's tests."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from routebook.platforms.pfsense.driver import PfSenseDriver
from tests.lab import releases
from tests.lab.conftest import skip_unless_possible
from tests.lab.pfsense_driver.firewall import Firewall


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On the releases that were asked for."""
    releases.parametrize(metafunc, "pfsense")


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An operator's key."""
    skip_unless_possible()
    path = tmp_path_factory.mktemp("keys") / "operator_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


@pytest.fixture
def boot(tmp_path: Path, key: Path, pfsense_release: str) -> Iterator[Callable[..., Firewall]]:
    """Start a lab pfSense with some settings."""
    running: list[Firewall] = []

    def start(**settings: Any) -> Firewall:
        running.append(Firewall(tmp_path / f"fw{len(running)}", key, **{"version": pfsense_release, **settings}))
        return running[-1]

    yield start
    for firewall in running:
        firewall.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, key: Path, pfsense_release: str) -> Iterator[Firewall]:
    """One for a module's tests."""
    firewall = Firewall(tmp_path_factory.mktemp("shared"), key, version=pfsense_release)
    yield firewall
    firewall.stop()


@pytest.fixture
def firewall(shared: Firewall) -> Firewall:
    """The shared one, with the configuration that it began with and nothing pending."""
    shared.sh(
        "rm -rf /etc/lab/faults/* /cf/conf/routebook /usr/local/etc/rc.d/routebook.sh /cf/conf/backup/*;"
        "rm -f /tmp/config.cache;"
        "cp /conf.default/config.xml /cf/conf/config.xml; chmod 644 /cf/conf/config.xml"
    )
    return shared


@pytest.fixture
def driver(firewall: Firewall) -> Iterator[PfSenseDriver]:
    """Logged in as root."""
    opened = firewall.driver()
    yield opened
    opened.close()
