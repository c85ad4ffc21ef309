"""An intent is kept between commands for exactly these files and this code, where only this user can put it."""

import os
import pickle
from pathlib import Path

import pytest

from routebook.cli.init import make_project
from routebook.intent.fields import DottedNumber
from routebook.intent.problem import IntentError
from routebook.project import kept_intent
from routebook.project.inventory import RoutebookInventory
from routebook.project.kept_intent import digest_of, kept


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose intent has been read once."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    make_project(tmp_path / "project")
    RoutebookInventory(tmp_path / "project").load()
    return tmp_path / "project"


def file_of(project: Path) -> Path:
    (found,) = (project.parent / "cache" / "routebook").glob("intent_*")
    return found


def test_what_is_kept_is_what_is_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    again = RoutebookInventory(project)
    monkeypatch.setattr("routebook.project.kept_intent._anew", lambda _: pytest.fail("it was read anew"))
    of_kept = again.load()
    monkeypatch.undo()
    file_of(project).unlink()
    anew = RoutebookInventory(project)
    of_files = anew.load()
    assert again.network == anew.network
    assert {name: host.dict() for name, host in of_kept.hosts.items()} == {
        name: host.dict() for name, host in of_files.hosts.items()
    }


def test_a_changed_inventory_is_read_anew(project: Path) -> None:
    path = project / "inventory/hosts.yaml"
    before = RoutebookInventory(project).load().hosts["no-edge1"].hostname
    path.write_text(path.read_text().replace(str(before), "198.18.7.7"))
    assert RoutebookInventory(project).load().hosts["no-edge1"].hostname == "198.18.7.7"


def test_an_inventory_that_became_wrong_is_refused(project: Path) -> None:
    path = project / "inventory/hosts.yaml"
    path.write_text(path.read_text() + "\nnobody: {platform: nothing}\n")
    with pytest.raises(IntentError):
        RoutebookInventory(project).load()


def test_another_file_or_other_code_is_another_intent(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = digest_of(project)
    assert kept(project, digest) is not None
    (project / "inventory" / "more.yaml").write_text("x-note: nothing\n")
    assert kept(project, digest_of(project)) is None
    (project / "inventory" / "more.yaml").unlink()
    assert digest_of(project) == digest
    monkeypatch.setattr(kept_intent, "_CODE", ("intent",))
    assert digest_of(project) != digest


def test_a_file_of_another_kind_is_read_by_the_reader_alone(project: Path) -> None:
    os.mkfifo(project / "inventory" / "pipe.yaml")
    assert digest_of(project) == b""


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80\x05h\x07.", b"I1x\n.", pickle.dumps("another thing")])
def test_a_broken_file_is_none(project: Path, content: bytes) -> None:
    digest = digest_of(project)
    file_of(project).write_bytes(digest + content)
    assert kept(project, digest) is None


def test_a_file_that_others_could_write_is_not_opened(project: Path) -> None:
    digest = digest_of(project)
    file_of(project).chmod(0o666)
    assert kept(project, digest) is None
    file_of(project).chmod(0o600)
    (project.parent / "cache" / "routebook").chmod(0o777)
    assert kept(project, digest) is None


def test_no_secret_is_kept(project: Path) -> None:
    secret = "4f6b1d5e-not-to-be-seen"
    (project / "secrets").mkdir(exist_ok=True)
    (project / "secrets" / "nl-gr.psk").write_text(secret)
    (project / "secrets" / "nl-gr.psk").chmod(0o600)
    file_of(project).unlink()
    RoutebookInventory(project).load()
    assert secret.encode() not in file_of(project).read_bytes()
    assert file_of(project).stat().st_mode & 0o777 == 0o600


def test_a_number_keeps_how_it_was_written() -> None:
    number = pickle.loads(pickle.dumps(DottedNumber(1.1, "1.10")))  # noqa: S301  our own
    assert (number, number.text) == (1.1, "1.10")


def test_the_cache_does_not_grow_with_every_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_intent, "_KEPT", 2)
    first = file_of(project)
    os.utime(first, (1, 1))
    for name in ("second", "third"):
        make_project(project.parent / name)
        RoutebookInventory(project.parent / name).load()
    assert len(list(first.parent.glob("intent_*"))) == 2
    assert not first.exists(), "the oldest one goes"
