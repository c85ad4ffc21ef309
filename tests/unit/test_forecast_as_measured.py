"""The forecast is what was measured: every option has been changed on live daemons, and drivers say what happened."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest
from msgspec.structs import replace

from routebook.intent.model import HostIntent
from routebook.platforms.frr.measured import TABLES
from routebook.project.render import render_host
from tests.forecast import accuracy, gateways, report, routers
from tests.forecast.accuracy import Confusion
from tests.forecast.changes import Change
from tests.forecast.combinations import FEWEST, MOST
from tests.forecast.known import TEMPLATES, Known, rendered
from tests.forecast.options import INPUTS, NOT_MEASURED, OF_THE_RENDERING, RENDERS_NOTHING, fields
from tests.forecast.speaker_changes import every
from tests.forecast.table import ROWS, Rated, Rows, read, releases, worlds, worlds_of_walks
from tests.forecast.tunnel_changes import every_of_tunnels

MADE = 200  # changes of each kind at least

KINDS: dict[str, tuple[Callable[[], tuple[Change, ...]], Callable[[], Any]]] = {
    "frr": (every, routers.start),
    "strongswan": (every_of_tunnels, gateways.start),
}


@lru_cache(maxsize=4)
def single_worlds(daemon: str) -> Rated:
    changes, begin = KINDS[daemon]
    return worlds(changes(), begin)


def test_every_option_is_changed_or_renders_nothing() -> None:
    changed = {field for changes, _ in KINDS.values() for change in changes() for field in change.fields}
    known = set(fields())
    assert changed <= known
    assert known - changed == RENDERS_NOTHING | OF_THE_RENDERING | NOT_MEASURED


def test_every_key_of_an_inventory_decides_one_of_these_options() -> None:
    for each, keys in INPUTS.items():
        inherited = {name for base in each.__bases__ for name in getattr(base, "model_fields", {})}
        assert set(keys) == set(each.model_fields) - inherited, each.__name__
        assert set(keys.values()) <= set(fields()), each.__name__


class Unread:
    """A value that no template can read without being found out."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a template reads {name}")

    def __str__(self) -> str:
        raise AssertionError("a template prints it")

    def __bool__(self) -> bool:
        raise AssertionError("a template asks whether it is there")

    __hash__ = object.__hash__


@pytest.mark.parametrize("field", sorted(RENDERS_NOTHING))
def test_what_is_said_to_render_nothing_renders_nothing(field: str) -> None:
    model, _, name = field.partition(".")
    for _, begin in KINDS.values():
        for intent in begin().values():
            assert "\n".join(
                section.text for section in render_host(_unread(intent, model, name), TEMPLATES, Known()).sections
            ) == rendered(intent)


def _unread(intent: HostIntent, model: str, name: str) -> HostIntent:
    """The intent with that value in a field of a model, wherever it has one."""

    def put(value: Any, of: str) -> Any:
        values: dict[str, Any] = {name: Unread()} if model == of else {}
        return replace(value, **values)

    speaker = intent.bgp
    if speaker is not None:
        neighbors = tuple(
            put(
                replace(each, families=tuple(put(one, "NeighborFamily") for one in each.families)),
                "Neighbor",
            )
            for each in speaker.neighbors
        )
        speaker = replace(speaker, neighbors=neighbors)
    tunnels = tuple(put(each, "Tunnel") for each in intent.tunnels)
    found: HostIntent = put(replace(intent, bgp=speaker, tunnels=tunnels), "HostIntent")
    return found


@pytest.mark.parametrize("daemon", KINDS)
def test_each_state_of_a_change_is_another_configuration(daemon: str) -> None:
    for (change, before, after), (old, new) in single_worlds(daemon).items():
        assert [rendered(each) for each in old.values()] != [rendered(each) for each in new.values()], (
            change,
            before,
            after,
        )


def measured() -> list[str]:
    return [f"{daemon}-{release}" for daemon in KINDS for release in releases(daemon)]


def rate(daemon: str, release: str, rows: Rows, rated: Rated) -> Confusion:
    if daemon == "frr":
        return accuracy.of_sessions(rows, rated, release, routers.SESSIONS)
    return accuracy.of_tunnels(rows, rated, release)


@pytest.mark.parametrize("name", measured())
def test_each_change_by_itself_does_what_is_forecast(name: str) -> None:
    daemon, release = name.split("-")
    rows = read(ROWS / f"{name}.jsonl")
    found = rate(daemon, release, rows, single_worlds(daemon))
    assert found.missed == []
    assert found.surplus == []
    assert found.hits > 0
    assert found.quiet > 0


@pytest.mark.parametrize("daemon", KINDS)
def test_every_change_was_measured_on_the_oldest_release(daemon: str) -> None:
    oldest = releases(daemon)[0]
    have = {(row["change"], row["before"], row["after"]) for row in read(ROWS / f"{daemon}-{oldest}.jsonl")}
    assert have == set(single_worlds(daemon))


def test_enough_was_measured() -> None:
    assert len(read(ROWS / f"frr-{releases('frr')[0]}.jsonl")) >= MADE
    assert sum(len(read(path)) for path in ROWS.glob("frr-*-combinations.jsonl")) >= MADE


@pytest.mark.parametrize("path", sorted(ROWS.glob("*-combinations.jsonl")), ids=lambda path: path.stem)
def test_random_combinations_do_what_is_forecast(path: Any) -> None:
    daemon, release, _ = path.stem.split("-")
    rows = read(path)
    changes, begin = KINDS[daemon]
    assert all(FEWEST <= len(row["change"].split("; ")) <= MOST for row in rows)
    found = rate(daemon, release, rows, worlds_of_walks(rows, changes(), begin))
    assert found.missed == []
    assert found.good, found.surplus
    assert found.changes == len(rows)


def test_drivers_and_pages_have_what_was_measured() -> None:
    found = report.sessions()
    assert TABLES.read_text() == report.driver_table(found), "run `make forecast`"
    for page, written in report.pages(found).items():
        assert page.read_text() == written, "run `make forecast`"
