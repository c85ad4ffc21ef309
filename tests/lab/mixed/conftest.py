"""One lab of a firewall and an edge for all tests of a session, deployed once; every test leaves it so."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.control import Lab
from tests.lab.conftest import skip_unless_possible
from tests.lab.elsewhere import Elsewhere
from tests.lab.mixed.names import EDGE, FIREWALL
from tests.networks.example import environment
from tests.networks.project import make_project

Process = subprocess.Popen[str]

# What is typed to look at an ASA without changing it.
READING = re.compile(r"(show|more|dir|terminal pager|terminal width|enable|ping|exit) ?.*")


@dataclass(frozen=True)
class Devices:
    """Everything of both devices that must be the same again after rolling back."""

    firewall: str
    firewall_files: str
    edge: str
    edge_files: str


@dataclass(frozen=True)
class Mixed:
    """The lab, and the project that it was made from."""

    place: Elsewhere
    project: Path

    @property
    def lab(self) -> Lab:
        """To break things with."""
        return Lab(self.project)

    def routebook(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `routebook` in the project."""
        return self.place.routebook(self.project, *arguments)

    def watched(self, on_line: Callable[[str, Process], None], *arguments: str) -> tuple[int, str]:
        """Run `routebook` and call `on_line` with each line that it prints, and its process."""
        output = []
        with subprocess.Popen(
            self.place.command(f"--wdns={self.project}", sys.executable, "-m", "routebook", *arguments),
            env={**environment(), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            for line in process.stdout:
                output.append(line)
                on_line(line, process)
        return process.returncode, "".join(output)

    def on(self, host: str, script: str) -> str:
        """What a shell script prints on a host, as root."""
        done = self.place.on(self.project, host, f"export VTYSH_HISTFILE=/dev/null\n{script}")
        assert done.returncode == 0, f"{host}: {script}: {done.stderr}"
        return done.stdout

    def at_firewall(self, *commands: str) -> str:
        """What an operator sees who types commands at the firewall."""
        typed = "\n".join(["terminal pager 0", *commands, "exit"]) + "\n"
        folder = self.lab.folder
        done = subprocess.run(
            self.place.command(
                "ssh", "-tt", "-i", str(folder / "operator_ed25519"),
                "-o", f"UserKnownHostsFile={folder / 'known_hosts'}", "operator@192.0.2.11",
            ),
            input=typed, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return done.stdout.replace("\r", "")

    def devices(self) -> Devices:
        """Both devices' configurations with their secrets, and files with their modes and times."""
        shown = self.at_firewall("more system:running-config")
        found = re.search(r"^ASA Version .*^: end$", shown, re.MULTILINE | re.DOTALL)
        assert found, shown
        assert "*****" not in found[0]
        return Devices(
            firewall=found[0],
            firewall_files=self.on(FIREWALL, _FILES.format(folders="/home/asa/disk0 /home/asa/startup-config")),
            edge=self.on(EDGE, "vtysh -c 'show running-config'"),
            edge_files=self.on(EDGE, _FILES.format(folders="/etc/frr /etc/swanctl")),
        )

    def typed(self) -> list[str]:
        """The commands that changed something at the firewall since it was switched on."""
        shown = re.findall(r"executed the '(.*)' command\.", self.at_firewall("show logging"))
        return [command for command in shown if not READING.fullmatch(command)]

    @contextmanager
    def edited(self, name: str, pattern: str, replacement: str) -> Iterator[None]:
        """A file of the project with its first match of `pattern` replaced."""
        path = self.project / name
        original = path.read_text()
        changed, count = re.subn(pattern, replacement, original, count=1)
        assert count == 1, f"{pattern!r} is not in {name}"
        path.write_text(changed)
        try:
            yield
        finally:
            path.write_text(original)


_FILES = """
for f in $(find {folders} -type f | sort); do
    printf '%s %s %s\\n' "$f" "$(stat -c '%a %U %G' "$f")" "$(sha256sum <"$f")"
done
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mixed]:
    """The lab with nothing of ours on it."""
    skip_unless_possible()
    folder = tmp_path_factory.mktemp("mixed")
    place = Elsewhere(folder)
    mixed = Mixed(place, make_project(folder / "project", "asa_and_edge"))
    up = mixed.routebook("lab", "up")
    try:
        assert up.returncode == 0, up.stdout + up.stderr
        yield mixed
    finally:
        place.close()


@dataclass(frozen=True)
class FirstRun:
    """The first `run deploy`, with both devices before it, in the middle of its post-checks, and after it."""

    result: dict[str, Any]
    before: Devices
    middle: Devices
    after: Devices


@pytest.fixture(scope="module")
def first_run(network: Mixed) -> FirstRun:
    """Everything from nothing."""
    before = network.devices()
    middle: list[Devices] = []

    def look(line: str, process: Process) -> None:
        del process
        if "post-checks" in line and "watching" in line:
            middle.append(network.devices())

    status, output = network.watched(look, "run", "deploy", "--yes")
    assert status == 0, output
    runs = sorted((network.project / ".routebook/runs").iterdir())
    result = json.loads((runs[-1] / "report.json").read_text())
    return FirstRun(result, before, middle[0], network.devices())


@pytest.fixture
def mixed(network: Mixed, first_run: FirstRun) -> Mixed:
    """The lab with everything as intended. A test ends with `unchanged`; that all is up again is what the run says."""
    assert first_run.result["outcome"] == "confirmed"
    return network


@pytest.fixture
def unchanged(mixed: Mixed) -> Callable[[], None]:
    """Asserts that both devices have what they had before the test, to the byte."""
    before = mixed.devices()

    def check() -> None:
        assert mixed.devices() == before

    return check
