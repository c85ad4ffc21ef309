"""A device that is somebody else is refused by every command before anything is planned for it or done to it."""

import json

import pytest
from click.testing import CliRunner

from routebook.cli.group import cli
from routebook.device.errors import DriverError
from routebook.device.values import DeviceIdentity
from routebook.errors import RefusedError
from routebook.project.pins import Pin, forget, read_pins
from routebook.project.state_folder import state_folder
from routebook.run import commands, verification
from routebook.run.journal import HostState
from routebook.run.recovery import recover
from routebook.run.revert import reverting
from routebook.run.scan import scan
from routebook.run.workspace import open_journal
from tests.unit.engine.world import ADDRESSES, World

ALL = tuple(ADDRESSES)
CHANGING = ("plan", "lock", "arm", "push", "activate", "confirm", "rollback", "unlock")


@pytest.fixture
def named(world: World) -> World:
    """Devices that know who they are."""
    for name, device in world.devices.items():
        device.identity = DeviceIdentity(name, (f"machine-of-{name}",))
    world.wanted = dict.fromkeys(ALL, "new\n")
    return world


def exchanged(world: World) -> None:
    """The management addresses of two edges, each with a known host key."""
    one, other = world["no-edge1"], world["ch-edge1"]
    one.identity, other.identity = other.identity, one.identity


def test_devices_that_are_who_they_are_meant_to_be_are_worked_on(named: World) -> None:
    assert named.run().outcome == "confirmed"


def test_plan_refuses_and_names_both(named: World) -> None:
    exchanged(named)
    result = commands.plan(named.running(), named.runbook())
    assert result.exit_code == 1
    assert "no-edge1 (192.0.2.31) answers as ch-edge1: its hostname is ch-edge1" in result.hosts["no-edge1"].message
    assert "ch-edge1 (192.0.2.41) answers as no-edge1" in result.hosts["ch-edge1"].message
    assert not result.hosts["no-edge1"].commands
    assert not result.hosts["no-edge1"].diff


def test_a_run_is_refused_and_nothing_is_done_to_any_device(named: World) -> None:
    exchanged(named)
    assert named.run().outcome == "refused"
    assert named.steps(*CHANGING) == []
    assert set(named.texts().values()) == {"old\n"}


def test_verify_fails_with_the_reason(named: World) -> None:
    exchanged(named)
    result = verification.verify(named.running(), named.runbook(), 0)
    assert result.exit_code == 3
    told = [line for finding in result.findings if finding.host == "no-edge1" for line in finding.evidence]
    assert any("answers as ch-edge1" in line for line in told)


def test_rollback_of_an_earlier_run_refuses(named: World) -> None:
    assert named.run().outcome == "confirmed"
    exchanged(named)
    with open_journal(state_folder(named.project)) as journal:
        back = reverting(journal, journal.runs()[0].id)
        named.log.clear()
        result = commands.run(named.running(), back.runbook, back.goal, lambda *_: True)
    assert result.outcome == "refused"
    assert named.steps(*CHANGING) == []
    assert set(named.texts().values()) == {"new\n"}


def test_recover_leaves_somebody_else_alone_and_says_so(named: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class KilledError(BaseException):
        pass

    def die() -> None:
        raise KilledError

    named["no-edge1"].fails["push"] = die
    with pytest.raises(KilledError):
        named.run()
    named["no-edge1"].fails.clear()
    monkeypatch.setattr("routebook.run.journal._process_start", lambda _: "another process")
    exchanged(named)
    named.log.clear()
    workspace = named.workspace()
    with open_journal(state_folder(named.project)) as journal:
        found = recover(
            workspace.nornir,
            journal,
            journal.unfinished()[0],
            leases=state_folder(named.project).leases,
            listener=named.events.append,
            confirm_timeout=10,
            deadline=1,
        )
    assert found.outcome == "needs_attention"
    assert found.hosts["no-edge1"] is HostState.NEEDS_ATTENTION
    assert "answers as ch-edge1" in found.messages["no-edge1"]
    assert {host for _, host in named.steps("rollback", "confirm", "unlock")} == {"ch-edge2", "no-edge2"}


def test_scan_believes_nothing_of_somebody_else(named: World) -> None:
    exchanged(named)
    _, silent = scan(named.workspace().nornir, ALL)
    assert sorted(silent) == ["ch-edge1", "no-edge1"]
    assert "answers as no-edge1" in silent["ch-edge1"]


def test_that_it_is_somebody_else_is_told_before_what_it_lacks_therefore(named: World) -> None:
    exchanged(named)

    def lacks() -> None:
        raise DriverError("strongSwan's swanctl is not installed")

    named["no-edge1"].fails["snapshot"] = lacks
    assert "answers as ch-edge1" in commands.plan(named.running(), named.runbook()).hosts["no-edge1"].message


class TestPinning:
    def test_a_confirmed_run_remembers_its_devices(self, named: World) -> None:
        del named.wanted["no-edge2"]
        named.run()
        pins = read_pins(state_folder(named.project).identities)
        assert sorted(pins) == ["ch-edge1", "ch-edge2", "no-edge1"]
        assert pins["no-edge1"] == Pin("no-edge1", ("machine-of-no-edge1",))

    def test_a_run_that_was_rolled_back_remembers_nobody(self, named: World) -> None:
        named.failing = lambda view: ["ch-edge1"] if view.before else []
        assert named.run().outcome == "rolled_back"
        assert read_pins(state_folder(named.project).identities) == {}

    def test_a_replaced_device_is_refused_until_the_old_one_is_forgotten(self, named: World) -> None:
        named.run()
        named["no-edge1"].identity = DeviceIdentity("no-edge1", ("a-new-machine",))
        named.wanted["no-edge1"] = "newer\n"
        result = named.run()
        assert result.outcome == "refused"
        assert "and was machine-of-no-edge1" in result.hosts["no-edge1"].message
        assert "routebook identity --forget no-edge1" in result.hosts["no-edge1"].message
        forget(state_folder(named.project).identities, ["no-edge1"])
        assert named.run().outcome == "confirmed"
        assert read_pins(state_folder(named.project).identities)["no-edge1"].serials == ("a-new-machine",)

    def test_the_command_lists_and_forgets(self, named: World) -> None:
        named.run()
        project = ["--project", str(named.project)]
        shown = CliRunner().invoke(cli, [*project, "identity"])
        assert "no-edge1         no-edge1  machine-of-no-edge1" in shown.output
        assert json.loads(CliRunner().invoke(cli, [*project, "identity", "--json"]).output)["no-edge1"] == {
            "hostname": "no-edge1", "serials": ["machine-of-no-edge1"],
        }  # fmt: skip
        assert CliRunner().invoke(cli, [*project, "identity", "--forget", "no-edge1"]).exit_code == 0
        again = CliRunner().invoke(cli, [*project, "identity", "--forget", "no-edge1"])
        assert isinstance(again.exception, RefusedError)
        assert sorted(read_pins(state_folder(named.project).identities)) == ["ch-edge1", "ch-edge2", "no-edge2"]
