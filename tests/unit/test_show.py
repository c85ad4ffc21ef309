"""`routebook show` of what somebody may have damaged, and of how a saved plan is to be carried out."""

import subprocess
import sys
from pathlib import Path

import pytest

from routebook.run.journal import Journal


def show(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "routebook", "show", *arguments]
    return subprocess.run(command, cwd=project, check=False, capture_output=True, text=True)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The report of a run, to be damaged."""
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "hosts.yaml").write_text("{}\n")
    with Journal(tmp_path / ".routebook" / "journal.db") as journal:
        run = journal.begin("deploy", ["edge1"])
        journal.finish(run, "confirmed")
    folder = tmp_path / ".routebook" / "runs" / run
    folder.mkdir(mode=0o700, parents=True)
    path = folder / "report.json"
    path.touch(mode=0o600)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is no JSON"),
        ("[" * 200_000, "nested too deeply"),
        ('{"outcome": "failed", "outcome": "confirmed"}', "'outcome' twice"),
        ('{"timings": NaN}', "NaN"),
    ],
)
def test_a_report_that_is_not_as_it_was_written_is_a_sentence(report: Path, text: str, said: str) -> None:
    report.write_text(text)
    done = show(report.parents[3], "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "report.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_that_others_could_write_is_refused(report: Path) -> None:
    report.write_text("{}")
    report.chmod(0o666)
    done = show(report.parents[3], "--json")
    assert done.returncode == 1
    assert f"chmod 600 {report}" in done.stderr.replace("\n", " ")


def test_one_that_is_whole_is_printed(report: Path) -> None:
    report.write_text('{"outcome": "confirmed"}')
    assert show(report.parents[3], "--json").stdout == '{\n  "outcome": "confirmed"\n}\n'
