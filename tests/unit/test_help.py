"""`routebook --help` is what click says of the commands, without importing click."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from routebook.cli.help import TEXT

ROOT = Path(__file__).resolve().parents[2]


def test_it_is_laid_out_as_click_does_on_80_columns() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "routebook", "--help"],
        cwd=ROOT, env={**os.environ, "COLUMNS": "80"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == TEXT, "write what COLUMNS=80 routebook --help says into routebook/cli/help.py"


@pytest.mark.parametrize("asked", ["--help", "-h"])
def test_it_is_written_without_click(asked: str) -> None:
    code = "import sys\ntry:\n import routebook.__main__\nfinally:\n sys.stderr.write(str('click' in sys.modules))"
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(
        [sys.executable, "-c", code, asked], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, TEXT, "False")


def test_a_narrow_terminal_gets_narrow_lines() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "routebook", "--help"],
        cwd=ROOT, env={**os.environ, "COLUMNS": "60"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert max(map(len, done.stdout.splitlines())) <= 60
