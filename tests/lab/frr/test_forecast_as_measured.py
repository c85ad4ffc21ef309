"""A few of the measured changes again, on live sessions: what happens is what the plan says and what is recorded."""

from collections.abc import Iterator

import pytest

from tests.forecast.happened import RESTARTS
from tests.forecast.routers import start
from tests.forecast.rows import Row, go, singles
from tests.forecast.speaker_changes import every
from tests.forecast.star import Star
from tests.forecast.table import ROWS, read
from tests.lab.drivers.hosts import can_make_hosts

CHANGES = {
    "external IPv4: description",
    "external IPv4: ttl_security_hops",
    "external IPv6, ipv6-unicast: max_prefix",
}


@pytest.fixture(scope="module")
def star(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Star]:
    if not can_make_hosts():
        pytest.skip("needs root and FRR")
    found = Star(tmp_path_factory.mktemp("star"))
    yield found
    found.stop()


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_change_does_what_is_forecast_and_was_measured(star: Star, name: str) -> None:
    rows: list[Row] = []
    (journey,) = singles((change for change in every() if change.name == name), start)
    go(star, journey, rows.append)
    path = ROWS / f"frr-{star.release}.jsonl"
    recorded = {
        (row["before"], row["after"]): row for row in (read(path) if path.exists() else ()) if row["change"] == name
    }
    for row in rows:
        came = {session for session, outcome in row.happened.items() if outcome in RESTARTS - {"came up"}}
        foreseen = {session for session, kinds in row.forecast.items() if "session-reset" in kinds}
        down = {session for session, outcome in row.happened.items() if outcome in ("down", "came up")}
        assert came == foreseen - down, row
        if recorded:
            known = recorded[row.before, row.after]["happened"]
            assert came == {session for session, outcome in known.items() if outcome in RESTARTS - {"came up"}}, row
