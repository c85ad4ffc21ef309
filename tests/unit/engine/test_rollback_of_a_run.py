"""`rollback RUN` takes back what that run changed and nothing else, or says who stands in the way, and with what."""

import json
import re
import sqlite3
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

import pytest

from routebook.cli.at_work import approval
from routebook.device.state import BgpSession, BgpState
from routebook.device.values import Effect, State
from routebook.errors import RefusedError
from routebook.project.state_folder import state_folder
from routebook.report.model import RunResult
from routebook.run import commands
from routebook.run.journal import HostState
from routebook.run.options import Options
from routebook.run.revert import reverting
from routebook.run.running import Running
from routebook.run.workspace import open_journal, open_workspace
from tests.unit.engine.world import OTHER_SECRET, SECRET, World

HOST = "no-edge1"


def rollback(world: World, run: str, limit: str = "", *, accept: tuple[str, ...] = (), **options: Any) -> RunResult:
    """As the command does it, with --yes."""
    with open_journal(state_folder(world.project)) as journal:
        back = reverting(journal, run)
    workspace = open_workspace(world.project, limit, "", named=back.hosts)
    running = Running(workspace, world.events.append, options=Options(accept=frozenset(accept), **options))
    approve = approval(yes=True, as_json=True)
    return commands.run(running, back.runbook, back.goal, approve, nothing=back.nothing, hears=back.hears)


def run(world: World, **settings: Any) -> str:
    """Bring settings to the host, as one run of its own."""
    text = "".join(f"{name} {value}\n" for name, value in settings.items() if value is not None)
    world.wanted = {HOST: text}
    result = world.run()
    assert result.outcome == "confirmed"
    return result.run_id


@pytest.fixture(autouse=True)
def running(world: World) -> None:
    world[HOST].running = world[HOST].saved = "max_prefix 1000\nlocal_preference 150\n"


def settings(world: World) -> dict[str, str]:
    pairs = (line.split(maxsplit=1) for line in world[HOST].running.splitlines())
    return dict((name, value) for name, value in pairs)  # noqa: C402  mypy needs the pair


def message(result: RunResult) -> str:
    assert (result.outcome, result.exit_code) == ("refused", 1)
    return result.hosts[HOST].message


def test_a_later_run_that_touched_something_else_stays(world: World) -> None:
    first = run(world, max_prefix=900, local_preference=150)
    run(world, max_prefix=900, local_preference=170)
    result = rollback(world, first)
    assert (result.outcome, result.runbook) == ("confirmed", f"rollback {first}")
    assert settings(world) == {"max_prefix": "1000", "local_preference": "170"}
    assert world[HOST].saved == world[HOST].running


def test_what_was_typed_elsewhere_by_hand_stays(world: World) -> None:
    first = run(world, max_prefix=900, local_preference=150)
    world[HOST].running += "description hand\n"
    assert rollback(world, first).outcome == "confirmed"
    assert settings(world) == {"max_prefix": "1000", "local_preference": "150", "description": "hand"}


def test_without_a_later_change_it_is_the_configuration_of_before(world: World) -> None:
    before = world[HOST].running
    first = run(world, max_prefix=900)
    assert rollback(world, first).outcome == "confirmed"
    assert world[HOST].running == before


def test_a_later_run_that_changed_the_same_is_named_with_what_would_go(world: World) -> None:
    first = run(world, max_prefix=900, local_preference=150)
    run(world, max_prefix=900, local_preference=160)
    third = run(world, max_prefix=800, local_preference=160)
    before = world[HOST].running
    world.log.clear()
    told = message(rollback(world, first))
    assert f"run {third} (change) changed max_prefix: `max_prefix 800`" in told
    assert "local_preference" not in told
    assert "by hand" not in told
    assert world[HOST].running == before
    assert world.steps("lock", "arm", "push") == []


def test_a_change_by_hand_of_the_same_is_named_as_one(world: World) -> None:
    first = run(world, max_prefix=900)
    world[HOST].running = "max_prefix 5\n"
    second = run(world, max_prefix=5, description="x")
    told = message(rollback(world, first))
    assert "somebody by hand changed max_prefix: `max_prefix 5`" in told
    assert second not in told


