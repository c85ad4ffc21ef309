"""The tutorial is carried out as it stands: its commands, in its order, with the files and the output that it shows."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.networks.example import CHECKOUT

PAGE = CHECKOUT / "docs/moving-in-tutorial.md"
BLOCK = re.compile(r"^```(?P<kind>console|yaml)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
NEW_FILE = re.compile(r"`(?P<name>inventory/\S+\.yaml)`:\n\n$")


def typed(folder: Path, command: str) -> tuple[Path, str]:
    """Where one is after a command, and what it printed on the way."""
    words = shlex.split(command)
    if words[0] == "cd":
        return folder / words[1], ""
    argv = [sys.executable, "-m", *words] if words[0] == "routebook" else words
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "LC_ALL": "C"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == (2 if " plan " in command else 0), done.stdout
    return folder, done.stdout


def shown(output: str) -> str:
    """A pattern for what a page shows: a line of `…` is any number of lines."""
    lines = (".*?" if line == "…" else re.escape(line) + "\n" for line in output.splitlines())
    return "".join(lines)


def test_the_tutorial_of_moving_in_does_what_it_says(tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "tests/networks/hand_made", tmp_path / "hand_made")
    page, here, commands = PAGE.read_text(), tmp_path, 0
    for block in BLOCK.finditer(page):
        if block["kind"] == "yaml":
            name = NEW_FILE.search(page[: block.start()])
            assert name is not None
            (here / name["name"]).write_text(block["text"])
            continue
        for said in block["text"].removeprefix("$ ").split("\n$ "):
            command, _, output = said.partition("\n")
            here, printed = typed(here, command)
            assert re.fullmatch(shown(output), printed, re.DOTALL), f"{command}\n{printed}"
            commands += 1
    assert commands == 7
