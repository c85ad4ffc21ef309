"""Chains of actions on devices in memory: parameters, the plan, the locks, dying in the middle, and recovery."""

import json
from pathlib import Path

import pytest

from routebook.errors import RefusedError
from tests.toy_platform.device import TABLE
from tests.toy_platform.test_toy_platform import project as project
from tests.toy_platform.test_toy_platform import routebook

SESSION = "east--west"
SET = ("--set", f"session={SESSION}")
TWICE = """\
\"\"\"Clear twice.\"\"\"

from routebook.run.parameters import Parameter
from routebook.run.runbook import Act, Runbook
from tasks.clear import clear_session, cleared, one_end

once = Act("clear {session}", one_end, clear_session, checks=(cleared,))
runbook = Runbook(steps=(once, once), parameters=(Parameter("session", "session", "which"),))
"""


@pytest.fixture
def deployed(project: Path) -> Path:
    done = routebook(project, "run", "deploy", "--yes")
    assert done.exit_code == 0, done.output
    return project


def cleared() -> dict[str, list[str]]:
    return {name: each.cleared for name, each in TABLE.abaci.items()}


def locks() -> set[str]:
    return {name for name, each in TABLE.abaci.items() if each.lock is not None}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((), "--set session=… is missing: the session's name in the inventory"),
        (("--set", "session=east-wets"), "did you mean 'east--west'?"),
        (("--set", "sesion=east-west"), "did you mean 'session'?"),
        (("--set", "session"), "write NAME=VALUE"),
        ((*SET, *SET), "given twice"),
    ],
)
def test_a_wrong_parameter_is_refused_before_anything_is_done(
    deployed: Path, given: tuple[str, ...], says: str
) -> None:
    done = routebook(deployed, "run", "clear-session", "--yes", *given)
    assert isinstance(done.exception, RefusedError), done.output
    assert says in str(done.exception)
    assert cleared() == {"east": [], "west": []}


def test_the_plan_shows_the_steps_and_does_nothing(deployed: Path) -> None:
    done = routebook(deployed, "plan", "clear-session", *SET)
    assert done.exit_code == 2, done.output
    words = " ".join(done.output.split())
    assert f"step 1 of 1: clear the session {SESSION} on east: from here no automatic way back" in words
    assert "1 session that resets east" in words
    assert cleared() == {"east": [], "west": []}


def test_a_session_is_cleared_at_one_end_and_seen_at_both_each_time(deployed: Path) -> None:
    for times in (1, 2):
        done = routebook(deployed, "run", "clear-session", *SET, "--yes", "--json")
        assert done.exit_code == 0, done.output
        result = json.loads(done.output)
        assert result["outcome"] == "confirmed"
        seen = {f["host"]: f["status"] for f in result["findings"] if f["check"] == "session.cleared"}
        assert seen == {"east": "ok", "west": "ok"}
        assert cleared() == {"east": ["198.51.100.2"] * times, "west": []}
        assert not locks()


def test_a_tunnel_is_made_anew_at_the_end_that_starts_it_and_seen_at_both(deployed: Path) -> None:
    plan = routebook(deployed, "plan", "rekey-tunnel", "--set", "tunnel=east--west", "--json")
    assert plan.exit_code == 2, plan.output
    assert [each["subject"] for each in json.loads(plan.output)["summary"]["tunnels_rekeyed"]] == ["east--west"]
    done = routebook(deployed, "run", "rekey-tunnel", "--set", "tunnel=east--west", "--yes", "--json")
    assert done.exit_code == 0, done.output
    seen = {f["host"]: f["status"] for f in json.loads(done.output)["findings"] if f["check"] == "tunnel.remade"}
    assert seen == {"east": "ok", "west": "ok"}
    assert {name: each.restarted for name, each in TABLE.abaci.items()} == {"east": ["wire 2"], "west": []}


def test_a_tunnel_that_stays_down_needs_attention(deployed: Path) -> None:
    path = deployed / "runbooks" / "rekey_tunnel.py"
    path.write_text(path.read_text().replace("checks=(remade,)", "checks=(remade,), patience=1"))
    TABLE.abaci["west"].jammed = True
    done = routebook(deployed, "run", "rekey-tunnel", "--set", "tunnel=east--west", "--yes", "--json")
    assert done.exit_code == 4, done.output
    assert not locks()


def test_the_second_step_is_not_begun_after_one_that_failed(deployed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (deployed / "runbooks" / "twice.py").write_text(TWICE.replace("checks=(cleared,)", "checks=(cleared,), patience=1"))

    def jam(step: str) -> None:
        if step == "clear":
            TABLE.abaci["west"].jammed = True

    monkeypatch.setattr(TABLE.abaci["east"], "dies", jam)
    done = routebook(deployed, "run", "twice", *SET, "--yes", "--json")
    assert done.exit_code == 4, done.output
    assert "step 1 of 2" in json.loads(done.output)["message"]
    assert cleared()["east"] == ["198.51.100.2"]
    assert not locks()


@pytest.mark.parametrize("at", ["on_hosts", "watched"])
def test_recover_ends_an_action_whose_process_died_before_it_or_after_it(deployed: Path, at: str) -> None:
    def die(*_: object) -> None:
        raise SystemExit(137)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.getpid", lambda: 2**22 + 1)
        patch.setattr(f"routebook.run.chain.{at}", die)
        patch.setattr("routebook.run.locks.Locks.release", lambda _: {})  # who is dead gives nothing back
        assert routebook(deployed, "run", "clear-session", *SET, "--yes").exit_code == 137
    assert locks() == {"east"}
    before = list(TABLE.abaci["east"].running)
    refused = routebook(deployed, "run", "clear-session", *SET, "--yes")
    assert "finish it with `routebook recover` first" in str(refused.exception)
    done = routebook(deployed, "recover")
    assert done.exit_code == 0, done.output
    assert not locks()
    assert TABLE.abaci["east"].running == before
    again = routebook(deployed, "run", "clear-session", *SET, "--yes")
    assert again.exit_code == 0, again.output


def test_what_has_no_way_back_is_not_rolled_back(deployed: Path) -> None:
    done = json.loads(routebook(deployed, "run", "clear-session", *SET, "--yes", "--json").output)
    back = routebook(deployed, "rollback", done["run_id"], "--yes")
    assert isinstance(back.exception, RefusedError), back.output


@pytest.mark.parametrize("command", ["run", "plan"])
def test_help_says_the_parameters(deployed: Path, command: str) -> None:
    done = routebook(deployed, command, "clear-session", "--help")
    assert done.exit_code == 0, done.output
    assert "session: the session's name in the inventory" in " ".join(done.output.split())
    assert "Parameters of" not in routebook(deployed, command, "--help").output