def test_each_of_several_that_changed_the_same_is_named(world: World) -> None:
    first = run(world, max_prefix=900)
    later = [run(world, max_prefix=value) for value in (800, 700)]
    told = message(rollback(world, first))
    assert all(run_id in told for run_id in later)


def test_a_rollback_can_be_rolled_back(world: World) -> None:
    first = run(world, max_prefix=900, local_preference=150)
    back = rollback(world, first).run_id
    run(world, max_prefix=1000, local_preference=170)
    assert rollback(world, back).outcome == "confirmed"
    assert settings(world) == {"max_prefix": "900", "local_preference": "170"}


def test_what_is_taken_back_already_is_nothing_to_do_and_said_so(world: World) -> None:
    first = run(world, max_prefix=900)
    rollback(world, first)
    again = rollback(world, first)
    assert (again.outcome, again.exit_code) == ("unchanged", 0)
    assert f"nothing of what run {first} changed is there any more" in again.message


def test_an_old_secret_does_not_come_back_unasked_with_yes_and_is_never_shown(world: World) -> None:
    world[HOST].running = f"key {SECRET}\n"
    first = run(world, key=OTHER_SECRET)
    refused = rollback(world, first)
    assert (refused.outcome, refused.exit_code) == ("refused", 1)
    assert re.search(r"no-edge1: key <secret>.*--accept old-secret", refused.message)
    assert SECRET not in refused.message
    assert settings(world) == {"key": OTHER_SECRET}
    result = rollback(world, first, accept=("old-secret",))
    assert result.outcome == "confirmed"
    assert settings(world) == {"key": SECRET}
    (warning,) = result.hosts[HOST].warnings
    assert warning == f"an old secret comes back, that of before run {first}: key <secret>"
    assert SECRET not in json.dumps(result.to_json())


def test_a_secret_that_is_the_same_still_is_no_old_one(world: World) -> None:
    world[HOST].running = f"key {SECRET}\nmax_prefix 1000\n"
    first = run(world, key=SECRET, max_prefix=900)
    assert rollback(world, first).outcome == "confirmed"


def test_a_failed_check_takes_the_rollback_back(world: World) -> None:
    session = BgpSession(ip_address("10.255.4.1"), BgpState.ESTABLISHED, 65550, 65550)
    world[HOST].state = State((session,), None)
    first = run(world, max_prefix=900)
    after = world[HOST].running
    world[HOST].fails["activate"] = lambda: setattr(world[HOST], "state", State((), None))
    world[HOST].fails["rollback"] = lambda: setattr(world[HOST], "state", State((session,), None))
    assert rollback(world, first, deadline=1).outcome == "rolled_back"
    assert world[HOST].running == after


def test_what_a_later_run_removed_on_purpose_need_not_come_up_again(world: World) -> None:
    sessions = [
        BgpSession(ip_address(peer), BgpState.ESTABLISHED, 65550, 65550) for peer in ("10.255.4.1", "10.255.4.2")
    ]
    world[HOST].state = State(tuple(sessions), None)
    first = run(world, max_prefix=900, peer=2)
    world[HOST].state = State((sessions[0],), None)
    run(world, max_prefix=900)
    assert rollback(world, first, deadline=1).outcome == "confirmed"


def test_what_the_rollback_brings_back_must_be_up_as_before(world: World) -> None:
    session = BgpSession(ip_address("10.255.4.1"), BgpState.ESTABLISHED, 65550, 65550)
    world[HOST].state = State((session,), None)
    world.effects = {HOST: (Effect("session-reset", "10.255.4.1", "password"),)}
    first = run(world, max_prefix=900)
    world[HOST].state = State((), None)  # a later change took the session down; going back must bring it up
    assert rollback(world, first, deadline=1).outcome == "rolled_back"


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("rolled_back", "was rolled back itself"),
        ("needs_attention", "routebook show"),
        ("refused", "changed nothing"),
        ("unchanged", "changed nothing"),
        ("confirmed", "changed nothing"),
    ],
)
def test_a_run_that_left_nothing_of_its_own_is_refused_in_its_own_words(world: World, outcome: str, said: str) -> None:
    with open_journal(state_folder(world.project)) as journal:
        run_id = journal.begin("deploy", [HOST])
        journal.finish(run_id, outcome)
        with pytest.raises(RefusedError, match=said):
            reverting(journal, run_id)


