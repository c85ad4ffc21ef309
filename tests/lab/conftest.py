"""One running lab for all tests of a module, in a copy of the example project."""

import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from lab import access
from lab.control import Lab
from tests.lab import releases
from tests.lab.elsewhere import Elsewhere
from tests.networks.example import copy_project as copy_project
from tests.networks.example import environment as environment
from tests.networks.example import keep_only

DAEMONS = ("/usr/lib/frr/bgpd", "/usr/sbin/charon-systemd", "/usr/sbin/sshd", "/usr/sbin/bird", "/usr/bin/gobgpd")
LONGEST = (
    "test_deploy.py",
    "test_verify_remembers.py",
    "test_rolled_back.py",
    "test_a_fault_at_each_step.py",
    "test_trouble.py",
    "test_announcements.py",
    "test_waves.py",
    "test_locks.py",
    "test_lab_alone.py",
    "test_saved_plans.py",
    "test_real_esp.py",
    "test_packets.py",
    "test_causes.py",
)

# Takes the lab down when this process's standard input closes: when the session ends, in whatever way.
GUARDIAN = """
import sys
from pathlib import Path
from lab.control import Lab
sys.stdin.read()
Lab(Path(sys.argv[1])).down()
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@dataclass(frozen=True)
class RunningLab:
    """A lab that is up, and the project that it was made from."""

    lab: Lab
    project: Path

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of the inventory's hosts."""
        return tuple(sorted(yaml.safe_load((self.project / "inventory/hosts.yaml").read_text())))

    def exec(
        self, host: str, command: Sequence[str] | str, *, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root on a host; text is for `sh -c`."""
        argv = ["sh", "-c", command] if isinstance(command, str) else list(command)
        given = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        return subprocess.run(self.lab.command(host, argv), capture_output=True, text=True, check=False, **given)

    def routebook(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run `routebook` in the project."""
        return subprocess.run(
            [sys.executable, "-m", "routebook", *arguments],
            cwd=self.project, env=environment() | dict(env or {}), capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def password(self, account: str) -> str:
        """The password of one of the lab's accounts: operator, nosudo, pwsudo."""
        return access.passwords(self.project)[account]


def skip_unless_possible() -> None:
    """Skip where a lab cannot run at all."""
    if os.geteuid() != 0:
        pytest.skip("a lab needs root")
    missing = [daemon for daemon in DAEMONS if not Path(daemon).exists()]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (lab/system-packages.txt lists the packages)")


@pytest.fixture(scope="module")
def part() -> Collection[str]:
    """The hosts and peers of the example that a folder's labs are limited to; none means all."""
    return ()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, part: Collection[str]) -> Path:
    """The project of a module's lab, which a folder may change further."""
    skip_unless_possible()
    made = copy_project(tmp_path_factory.mktemp("lab") / "project")
    if part:
        keep_only(made, part)
    return made


@pytest.fixture(scope="module")
def lab(project: Path) -> Iterator[RunningLab]:
    """A module's lab, with nothing configured at first. Tests share it, and leave it as they found it."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with subprocess.Popen(
        [sys.executable, "-c", GUARDIAN, str(project)], stdin=subprocess.PIPE, env=environment(), start_new_session=True
    ) as guardian:
        assert guardian.stdin is not None
        with guardian.stdin:
            running = Lab(project)
            running.up(print)
            yield RunningLab(running, project)


@pytest.fixture(scope="session")
def asa_release(request: pytest.FixtureRequest) -> str:
    """The release that a lab ASA plays in a test."""
    return releases.asked_for(request, "asa")


@pytest.fixture(scope="session")
def pfsense_release(request: pytest.FixtureRequest) -> str:
    """The release that a lab pfSense plays in a test."""
    return releases.asked_for(request, "pfsense")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Elsewhere]:
    """A network of its own for a lab beside the module's."""
    skip_unless_possible()
    place = Elsewhere(tmp_path)
    yield place
    place.close()
