"""What counts of what checks say, and what the engine says by itself of hosts that it cannot read."""

from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_network
from typing import Any, cast

import pytest
from msgspec.structs import replace

from routebook.checks.facts import Changed, excuse_old_trouble, unreadable
from routebook.checks.findings import Finding
from routebook.device.errors import ConnectionFailedError, DriverError
from routebook.device.state import IPNetwork
from routebook.device.values import State
from routebook.run import verification
from routebook.run.judge import asked
from routebook.run.restore import unproven
from routebook.run.runbook import Check, Runbook, View
from routebook.run.workspace import Workspace
from tests.unit.engine.world import MemoryDriver, World

ALL = ("ch-edge1", "ch-edge2", "no-edge1", "no-edge2")
NO_ROUTE = "there is no route to 192.0.2.32; nothing was changed"


def upstreams(view: View) -> list[Finding]:
    """The example of the documentation, of a network without upstreams."""
    del view
    return [Finding("network", "upstreams", "external sessions", "failed", ("0 are Established",))]


def only_checking(*checks: Any) -> Runbook:
    return Runbook(checks=checks, sections=None, name="checking")


def unreachable() -> None:
    raise ConnectionFailedError(NO_ROUTE)


def named(findings: tuple[Finding, ...], check: str) -> dict[str, Finding]:
    return {finding.host: finding for finding in findings if finding.check == check}


@pytest.mark.parametrize("name", ["network", "AS 65550", "", "no-edge9"])
def test_a_finding_about_something_that_is_no_host_counts(world: World, name: str) -> None:
    def check(view: View) -> list[Finding]:
        return [replace(finding, host=name) for finding in upstreams(view)]

    result = verification.verify(world.running(limit="no-edge1"), only_checking(check), 0)
    assert (result.outcome, result.exit_code) == ("failed", 3)
    assert named(result.findings, "upstreams")[name].status == "failed"


def test_a_run_is_rolled_back_for_a_finding_about_something_that_is_no_host(world: World) -> None:
    world.wanted = dict.fromkeys(ALL, "new\n")
    result = world.run(book=replace(world.runbook(), checks=(upstreams,)), max_failed=2)
    assert result.outcome == "rolled_back"
    assert set(world.texts().values()) == {"old\n"}


def test_a_host_that_is_only_observed_is_not_asked_for_its_routes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, int] = {}

    def state(device: MemoryDriver, prefixes: Sequence[IPNetwork] = ()) -> State:
        asked[device.memory.name] = len(prefixes)
        return device.memory.state

    monkeypatch.setattr(MemoryDriver, "state", state)
    monkeypatch.setattr(Workspace, "prefixes", (ip_network("10.3.0.0/16"),))
    verification.verify(world.running(limit="no-edge1"), only_checking(), 0, probe=False)
    assert asked == {"no-edge1": 1, "ch-edge1": 0}


def test_what_is_left_out_of_a_host_that_is_only_observed_is_told(world: World) -> None:
    def check(view: View) -> list[Finding]:
        return [Finding(host, "test.check", "somewhere else", "failed") for host in view.intents]

    def harmless(view: View) -> list[Finding]:
        return [finding for finding in check(view) if finding.host != "no-edge1"]

    result = verification.verify(world.running(limit="no-edge1"), only_checking(harmless), 0)
    assert result.outcome == "verified"
    left_out = named(result.findings, "host.observed")
    assert list(left_out) == ["ch-edge1"]
    assert left_out["ch-edge1"].status == "warning"
    assert left_out["ch-edge1"].evidence == ("ch-edge1: failed test.check somewhere else",)
    assert verification.verify(world.running(limit="no-edge1"), only_checking(check), 0).outcome == "failed"


def raising(view: View) -> list[Finding]:
    del view
    raise KeyError("no-edge3")


def raising_late(view: View) -> Iterator[Finding]:
    yield from upstreams(view)
    raise ZeroDivisionError("division by zero")


def exiting(view: View) -> list[Finding]:
    del view
    raise SystemExit(0)


def answering(answer: Any) -> Callable[[View], Any]:
    def check(view: View) -> Any:
        del view
        return answer

    return check


GOOD = Finding("no-edge1", "test.check", "no-edge1", "ok")
BAD_CHECKS: list[tuple[Any, str]] = [
    (raising, "it raised KeyError: 'no-edge3'"),
    (raising_late, "it raised ZeroDivisionError: division by zero"),
    (exiting, "it raised SystemExit: 0"),
    (answering(None), "it returned None"),
    (answering("all is well"), "it returned 'all is well'"),
    (answering(GOOD), "it returned Finding("),
    (answering([("no-edge1", "ok")]), "it said ('no-edge1', 'ok'), which is no finding"),
    (answering([replace(GOOD, status=cast(Any, "fine"))]), "the status 'fine'; there are ok, failed"),
    (answering([replace(GOOD, status=cast(Any, []))]), "the status []"),
    (answering([replace(GOOD, host=cast(Any, None))]), "host of Finding("),
    (answering([replace(GOOD, evidence=cast(Any, "a line"))]), "the evidence of Finding("),
]