def test_one_at_work_and_one_that_died_are_refused(world: World) -> None:
    with open_journal(state_folder(world.project)) as journal:
        run_id = journal.begin("deploy", [HOST])
        with pytest.raises(RefusedError, match="still at work"):
            reverting(journal, run_id)
        journal.record(run_id, [HOST], HostState.PUSHING)
        database = sqlite3.connect(journal.path)
        database.execute("UPDATE runs SET process_start = 'gone'")
        database.commit()
        with pytest.raises(RefusedError, match="routebook recover"):
            reverting(journal, run_id)


def test_a_partial_run_goes_back_on_the_hosts_that_it_changed(world: World) -> None:
    world.wanted = dict.fromkeys(("no-edge1", "ch-edge1"), "max_prefix 900\n")
    world["ch-edge1"].fails["push"] = world.raising(RefusedError("no"), times=1)
    result = world.run(max_failed=1)
    assert result.outcome == "partial"
    assert rollback(world, result.run_id).hosts.keys() == {"no-edge1"}
    assert settings(world)["max_prefix"] == "1000"


def test_a_host_that_left_the_inventory_is_named(world: World) -> None:
    world.wanted = dict.fromkeys(("no-edge1", "ch-edge1"), "max_prefix 900\n")
    run_id = world.run().run_id
    forget(world, "ch-edge1")
    with pytest.raises(RefusedError, match=r"ch-edge1, which that run changed, is not in the inventory.*--limit"):
        rollback(world, run_id)
    assert rollback(world, run_id, limit="no-edge1").outcome == "confirmed"
    with pytest.raises(RefusedError, match="none of the hosts that the run changed"):
        rollback(world, run_id, limit="no-edge2")


def forget(world: World, host: str) -> None:
    """Take a host out of the inventory, with its session and tunnel."""
    inventory = world.project / "inventory"
    hosts = (inventory / "hosts.yaml").read_text().split(f"{host}:\n")
    rest = hosts[1].split("\n")
    number = next(n for n, line in enumerate(rest) if line and not line.startswith(" "))
    (inventory / "hosts.yaml").write_text(hosts[0] + "\n".join(rest[number:]))
    for name in ("bgp", "tunnels"):
        text = (inventory / f"{name}.yaml").read_text()
        lines = text.split("    - ends:")
        (inventory / f"{name}.yaml").write_text("    - ends:".join(part for part in lines if host not in part))


@pytest.mark.parametrize("column", ["snapshot", "made"])
def test_a_snapshot_that_is_gone_is_a_sentence(world: World, column: str) -> None:
    first = run(world, max_prefix=900)
    database = sqlite3.connect(world.project / ".routebook/journal.db")
    database.execute(f"UPDATE hosts SET {column} = NULL WHERE run = '{first}'")  # noqa: S608
    database.commit()
    assert "kept no snapshot of no-edge1" in message(rollback(world, first))


def test_what_a_run_made_is_kept_while_its_locks_are_held(world: World) -> None:
    seen: list[Mapping[str, object]] = []

    def look() -> None:
        with open_journal(state_folder(world.project)) as journal:
            seen.append({"made": journal.made(journal.runs(1)[0].id, HOST)})

    world[HOST].fails["unlock"] = look
    run(world, max_prefix=900)
    made = seen[0]["made"]
    assert made is not None
    assert getattr(made, "parts", None) == {"text": "max_prefix 900\n"}


def test_a_host_that_cannot_be_read_after_its_confirmation_is_confirmed_all_the_same(world: World) -> None:
    def lose() -> None:
        world[HOST].fails["snapshot"] = world.raising(RefusedError("gone"), times=1)

    world.wanted = {HOST: "max_prefix 900\n"}
    world[HOST].fails["confirm"] = lose
    result = world.run()
    assert result.outcome == "confirmed"
    assert "`rollback` cannot take it back" in world.told()
    assert "what it made of it" in message(rollback(world, result.run_id))
