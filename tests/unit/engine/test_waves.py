"""Waves: in the order that was asked for, with what belongs together kept so and redundancy kept apart."""

from ipaddress import ip_address
from typing import Any

import pytest
from msgspec.structs import replace

from routebook.device.plan import HostPlan, Plan
from routebook.device.state import ChildSa, IkeSa
from routebook.device.values import Change, Effect, Snapshot, State
from routebook.errors import RefusedError
from routebook.run.waves import Waves, arrange, check_spec
from routebook.safety.redundancy import budget
from tests.unit.engine.world import World

ALL = ("ch-edge1", "ch-edge2", "no-edge1", "no-edge2")
FIRST, SECOND = "no-edge1--ch-edge1", "no-edge2--ch-edge2"


def effect(kind: Any, subject: str) -> Effect:
    return Effect(kind, subject, "because")


def plan(**effects: list[Effect]) -> Plan:
    """A plan that changes these hosts (`no_edge1` for no-edge1)."""
    return Plan(
        {
            host.replace("_", "-"): HostPlan(Snapshot({}), Change("-", ("set",), ("unset",), tuple(told), "fp"))
            for host, told in effects.items()
        },
        {},
    )


def everywhere(kind: Any) -> Plan:
    """Both tunnels, at both ends."""
    return plan(
        no_edge1=[effect(kind, FIRST)],
        ch_edge1=[effect(kind, FIRST)],
        no_edge2=[effect(kind, SECOND)],
        ch_edge2=[effect(kind, SECOND)],
    )


def waves(world: World, planned: Plan, spec: str = "", before: dict[str, State] | None = None) -> Waves:
    intents = world.workspace().intents
    check_spec(spec, intents)
    return arrange(spec, replace(budget(planned, intents), before=before))


def up(*tunnels: str) -> State:
    """A state with these tunnels up."""
    one, other = ip_address("198.51.100.31"), ip_address("198.51.100.41")
    child = ChildSa("x", "INSTALLED", "c1", "c2", (), (), "AES_GCM_16-256")
    return State(
        (),
        tuple(
            IkeSa(name, "ESTABLISHED", 2, one, other, "a", "b", True, "", "", "", "", "1", "2", children=(child,))
            for name in tunnels
        ),
    )


QUIET = plan(no_edge1=[], no_edge2=[], ch_edge1=[], ch_edge2=[])


class TestTheOrderThatWasAskedFor:
    @pytest.mark.parametrize(
        ("spec", "expected"),
        [
            ("", (ALL,)),
            ("site", (("no-edge1", "no-edge2"), ("ch-edge1", "ch-edge2"))),
            ("group:first", (("ch-edge1", "no-edge1"), ("ch-edge2", "no-edge2"))),
            ("canary:no-edge2", (("no-edge2",), ("ch-edge1", "ch-edge2", "no-edge1"))),
            ("1", (("ch-edge1",), ("ch-edge2",), ("no-edge1",), ("no-edge2",))),
            ("3", (("ch-edge1", "ch-edge2", "no-edge1"), ("no-edge2",))),
        ],
    )
    def test_is_kept_where_nothing_speaks_against_it(self, world: World, spec: str, expected: Any) -> None:
        found = waves(world, QUIET, spec)
        assert found.waves == expected
        assert found.notes == ()

    @pytest.mark.parametrize(
        ("spec", "said"),
        [("sites", "site, group:NAME"), ("0", "site, group:NAME"), ("group:fist", "'first'"), ("canary:x", "host")],
    )
    def test_one_that_means_nothing_is_refused(self, world: World, spec: str, said: str) -> None:
        with pytest.raises(RefusedError, match=said):
            waves(world, QUIET, spec)


class TestBothEnds:
    def test_of_a_tunnel_that_changes_at_both_are_one_wave_and_it_is_said(self, world: World) -> None:
        planned = plan(no_edge1=[effect("tunnel-rekey", FIRST)], ch_edge1=[effect("tunnel-rekey", FIRST)], ch_edge2=[])
        found = waves(world, planned, "site")
        assert found.waves == (("ch-edge1", "no-edge1"), ("ch-edge2",))
        assert "tunnel ch-edge1 – no-edge1 changes at both ends" in " ".join(found.notes)

    def test_of_a_new_session_are_one_wave(self, world: World) -> None:
        planned = plan(no_edge1=[effect("session-new", "10.255.4.1")], ch_edge1=[effect("session-new", "10.255.3.1")])
        assert waves(world, planned, "1").waves == (("ch-edge1", "no-edge1"),)

    def test_of_a_session_that_is_not_in_the_intent_any_more_are_one_wave(self, world: World) -> None:
        planned = plan(
            no_edge1=[effect("session-removed", "10.255.4.2")], ch_edge2=[effect("session-removed", "10.255.3.1")]
        )
        assert waves(world, planned, "1").waves == (("ch-edge2", "no-edge1"),)

    def test_of_a_tunnel_that_changes_at_one_end_only_may_be_two_waves(self, world: World) -> None:
        planned = plan(no_edge1=[effect("tunnel-rekey", FIRST)], ch_edge1=[])
        assert waves(world, planned, "site").waves == (("no-edge1",), ("ch-edge1",))


class TestRedundancy:
    def test_two_tunnels_of_a_pair_of_sites_are_never_touched_in_one_wave(self, world: World) -> None:
        found = waves(world, everywhere("tunnel-rekey"))
        assert found.waves == (("ch-edge1", "no-edge1"), ("ch-edge2", "no-edge2"))
        assert f"{FIRST} and {SECOND} are each other's redundancy" in " ".join(found.notes)

    def test_sessions_through_both_of_them_are_not_reset_in_one_wave(self, world: World) -> None:
        planned = plan(
            no_edge1=[effect("session-reset", "10.255.4.1")], no_edge2=[effect("session-reset", "10.255.4.2")]
        )
        assert waves(world, planned).waves == (("no-edge1",), ("no-edge2",))

    def test_the_first_deployment_has_none_and_is_one_wave(self, world: World) -> None:
        found = waves(world, everywhere("tunnel-new"))
        assert found.waves == (ALL,)
        assert found.conflicts == ()

    def test_what_is_down_is_nobodys_redundancy(self, world: World) -> None:
        before = {"no-edge1": up(FIRST), "no-edge2": up()}
        assert waves(world, everywhere("tunnel-rekey"), before=before).waves == (ALL,)

    def test_what_is_up_is(self, world: World) -> None:
        before = {"no-edge1": up(FIRST), "no-edge2": up(SECOND)}
        assert len(waves(world, everywhere("tunnel-rekey"), before=before).waves) == 2

    def test_a_change_that_takes_both_and_cannot_be_taken_apart_is_a_conflict(self, world: World) -> None:
        planned = plan(no_edge1=[effect("tunnel-rekey", FIRST), effect("tunnel-rekey", SECOND)])
        (conflict,) = waves(world, planned).conflicts
        assert "cannot be changed apart" in conflict

    def test_hosts_of_a_declared_group_are_changed_one_by_one(self, world: World) -> None:
        hosts = world.project / "inventory" / "hosts.yaml"
        text = hosts.read_text()
        for name in ("ch-edge1", "ch-edge2"):
            start = text.index(name)
            text = text[:start] + text[start:].replace("  data:\n", "  data:\n    redundancy: ch-upstreams\n", 1)
        hosts.write_text(text)
        assert waves(world, QUIET).waves == (("ch-edge1", "no-edge1", "no-edge2"), ("ch-edge2",))
