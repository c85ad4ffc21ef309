"""What root reads and writes in a folder that belongs to somebody else goes where it should, and nowhere else."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from routebook.platforms.linux.files import FUNCTIONS, link_of, plain, real_path

OWNER = 4321  # whose folder it is
OTHER = 4322

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@dataclass
class Place:
    """`etc/daemon` belongs to OWNER, `victim` is root's, `run` is the run's folder."""

    base: Path
    path: str  # where commands are looked for

    @property
    def folder(self) -> Path:
        return self.base / "etc/daemon"

    @property
    def conf(self) -> Path:
        return self.folder / "daemon.conf"

    @property
    def victim(self) -> Path:
        return self.base / "victim"

    def sh(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script with the functions, in the run's folder."""
        return subprocess.run(
            ["sh", "-s"],
            input=f"umask 022\n{FUNCTIONS}\n{script}\n",
            cwd=self.base / "run",
            env={"PATH": self.path, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
        )

    def put(self, link: str = "", mode: str = "640", owner: int = OWNER) -> subprocess.CompletedProcess[str]:
        return self.sh(f"files_put new-text {mode} {owner} {owner} {self.conf} '{link}'")

    def read(self) -> subprocess.CompletedProcess[str]:
        return self.sh(f'(files_open {self.conf} && echo "$files_attributes" && cat <&8)')

    def make(self, path: Path, text: str, owner: int, mode: int = 0o640) -> None:
        path.write_text(text)
        os.chown(path, owner, owner)
        path.chmod(mode)

    def link(self, path: Path, to: str | Path, owner: int) -> None:
        path.symlink_to(to)
        os.chown(path, owner, owner, follow_symlinks=False)

    def left(self) -> list[str]:
        """What is in the folder beside its own file."""
        return sorted(path.name for path in self.folder.iterdir() if path != self.conf)


@pytest.fixture(params=["gnu", "busybox"])
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    path = os.environ["PATH"]
    if request.param == "busybox":
        if not shutil.which("busybox"):
            pytest.skip("there is no busybox")
        commands = tmp_path / "bin"
        commands.mkdir()
        subprocess.run(["busybox", "--install", "-s", str(commands)], check=True)
        path = str(commands)
    found = Place(tmp_path, path)
    for folder in (found.folder, tmp_path / "run"):
        folder.mkdir(parents=True)
    os.chown(found.folder, OWNER, OWNER)
    (tmp_path / "run/new-text").write_text("new\n")
    found.make(found.victim, "secret of root\n", 0, 0o600)
    yield found


def test_a_file_is_replaced_with_its_mode_and_owner(place: Place) -> None:
    place.make(place.conf, "old\n", OWNER)
    done = place.put()
    assert (done.returncode, done.stderr) == (0, "")
    found = place.conf.stat()
    assert (place.conf.read_text(), found.st_uid, found.st_gid, found.st_mode & 0o7777) == (
        "new\n",
        OWNER,
        OWNER,
        0o640,
    )
    assert place.left() == []


def test_a_link_to_what_is_not_its_makers_is_neither_read_nor_written(place: Place) -> None:
    place.link(place.conf, place.victim, OWNER)
    read, written = place.read(), place.put(str(place.victim))
    for result in (read, written):
        assert result.returncode != 0
        assert "not that user's" in result.stderr
        assert "secret" not in result.stdout + result.stderr
    assert (place.victim.read_text(), place.victim.stat().st_uid) == ("secret of root\n", 0)
    assert place.left() == []


def test_a_link_into_somebody_elses_folder_is_not_written_although_the_file_is_the_makers(place: Place) -> None:
    elsewhere = place.base / "elsewhere"
    elsewhere.mkdir()
    place.make(elsewhere / "mine", "mine\n", OWNER)
    place.link(place.conf, elsewhere / "mine", OWNER)
    assert "not that user's" in place.put(str(elsewhere / "mine")).stderr
    assert [path.name for path in elsewhere.iterdir()] == ["mine"]


def test_a_second_name_of_roots_file_is_not_read(place: Place) -> None:
    os.link(place.victim, place.conf)
    result = place.read()
    assert result.returncode != 0
    assert "second name" in result.stderr
    assert "secret" not in result.stdout


def test_links_under_names_that_could_be_foreseen_are_not_written_through(place: Place) -> None:
    place.make(place.conf, "old\n", OWNER)
    for name in (".daemon.conf.routebook", ".routebook", "new", "daemon.conf.new"):
        place.link(place.folder / name, place.victim, OWNER)
    assert place.put().returncode == 0
    assert (place.victim.read_text(), place.victim.stat().st_uid) == ("secret of root\n", 0)
    assert place.conf.read_text() == "new\n"


def test_nothing_can_be_put_into_the_folder_in_which_the_content_is_made(place: Place) -> None:
    """Whatever its maker does to the folder's name while root writes: here, between making and entering it."""
    trap = f"""mktemp() {{
        made=$(command mktemp "$@"); mv "$made" ./aside; ln -s {place.base}/rootly "$made"; echo "$made"; }}"""
    (place.base / "rootly").mkdir(mode=0o700)
    place.make(place.conf, "old\n", OWNER)
    result = place.sh(f"{trap}\nfiles_put new-text 640 {OWNER} {OWNER} {place.conf} ''")
    assert result.returncode != 0
    assert list((place.base / "rootly").iterdir()) == []
    assert place.conf.read_text() == "old\n"


def test_a_link_of_roots_stays_and_its_target_keeps_mode_and_owner(place: Place) -> None:
    checkout = place.base / "checkout"
    checkout.mkdir()
    os.chown(checkout, OTHER, OTHER)
    place.make(checkout / "daemon.conf", "old\n", OTHER, 0o600)
    place.link(place.conf, "../../checkout/daemon.conf", 0)
    read = place.read()
    attributes = read.stdout.splitlines()[0]
    assert read.stdout.splitlines()[1] == "old"
    assert link_of(attributes) == "../../checkout/daemon.conf"
    assert real_path(str(place.conf), attributes) == str(checkout / "daemon.conf")
    mode = plain(attributes).split()[0]
    assert place.put(link_of(attributes), mode, OTHER).returncode == 0
    found = (checkout / "daemon.conf").stat()
    assert str(place.conf.readlink()) == "../../checkout/daemon.conf"
    assert ((checkout / "daemon.conf").read_text(), found.st_uid, found.st_mode & 0o7777) == ("new\n", OTHER, 0o600)
    assert [path.name for path in checkout.iterdir()] == ["daemon.conf"]


def test_a_link_of_the_folders_owner_to_a_file_of_the_same_is_followed(place: Place) -> None:
    own = place.base / "own"
    own.mkdir()
    os.chown(own, OWNER, OWNER)
    place.make(own / "daemon.conf", "old\n", OWNER)
    place.link(place.conf, own / "daemon.conf", OWNER)
    assert place.put(str(own / "daemon.conf")).returncode == 0
    assert (own / "daemon.conf").read_text() == "new\n"
    assert place.conf.is_symlink()


def test_a_place_that_became_a_link_or_another_link_is_left_alone(place: Place) -> None:
    place.make(place.base / "one", "one\n", 0)
    place.link(place.conf, place.base / "one", 0)
    for expected in ("", "/somewhere/else"):
        result = place.put(expected)
        assert result.returncode != 0
        assert "another link" in result.stderr
    assert (place.base / "one").read_text() == "one\n"


def test_a_link_that_was_removed_comes_back(place: Place) -> None:
    place.make(place.base / "one", "one\n", 0)
    place.link(place.conf, place.base / "one", 0)
    assert place.sh(f"files_remove {place.conf}").returncode == 0
    assert not place.conf.is_symlink()
    assert (place.base / "one").read_text() == "one\n"
    assert place.put(str(place.base / "one"), "640", 0).returncode == 0
    assert place.conf.is_symlink()
    assert (place.base / "one").read_text() == "new\n"


def test_a_folder_that_another_user_linked_is_not_entered(place: Place) -> None:
    place.make(place.conf, "old\n", OWNER)
    place.link(place.folder / "conf.d", place.base, OWNER)
    result = place.sh(f"files_put new-text 640 0 0 {place.folder}/conf.d/victim ''")
    assert result.returncode != 0
    assert "not root's" in result.stderr
    assert place.victim.read_text() == "secret of root\n"


def test_a_folder_in_the_files_place_gets_nothing(place: Place) -> None:
    inside = place.base / "inside"
    inside.mkdir()
    place.conf.mkdir()
    assert place.put().returncode != 0
    place.conf.rmdir()
    place.link(place.conf, inside, 0)
    assert place.put(str(inside)).returncode != 0
    assert list(inside.iterdir()) == []
    assert place.left() == []


def test_what_was_killed_is_swept_and_what_others_made_is_not_followed(place: Place) -> None:
    place.make(place.conf, "old\n", OWNER)
    left = place.folder / ".routebook.abcdefghijkl"
    left.mkdir(mode=0o700)
    (left / "new").write_text("a password\n")
    foreign = place.folder / ".routebook.foreign"
    foreign.mkdir(mode=0o700)
    os.chown(foreign, OWNER, OWNER)
    (foreign / "new").write_text("not ours\n")
    rootly = place.base / "rootly"
    rootly.mkdir(mode=0o700)
    (rootly / "new").write_text("root's\n")
    place.link(place.folder / ".routebook.link", rootly, OWNER)
    assert place.sh(f"files_sweep {place.folder}").returncode == 0
    assert not left.exists()
    assert (foreign / "new").exists()
    assert (rootly / "new").exists()


def test_a_disk_that_is_full_leaves_the_old_file_and_nothing_else(place: Place) -> None:
    place.make(place.conf, "old\n", OWNER)
    result = place.sh(f"cat() {{ echo half; return 1; }}\nfiles_put new-text 640 {OWNER} {OWNER} {place.conf} ''")
    assert result.returncode != 0
    assert place.conf.read_text() == "old\n"
    assert place.left() == []
