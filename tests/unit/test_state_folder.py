"""State may be elsewhere: it follows its project from one checkout to the next, and is never another project's."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from routebook.errors import RefusedError
from routebook.project.identity import ID_FILE, identity
from routebook.project.state_folder import VARIABLE, StateFolder, state_folder
from routebook.run.journal import Journal


def git(folder: Path, *arguments: str) -> str:
    settings = ("user.name=a", "user.email=a@example.net", "init.defaultBranch=main", "protocol.file.allow=always")
    words = [word for setting in settings for word in ("-c", setting)]
    return subprocess.run(["git", *words, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def routebook(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "routebook", *arguments]
    return subprocess.run(command, cwd=project, check=False, capture_output=True, text=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace1" / "network"
    (folder / "inventory").mkdir(parents=True)
    (folder / "inventory" / "hosts.yaml").write_text("{}\n")
    return folder


@pytest.fixture
def repository(project: Path) -> Path:
    git(project, "init")
    git(project, "add", ".")
    git(project, "commit", "-m", "first")
    return project


@pytest.fixture
def apart(tmp_path: Path) -> Path:
    return tmp_path / "state"


def opened(project: Path, apart: Path) -> StateFolder:
    return state_folder(project, apart).open()


def test_it_is_in_the_project_unless_something_else_is_said(project: Path, tmp_path: Path) -> None:
    assert state_folder(project, environment={}).path == project / ".routebook"
    assert state_folder(project, environment={VARIABLE: ""}).path == project / ".routebook"
    named = {VARIABLE: str(tmp_path / "by-variable")}
    assert state_folder(project, environment=named).path == tmp_path / "by-variable"
    assert state_folder(project, tmp_path / "by-option", named).path == tmp_path / "by-option"


def test_all_of_it_is_there(project: Path, apart: Path) -> None:
    state = opened(project, apart)
    assert {path.parent for path in (state.journal, state.plan_key, state.leases)} == {apart}
    assert state.run("1") == apart / "runs" / "1"


def test_a_project_without_git_may_move(project: Path, apart: Path, tmp_path: Path) -> None:
    opened(project, apart)
    moved = project.rename(tmp_path / "elsewhere")
    assert opened(moved, apart).path == apart


def test_each_checkout_of_a_repository_is_the_same_project(repository: Path, apart: Path, tmp_path: Path) -> None:
    """As CI makes them: shallow, cleaned, in one folder and then in another, with another login in the URL."""
    origin = tmp_path / "origin.git"
    git(tmp_path, "clone", "--bare", str(repository), str(origin))
    for name in ("workspace2", "workspace3"):
        git(tmp_path, "clone", "--depth", "1", f"file://{origin}", name)
        git(tmp_path / name, "clean", "-ffdx")
        opened(tmp_path / name, apart)
    assert not (tmp_path / "workspace3" / ID_FILE).exists()


@pytest.mark.parametrize(
    "url",
    [
        "https://gitlab-ci-token:glcbt-64_x@gitlab.example.net/noc/network.git",
        "https://gitlab.example.net/noc/network",
        "git@gitlab.example.net:noc/network.git",
        "ssh://git@GitLab.example.net:2222/noc/network.git/",
    ],
)
def test_it_does_not_matter_how_the_origin_is_reached(repository: Path, url: str) -> None:
    git(repository, "remote", "add", "origin", url)
    assert identity(repository).known["origin"] == "gitlab.example.net/noc/network"


def test_no_login_of_an_origin_is_kept(repository: Path, apart: Path) -> None:
    git(repository, "remote", "add", "origin", "https://ci:t0ken@gitlab.example.net/noc/network.git")
    opened(repository, apart)
    assert "t0ken" not in (apart / "project.json").read_text()


def test_two_projects_of_one_repository_are_two(repository: Path, apart: Path) -> None:
    for name in ("lab", "production"):
        shutil.copytree(repository / "inventory", repository / name / "inventory")
    opened(repository / "lab", apart)
    with pytest.raises(RefusedError, match=r"of another project, .*/lab.*ROUTEBOOK_STATE"):
        opened(repository / "production", apart)


@pytest.mark.parametrize("with_git", [False, True])
def test_another_project_with_the_same_hosts_is_refused(
    project: Path, apart: Path, tmp_path: Path, with_git: bool
) -> None:
    other = tmp_path / "other" / "network"
    shutil.copytree(project, other)
    if with_git:
        for folder, name in ((project, "one"), (other, "two")):
            git(folder, "init")
            git(folder, "remote", "add", "origin", f"https://gitlab.example.net/{name}/network")
    state = opened(project, apart)
    with Journal(state.journal) as journal:
        journal.begin("deploy", ["edge1"])
    with pytest.raises(RefusedError, match=str(apart)):
        opened(other, apart)
    (apart / "project.json").unlink()  # as the message says, for one that is the same after all
    opened(other, apart)


def test_what_does_not_say_whose_it_is_is_a_sentence(project: Path, apart: Path) -> None:
    opened(project, apart)
    for text in ("", "[" * 60_000, '{"id": 5}', '{"more": "x"}', "[]"):
        (apart / "project.json").write_text(text)
        with pytest.raises(RefusedError, match=r"project\.json"):
            opened(project, apart)


def test_a_named_folder_that_is_not_there_says_nothing_of_earlier_runs(project: Path, apart: Path) -> None:
    for command in (["runs"], ["recover"], ["show"], ["lease"], ["rollback", "1"]):
        done = routebook(project, "--state", str(apart), *command)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"there is no state folder {apart}" in done.stderr
    assert not apart.exists()


def test_a_link_in_the_checkout_is_refused_and_one_that_is_named_is_followed(project: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (project / ".routebook").symlink_to(tmp_path / "real")
    with pytest.raises(RefusedError, match="symbolic link"):
        state_folder(project, environment={}).open()
    assert opened(project, project / ".routebook").path == tmp_path / "real"


def test_the_variable_reaches_every_command(project: Path, apart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(project, apart)
    with Journal(apart / "journal.db") as journal:
        run = journal.begin("deploy", ["edge1"])
        journal.finish(run, "confirmed")
    monkeypatch.setenv(VARIABLE, str(apart))
    (found,) = json.loads(routebook(project, "runs", "--json").stdout)
    assert found["run_id"] == run
    assert not (project / ".routebook").exists()
