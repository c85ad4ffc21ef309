"""When a set of findings is an answer, and whom to ask for more."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routebook.checks.findings import SEVERITY, Finding, Status, by_severity, definite, merged, settle, suspects


def finding(status: Status, check: str = "bgp.session", host: str = "no-edge1") -> Finding:
    return Finding(host, check, "2001:db8::1", status, ("no-edge1: Active",), "why")


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ([], "passed"),
        (["ok", "warning"], "passed"),
        (["ok", "pending"], "pending"),
        (["ok", "unknown"], "pending"),
        (["pending", "failed", "ok"], "failed"),
    ],
)
def test_polling_stops_when_the_answer_is_definite(statuses: list[Status], verdict: str) -> None:
    assert definite(finding(status) for status in statuses) == verdict


@given(st.lists(st.sampled_from(SEVERITY)))
def test_at_the_end_nothing_is_open_and_only_what_had_passed_passes(statuses: list[Status]) -> None:
    findings = [finding(status) for status in statuses]
    assert definite(settle(findings)) in ("passed", "failed")
    assert (definite(settle(findings)) == "passed") == (definite(findings) == "passed")


def test_findings_are_json_with_the_stable_keys() -> None:
    data = json.loads(json.dumps(finding("failed").to_json()))
    assert list(data) == ["host", "check", "subject", "status", "evidence", "cause"]


def test_repeated_findings_are_merged_and_the_worst_come_first() -> None:
    both = merged([finding("ok"), finding("failed")], [finding("failed"), finding("warning")])
    assert [f.status for f in both] == ["ok", "failed", "warning"]
    assert [f.status for f in by_severity(both)] == ["failed", "warning", "ok"]


def test_suspects_are_what_is_down_and_not_what_is_fine_or_has_no_log() -> None:
    findings = [
        finding("pending", "tunnel.ike", "ch-edge1"),
        finding("failed"),
        finding("failed"),
        finding("ok", host="ch-edge2"),
        finding("warning", host="ch-edge3"),
        finding("failed", "bgp.prefixes", "no-edge2"),
        finding("failed", "host.contact", "no-edge3"),
    ]
    assert suspects(findings) == [("no-edge1", "2001:db8::1"), ("ch-edge1", "2001:db8::1")]
