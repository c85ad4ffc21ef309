"""The history says who ran something, from which commit of the project, and why."""

import os
import subprocess
from pathlib import Path

import pytest

from routebook.errors import RefusedError
from routebook.project.provenance import LONGEST_REASON, Provenance, checked_reason, provenance

GITLAB = {
    "GITLAB_CI": "true",
    "GITLAB_USER_LOGIN": "anna",
    "CI_JOB_URL": "https://user:t0ken@gitlab.example.net/noc/network/-/jobs/7",
}
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_ACTOR": "anna",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "noc/network",
    "GITHUB_RUN_ID": "99",
}


def git(folder: Path, *arguments: str) -> None:
    settings = ("user.name=a", "user.email=a@example.net", "init.defaultBranch=main")
    words = [word for setting in settings for word in ("-c", setting)]
    subprocess.run(["git", *words, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("inventory", "templates", "tasks", "runbooks"):
        (tmp_path / name).mkdir()
    (tmp_path / "inventory" / "hosts.yaml").write_text("{}\n")
    return tmp_path


@pytest.fixture
def repository(project: Path) -> Path:
    git(project, "init")
    git(project, "add", ".")
    git(project, "commit", "-m", "first")
    return project


def commit(folder: Path) -> str:
    return subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True).stdout[
        :-1
    ]


def test_a_clean_tree_is_its_commit(repository: Path) -> None:
    (repository / ".routebook").mkdir()
    (repository / "plan.json").write_text("{}")  # what CI leaves beside the project is nothing that it is made of
    found = provenance(repository, environment={})
    assert (found.commit, found.clean) == (commit(repository), True)
    assert found.version == commit(repository)[:12]


@pytest.mark.parametrize("name", ["inventory/hosts.yaml", "inventory/new.yaml", "templates/more.j2"])
def test_a_file_that_is_not_committed_is_said(repository: Path, name: str) -> None:
    (repository / name).write_text("# not committed\n")
    found = provenance(repository, environment={})
    assert found.clean is False
    assert found.version.endswith("with changes that are not committed")


def test_a_project_below_the_top_of_its_repository_is_judged_by_its_own_files(repository: Path) -> None:
    below = repository / "below"
    (below / "inventory").mkdir(parents=True)
    (below / "inventory" / "hosts.yaml").write_text("{}\n")
    git(repository, "add", ".")
    git(repository, "commit", "-m", "second")
    (repository / "inventory" / "hosts.yaml").write_text("changed\n")
    assert provenance(below, environment={}).clean is True


def test_no_git_says_so(project: Path) -> None:
    found = provenance(project, environment={})
    assert (found.commit, found.clean, found.no_commit) == ("", None, "no git")
    assert found.version == "no commit (no git)"


def test_a_repository_without_a_commit_says_so(project: Path) -> None:
    git(project, "init")
    assert provenance(project, environment={}).version.startswith("no commit (")


def test_git_that_is_not_installed_says_so(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project))
    assert provenance(project, environment={}).no_commit == "git is not installed"


def test_nothing_of_the_repository_is_run(repository: Path, tmp_path: Path) -> None:
    """Programs that its configuration and its hooks name."""
    proof, program = tmp_path / "proof", tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {proof}\n")
    program.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(program))
    git(repository, "config", "core.pager", str(program))
    hooks = repository / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        (hooks / name).write_text(program.read_text())
        (hooks / name).chmod(0o755)
    (repository / "inventory" / "hosts.yaml").write_text("changed\n")
    assert provenance(repository, environment={}).clean is False
    assert not proof.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a repository to somebody else")
def test_a_repository_of_somebody_else_is_left_to_git_to_refuse(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(repository))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("SUDO_UID", raising=False)
    for path in (repository, repository / ".git"):
        os.chown(path, 65534, 65534)
    found = provenance(repository, environment={})
    assert (found.commit, found.clean) == ("", None)
    assert "safe.directory" in found.no_commit


def test_another_repository_that_the_environment_names_is_not_meant(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("other")
    git(other, "init")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    found = provenance(repository, environment={})
    monkeypatch.delenv("GIT_DIR")
    assert found.commit == commit(repository)


@pytest.mark.parametrize(
    ("environment", "ci", "job"),
    [
        (GITLAB, "anna", "https://gitlab.example.net/noc/network/-/jobs/7"),
        (GITHUB, "anna", "https://github.com/noc/network/actions/runs/99"),
        (GITHUB | {"GITHUB_TRIGGERING_ACTOR": "bert"}, "bert", "https://github.com/noc/network/actions/runs/99"),
        ({"BUILD_URL": "http://ci:8080/job/1/", "BUILD_USER_ID": "anna"}, "anna", "http://ci:8080/job/1/"),
        ({"GITLAB_USER_LOGIN": "anna"}, "", ""),
        (GITLAB | {"CI_JOB_URL": "javascript:alert(1)"}, "anna", ""),
        (GITLAB | {"CI_JOB_URL": "https://[broken"}, "anna", ""),
    ],
)
def test_ci_says_who_and_where(project: Path, environment: dict[str, str], ci: str, job: str) -> None:
    found = provenance(project, environment=environment)
    assert (found.ci, found.job) == (ci, job)


def test_what_the_environment_says_is_short_and_steers_nothing(project: Path) -> None:
    found = provenance(project, environment=GITLAB | {"GITLAB_USER_LOGIN": "\x1b[31m" + "a" * 5000 + "\u202e"})
    assert len(found.ci) <= 200
    assert found.ci.isprintable()


def test_who_is_a_person_in_words() -> None:
    assert Provenance(user="anna", machine="laptop").who == "anna@laptop"
    assert Provenance(user="root", machine="box", sudo="anna").who == "root@box (sudo by anna)"
    assert Provenance(user="bot", machine="runner", ci="anna").who == "bot@runner (anna in CI)"


def test_only_root_is_somebody_elses_sudo(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sudo = {"SUDO_USER": "anna", "SUDO_UID": "1000"}
    monkeypatch.setattr(os, "getuid", lambda: 1001)
    assert provenance(project, environment=sudo).sudo == ""
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert provenance(project, environment=sudo).sudo == "anna"


@pytest.mark.parametrize(
    "reason", ["a\nb", "a\x1b[2Jb", "a\tb", "a\u202eb", "a\x7f", "\ud800", "x" * (LONGEST_REASON + 1)]
)
def test_a_reason_that_is_long_or_steers_a_terminal_is_refused(reason: str) -> None:
    with pytest.raises(RefusedError, match="--reason"):
        checked_reason(reason)


@pytest.mark.parametrize("reason", ["", "  ", "Störung am Übergang, Ticket #123", "大阪 line down", "a\u00a0b"])
def test_a_reason_in_any_language_is_taken(reason: str) -> None:
    assert checked_reason(reason) == reason.replace("\u00a0", " ").strip()
