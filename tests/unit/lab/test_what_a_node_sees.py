"""What of this machine a lab pfSense sees."""

import sys

import pytest

from routebook.platforms.pfsense.lab.node import importable, in_sight


@pytest.mark.parametrize("folder", ["/tmp", "/root", "/home", "/"])
def test_a_folder_that_it_has_of_its_own_is_not_this_machines(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """A script's own folder is on Python's path, and a pfSense empties its /tmp when it starts."""
    monkeypatch.setattr(sys, "path", [folder, *sys.path])
    assert folder not in importable()
    assert folder not in in_sight()