@pytest.mark.parametrize(("check", "told"), BAD_CHECKS, ids=[told for _, told in BAD_CHECKS])
def test_a_check_that_fails_to_say_anything_sensible_is_a_failed_check(world: World, check: Any, told: str) -> None:
    world.wanted = dict.fromkeys(ALL, "new\n")
    result = world.run(book=replace(world.runbook(), checks=(check,)))
    assert result.outcome == "rolled_back"
    assert set(world.texts().values()) == {"old\n"}
    finding = named(result.findings, "check.failed")["routebook"]
    assert (finding.status, finding.subject) == ("failed", check.__name__)
    assert told in finding.evidence[0]
    assert "Traceback" not in finding.evidence[0]


def test_evidence_in_a_list_is_as_good() -> None:
    listed = answering([replace(GOOD, evidence=cast(Any, ["a line"]))])
    view = View({}, {}, {}, Changed())
    assert asked(cast(Check, listed), view) == [replace(GOOD, evidence=("a line",))]


class TestAHostThatCannotBeRead:
    """Whatever the checks are, and whether the host has sessions or not."""

    def test_it_is_not_verified_and_the_reason_is_told(self, world: World) -> None:
        world["no-edge2"].fails["open"] = unreachable
        result = verification.verify(world.running(), only_checking(), 0)
        assert (result.outcome, result.exit_code) == ("failed", 3)
        contacts = named(result.findings, "host.contact")
        assert {host: finding.status for host, finding in contacts.items()} == {
            **dict.fromkeys(ALL, "ok"), "no-edge2": "failed"
        }  # fmt: skip
        assert contacts["no-edge2"].evidence == (f"no-edge2: {NO_ROUTE}",)

    def test_its_silence_is_told_once(self, world: World) -> None:
        def check(view: View) -> list[Finding]:
            return [unreadable(host) for host in view.intents if host not in view.now]

        world["no-edge2"].fails["open"] = unreachable
        findings = verification.verify(world.running(), only_checking(check), 0).findings
        assert [finding.evidence for finding in findings if finding.status == "failed"] == [(f"no-edge2: {NO_ROUTE}",)]

    def test_a_daemon_that_does_not_tell_its_state_is_the_reason(self, world: World) -> None:
        world["no-edge2"].fails["state"] = world.raising(DriverError("bgpd does not answer"), times=9)
        result = verification.verify(world.running(), only_checking(), 0)
        assert named(result.findings, "host.contact")["no-edge2"].evidence == ("no-edge2: bgpd does not answer",)

    def test_after_a_push_it_rolls_every_host_back(self, world: World) -> None:
        def push() -> None:
            world["no-edge2"].fails["state"] = world.raising(DriverError("bgpd does not answer"), times=1)

        world.wanted = dict.fromkeys(ALL, "new\n")
        world["no-edge2"].fails["push"] = push
        result = world.run(book=replace(world.runbook(), checks=()))
        assert result.outcome == "rolled_back"
        failed = [finding for finding in result.findings if finding.status == "failed"]
        assert [finding.evidence for finding in failed] == [("no-edge2: bgpd does not answer",)]

    def test_after_a_rollback_it_needs_attention(self, world: World) -> None:
        def rollback() -> None:
            world["no-edge2"].fails["state"] = world.raising(DriverError("bgpd does not answer"), times=99)

        world.wanted = dict.fromkeys(ALL, "new\n")
        world.failing = lambda view: ["ch-edge1"] if view.before else []
        world["no-edge2"].fails["rollback"] = rollback
        result = world.run(deadline=0)
        assert result.outcome == "needs_attention"
        assert result.hosts["no-edge2"].state == "needs_attention"
        reason = "the configuration is as before, but its state cannot be read: bgpd does not answer"
        assert result.hosts["no-edge2"].message == reason
        told = [f.evidence for f in result.findings if f.status == "failed" and f.check == "host.contact"]
        assert told == [("no-edge2: bgpd does not answer",)]

    def test_where_the_look_after_a_rollback_fails_itself_no_host_is_proven(self) -> None:
        failed = [replace(finding, host="routebook") for finding in upstreams(View({}, {}, {}, Changed()))]
        assert set(unproven(failed, ["no-edge1", "no-edge2"])) == {"no-edge1", "no-edge2"}
        far = [replace(finding, host="ch-edge1") for finding in failed]
        assert unproven(far, ["no-edge1"]) == {}

    def test_a_run_with_nothing_to_send_is_no_success_either(self, world: World) -> None:
        world["no-edge2"].fails["state"] = world.raising(DriverError("bgpd does not answer"), times=9)
        result = world.run(book=replace(world.runbook(), checks=()))
        assert (result.outcome, result.exit_code) == ("unchanged", 3)

    def test_a_far_end_is_a_warning_with_its_reason(self, world: World) -> None:
        world["ch-edge1"].fails["open"] = unreachable
        result = verification.verify(world.running(limit="no-edge1"), only_checking(), 0)
        assert result.outcome == "verified"
        finding = named(result.findings, "host.contact")["ch-edge1"]
        assert (finding.status, finding.evidence) == ("warning", (f"ch-edge1: {NO_ROUTE}",))
        world.wanted = {"no-edge1": "new\n"}
        run = world.run(limit="no-edge1")
        assert run.outcome == "confirmed"
        assert named(run.findings, "host.contact")["ch-edge1"].status == "warning"

    def test_no_trouble_of_before_excuses_it(self) -> None:
        silent = unreadable("no-edge2")
        assert excuse_old_trouble([silent], [silent], frozenset(), Changed()) == [silent]
