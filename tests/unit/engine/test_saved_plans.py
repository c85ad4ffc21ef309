"""A saved plan is carried out exactly as it was reviewed, once, in time, or not at all."""

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from routebook.device.state import BgpSession, BgpState
from routebook.device.values import Effect, State
from routebook.errors import RefusedError
from routebook.project.state_folder import state_folder
from routebook.report.model import RunResult
from routebook.run import commands, saved_plan
from routebook.run.options import Options
from routebook.run.saved_plan import SavedPlan
from tests.unit.engine.world import OTHER_SECRET, SECRET, World

ALL = ("ch-edge1", "ch-edge2", "no-edge1", "no-edge2")


def saved(world: World, limit: str = "", seconds: float = 600, **options: Any) -> Path:
    """Plan and save."""
    path = world.project / "plan.json"
    key = saved_plan.open_key(state_folder(world.project).plan_key, make=True)

    def keep(plan: Any, shown: Any, notes: Any, guards: Any) -> None:
        how = Options(**options)
        save = partial(saved_plan.save, runbook="change", limit=limit, options=how, seconds=seconds)
        save(path, world.project, key, plan, shown, notes, guards)

    assert commands.plan(world.running(limit), world.runbook(), keep).outcome in ("planned", "unchanged")
    return path


def loaded(world: World, path: Path) -> SavedPlan:
    return saved_plan.load(path, lambda: saved_plan.open_key(state_folder(world.project).plan_key))


def carried_out(world: World, path: Path, **others: Any) -> RunResult:
    """As it was reviewed, or with other options."""
    reviewed = loaded(world, path)
    running = world.running(reviewed.limit)
    running.options = replace(reviewed.bound(), **others)
    return commands.run(running, world.runbook(), None, lambda *_: True, reviewed)


@pytest.fixture(autouse=True)
def a_change(world: World) -> None:
    world.wanted = dict.fromkeys(ALL, f"new password {SECRET}\n")
    (world.project / "templates" / "text.j2").write_text("text\n")


def test_what_was_reviewed_is_sent(world: World) -> None:
    path = saved(world)
    assert carried_out(world, path).outcome == "confirmed"
    assert set(world.texts().values()) == {f"new password {SECRET}\n"}


def test_the_file_shows_the_change_and_no_secret_and_is_private(world: World) -> None:
    path = saved(world)
    told = json.loads(path.read_text())
    assert told["hosts"]["no-edge1"]["shown"]["commands"] == ["set new password <secret>"]
    assert SECRET not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(state_folder(world.project).plan_key.stat().st_mode) == 0o600


def test_no_digest_in_it_can_be_recomputed_without_the_key(world: World) -> None:
    first = json.loads(saved(world).read_text())["hosts"]
    state_folder(world.project).plan_key.unlink()
    second = json.loads(saved(world).read_text())["hosts"]
    for name in ALL:
        for what in ("fingerprint", "candidate", "change"):
            assert first[name][what] != second[name][what]


def test_a_device_that_was_changed_since_is_named_with_the_part_that_changed(world: World) -> None:
    path = saved(world)
    world["ch-edge2"].running = "changed by hand\n"
    result = carried_out(world, path)
    assert (result.outcome, result.exit_code) == ("refused", 1)
    assert "ch-edge2: its configuration has changed since the plan was made (text)" in result.message
    assert "no-edge1" not in result.message
    assert world.steps("arm", "push") == []


def test_a_secret_that_was_changed_since_is_refused(world: World) -> None:
    """The redacted difference is the same, the text that would be sent is not."""
    path = saved(world)
    world.wanted["no-edge1"] = f"new password {OTHER_SECRET}\n"
    result = carried_out(world, path)
    assert result.outcome == "refused"
    assert "no-edge1: what it is meant to be has changed" in result.message
    assert world.steps("arm", "push") == []


def edit(project: Path) -> None:
    (project / "inventory" / "policy.yaml").write_text("policy: {}  # reviewed\n")


def add(project: Path) -> None:
    (project / "templates" / "more.j2").write_text("more\n")


