"""After rolling back: what was up before is up again in the same way, and what was down may stay down."""

from dataclasses import replace

import pytest

from routebook.checks import baseline
from routebook.checks.findings import definite
from routebook.device.causes import Cause, Reason
from routebook.device.state import BgpState
from tests.networks.observed import (
    NO1,
    TRANSIT_ADDRESS,
    TUNNEL,
    States,
    down,
    healthy,
    only,
    with_child,
    with_ike,
    with_session,
    without_session,
    without_tunnel,
)


def test_everything_as_before_passes() -> None:
    findings = baseline.check(healthy(), healthy(), final=True)
    assert definite(findings) == "passed"
    assert len(findings) == 5 + 2


NOT_BACK: list[tuple[str, States]] = [
    ("a session is waiting", down(healthy(), "no-edge1", TRANSIT_ADDRESS)),
    ("a session is gone", without_session(healthy(), "no-edge1", TRANSIT_ADDRESS)),
    ("another peer AS", with_session(healthy(), "no-edge1", TRANSIT_ADDRESS, remote_as=64469)),
    ("no families", with_session(healthy(), "no-edge3", NO1, families=())),
    ("no child", with_ike(healthy(), "ch-edge1", children=())),
    ("no SA", without_tunnel(healthy())),
    ("no IKE daemon", healthy() | {"ch-edge1": replace(healthy()["ch-edge1"], ike=None)}),
    ("other selectors", with_child(healthy(), "ch-edge1", remote_selectors=("10.3.0.0/16",))),
    ("a lost host", {host: state for host, state in healthy().items() if host != "no-edge3"}),
]


@pytest.mark.parametrize(("what", "now"), NOT_BACK, ids=[row[0] for row in NOT_BACK])
def test_what_is_not_back_fails_at_the_end(what: str, now: States) -> None:
    assert definite(baseline.check(healthy(), now, final=True)) == "failed", what
    assert definite(baseline.check(healthy(), now)) != "passed"


def test_what_was_down_before_may_stay_down() -> None:
    before = without_tunnel(down(healthy(), "no-edge1", TRANSIT_ADDRESS))
    assert definite(baseline.check(before, dict(before), final=True)) == "passed"
    assert definite(baseline.check(before, healthy(), final=True)) == "passed"


def test_a_session_that_does_not_come_back_tells_why() -> None:
    now = down(healthy(), "no-edge1", TRANSIT_ADDRESS, BgpState.ACTIVE, last_reset_sign="no route")
    finding = only(baseline.check(healthy(), now), "no-edge1", "baseline.session", TRANSIT_ADDRESS)
    assert finding.status == "pending"
    assert "Established before the run, now Active" in finding.evidence[0]
    assert "no route to" in finding.cause


def test_the_error_of_the_undone_change_is_not_blamed_after_rolling_back() -> None:
    errors = {"last_error": "OPEN Message Error/Bad Peer AS", "last_error_code": "0202", "last_error_sent": True}
    now = with_session(healthy(), "no-edge1", TRANSIT_ADDRESS, state=BgpState.IDLE, **errors)
    finding = only(baseline.check(healthy(), now), "no-edge1", "baseline.session", TRANSIT_ADDRESS)
    assert (finding.status, finding.cause) == ("pending", "")


def test_a_tunnel_that_does_not_come_back_shows_its_log() -> None:
    told = {("ch-edge1", TUNNEL): [Cause(Reason.NO_KEY, ("no shared key found for 'ch-edge1' - 'no-edge1'",))]}
    finding = only(baseline.check(healthy(), without_tunnel(healthy()), told), "ch-edge1", "baseline.tunnel")
    assert finding.evidence[1] == "ch-edge1 log: no shared key found for 'ch-edge1' - 'no-edge1'"
