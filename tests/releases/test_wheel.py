"""What is installed from the wheel, in an empty environment and outside of the checkout, does what its docs say."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.lab.conftest import skip_unless_possible
from tests.networks.example import keep_only

CHECKOUT = Path(__file__).resolve().parents[2]
LIBRARY = ("routebook", "custom_napalm", "lab")
SKELETON = ("inventory", "tasks", "runbooks")
PLAIN = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV", "ROUTEBOOK"))}
UV = (sys.executable, "-m", "uv")


def run(*argv: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in an environment that knows nothing of the checkout."""
    return subprocess.run(
        list(map(str, argv)), cwd=cwd, env=PLAIN, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def done(*argv: str | Path, cwd: Path) -> str:
    """What a command prints, which must succeed."""
    ended = run(*argv, cwd=cwd)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done(*UV, "build", "--wheel", "--no-build-isolation", "--offline", "--out-dir", folder, CHECKOUT, cwd=folder)
    return next(folder.glob("*.whl"))


@dataclass(frozen=True)
class Installation:
    """An environment of its own with the wheel in it, and a project beside."""

    folder: Path
    wheel: Path

    @property
    def python(self) -> Path:
        return self.folder / "venv/bin/python"

    @property
    def project(self) -> Path:
        return self.folder / "my-network"

    def install(self, extra: str = "") -> None:
        """Install the wheel with the versions of the lock; skips where they cannot be fetched."""
        fetched = run(
            *UV, "pip", "install", "--quiet", "--python", self.python, "--constraint", CHECKOUT / "requirements.lock",
            f"routebook{extra} @ {self.wheel.as_uri()}", cwd=self.folder,
        )  # fmt: skip
        if "Failed to fetch" in fetched.stderr or "error sending request" in fetched.stderr:
            pytest.skip(f"the packages that Routebook needs cannot be fetched: {fetched.stderr.strip()}")
        assert fetched.returncode == 0, fetched.stderr

    def routebook(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run(self.python.with_name("routebook"), *arguments, cwd=self.project)

    def on_its_own(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script with the environment's commands, in a network of its own."""
        path = f"PATH={self.python.parent}:$PATH"
        inside = ("sh", "-euc", f"{path}; ip link set lo up; {script}")
        return run("unshare", "--net", "--mount", "--propagation", "private", *inside, cwd=self.project)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Installation:
    made = Installation(tmp_path_factory.mktemp("installed"), wheel)
    done(*UV, "venv", "--quiet", "--python", sys.executable, made.folder / "venv", cwd=made.folder)
    made.install()
    done(made.python.with_name("routebook"), "init", made.project, cwd=made.folder)
    return made


def test_every_file_of_the_library_and_of_a_new_project_is_in_the_wheel(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", *LIBRARY, *SKELETON], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert tracked
    with ZipFile(wheel) as archive:
        inside = {each.filename: each.external_attr >> 16 for each in archive.infolist()}
    for name in tracked:
        packed = name if name.startswith(tuple(f"{each}/" for each in LIBRARY)) else f"routebook/skeleton/{name}"
        assert packed in inside, packed
        assert bool(inside[packed] & 0o100) == os.access(CHECKOUT / name, os.X_OK), f"{packed}: may it be executed?"


def test_a_new_project_is_checked_and_rendered(installed: Installation) -> None:
    checked = installed.routebook("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert " 0 errors" in checked.stdout + checked.stderr
    rendered = installed.routebook("render", "--limit", "nl-fw1", "--section", "bgp")
    assert rendered.returncode == 0, rendered.stderr
    assert "router bgp 65550" in rendered.stdout
    where = done(
        installed.python, "-c", "import lab, routebook; print(lab.__file__, routebook.__file__)", cwd=Path("/")
    )
    assert str(CHECKOUT) not in where


def test_a_lab_with_an_asa_says_what_it_lacks_and_comes_up_with_it(installed: Installation) -> None:
    skip_unless_possible()
    keep_only(installed.project, ["nl-fw1", "nl-rr1"])
    refused = installed.routebook("lab", "up")
    assert refused.returncode == 1
    assert "pip install 'routebook[lab]'" in refused.stderr
    installed.install("[lab]")
    played = installed.on_its_own(
        "trap 'routebook lab down' EXIT; routebook lab up; "
        "status=0; routebook plan deploy || status=$?; test $status = 2"
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert played.stdout.endswith("lab is down\n")