def remove(project: Path) -> None:
    (project / "templates" / "text.j2").unlink()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (edit, "inventory/policy.yaml has changed"),
        (add, "templates/more.j2 is new"),
        (remove, "templates/text.j2 is gone"),
    ],
)
def test_a_file_that_was_changed_since_is_named_before_any_device_is_asked(
    world: World, change: Callable[[Path], None], said: str
) -> None:
    path = saved(world)
    change(world.project)
    world.log.clear()
    with pytest.raises(RefusedError, match=said):
        carried_out(world, path)
    assert world.log == []


def test_it_is_good_for_one_run(world: World) -> None:
    path = saved(world)
    world.failing = lambda view: ["no-edge1"] if view.before else []
    run_id = carried_out(world, path).run_id
    world.failing = lambda _: []
    assert set(world.texts().values()) == {"old\n"}  # rolled back: the same plan would fit again
    with pytest.raises(RefusedError, match=run_id):
        carried_out(world, path)


def test_a_run_that_was_refused_before_it_began_has_not_used_it(world: World) -> None:
    path = saved(world)
    world["no-edge1"].reachable = False
    assert carried_out(world, path).outcome == "refused"
    world["no-edge1"].reachable = True
    assert carried_out(world, path).outcome == "confirmed"


def test_it_expires(world: World) -> None:
    path = saved(world, seconds=-1)
    with pytest.raises(RefusedError, match="expired"):
        carried_out(world, path)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda told: told.update(expires=told["expires"] + 3600),
        lambda told: told.update(limit="no-edge1"),
        lambda told: told["options"].update(accept=["no-redundancy"]),
        lambda told: told["options"].update(max_failed=3),
        lambda told: told["hosts"]["no-edge1"]["shown"].update(commands=["set something harmless"]),
        lambda told: told["hosts"].pop("no-edge2"),
        lambda told: told.update(mac="0" * 64),
        lambda told: told.update(mac="\u00fc"),
        lambda told: told.update(mac=None),
        lambda told: told.update(id=None, hosts=[], made="x", options=5),
    ],
)
def test_what_was_edited_afterwards_is_refused(world: World, tamper: Callable[[dict[str, Any]], None]) -> None:
    path = saved(world)
    told = json.loads(path.read_text())
    tamper(told)
    path.write_text(json.dumps(told))
    with pytest.raises(RefusedError, match="not as Routebook wrote it"):
        loaded(world, path)


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[]", "5", '{"format": 99}', '{"format": true}', '{"format": NaN}', '{"format": [1]}', "routebook",
        "[" * 200_000, '{"format":' * 200_000, "\ufeff{}", '"\\ud800"',
    ],
)  # fmt: skip
def test_another_file_is_no_plan(world: World, text: str) -> None:
    path = saved(world)
    path.write_text(text)
    with pytest.raises(RefusedError, match=r"plan\.json is (not a saved plan|a plan of format 99)"):
        loaded(world, path)


def test_one_with_more_than_a_plan_has_is_none(world: World) -> None:
    path = saved(world)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"more": "than there was"}))
    with pytest.raises(RefusedError, match="or has more"):
        loaded(world, path)


@pytest.mark.parametrize("key", ["expires", "limit", "shown"])
def test_one_that_says_a_thing_twice_is_none(world: World, key: str) -> None:
    """What people are shown may be the first, and what is carried out the second."""
    path = saved(world)
    text = path.read_text()
    path.write_text(text.replace(f'"{key}":', f'"{key}": "harmless", "{key}":', 1))
    with pytest.raises(RefusedError, match=f"'{key}' twice"):
        loaded(world, path)


def test_what_has_no_end_is_not_read(world: World) -> None:
    for path in (Path("/dev/zero"), world.project / "huge"):
        if not path.exists():
            with path.open("wb") as file:
                file.truncate(1 << 40)
        with pytest.raises(RefusedError, match=r"is not a saved plan: it (is no regular file|has more than)"):
            loaded(world, path)


