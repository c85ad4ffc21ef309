"""What devices keep of runs: only what a run writes is taken, and everything else is an error of that device alone."""

import json
import time
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from routebook.device import records, strict_json
from routebook.device.errors import DriverError
from routebook.device.values import Lock, Pending, belongs
from routebook.platforms.asa.deadman import Marker, name_of, read_marker
from routebook.platforms.linux import lock as linux_lock
from routebook.platforms.linux import transaction as linux
from routebook.platforms.pfsense import armed as pfsense
from routebook.platforms.pfsense import program
from routebook.run.journal import new_run_id
from routebook.run.locks import holder

RUN = "20260131-235959-1a2b3c"
LOCK = Lock(RUN, "ops@laptop (process 7)", 1.0, 2.5, ({"no-edge1": "frr=00 strongswan=11"}, {"ch-fw1": "22"}))
BOMB = "[" * 200_000

WRONG: dict[str, Any] = {
    "expires": ["zz", None, True, [], -1, 1e18, 1e400, 10**400, float("nan"), float("inf"), 0.5],
    "taken": ["1", {}, 1e18, -0.1],
    "run_id": ["20261130", "", None, 7, {}, [RUN], f"{RUN}x", f"{RUN}-undo", f"{RUN}\n", "../../etc/shadow", "١" * 8],
    "holder": ["", 7, None, "x" * 300, "a\x1b[2Jb", "a\nb", "\u202eabc", "\ud800"],
    "decided": [
        {}, "x", [[]], [{}], [{"h": 1}], [{"h": ""}], [{"h": "\x1b]0;x\a"}], [{"a\nb": "x"}], [{"": "x"}],
        [{"h": "x"}, {"h": "y"}], [{"h": "x" * 300}], None,
    ],
}  # fmt: skip


def test_a_lock_reads_back_as_it_was_written() -> None:
    assert records.read_lock(LOCK.text()) == LOCK
    now = time.time()
    ours = Lock(new_run_id(), holder(), now, now + 600, ({"h": "x"},))
    assert records.read_lock(ours.text()) == ours


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
def test_a_lock_with_a_value_that_no_run_writes_is_refused(field: str, value: Any) -> None:
    text = json.dumps(json.loads(LOCK.text()) | {field: value})
    with pytest.raises(ValueError, match=r"\w"):
        records.read_lock(text)


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        f'{{"run_id": {BOMB}',
        '{"a":' * 200_000,
        '"' + '\\"' * 400_000,
        "9" * 500_000,
        " " * (records.LONGEST_LOCK + 1),
        "é" * records.LONGEST_LOCK,
        LOCK.text()[:-1] + ', "run_id": "20260131-235959-000000"}',
        LOCK.text()[:-1] + ', "more": 1}',
        "null",
        "[]",
        "",
        "NaN",
        "{'run_id': 1}",
        "\x00",
        "\udcff",
    ],
    ids=range(16),
)
def test_a_text_that_is_not_a_lock_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        records.read_lock(text)


@pytest.mark.parametrize("at", range(0, len(LOCK.text()) - 1, 7))
def test_a_lock_that_is_there_in_part_is_told_from_one_that_is_none(at: int) -> None:
    with pytest.raises(strict_json.CutOffError):
        records.read_lock(LOCK.text()[:at])


@settings(max_examples=40)
@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_whatever_a_device_has_in_the_place_of_its_records_is_one_sentence_about_it(text: str) -> None:
    for read in (
        lambda: linux_lock.parsed("h", f"{RUN}\n{text}"),
        lambda: linux_lock.parsed("h", text),
        lambda: program.lock("h", text),
        lambda: pfsense.read_pending("h", {"live": text, "ended": []}),
    ):
        with pytest.raises(DriverError, match=r"^h: /\S+ is not what a run leaves there: .+; nothing was changed"):
            read()
    with pytest.raises(ValueError, match=r"\w"):
        read_marker("RB-x.0123456789ab.run", text)


def test_the_two_lines_of_a_linux_lock_are_of_one_run() -> None:
    assert linux_lock.parsed("h", f"{RUN}\n{LOCK.text()}\n") == LOCK
    with pytest.raises(DriverError, match=r"h: /run/routebook/lock .*two runs.*rm /run/routebook/lock"):
        linux_lock.parsed("h", f"20260131\n{LOCK.text()}\n")


