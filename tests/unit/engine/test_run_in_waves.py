"""A run in waves: each checked before the next; a failed one takes the earlier ones back, or leaves them if told so."""

from typing import Any

import pytest
from msgspec.structs import replace

from routebook.checks.findings import Finding
from routebook.device.errors import DriverError
from routebook.device.values import Effect, State
from routebook.intent.platform import platform
from routebook.intent.registry import REGISTERED
from routebook.run import commands
from routebook.run.runbook import View
from tests.unit.engine.test_waves import FIRST, SECOND, up
from tests.unit.engine.world import World

ALL = ("ch-edge1", "ch-edge2", "no-edge1", "no-edge2")
NEW = dict.fromkeys(ALL, "new\n")


def fail(message: str) -> None:
    raise DriverError(message)


def pushed(view: View) -> set[str]:
    return set(view.changed.seconds_since_push)


def failing_once_pushed(host: str) -> Any:
    return lambda view: [host] if host in pushed(view) else []


class TestWaves:
    def test_all_are_armed_first_and_confirmed_last(self, world: World) -> None:
        world.wanted = NEW
        assert world.run(waves="2").outcome == "confirmed"
        order = [step for step, _ in world.steps("arm", "push", "confirm")]
        assert order == ["arm"] * 4 + ["push"] * 4 + ["confirm"] * 4
        assert {host for _, host in world.steps("push")[:2]} == {"ch-edge1", "ch-edge2"}

    def test_a_wave_is_checked_before_the_next_is_pushed(self, world: World) -> None:
        world.wanted = NEW
        seen: list[set[str]] = []

        def watch(view: View) -> list[str]:
            seen.append(pushed(view))
            return []

        world.failing = watch
        world.run(waves="site")
        assert [hosts for hosts in seen if hosts] == [{"no-edge1", "no-edge2"}, set(ALL)]

    def test_a_failed_one_takes_the_earlier_ones_back(self, world: World) -> None:
        world.wanted = NEW
        world.failing = failing_once_pushed("ch-edge2")
        result = world.run(waves="site")
        assert (result.outcome, set(world.texts().values())) == ("rolled_back", {"old\n"})
        assert all(device.pending is None for device in world.devices.values())

    def test_one_after_it_is_not_pushed(self, world: World) -> None:
        world.wanted = NEW
        world.failing = failing_once_pushed("no-edge1")
        world.run(waves="site")
        assert {host for _, host in world.steps("push")} == {"no-edge1", "no-edge2"}

    def test_earlier_ones_stay_when_they_are_kept(self, world: World) -> None:
        world.wanted = NEW
        world.failing = failing_once_pushed("ch-edge2")
        result = world.run(waves="site", keep_waves=True)
        assert (result.outcome, result.exit_code) == ("partial", 3)
        assert world.texts() == {"no-edge1": "new\n", "no-edge2": "new\n", "ch-edge1": "old\n", "ch-edge2": "old\n"}
        assert {host: each.state for host, each in result.hosts.items()} == {
            "no-edge1": "confirmed", "no-edge2": "confirmed", "ch-edge1": "rolled_back", "ch-edge2": "rolled_back",
        }  # fmt: skip
        assert all(device.pending is None for device in world.devices.values())

    def test_somebody_who_types_on_a_host_that_waits_is_noticed(self, world: World) -> None:
        world.wanted = NEW

        def type_meanwhile(view: View) -> list[str]:
            if pushed(view) == {"no-edge1", "no-edge2"}:
                world["ch-edge1"].running = "typed\n"
            return []

        world.failing = type_meanwhile
        result = world.run(waves="site")
        assert "ch-edge1" not in {host for _, host in world.steps("push")}
        assert "somebody has changed its configuration" in result.hosts["ch-edge1"].message

    def test_the_plan_says_which(self, world: World) -> None:
        world.wanted = NEW
        notes = commands.plan(world.running(waves="site"), world.runbook()).notes
        assert notes == ("wave 1 of 2: no-edge1, no-edge2", "wave 2 of 2: ch-edge1, ch-edge2")


