"""The recipes of docs/ci.md, taken from the page and carried out step by step against a lab, as a CI runner would.

What a runner does itself (queues, approval, artifacts between machines) is played: artifacts are copied from one
checkout to the next, and nothing else of a checkout lives on.
"""

import base64
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.lab.conftest import skip_unless_possible
from tests.lab.elsewhere import Elsewhere
from tests.networks.example import keep_only
from tests.releases.test_wheel import CHECKOUT, PLAIN, done, run
from tests.releases.test_wheel import wheel as wheel

PAGE = CHECKOUT / "docs/ci.md"
AUTHOR = ("-c", "user.name=ci", "-c", "user.email=ci@example.net")


def recipe(name: str) -> Any:
    """A file that the page shows whole; its first line names it."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return yaml.safe_load(next(block for block in blocks if block.startswith(f"# {name}\n")))


@dataclass
class Runner:
    """A machine that carries out jobs: a state folder, a network with the devices, and what CI is told of it."""

    folder: Path
    builds: Path
    place: Elsewhere
    variables: Mapping[str, str]
    secrets: Mapping[str, str]

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def checkout(self) -> Path:
        """A fresh clone, as every job gets one; what is beside it stays, as on a machine that carries out many jobs."""
        work = self.builds / "project"
        shutil.rmtree(work, ignore_errors=True)
        done("git", "clone", "--quiet", self.folder / "repository.git", work, cwd=self.folder)
        return work

    def shell(self, work: Path, script: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a step as both services do: by bash, which ends at the first command that fails."""
        environment = {**PLAIN, "HOME": str(work.parent), "CI": "true", **variables, "ROUTEBOOK_STATE": str(self.state)}
        shell = self.place.command(f"--wdns={work}", "bash", "-e", "-o", "pipefail", "-c", script)
        return subprocess.run(
            shell, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The wheel and those that it needs, in the lock's versions: the jobs' network has no package index."""
    folder = tmp_path_factory.mktemp("wheels")
    lock = folder / "constraints.txt"
    lock.write_text("\n".join(re.findall(r"^[a-z0-9._-]+==\S+", (CHECKOUT / "requirements.lock").read_text(), re.M)))
    fetched = run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", folder, "--constraint", lock, wheel, cwd=folder
    )
    if "No matching distribution" in fetched.stderr or "Failed to establish" in fetched.stderr:
        pytest.skip(f"the packages that Routebook needs cannot be fetched: {fetched.stderr.strip()}")
    assert fetched.returncode == 0, fetched.stderr
    return folder


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where every job checks out and installs: the first in an empty folder, the others find what it has installed."""
    return tmp_path_factory.mktemp("builds")


@pytest.fixture
def runner(tmp_path: Path, wheels: Path, builds: Path) -> Iterator[Runner]:
    """A repository with a project, a lab in place of its network, and a runner with all that the page asks for."""
    skip_unless_possible()
    (tmp_path / "lab").mkdir()
    place = Elsewhere(tmp_path / "lab")
    try:
        project = place.project()
        keep_only(project, ["no-edge1", "ch-edge1"])
        assert place.routebook(project, "lab", "up").returncode == 0
        defaults = project / "inventory/defaults.yaml"
        for_lab_alone = r"\n *(#.*|(key_file|known_hosts_file):.*|optional_args:)"
        defaults.write_text(re.sub(for_lab_alone, "", defaults.read_text()))
        (project / ".gitignore").write_text(".routebook/\nsecrets/\n")
        for command in (
            ("init", "--quiet", "--initial-branch", "main"), ("add", "--all"),
            (*AUTHOR, "commit", "--quiet", "--message", "the network"),
            ("clone", "--quiet", "--bare", ".", str(tmp_path / "repository.git")),
        ):  # fmt: skip
            done("git", *command, cwd=project)
        packed = subprocess.run(["tar", "-cz", "secrets"], cwd=project, capture_output=True, check=True).stdout
        secrets = {
            "SSH_KEY": (project / ".routebook/lab/operator_ed25519").read_text(),
            "KNOWN_HOSTS": (project / ".routebook/lab/known_hosts").read_text(),
            "SECRETS": base64.b64encode(packed).decode(),
        }
        # The lab's network has no package index.
        pip = {"NO_INDEX": "1", "FIND_LINKS": str(wheels), "CONFIG_FILE": os.devnull, "NO_COMPILE": "1"}
        variables = {f"PIP_{name}": value for name, value in pip.items()}
        variables |= {
            "GITLAB_USER_LOGIN": "jane",
            "CI_PIPELINE_ID": "77",
            "GITHUB_ACTOR": "jane",
            "GITHUB_RUN_ID": "77",
        }
        variables["ROUTEBOOK_PACKAGE"] = str(next(wheels.glob("routebook-*.whl")))
        (tmp_path / "state").mkdir(mode=0o700)
        yield Runner(tmp_path, builds, place, variables, secrets)
    finally:
        place.close()


def take(patterns: Iterable[str], source: Path, target: Path) -> None:
    """Take artifacts out of a checkout, or put them into the next one."""
    found = [path for pattern in patterns for path in source.glob(pattern.rstrip("/"))]
    assert found, f"{patterns} are not in {source}"
    for path in found:
        if path.is_dir():
            shutil.copytree(path, target / path.name, dirs_exist_ok=True)
        else:
            target.mkdir(exist_ok=True)
            shutil.copy(path, target)


def junit(reports: Path) -> int:
    """How many findings a JUnit report has; none of them a failure."""
    suites = ElementTree.parse(reports / "report.xml").getroot()  # noqa: S314  our own
    assert not list(suites.iter("failure"))
    return len(list(suites.iter("testcase")))


class GitLab:
    """Jobs of `.gitlab-ci.yml`."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.file = recipe(".gitlab-ci.yml")
        self.artifacts = runner.folder / "artifacts"
        self.variables = dict(runner.variables)
        for name, text in runner.secrets.items():  # of type File
            path = runner.folder / name
            path.write_text(text)
            self.variables[name] = str(path)
        assert self.file["variables"]["ROUTEBOOK_STATE"].startswith("/")

    def job(self, name: str) -> subprocess.CompletedProcess[str]:
        job = self.file[name]
        work = self.runner.checkout()
        if "needs" in job:
            take(["*"], self.artifacts, work)
        script = "\n".join([*job["before_script"], *job["script"]])
        ended = self.runner.shell(work, f"trap '[ -z \"$SSH_AGENT_PID\" ] || kill $SSH_AGENT_PID' EXIT\n{script}",
                                  self.variables)  # fmt: skip
        if "artifacts" in job and (ended.returncode == 0 or job["artifacts"].get("when") == "always"):
            take(job["artifacts"]["paths"], work, self.artifacts)
        shutil.rmtree(work)  # as `git clean -ffdx` would
        return ended


class GitHub:
    """Jobs of `.github/workflows/network.yml`, with the action that they share."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.file = recipe(".github/workflows/network.yml")
        self.action = recipe(".github/actions/routebook/action.yml")
        self.artifacts = runner.folder / "artifacts"
        self.given = {f"secrets.{name}": text for name, text in runner.secrets.items()}
        self.given["vars.ROUTEBOOK_PACKAGE"] = runner.variables["ROUTEBOOK_PACKAGE"]

    def job(self, job: str) -> subprocess.CompletedProcess[str]:
        work = self.runner.checkout()
        for name in ("env", "path"):
            (work.parent / name).write_text("")
        failed: subprocess.CompletedProcess[str] | None = None
        last = subprocess.CompletedProcess([], 0, "", "")
        for step in self.file["jobs"][job]["steps"]:
            if failed and step.get("if") != "always()":
                continue
            uses = step.get("uses", "")
            if uses.startswith("actions/upload-artifact"):
                take([step["with"]["path"]], work, self.artifacts)
            elif uses.startswith("actions/download-artifact"):
                take(["*"], self.artifacts, work)
            elif uses.startswith("./"):
                given = {f"inputs.{key}": _filled(value, self.given) for key, value in step["with"].items()}
                for inner in self.action["runs"]["steps"]:
                    assert inner.get("if") in (None, "inputs.ssh-key != ''")
                    last = self._run(work, inner, given)
                    failed = failed or (last if last.returncode else None)
            elif "run" in step:
                last = self._run(work, step, {})
                failed = failed or (last if last.returncode else None)
        shutil.rmtree(work)
        return failed or last

    def _run(self, work: Path, step: Mapping[str, Any], given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """One step, with the variables and the path that earlier ones have set."""
        temp = work.parent
        files = {"GITHUB_ENV": temp / "env", "GITHUB_PATH": temp / "path"}
        kept = dict(line.split("=", 1) for line in files["GITHUB_ENV"].read_text().splitlines())
        own = {key: _filled(value, given) for key, value in step.get("env", {}).items()}
        path = ":".join([*reversed(files["GITHUB_PATH"].read_text().split()), PLAIN["PATH"]])
        settings = {**self.runner.variables, **kept, **own, "PATH": path, "RUNNER_TEMP": str(temp)}
        return self.runner.shell(work, step["run"], settings | {key: str(file) for key, file in files.items()})


def _filled(text: str, given: Mapping[str, str]) -> str:
    """A value with its `${{ … }}` replaced; KeyError for one that is not given."""
    return re.sub(r"\$\{\{ *(\S+) *\}\}", lambda found: given[found[1]], text)


@pytest.mark.timeout(900)  # a whole life of a project, on a machine that may be busy
@pytest.mark.parametrize("service", [GitLab, GitHub])
def test_the_recipe_checks_plans_applies_what_was_planned_and_verifies(
    service: type[GitLab] | type[GitHub], runner: Runner
) -> None:
    ci = service(runner)

    def succeeds(name: str) -> str:
        ended = ci.job(name)
        assert ended.returncode == 0, f"{name}: {ended.stdout}{ended.stderr}"
        return ended.stdout + ended.stderr

    if isinstance(ci, GitLab):
        assert " 0 errors" in succeeds("check")
    succeeds("plan")
    assert "router bgp" in (ci.artifacts / "plan.txt").read_text()
    assert runner.secrets["SECRETS"] not in (ci.artifacts / "plan.json").read_text()
    succeeds("apply")
    reports = ci.artifacts / "reports"
    assert junit(reports) > 5
    assert "77, started by jane" in (reports / "report.json").read_text()
    succeeds("verify")
    if isinstance(ci, GitLab):
        again = ci.job("apply")
        assert again.returncode == 1
        # The journal has outlived the checkouts, and knows.
        assert "a plan is good for one run" in again.stdout + again.stderr
