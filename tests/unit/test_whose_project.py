"""Somebody else's project is refused by git's rules, before anything of it is read or run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.networks.project import Project

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose template and whose runbook leave a file behind when they run."""
    made = Project(tmp_path / "theirs")
    folder = made.folder
    (folder / "below").mkdir()
    for name in ("runbooks", "templates/edge"):
        (folder / name).mkdir(parents=True)
    (folder / "runbooks" / "bad.py").write_text(f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\n")
    (folder / "templates" / "edge" / "ownership.yaml").write_text("sections: {x: {part: frr, owns: []}}\n")
    (folder / "templates" / "edge" / "x.j2").write_text(
        "{{ lipsum.__globals__['os'].mkdir('" + str(tmp_path / "rendered") + "') }}\n"
    )
    return made


def give_away(path: Path) -> None:
    for each in (path, *path.rglob("*")):
        os.lchown(each, NOBODY, NOBODY)


def routebook(project: Project, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    home = project.folder.parent / "home"
    home.mkdir(exist_ok=True)
    kept = {key: value for key, value in os.environ.items() if key not in ("SUDO_UID", "XDG_CONFIG_HOME")}
    return subprocess.run(
        [sys.executable, "-m", "routebook", *arguments],
        cwd=project.folder / "below",
        env={**kept, "PYTHONPATH": str(ROOT), "HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], why: str) -> bool:
    return done.returncode == 1 and why in done.stderr and "Nothing was read or run" in done.stderr


@pytest.mark.parametrize("command", [("check",), ("plan", "bad"), ("render",), ("--project", "..", "plan", "bad")])
def test_a_project_of_somebody_else_runs_nothing(project: Project, command: tuple[str, ...]) -> None:
    give_away(project.folder)
    done = routebook(project, *command)
    assert refused(done, "belongs to nobody, not to you"), done
    assert not (project.folder.parent / "ran").exists()


def test_an_inventory_planted_in_a_folder_of_ours_is_refused_too(project: Project) -> None:
    give_away(project.folder / "inventory")
    assert refused(routebook(project, "check"), f"{project.folder}/inventory belongs to nobody")


def test_a_single_file_of_somebody_else_is_found(project: Project) -> None:
    give_away(project.folder / "runbooks" / "bad.py")
    assert refused(routebook(project, "check"), "bad.py belongs to nobody")


def test_a_link_to_somebody_elses_folder_is_found(project: Project) -> None:
    folder = project.folder / "runbooks"
    folder.rename(project.folder.parent / "elsewhere")
    folder.symlink_to(project.folder.parent / "elsewhere")
    give_away(project.folder.parent / "elsewhere")
    assert refused(routebook(project, "check"), "runbooks belongs to nobody")


def test_a_template_that_everybody_can_write_is_refused(project: Project) -> None:
    (project.folder / "templates" / "edge" / "x.j2").chmod(0o666)
    assert refused(routebook(project, "check"), "x.j2 can be written by everybody (mode 0666)")


def test_who_called_sudo_is_trusted(project: Project) -> None:
    give_away(project.folder)
    assert not refused(routebook(project, "check", SUDO_UID=str(NOBODY)), "")
    assert refused(routebook(project, "check", SUDO_UID="1"), "belongs to nobody")


@pytest.mark.parametrize("entry", ["*", "{project}", "{above}/*"])
def test_a_project_can_be_declared_safe_by_the_environment(project: Project, entry: str) -> None:
    give_away(project.folder)
    word = entry.format(project=project.folder, above=project.folder.parent)
    assert "Nothing was read or run" not in routebook(project, "check", ROUTEBOOK_SAFE_PROJECTS=word).stderr
    other = "/elsewhere:/elsewhere/*"
    assert refused(routebook(project, "check", ROUTEBOOK_SAFE_PROJECTS=other), "belongs to nobody")


def test_what_git_was_told_holds_here_too_but_not_what_the_project_says_of_itself(project: Project) -> None:
    subprocess.run(["git", "init", "-q", str(project.folder)], check=True)
    inside = ["git", "-C", str(project.folder), "config", "safe.directory", "*"]
    subprocess.run(inside, check=True)
    give_away(project.folder)
    assert refused(routebook(project, "check"), "belongs to nobody")
    home = project.folder.parent / "home"
    (home / ".gitconfig").write_text(f"[safe]\n\tdirectory = *\n\tdirectory =\n\tdirectory = {project.folder}\n")
    assert "Nothing was read or run" not in routebook(project, "check").stderr
    (home / ".gitconfig").write_text("[safe]\n\tdirectory = *\n\tdirectory =\n")
    assert refused(routebook(project, "check"), "belongs to nobody")


def test_a_template_cannot_reach_the_interpreter(project: Project) -> None:
    done = routebook(project, "check")
    assert (done.returncode, "templates/edge/x.j2:1" in done.stdout) == (1, True), done
    assert "unsafe" in done.stdout
    assert not (project.folder.parent / "rendered").exists()
