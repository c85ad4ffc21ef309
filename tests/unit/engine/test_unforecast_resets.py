"""A run whose plan did not say that a session resets is rolled back when one does, unless the operator accepts that."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from msgspec import structs

from routebook.device.state import BgpSession, BgpState, FamilyState
from routebook.device.values import Effect, State
from routebook.report.model import RunResult
from tasks.verify_bgp import verify_bgp
from tests.unit.engine.world import World

ALL = ("ch-edge1", "ch-edge2", "no-edge1", "no-edge2")
OUTSIDE = "203.0.113.9"
PAIRS = {
    "no-edge1": ("10.255.3.1", "10.255.4.1"),
    "ch-edge1": ("10.255.4.1", "10.255.3.1"),
    "no-edge2": ("10.255.3.2", "10.255.4.2"),
    "ch-edge2": ("10.255.4.2", "10.255.3.2"),
}


def session(peer: str, remote_as: int = 65550) -> BgpSession:
    families = (FamilyState("ipv4-unicast", 40, 40),)
    return BgpSession(
        ip_address(peer), BgpState.ESTABLISHED, remote_as, 65550, uptime=3600, established_count=1, families=families
    )


@pytest.fixture
def sessions(world: World) -> World:
    """The world with its sessions up, and one on no-edge1 that the intent does not have."""
    for host, (_, peer) in PAIRS.items():
        world[host].state = State((session(peer),), ())
    world["no-edge1"].state = State((session(PAIRS["no-edge1"][1]), session(OUTSIDE, 64496)), ())
    return world


def resetting(world: World, host: str, peer: str) -> None:
    """Let the push to a host reset one of its sessions."""

    def push() -> None:
        found = world[host].state.bgp or ()
        again = tuple(
            replace(each, uptime=0, established_count=2, last_reset="Role configuration changed")
            if str(each.peer) == peer
            else each
            for each in found
        )
        world[host].state = State(again, ())

    world[host].fails["push"] = push


def run(world: World, **options: Any) -> RunResult:
    world.wanted = {"no-edge1": "new\n"}
    return world.run(book=structs.replace(world.runbook(), checks=(verify_bgp,)), **options)


@pytest.mark.parametrize("peer", [PAIRS["no-edge1"][1], OUTSIDE])
def test_it_is_rolled_back_and_told_how_to_accept_it(sessions: World, peer: str) -> None:
    resetting(sessions, "no-edge1", peer)
    result = run(sessions)
    assert (result.outcome, result.exit_code) == ("rolled_back", 3)
    assert set(sessions.texts().values()) == {"old\n"}
    failed = [finding for finding in result.findings if finding.status == "failed"]
    assert [(finding.host, finding.check, finding.subject) for finding in failed] == [("no-edge1", "bgp.reset", peer)]
    assert failed[0].cause.endswith("(to let that pass: --accept unforecast-reset)")


def test_it_is_confirmed_where_the_operator_accepts_it(sessions: World) -> None:
    resetting(sessions, "no-edge1", OUTSIDE)
    result = run(sessions, accept=frozenset({"unforecast-reset"}))
    assert result.outcome == "confirmed"
    accepted = [finding for finding in result.findings if finding.check == "bgp.reset"]
    assert [(finding.status, finding.cause[:9]) for finding in accepted] == [("warning", "accepted:")]


def test_it_is_confirmed_where_the_plan_said_so(sessions: World) -> None:
    resetting(sessions, "no-edge1", OUTSIDE)
    sessions.effects = {"no-edge1": (Effect("session-reset", OUTSIDE, "local-role changes"),)}
    result = run(sessions)
    assert result.outcome == "confirmed"
    assert [finding.check for finding in result.findings if finding.status != "ok"] == ["bgp.extra"]


@pytest.mark.parametrize("accept", [(), ("unforecast-reset",), ("collapse",)])
def test_a_collapse_is_rolled_back_unless_it_is_accepted_although_the_plan_changes_the_policy(
    sessions: World, accept: tuple[str, ...]
) -> None:
    peer = PAIRS["no-edge1"][1]

    def push() -> None:
        few = replace(session(peer), families=(FamilyState("ipv4-unicast", 3, 40),))
        sessions["no-edge1"].state = State((few, session(OUTSIDE, 64496)), ())

    def back() -> None:
        sessions["no-edge1"].state = State((session(peer), session(OUTSIDE, 64496)), ())

    sessions["no-edge1"].fails |= {"push": push, "rollback": back}
    sessions.effects = {"no-edge1": (Effect("policy", peer, "route map RB-IN changes"),)}
    result = run(sessions, accept=frozenset(accept))
    (found,) = [finding for finding in result.findings if finding.check == "bgp.collapse"]
    assert found.evidence == ("no-edge1: ipv4-unicast: received 3, before the run 40",)
    if "collapse" in accept:
        assert (result.outcome, found.status, found.cause[:9]) == ("confirmed", "warning", "accepted:")
    else:
        assert (result.outcome, found.status) == ("rolled_back", "failed")
        assert found.cause.endswith("(to let that pass: --accept collapse)")


def test_a_session_of_a_host_that_failed_and_was_rolled_back_is_no_reason_to_roll_all_back(sessions: World) -> None:
    def fail() -> None:
        raise RuntimeError("the disk is on fire")

    resetting(sessions, "no-edge1", PAIRS["no-edge1"][1])
    sessions["ch-edge1"].fails["activate"] = fail
    sessions.wanted = dict.fromkeys(ALL, "new\n")
    book = structs.replace(sessions.runbook(), checks=(verify_bgp,))
    result = sessions.run(book=book, max_failed=1)
    assert result.outcome == "partial"
    assert result.hosts["no-edge1"].state == "confirmed"
    told = [finding for finding in result.findings if finding.check == "bgp.reset"]
    assert [finding.status for finding in told] == ["warning"]