@pytest.mark.parametrize(
    ("reviewed", "other", "said"),
    [
        ({}, {"accept": frozenset({"no-redundancy"})}, "accept no-redundancy instead of none"),
        ({"accept": frozenset({"own-path"})}, {"accept": frozenset()}, "accept none instead of own-path"),
        ({}, {"max_failed": 2}, "max-failed 2 instead of 0"),
        ({}, {"keep_waves": True}, "keep-waves yes instead of no"),
        ({"deadline": 30}, {"deadline": 3600}, "deadline 3600 instead of 30"),
        ({"confirm_timeout": 60}, {"confirm_timeout": 120}, "confirm-timeout 120 instead of 60"),
        ({"waves": "site"}, {"waves": ""}, "waves none instead of site"),
        ({}, {"probe": False}, "probe no instead of yes"),
    ],
)
def test_how_it_is_carried_out_was_reviewed_too(
    world: World, reviewed: dict[str, Any], other: dict[str, Any], said: str
) -> None:
    path = saved(world, **reviewed)
    world.log.clear()
    with pytest.raises(RefusedError, match=said):
        carried_out(world, path, **other)
    assert world.log == []
    assert carried_out(world, path).outcome == "confirmed"


def test_how_it_is_carried_out_is_shown(world: World) -> None:
    path = saved(world, accept=frozenset({"own-path"}), max_failed=1)
    assert loaded(world, path).how() == (
        "waves none, accept own-path, confirm-timeout 120, deadline 60, keep-waves no, max-failed 1, probe yes"
    )


def test_a_key_that_others_could_read_is_refused(world: World) -> None:
    path = saved(world)
    state_folder(world.project).plan_key.chmod(0o644)
    with pytest.raises(RefusedError, match="open to others"):
        loaded(world, path)


def test_a_plan_of_some_hosts_reaches_those_alone(world: World) -> None:
    path = saved(world, "no-edge1")
    assert carried_out(world, path).outcome == "confirmed"
    assert [name for name, text in world.texts().items() if text != "old\n"] == ["no-edge1"]


def test_what_stands_in_its_way_is_reviewed_with_it_and_accepted_by_that(world: World) -> None:
    peer = "192.0.2.200"
    world.effects = {"no-edge1": (Effect("session-removed", peer, "gone"),)}
    session = BgpSession(ip_address(peer), BgpState.ESTABLISHED, 65551, 65550)
    world["no-edge1"].state = State((session,), ())
    path = saved(world)
    (note,) = loaded(world, path).notes
    assert note.startswith(f"danger: no-edge1 would lose 1 of its 1 live sessions: {peer}")
    command = [sys.executable, "-m", "routebook", "show", str(path)]
    done = subprocess.run(command, cwd=world.project, check=True, capture_output=True, text=True)
    assert "--accept removal" in " ".join(done.stdout.split())
    carried_out(world, path)
    assert ("push", "no-edge1") in world.steps("push")


def losing(world: World, peer: str, *others: str) -> None:
    """no-edge1 loses its session with `peer`; it is up, and so are those with others."""
    world.effects = {"no-edge1": (Effect("session-removed", peer, "gone"),)}
    up = [BgpSession(ip_address(each), BgpState.ESTABLISHED, 65551, 65550) for each in (peer, *others)]
    world["no-edge1"].state = State(tuple(up), ())


def test_a_danger_that_was_not_there_when_it_was_reviewed_is_not_accepted_by_that(world: World) -> None:
    peer, others = "192.0.2.200", [f"192.0.2.{number}" for number in range(201, 206)]
    losing(world, peer, *others)
    session = world["no-edge1"].state.bgp
    assert session is not None
    down = replace_session(session[0])
    world["no-edge1"].state = State((down, *session[1:]), ())
    path = saved(world)
    assert loaded(world, path).notes == []
    world["no-edge1"].state = State(session, ())
    refused = carried_out(world, path)
    assert refused.outcome == "refused"
    assert refused.message.startswith(f"no-edge1 would lose the live session with {peer}")
    assert "--accept removal" in refused.message
    assert world.steps("push") == []


def replace_session(session: BgpSession) -> BgpSession:
    return BgpSession(session.peer, BgpState.IDLE, session.remote_as, session.local_as)


def test_one_that_has_become_worse_is_not_accepted_and_one_that_was_shown_still_is(world: World) -> None:
    peer, others = "192.0.2.200", [f"192.0.2.{number}" for number in range(201, 206)]
    losing(world, peer, *others)
    path = saved(world)
    losing(world, peer)
    refused = carried_out(world, path)
    assert (refused.outcome, "1 of its 1 live sessions" in refused.message) == ("refused", True)
    losing(world, peer, *others[1:])
    carried_out(world, path)
    assert ("push", "no-edge1") in world.steps("push")
