"""A verification and `routebook drift` say which devices are not configured as intended, and leave no trace there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from routebook.checks.findings import Finding
from routebook.cli.group import cli
from routebook.device.errors import ConnectionFailedError
from routebook.run import commands, verification
from routebook.run.drift import LONGEST_LINE
from routebook.run.runbook import Runbook, View
from tests.unit.engine.world import SECRET, World

ALL = ("ch-edge1", "ch-edge2", "no-edge1", "no-edge2")
TEMPLATES = Path(__file__).parents[3] / "templates"
READING = {"open", "state", "pending", "snapshot", "ping"}


def no_route() -> None:
    raise ConnectionFailedError("there is no route to 192.0.2.32; nothing was changed")


def upstreams(view: View) -> list[Finding]:
    return [Finding("network", "upstreams", "external sessions", "ok", (f"{len(view.now)} are Established",))]


def drifts(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    return {finding.host: finding for finding in findings if finding.check == "config.drift"}


@pytest.fixture
def rendering(world: World) -> World:
    """The world with the templates of the project, and with devices on which all that they make runs already."""
    (world.project / "templates").rmdir()
    (world.project / "templates").symlink_to(TEMPLATES)
    return world


@pytest.fixture
def intended(rendering: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("PSK", SECRET)
    for host, planned in commands.drift(rendering.running()).hosts.items():
        assert planned.commands, host
        text = planned.commands[0].removeprefix("set ") + "\n"
        rendering[host].running = text.replace("<secret>", SECRET)
    return rendering


def test_a_verification_fails_where_a_configuration_is_not_as_intended(world: World) -> None:
    world.wanted = {"no-edge1": f"maximum-prefix 100\npassword {SECRET}\n"}
    result = verification.verify(world.running(), world.runbook(), 0)
    assert (result.outcome, result.exit_code) == ("failed", 3)
    found = drifts(result.findings)
    assert {host: finding.status for host, finding in found.items()} == {
        **dict.fromkeys(ALL, "ok"),
        "no-edge1": "failed",
    }
    assert found["no-edge1"].evidence == ("no-edge1: -old", "no-edge1: +maximum-prefix 100")
    assert SECRET not in str(result.to_json())


def test_it_leaves_no_trace_on_a_device(world: World) -> None:
    world.wanted = {"no-edge1": "new\n"}
    verification.verify(world.running(), world.runbook(), 0)
    commands.drift(world.running())
    assert {step for step, _ in world.log} <= READING
    assert set(world.texts().values()) == {"old\n"}


def test_without_the_configuration_success_is_said_of_the_rest_alone(world: World) -> None:
    world.wanted = {"no-edge1": "new\n"}
    result = verification.verify(world.running(), world.runbook(), 0, config=False)
    assert (result.outcome, drifts(result.findings)) == ("verified", {})
    assert result.sentence == "what was looked at is as intended: 4 hosts, test.check, no configuration"


def test_what_was_looked_at_is_said_of_a_success(world: World) -> None:
    result = verification.verify(world.running(limit="no-edge1"), world.runbook(), 0)
    assert result.sentence == "what was looked at is as intended: 1 host, test.check, the configuration of 1 host"
    nothing = verification.verify(world.running(), Runbook(checks=(upstreams,), sections=None, name="own"), 0)
    assert nothing.sentence == "what was looked at is as intended: 4 hosts, upstreams, no configuration"


def test_a_runbook_of_checks_alone_compares_all_sections_or_those_that_it_names(intended: World) -> None:
    def verify(sections: tuple[str, ...] | None) -> dict[str, Finding]:
        book = Runbook(checks=(), sections=sections, name="verify")
        return drifts(verification.verify(intended.running(limit="no-edge1"), book, 0).findings)

    assert verify(())["no-edge1"].status == "ok"
    assert verify(("bgp",))["no-edge1"].status == "failed", "the device's only part has more than this section"
    assert verify(None) == {}
    intended["no-edge1"].running += "neighbor 192.0.2.1 maximum-prefix 900\n"
    assert verify(())["no-edge1"].status == "failed"


def test_a_configuration_that_cannot_be_compared_is_not_as_intended(
    rendering: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PSK", raising=False)
    result = verification.verify(rendering.running(limit="no-edge1"), Runbook(checks=(), name="verify"), 0)
    assert result.outcome == "failed"
    finding = drifts(result.findings)["no-edge1"]
    assert finding.status == "failed"
    assert "PSK" in finding.evidence[0]


def test_an_unreachable_host_is_told_once(world: World) -> None:
    world["no-edge2"].fails["open"] = no_route
    result = verification.verify(world.running(), world.runbook(), 0)
    assert [f.check for f in result.findings if f.status == "failed" and f.host == "no-edge2"] == [
        "host.contact", "test.check"
    ]  # fmt: skip


def test_the_evidence_is_bounded(world: World) -> None:
    world.wanted = {"no-edge1": "".join(f"+line {number} {'x' * 500}\n" for number in range(1000))}
    finding = drifts(verification.verify(world.running(), world.runbook(), 0).findings)["no-edge1"]
    assert len(finding.evidence) == 11
    assert finding.evidence[-1] == "no-edge1: and 991 more lines"
    assert max(map(len, finding.evidence)) < LONGEST_LINE + 20


def at_command_line(world: World, *argv: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(cli, ["--project", str(world.project), *argv, "--json"])
    return done.exit_code, json.loads(done.stdout)


def typed(world: World) -> None:
    world["no-edge2"].running += "network 203.0.113.0/24\n"


def out_of_reach(world: World) -> None:
    world["no-edge1"].fails["open"] = no_route
    typed(world)


@pytest.mark.parametrize(
    ("happening", "code", "outcome", "failed"),
    [
        (lambda _: None, 0, "as_intended", set()),
        (typed, 2, "drifted", {"no-edge2"}),
        (out_of_reach, 1, "refused", {"no-edge1", "no-edge2"}),
    ],
)
def test_drift_by_itself(
    intended: World, happening: Callable[[World], None], code: int, outcome: str, failed: set[str]
) -> None:
    happening(intended)
    found, told = at_command_line(intended, "drift")
    assert (found, told["outcome"]) == (code, outcome)
    assert {finding["host"] for finding in told["findings"] if finding["status"] == "failed"} == failed
    assert SECRET not in json.dumps(told)
    limited, _ = at_command_line(intended, "drift", "--limit", "ch-edge*")
    assert limited == 0


def test_verify_at_the_command_line_leaves_the_configuration_out_where_that_is_asked_for(intended: World) -> None:
    book = "from routebook.run.runbook import Runbook\nrunbook = Runbook(checks=())\n"
    (intended.project / "runbooks" / "verify.py").write_text(book)
    typed(intended)
    assert at_command_line(intended, "verify")[0] == 3
    assert at_command_line(intended, "verify", "--no-config")[0] == 0