class TestHowManyMayFail:
    def test_none_by_default(self, world: World) -> None:
        world.wanted = NEW
        world["no-edge2"].reachable = False
        result = world.run()
        assert (result.outcome, world.steps("arm")) == ("refused", [])

    def test_an_unreachable_host_counts(self, world: World) -> None:
        world.wanted = NEW
        world["no-edge2"].reachable = False
        world.failing = failing_once_pushed("ch-edge2")
        result = world.run(max_failed=1)
        assert result.outcome == "rolled_back"
        assert set(world.texts().values()) == {"old\n"}

    @pytest.mark.parametrize("step", ["arm", "push", "activate", "confirm"])
    def test_within_the_limit_the_others_go_on(self, world: World, step: str) -> None:
        world.wanted = NEW
        world["no-edge2"].fails[step] = lambda: fail("the disk is on fire")
        result = world.run(max_failed=1)
        assert (result.outcome, result.exit_code) == ("partial", 3)
        assert {host for host, text in world.texts().items() if text == "old\n"} == {"no-edge2"}
        assert all(device.pending is None for device in world.devices.values())
        assert "on fire" in result.hosts["no-edge2"].message

    def test_a_host_whose_check_fails_goes_back_alone(self, world: World) -> None:
        world.wanted = NEW
        world.failing = failing_once_pushed("ch-edge1")
        result = world.run(max_failed=1)
        assert result.outcome == "partial"
        assert {host for host, text in world.texts().items() if text == "old\n"} == {"ch-edge1"}
        assert all(finding.status == "ok" for finding in result.findings if finding.check == "test.check")

    def test_what_cannot_be_changed_without_it_goes_back_too(self, world: World) -> None:
        world.wanted = NEW
        both = (Effect("tunnel-new", FIRST, "new"),)
        world.effects = {"no-edge1": both, "ch-edge1": both}
        world["ch-edge1"].fails["push"] = lambda: fail("no")
        assert world.run(max_failed=1).outcome == "partial"
        assert {host for host, text in world.texts().items() if text == "old\n"} == {"no-edge1", "ch-edge1"}

    def test_a_host_on_which_it_only_shows_does_not_count(self, world: World) -> None:
        def check(view: View) -> list[Finding]:
            if "ch-edge1" not in pushed(view):
                return [Finding(host, "tunnel.ike", FIRST, "ok") for host in view.intents]
            shows = [Finding(host, "tunnel.ike", FIRST, "failed") for host in ("no-edge1", "no-edge2")]
            return [*shows, Finding("ch-edge1", "tunnel.ike", FIRST, "failed", cause="its key is another one")]

        world.wanted = NEW
        result = world.run(book=replace(world.runbook(), checks=(check,)), max_failed=1)
        assert result.outcome == "partial"
        assert {host for host, text in world.texts().items() if text == "old\n"} == {"ch-edge1"}

    def test_beyond_the_limit_all_go_back(self, world: World) -> None:
        world.wanted = NEW
        for host in ("no-edge1", "ch-edge2"):
            world[host].fails["push"] = lambda: fail("no")
        assert world.run(max_failed=1).outcome == "rolled_back"
        assert set(world.texts().values()) == {"old\n"}


