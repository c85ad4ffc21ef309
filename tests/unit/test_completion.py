"""A shell completes hosts, filters, runbooks and runs of the project that it stands in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from routebook.cli.group import cli


def completed(project: Path, *words: str) -> list[str]:
    """What bash is told for the last of these words."""
    *before, last = words
    found = BashComplete(cli, {}, "routebook", "_ROUTEBOOK_COMPLETE")
    return [each.value for each in found.get_completions(["--project", str(project), *before], last)]


@pytest.fixture(scope="module")
def project() -> Path:
    return Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("run", "d"), ["deploy"]),
        (("verify", "--limit", "no-"), ["no-edge1", "no-edge2", "no-edge3"]),
        (("verify", "--limit", "site=no,ch-edge1"), ["site=no,ch-edge1"]),
        (("verify", "--limit", "site=g"), ["site=gr"]),
        (("plan", "--limit", "platform=asa&!nl-f"), ["platform=asa&!nl-fw1"]),
        (("restore", "gr-f"), ["gr-fw1"]),
        (("dri",), ["drift"]),
    ],
)
def test_words_of_the_project_are_completed(project: Path, words: tuple[str, ...], expected: list[str]) -> None:
    assert completed(project, *words) == expected


def test_nothing_is_said_where_there_is_no_project(tmp_path: Path) -> None:
    assert completed(tmp_path, "restore", "") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_names_the_command(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "routebook", "completion", shell], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "_ROUTEBOOK_COMPLETE" in done.stdout


def test_bash_itself_completes_with_the_script(project: Path, tmp_path: Path) -> None:
    made = tmp_path / "bin" / "routebook"
    made.parent.mkdir()
    made.write_text(f'#!/bin/sh\nexec {sys.executable} -m routebook "$@"\n')
    made.chmod(0o755)
    script = (
        'eval "$(routebook completion bash)"; COMP_WORDS=(routebook restore nl-r); COMP_CWORD=2; '
        '_routebook_completion routebook; echo "${COMPREPLY[@]}"'
    )
    environment = {**os.environ, "PATH": f"{made.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["nl-rr1", "nl-rr2"], done.stderr
