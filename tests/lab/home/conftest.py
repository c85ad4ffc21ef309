"""The home site in a network of its own, deployed once."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import skip_unless_possible
from tests.lab.elsewhere import Elsewhere
from tests.lab.home.part import home_project


@dataclass(frozen=True)
class Home:
    """A running lab of the home site. `first` is the result of the first deployment, from nothing."""

    place: Elsewhere
    project: Path
    first: dict[str, Any]

    def run(self, runbook: str, *options: str) -> tuple[int, dict[str, Any]]:
        """The exit code and the result of a run."""
        done = self.place.routebook(self.project, "run", runbook, "--yes", "--json", *options)
        return done.returncode, dict(json.loads(done.stdout or "{}"))

    def verify(self) -> subprocess.CompletedProcess[str]:
        """What `verify` says, when everything has had time to come back."""
        return self.place.routebook(self.project, "verify", "--wait", "60")

    def on(self, host: str, script: str, stdin: str = "") -> str:
        """What a shell script prints, run as root on a host."""
        done = self.place.on(self.project, host, script, stdin)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def neighbors(self) -> dict[str, dict[str, Any]]:
        """What the firewall's FRR says of its neighbors, by address."""
        shown = json.loads(self.on("home-fw1", "vtysh -c 'show bgp neighbors json'"))
        return {peer: each for peer, each in shown.items() if isinstance(each, dict)}

    def configuration(self) -> str:
        """The firewall's configuration, and which revisions there are before it."""
        return self.on("home-fw1", "cat /cf/conf/config.xml; ls -l /cf/conf /cf/conf/backup")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    skip_unless_possible()
    place = Elsewhere(tmp_path_factory.mktemp("home"))
    try:
        project = home_project(place.folder / "project")
        up = place.routebook(project, "lab", "up")
        assert up.returncode == 0, up.stdout + up.stderr
        done = place.routebook(project, "run", "deploy", "--yes", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        yield Home(place, project, json.loads(done.stdout))
    finally:
        place.close()