def test_a_change_is_a_runs_by_its_whole_id() -> None:
    assert [belongs(change, RUN) for change in (RUN, f"{RUN}-undo")] == [True, True]
    others = (RUN[:-1], f"{RUN}4", f"{RUN}-undo-undo", f"{RUN}-x", "20260131-235959", "")
    assert not any(belongs(change, RUN) or belongs(RUN, change) for change in others)
    assert not belongs("", "")


class TestLinux:
    def test_what_is_pending_and_how_the_last_ones_ended(self) -> None:
        armed = Pending(RUN, "armed", 12, "some words")
        assert linux.read_pending(f"live {RUN} confirming 12 some words \n") == (armed, [])
        assert linux.read_pending(f"live {RUN} confirmed -90 \n")[0] == Pending(RUN, "confirmed", 0)
        ended = linux.read_pending(f"ended {RUN} reverted timer\nended a.b confirmed driver\n")[1]
        assert ended == [linux.Ended(RUN, "reverted", True), linux.Ended("a.b", "confirmed", False)]

    @pytest.mark.parametrize(
        "line",
        [
            "live",
            f"live {RUN} armed",
            f"live {RUN} armed x y",
            f"live {RUN} armed {'9' * 5000} y",
            f"live {RUN} \x1b[2J 1 y",
            "live ../../etc armed 1 y",
            f"live {RUN}x/y armed 1 y",
            f"ended {RUN} exploded timer",
            "ended - confirmed timer",
            "something else",
            f"ended {RUN} confirmed driver\n" * 4000,
        ],
    )
    def test_anything_else_is_refused(self, line: str) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            linux.read_pending(line)

    def test_its_words_are_bounded_and_nothing_that_a_terminal_obeys(self) -> None:
        pending, _ = linux.read_pending(f"live {RUN} failed 0 \x1b]0;x\a{'y' * 5000}\u202e")
        assert pending is not None
        assert pending.detail.isprintable()
        assert len(pending.detail) < 1100


class TestPfSense:
    LIVE: dict[str, Any] = {"run": RUN, "phase": "armed", "remaining": 5, "detail": ""}  # noqa: RUF012
    ENDED: dict[str, Any] = {"run": RUN, "ending": "reverted", "by": "boot", "detail": ""}  # noqa: RUF012

    def test_what_is_pending_and_how_the_last_ones_ended(self) -> None:
        live, ended = pfsense.read_pending("h", {"live": self.LIVE, "ended": [self.ENDED]})
        assert live == Pending(RUN, "armed", 5)
        assert ended == [pfsense.Ended(RUN, "reverted", True, "")]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("run", "../.."), ("run", {}), ("run", "x" * 65), ("phase", "x"), ("phase", []), ("remaining", "z"),
            ("remaining", 10**30), ("remaining", True), ("detail", None),
        ],
    )  # fmt: skip
    def test_anything_else_is_refused(self, field: str, value: Any) -> None:
        with pytest.raises(DriverError, match="/cf/conf/routebook is not what a run leaves there"):
            pfsense.read_pending("h", {"live": self.LIVE | {field: value}, "ended": []})

    @pytest.mark.parametrize("ended", [None, {}, [None], [1], [{}], [ENDED | {"by": "x"}], [ENDED | {"ending": {}}]])
    def test_so_is_an_end_that_no_run_has(self, ended: Any) -> None:
        with pytest.raises(DriverError, match="/cf/conf/routebook is not what a run leaves there"):
            pfsense.read_pending("h", {"live": None, "ended": ended})


class TestAsa:
    MARKER = Marker(RUN, name_of(RUN), "eem", "00ff")

    def test_a_marker_reads_back_as_it_was_written(self) -> None:
        for marker in (self.MARKER, replace(self.MARKER, run_id="x" * 60, name=name_of("x" * 60))):
            assert read_marker(f"{marker.name}.0123456789ab.run", marker.text()) == marker
            assert read_marker(f"{marker.name}.0123456789ab.done", marker.text()) == marker

    @pytest.mark.parametrize(
        "marker",
        [
            replace(MARKER, name="RB-../../startup-config"),
            replace(MARKER, run_id="20260131-235959-ffffff"),
            replace(MARKER, dead_man=cast(Any, "never")),
            replace(MARKER, fingerprint=""),
            replace(MARKER, run_id="a b"),
        ],
    )
    def test_one_that_names_other_files_than_its_runs_is_refused(self, marker: Marker) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            read_marker(f"{name_of(RUN)}.0123456789ab.run", marker.text())