class TestTimers:
    def test_leave_room_for_the_slowest_host(self, world: World) -> None:
        world.wanted = NEW
        world["ch-edge1"].fails["snapshot"] = slow(world, 3.0)
        assert world.run(confirm_timeout=5).outcome == "confirmed"
        assert all(seconds >= 12 for seconds in world.armed_for.values())
        assert "reading it took 3 s" in world.told()

    def test_are_extended_before_a_step_when_half_their_time_is_over(self, world: World) -> None:
        """Not only while checks run: arming a slow host takes from the time of those that are armed."""
        world.wanted = NEW
        world["ch-edge1"].fails["arm"] = slow(world, 31.0)
        world.run(confirm_timeout=60)
        order = [step for step, _ in world.steps("arm", "extend", "push")]
        assert order == ["arm"] * 4 + ["extend"] * 4 + ["push"] * 4

    def test_of_hosts_that_wait_for_their_wave_are_extended_too(self, world: World) -> None:
        world.wanted = NEW
        world["no-edge1"].fails["activate"] = slow(world, 31.0)
        world.run(confirm_timeout=60, waves="site")
        assert {host for _, host in world.steps("extend")} == set(ALL)


def slow(world: World, seconds: float) -> Any:
    """Let a step take so long, on the clock that the engine sees."""

    def step() -> None:
        world.now += seconds

    return step


class TestRedundancy:
    @pytest.fixture(autouse=True)
    def both_tunnels_are_up(self, world: World) -> None:
        world.wanted = {"no-edge1": "new\n"}
        world.effects = {"no-edge1": (Effect("tunnel-rekey", FIRST, "another key"),)}
        for host in ("no-edge1", "ch-edge1"):
            world[host].state = up(FIRST)
        for host in ("no-edge2", "ch-edge2"):
            world[host].state = up(SECOND)

    def test_one_tunnel_is_touched_while_the_other_carries_traffic(self, world: World) -> None:
        assert world.run("no-edge1").outcome == "confirmed"
        assert ("ping", "ch-edge2") in world.log or ("ping", "no-edge2") in world.log

    def test_one_tunnel_is_not_touched_while_the_other_is_down(self, world: World) -> None:
        world["ch-edge2"].state = State((), ())
        result = world.run("no-edge1")
        assert (result.outcome, world.steps("arm")) == ("refused", [])
        assert f"{SECOND}: it has no installed child on ch-edge2" in result.message
        assert "--accept no-redundancy" in result.message

    def test_an_sa_alone_does_not_count_where_nothing_comes_through(self, world: World) -> None:
        for host in ("ch-edge2", "no-edge2"):
            world[host].answers_ping = False
        result = world.run("no-edge1")
        assert result.outcome == "refused"
        assert "no echo request" in result.message

    def test_it_is_touched_all_the_same_when_the_operator_accepts_that(self, world: World) -> None:
        world["ch-edge2"].state = State((), ())
        assert world.run("no-edge1", accept=frozenset({"no-redundancy"})).outcome == "confirmed"
        assert "accepted" in world.told()

    def test_a_tunnel_that_is_down_itself_may_be_touched(self, world: World) -> None:
        for device in world.devices.values():
            device.state = State((), ())
        assert world.run("no-edge1").outcome == "confirmed"

    def test_the_second_tunnel_waits_until_the_first_is_proved_to_be_back(self, world: World) -> None:
        world.wanted = NEW
        world.effects = {
            host: (Effect("tunnel-rekey", name, "another key"),)
            for name, ends in ((FIRST, ("no-edge1", "ch-edge1")), (SECOND, ("no-edge2", "ch-edge2")))
            for host in ends
        }
        world["ch-edge1"].fails["activate"] = lambda: setattr(world["ch-edge1"], "state", State((), ()))
        world["ch-edge1"].fails["rollback"] = lambda: setattr(world["ch-edge1"], "state", up(FIRST))
        result = world.run()
        assert {host for _, host in world.steps("push")} == {"no-edge1", "ch-edge1"}
        assert f"{FIRST}: it has no installed child on ch-edge1" in result.message
        assert set(world.texts().values()) == {"old\n"}

    def test_a_firewall_that_answers_no_echo_requests_proves_nothing_by_it(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        edge = platform("edge")
        assert edge is not None
        monkeypatch.setitem(REGISTERED, "edge", replace(edge, can=replace(edge.can, filters=True)))
        for device in world.devices.values():
            device.answers_ping = False
        assert world.run("no-edge1").outcome == "confirmed"
