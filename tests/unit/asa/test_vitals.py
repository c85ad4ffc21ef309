"""An ASA's clock, flash and last change, from the outputs of its commands."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from routebook.device.state import Volume
from routebook.platforms.asa import vitals

SHOWN = "Configuration last modified by thatperson at 09:15:45.959 EST Mon Dec 12 2018\n"


def session(said: str) -> Any:
    return SimpleNamespace(run=lambda _command: said, options=SimpleNamespace(flash="disk0:"))


@pytest.mark.parametrize("mark", ["", "*", "."])
def test_its_clock_is_read_in_utc_alone(mark: str) -> None:
    now = time.strftime("%H:%M:%S.123 UTC %a %b %-d %Y", time.gmtime(time.time() + 500))
    found = vitals.clock(session(f"{mark}{now}"))
    assert found is not None and 495 < found < 505
    assert vitals.clock(session(now.replace("UTC", "EST"))) is None
    assert vitals.clock(session("ERROR: % Invalid input")) is None


def test_the_room_on_its_flash_is_at_the_end_of_the_listing() -> None:
    said = "Directory of disk0:/\n\n11 drwx 4096 18:34:02 May 01 2017 log\n\n127004672 bytes total (1024 bytes free)\n"
    assert vitals.volumes(session(said)) == (Volume("disk0:", 1024, 127004672),)
    assert vitals.volumes(session("%Error opening disk0:/")) == ()


def test_who_changed_it_last_is_in_its_version() -> None:
    assert vitals.written(SHOWN) == "last modified by thatperson at 09:15:45.959 EST Mon Dec 12 2018"
    assert vitals.written("Configuration has not been modified since last system restart.\n") == ""
