"""The runs' folder is used only where root alone can have written what is in it."""

import os
import subprocess
from pathlib import Path

import pytest

from routebook.platforms.linux import device_scripts as scripts


def _checked(folder: Path, uid: int) -> int:
    """The exit status of the check of a folder, with its owner's number taken for root's."""
    script = scripts.OURS_ALONE.replace(scripts.ROOT, str(folder)).replace("'0 '", f"'{uid} '")
    return subprocess.run(["sh", "-c", script], check=False, capture_output=True).returncode


@pytest.mark.parametrize(
    ("mode", "trusted"), [(0o700, True), (0o755, True), (0o770, False), (0o702, False), (0o777, False)]
)
def test_a_folder_that_others_can_write_is_refused(tmp_path: Path, mode: int, trusted: bool) -> None:
    folder = tmp_path / "routebook"
    folder.mkdir()
    folder.chmod(mode)
    assert _checked(folder, os.getuid()) == (0 if trusted else scripts.FOREIGN)


def test_a_folder_of_somebody_else_a_link_and_a_file_are_refused_and_none_is_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    assert _checked(tmp_path / "real", os.getuid() + 1) == scripts.FOREIGN
    for name in ("link", "dangling", "file"):
        assert _checked(tmp_path / name, os.getuid()) == scripts.FOREIGN, name
    assert _checked(tmp_path / "none", os.getuid()) == 0


def test_every_program_checks_the_folder_before_anything_else() -> None:
    programs = [
        *scripts.programs("x").values(),
        scripts.arm("x", 60, "", ""),
        scripts.extend("x", 60),
        scripts.finish("x", "revert.sh"),
        scripts.take_lock("x", ""),
        scripts.release_lock("x"),
        scripts.READ_LOCK,
        scripts.PENDING_SCRIPT,
        scripts.WHILE_ARMED,
    ]
    for program in programs:
        assert program.removeprefix("umask 077\n").startswith(scripts.OURS_ALONE)
