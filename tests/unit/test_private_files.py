"""What is in the state folder is the operator's alone, or it is not used."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from routebook.errors import RefusedError
from routebook.project import private_files
from routebook.project.private_files import own_folder, read_private, trusted, write_private


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def unix_socket(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


WRONG: list[tuple[Callable[[Path], None], str]] = [
    (link, "is a symbolic link"),
    (pipe, "is no regular file"),
    (folder, "is no regular file"),
    (unix_socket, "cannot be opened"),
    (lambda path: path.chmod(0o644), r"read it \(mode 0644\).*chmod 600"),
    (lambda path: path.chmod(0o620), r"write it \(mode 0620\).*chmod 600"),
    (lambda path: path.chmod(0o602), r"write it \(mode 0602\).*chmod 600"),
]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "kept"
    write_private(path, b"content")
    return path


def test_what_was_written_is_read_and_is_private(kept: Path) -> None:
    assert read_private(kept, 100) == b"content"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["kept"]


@pytest.mark.parametrize(("spoil", "said"), WRONG)
def test_what_others_could_have_a_hand_in_is_refused_by_name(
    kept: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(kept)
    with pytest.raises(RefusedError, match=said) as refused:
        read_private(kept, 100)
    assert str(kept) in str(refused.value)


def test_somebody_elses_is_refused(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_files, "trusted", lambda _: frozenset({kept.stat().st_uid + 1}))
    with pytest.raises(RefusedError, match=r"belongs to .*chown"):
        read_private(kept, 100)


def test_root_believes_files_of_who_called_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert trusted({"SUDO_UID": "1000"}) == {0, 1000}
    assert trusted({"SUDO_UID": "1000 "}) == {0}
    monkeypatch.setattr(os, "geteuid", lambda: 1001)
    assert trusted({"SUDO_UID": "1000"}) == {0, 1001}


def test_one_without_end_is_not_read(kept: Path) -> None:
    with kept.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(RefusedError, match="more than 100 bytes"):
        read_private(kept, 100)


def test_writing_replaces_a_link_and_not_what_it_leads_to(tmp_path: Path) -> None:
    victim, place = tmp_path / "victim", tmp_path / "place"
    victim.write_text("untouched")
    place.symlink_to(victim)
    write_private(place, b"new")
    assert (victim.read_text(), place.is_symlink()) == ("untouched", False)


def test_writing_without_replacing_keeps_the_first(kept: Path) -> None:
    assert not write_private(kept, b"other", replace=False)
    assert kept.read_bytes() == b"content"
    assert [path.name for path in kept.parent.iterdir()] == ["kept"]


def test_a_folder_is_made_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        own_folder(tmp_path / "one" / "two")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "one" / "two").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (link, "is a symbolic link"),
        (lambda path: path.chmod(0o777), "others can write"),
        (lambda path: path.chmod(0o770), "others can write"),
        (lambda path: path.rmdir() or path.write_text("a file"), "cannot be used as a folder"),
    ],
)
def test_a_folder_that_others_can_fill_is_refused(tmp_path: Path, spoil: Callable[[Path], object], said: str) -> None:
    place = tmp_path / "state"
    own_folder(place)
    spoil(place)
    with pytest.raises(RefusedError, match=said) as refused:
        own_folder(place)
    assert str(place) in str(refused.value)
