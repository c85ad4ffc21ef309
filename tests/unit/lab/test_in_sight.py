"""A lab pfSense sees nothing of the machine in the place of folders that it writes to and empties."""

import sys
from pathlib import Path

import pytest

from lab.init import NodeError
from lab.pfsense import node, root
from lab.pfsense.settings import Login, Settings


@pytest.mark.parametrize("folder", ["/", "/tmp", "/var", "/var/tmp", "/root", "/home"])
def test_a_folder_that_python_imports_from_by_accident_stays_out_of_sight(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [folder, *sys.path])
    assert folder not in node.importable()
    assert not any(root.covers_own(Path(each)) for each in node.in_sight())


def test_one_that_is_asked_for_is_refused_before_anything_is_mounted(tmp_path: Path) -> None:
    settings = Settings(config=tmp_path / "config.xml", root=Login("*"), visible=("/tmp",))
    with pytest.raises(NodeError, match="/tmp cannot stay in sight"):
        root.enter(settings, tmp_path / "settings.json")


def test_what_is_below_such_a_folder_may_stay(tmp_path: Path) -> None:
    assert not root.covers_own(tmp_path)
